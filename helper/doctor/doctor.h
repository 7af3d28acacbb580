/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Looks at the whole way of a login, from the configuration to the home. Changes nothing, but that latchkeyd has its map
 * published anew. Needs root. */

#define DOCTOR_TEXT_MAX 640u

enum doctor_grade {
	DOCTOR_GOOD,
	DOCTOR_NOTE,   /* logins work, but */
	DOCTOR_FAULT,  /* logins do not work, or strangers' would */
	DOCTOR_UNSEEN, /* could not be looked at */
	DOCTOR_GRADES,
};

struct doctor_finding {
	const char *check; /* the name of its row */
	enum doctor_grade grade;
	char text[DOCTOR_TEXT_MAX];    /* what was found: one line; holds foreign text */
	char mend[DOCTOR_TEXT_MAX];    /* what to do about it, in words; "" where nothing is to be done */
	char command[DOCTOR_TEXT_MAX]; /* the same as a shell command; "" where it is none */
};

typedef void (*doctor_finding_fn)(void *userdata, const struct doctor_finding *f);

struct doctor_options {
	const char
		*root; /* "" for this machine; else the folder where another one's root is: no program of it is run */
	const char *socket;  /* of the helper */
	const char *service; /* PAM service; NULL: those that let people in */
	const char *user;    /* somebody whose login is looked at; or NULL */
};

struct doctor_summary {
	unsigned n[DOCTOR_GRADES];
};

/**
 * doctor_run() - each check of the table in its order
 * @on_finding: called for each finding; a check has one at least
 * Return: 0; -ENOMEM.
 */
int doctor_run(const struct doctor_options *o, doctor_finding_fn on_finding, void *userdata,
	       struct doctor_summary *ret);

/** doctor_grade_name() - "good", "note", "fault", "unseen" */
const char *doctor_grade_name(enum doctor_grade grade);
