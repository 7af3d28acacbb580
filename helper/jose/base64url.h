/* SPDX-License-Identifier: MIT */
#pragma once

#include <stddef.h>
#include <sys/types.h>

/* Base64url without padding, RFC 4648 section 5 and RFC 7515 section 2, canonical form only. */

/** base64url_decoded_size() - bytes that @len characters decode to; -EBADMSG if no text has that length */
ssize_t base64url_decoded_size(size_t len);

/**
 * base64url_decode() - strict: no padding, no white space, no '+' or '/', unused bits zero (threat T11)
 * @out: at least base64url_decoded_size(@len) bytes
 * Return: bytes written, -EBADMSG, -ENOBUFS when @size is too small.
 */
ssize_t base64url_decode(void *out, size_t size, const char *text, size_t len);

/** base64url_encoded_size() - characters for @len bytes, without a NUL */
size_t base64url_encoded_size(size_t len);

/** base64url_encode() - @out takes base64url_encoded_size(@len) + 1 bytes, NUL-terminated */
void base64url_encode(char *out, const void *bytes, size_t len);
