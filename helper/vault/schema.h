/* SPDX-License-Identifier: MIT */
#pragma once

/* The tables of the store, and what tells its file from other SQLite databases. */

#define SCHEMA_APPLICATION_ID 0x4c6b5331 /* "LkS1" */
#define SCHEMA_VERSION 1
#define SCHEMA_OBJECTS 2
#define SCHEMA_TEXT_MAX 4096u

struct schema_object {
	const char *name;
	const char *sql; /* as SQLite keeps it */
};

extern const struct schema_object schema_objects[SCHEMA_OBJECTS];

/** schema_first_rows - run once, when the objects are there */
extern const char schema_first_rows[];
