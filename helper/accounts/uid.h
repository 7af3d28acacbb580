/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdint.h>

/* Which number a name would like to have, and which numbers nobody may have. Pure arithmetic: who holds what is for
 * accounts.c to ask. */

/**
 * uid_candidate() - where in @min..@max the search for this name's UID begins
 * The same on every host for the same issuer, name and range, for ever: a change would move people's files.
 */
uint32_t uid_candidate(const char *issuer, const char *name, uint32_t min, uint32_t max);

/**
 * uid_forbidden() - does somebody else own numbers in @min..@max on every Linux machine
 * Return: NULL when the range is free, else whose numbers they are, as a static text.
 */
const char *uid_forbidden(uint32_t min, uint32_t max);
