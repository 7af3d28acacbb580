/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdint.h>

/* Whose a row is: an account's, or that of a local account. All three must agree; what another identity left under a uid
 * counts for nothing. */
struct row_owner {
	uint32_t uid;
	const char *issuer;
	const char *subject;
};
