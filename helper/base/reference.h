/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>

/* A short word by which a person and an administrator speak of the same attempt: "7F3K-2Q9M". It is no secret and opens
 * nothing. 40 random bits: among a million attempts, two have the same one once in two tries, and their times tell
 * them apart. */

#define REFERENCE_LEN 9u

/** reference_new() - a fresh one into @out, of REFERENCE_LEN + 1 bytes */
void reference_new(char *out);

/** reference_is_valid() - has @text exactly this form; NULL has not */
bool reference_is_valid(const char *text);
