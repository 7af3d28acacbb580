/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "helper/base/cleanup.h"

/**
 * text_sanitise() - make foreign text fit for one line of a log or a terminal
 * @out:  NUL-terminated result, at most @size bytes with the NUL; @size >= 4
 * @text: @len bytes from anywhere, in any encoding; NULL counts as empty
 *
 * Printable ASCII passes; valid UTF-8 passes only where @utf8 is set, and never C1 controls, bidi controls,
 * zero-width or other invisible characters. All else becomes '?'. What does not fit ends in "...".
 * RFC 6749 section 10.14, threats N17 and R12.
 */
void text_sanitise(char *out, size_t size, const char *text, size_t len, bool utf8);

/** text_is_utf8() - well-formed UTF-8 without surrogates and overlong forms */
bool text_is_utf8(const char *text, size_t len);

/**
 * text_to_u64() - a whole string of decimal digits as a number
 * No sign, blank, leading zero (but "0") or trailing byte is accepted.
 * Return: 0, -EINVAL, -ERANGE when it exceeds @max. @ret only set on 0.
 */
int text_to_u64(uint64_t *ret, const char *text, uint64_t max);

/** text_has_prefix() / text_has_suffix() - byte comparison */
bool text_has_prefix(const char *text, const char *prefix);
bool text_has_suffix(const char *text, const char *suffix);

/** text_in_list() - does the NULL-terminated list hold exactly this text; a NULL list holds nothing */
bool text_in_list(char *const *list, const char *text);

/** text_copy() - a copy on the heap; NULL of NULL. *@ret is set in every case. Return: 0, -ENOMEM. */
int text_copy(char **ret, const char *text);

/** text_free_list() - free a NULL-terminated list of heap strings; accepts NULL */
void text_free_list(char **list);
LK_DEFINE_CLEANUP(char **, text_free_list);

/**
 * text_split() - words of @text, separated by blanks or tabs
 * @ret: NULL-terminated list, release with text_free_list(); set only on 0
 * Return: 0, -E2BIG above @max_words, -ENOMEM.
 */
int text_split(char ***ret, const char *text, size_t max_words);
