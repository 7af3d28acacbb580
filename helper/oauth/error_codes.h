/* SPDX-License-Identifier: MIT */
#pragma once

#include <stddef.h>

#include "helper/oauth/outcome.h"

/* What providers' error codes mean. docs/ERRORS.md is made from this table. */

/* Does it help to try once more, with nothing changed. */
enum error_retry {
	ERROR_RETRY_NO = 0, /* somebody has to change something first */
	ERROR_RETRY_POLL,   /* the flow goes on by itself */
	ERROR_RETRY_LATER,  /* the same request, in a while */
	ERROR_RETRY_ANEW,   /* a new sign-in, at once */
};

struct error_code {
	const char *code;
	const char *text; /* part of the description that makes it this row; NULL: any */
	enum oauth_outcome outcome;
	enum error_retry retry;
	const char *meaning; /* for the log and the documentation: ASCII, one line */
};

/**
 * error_code_find() - the row of @code, the more special one where its text is in @description
 * Return: NULL where no specification and no provider that is known here has the code.
 */
const struct error_code *error_code_find(const char *code, const char *description);

/** error_code_at() - row by position; NULL past the end */
const struct error_code *error_code_at(size_t index);
