/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How people are listed, as data: one row a protocol, so that neither the flow nor the reader of pages asks what it talks
 * to. A new kind of directory is a row in directory_kind.c; a new kind of deviation is a field here. */

#define DIRECTORY_TITLES 2

struct directory_kind {
	const char *name; /* as in the configuration: scim, graph, keycloak */

	/* Where: URLs are the base, one of the two paths, then the place in the list. "{}" is directory_filter, encoded. */
	const char *default_url; /* NULL: it must be configured, or comes from the issuer by the next two */
	const char *issuer_part; /* the first of these in the issuer ... */
	const char *issuer_into; /* ... replaced by this */
	const char *everybody;
	const char *filtered;
	const char *start_parameter; /* NULL: pages follow each other by a link */
	unsigned first;              /* what the first entry of all is called there */
	const char *count_parameter;
	unsigned page_size; /* so that a page stays well below what the JSON gate lets pass */
	const char *accept;
	const char *default_scope; /* of the host's token; NULL: none is asked for */

	/* The page */
	const char *list_member;  /* NULL: the page itself is the list */
	const char *total_member; /* how many there are in all, or NULL */
	const char *next_member;  /* the link to the next page, or NULL */

	/* A person. Members are JSON pointers where they begin with '/'. */
	const char *name_member; /* what the name rule gets, like the claim of a token */
	const char *id_member;
	const char *active_member; /* false: cannot sign in; missing or null: can */
	const char *
		subject_member; /* default of directory_subject: the member that is sub (or oid) of tokens; NULL: none */
	const char *external_member; /* what directory_subject=externalId names, or NULL where there is no such thing */
	const char *titles[DIRECTORY_TITLES]; /* the full name: the first that is there, or all of them joined */
	bool joins_titles;
	const char
		*errors[DIRECTORY_TITLES]; /* of a reply with another status than 200: a word and a text, for the log */
};

/** directory_kind_find() - the row of that name, or NULL */
const struct directory_kind *directory_kind_find(const char *name);

/** directory_kind_at() - row by position; NULL past the end */
const struct directory_kind *directory_kind_at(size_t index);
