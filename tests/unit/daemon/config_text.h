/* SPDX-License-Identifier: MIT */
#pragma once

/* A configuration from a text, for the tests of its reader. After cmocka.h. */

#include <string.h>

#include "helper/daemon/config.h"

/* What was said aloud, a line each. */
struct notes {
	char text[4096];
};

static inline void keep_note(void *userdata, const char *text)
{
	struct notes *n = userdata;

	strncat(n->text, text, sizeof(n->text) - strlen(n->text) - 1);
	strncat(n->text, "\n", sizeof(n->text) - strlen(n->text) - 1);
}

/** load_noted() - it must be understood; @notes: NULL where nobody listens */
static inline struct config *load_noted(const char *text, struct notes *notes)
{
	struct config *c = NULL;
	struct ini_fault fault = {""};

	if (config_load_text(&c, text, strlen(text), notes ? keep_note : NULL, notes, &fault) != 0)
		fail_msg("refused: %s", fault.text);
	return c;
}

static inline struct config *load(const char *text)
{
	return load_noted(text, NULL);
}
