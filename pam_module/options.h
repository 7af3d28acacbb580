/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>

/* The words behind pam_latchkey.so in a service file. */

enum options_qr {
	OPTIONS_QR_AUTO,
	OPTIONS_QR_UTF8,
	OPTIONS_QR_ASCII,
	OPTIONS_QR_OFF
};
enum options_conversation {
	OPTIONS_CONVERSATION_AUTO,
	OPTIONS_CONVERSATION_PROMPT, /* one prompt carries everything */
	OPTIONS_CONVERSATION_LIVE,   /* one text, no prompt */
	OPTIONS_CONVERSATION_NONE,   /* nobody can be shown anything */
};

struct options {
	enum options_qr qr;
	enum options_conversation conversation;
	bool is_light; /* polarity=light: dark characters on a light screen */
	bool debug;
	const char *fault; /* the first argument that means nothing, as given; NULL when all is well */
};

/**
 * options_parse() - read the module's arguments
 *
 * Never fails as such: the caller first decides whether the name is ours at all, so that a slip in one line does not
 * lock local accounts out, and then refuses when @fault is set.
 */
void options_parse(struct options *ret, int argc, const char *const *argv);
