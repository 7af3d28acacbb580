/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* What a change would do to a file, as people are used to read it. */

#define DIFF_CONTEXT 3u
#define DIFF_LINES_MAX 4000u /* that differ; beyond it the whole middle is shown as taken out and put in */

struct diff_text {
	const char *name; /* behind "---" or "+++" */
	const char *text; /* need not end in a newline */
	size_t len;
};

struct diff_style {
	bool colours;
	bool utf8; /* the terminal shows more than ASCII */
};

/**
 * diff_print() - the unified difference of two texts; nothing where they are equal
 * Lines are sanitised: whatever stands in a file, the terminal does not act on it.
 * Return: 0, -ENOMEM.
 */
int diff_print(FILE *out, const struct diff_text *before, const struct diff_text *after,
	       const struct diff_style *style);
