/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <json-c/json.h>

#include "helper/base/secret.h"

/* What somebody pastes back from a browser: the address that the authorization endpoint sent it to, or the code out of that
 * address. All of it may come from a stranger. */

#define CODE_ANSWER_BYTES_MAX 8192u
#define CODE_MAX 4096u

struct code_expectation {
	const char *redirect_uri;
	const char *state;  /* of this sign-in */
	const char *issuer; /* of the provider */
	bool sends_issuer;  /* the provider says that its answers name it: one without is none of its (IS-02) */
};

enum code_answer {
	CODE_ANSWER_CODE = 0,
	CODE_ANSWER_ERROR, /* the provider's, for this sign-in */
	/* a slip of the hand; asking once more helps */
	CODE_ANSWER_EMPTY,
	CODE_ANSWER_GARBAGE,
	CODE_ANSWER_OTHER_ADDRESS, /* not below redirect_uri */
	CODE_ANSWER_CODE_ALONE,    /* where the whole address is needed, since it names the provider */
	/* of another sign-in, or another provider: an end */
	CODE_ANSWER_STATE,
	CODE_ANSWER_ISSUER,
	CODE_ANSWER_TOKENS, /* of the user-agent flow */
};

/**
 * code_answer_read() - judge what was pasted: RFC 6749 section 4.1.2, RFC 9207
 * @text:      @len bytes, blanks around them do not count
 * @ret_code:  set for CODE_ANSWER_CODE only
 * @ret_reply: set for CODE_ANSWER_ERROR only: the parameters of the address, "error" among them; release with json_put_wiped()
 * A code alone has no state; that it belongs to this sign-in is then for the provider to say, by PKCE (RFC 7636 section 1).
 * Return: an enum code_answer, -ENOMEM.
 */
int code_answer_read(struct secret **ret_code, struct json_object **ret_reply, const struct code_expectation *expected,
		     const char *text, size_t len);

/** code_answer_text() - a few words for the log */
const char *code_answer_text(int answer);
