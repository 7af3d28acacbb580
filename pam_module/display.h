/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "helper/base/buf.h"
#include "pam_module/qr.h"

#define DISPLAY_COLUMNS 80u
#define DISPLAY_ROWS 24u
#define DISPLAY_MAX (64u * 1024u)

/* io.latchkey's Challenge, borrowed from the reply it came in. */
struct display_challenge {
	const char *verification_uri;          /* NULL with a binding message */
	const char *verification_uri_complete; /* NULL: none */
	const char *user_code;                 /* NULL with a binding message, and where something is pasted back */
	const char *binding_message;           /* what the person's own device shows; NULL: a page is to be opened */
	const char *host;
	const char *account;
	const char *source; /* the client's address; NULL: none */
	const char *provider;
	int64_t expires_in_s;
};

struct display_screen {
	unsigned columns;
	unsigned rows;
	bool is_prompt; /* the text ends in a question and its cursor; else in a line below it */
	bool is_sshd;   /* the client puts "(user@host) " before a prompt */
	bool has_qr;
	struct qr_style qr;
};

/**
 * display_challenge() - everything that a person needs to approve a sign-in, as one text
 * @out: initialised here; release with buf_done()
 *
 * The first line is words, since a client may put its own before it. The QR code, of the complete URI where there is
 * one, is left out where text and code together would not fit @s; the words are never left out (DEV-08).
 *
 * Return: 0; -EILSEQ a text that cannot be shown exactly as it is (DEV-09, DEV-10); -ENOMEM.
 */
int display_challenge(struct buf *out, const struct display_challenge *c, const struct display_screen *s);
