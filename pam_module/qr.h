/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>

#include "helper/base/buf.h"

/* A QR code as text. Colours would settle which side is dark, but ssh escapes every escape sequence: so the screen's
 * polarity is an argument. */

#define QR_MARGIN 2u /* modules; with 0 or 1 readers fail on dark screens */
#define QR_TOO_BIG 1 /* does not fit */

struct qr_style {
	bool is_ascii; /* "##" for a module, one line each; else half blocks, two modules in a character */
	bool is_light; /* the screen: characters are dark */
};

/**
 * qr_append() - add the smallest code that holds @text, each line ended by a newline
 * @columns, @rows: what it may cover at most
 * Return: 0; QR_TOO_BIG and -ENOMEM with @out as it was.
 */
int qr_append(struct buf *out, const char *text, const struct qr_style *style, unsigned columns, unsigned rows);
