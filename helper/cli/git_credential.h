/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stdio.h>

/* What git says to a credential helper: gitcredentials(7), git-credential(1) "INPUT/OUTPUT FORMAT". */

#define GIT_LINES_MAX 256u
#define GIT_LINE_MAX 4096u

struct git_request {
	char protocol[16];
	char host[256]; /* with the port, if any */
	char username[256];
	bool knows_authtype; /* it takes a header's word and value instead of a password */
};

/**
 * git_request_read() - all that it says, up to an empty line or the end
 * What is too long for its field counts as not said; unknown lines are passed over, as the format demands.
 * Return: 0, -EBADMSG too many lines, one that is too long, a NUL, or no '='.
 */
int git_request_read(struct git_request *ret, FILE *in);
