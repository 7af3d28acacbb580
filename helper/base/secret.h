/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "helper/base/cleanup.h"

/* Bytes that must not outlive their use: wiped when freed, never a C string, so "%s" cannot print one. */
struct secret;

/**
 * secret_new() - copy bytes into a secret and wipe where they came from
 * @ret:   set only when 0 is returned; release with secret_free()
 * @bytes: source, @len bytes; wiped in every case
 * @len:   at most SECRET_MAX
 *
 * Return: 0, -E2BIG, -ENOMEM.
 */
int secret_new(struct secret **ret, void *bytes, size_t len) LK_MUST_USE;

/** secret_copy() - like secret_new(), leaving a source alone that somebody else owns and wipes */
int secret_copy(struct secret **ret, const void *bytes, size_t len) LK_MUST_USE;

/** secret_data() - the bytes, followed by a NUL that secret_len() does not count; owned by the secret */
const char *secret_data(const struct secret *s);
size_t secret_len(const struct secret *s);

/** secret_equal() - compare in a time that depends on the lengths only; two NULLs are not equal */
bool secret_equal(const struct secret *a, const struct secret *b);

/** secret_free() - wipe and release; accepts NULL */
void secret_free(struct secret *s);
LK_DEFINE_CLEANUP(struct secret *, secret_free);

/** secret_wipe() - overwrite memory in a way the compiler keeps; accepts NULL with length 0 */
void secret_wipe(void *bytes, size_t len);

/** secret_free_string() - wipe and free() a heap string; accepts NULL */
void secret_free_string(char *s);
LK_DEFINE_CLEANUP(char *, secret_free_string);

#define SECRET_MAX 65536u
