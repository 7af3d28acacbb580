/* SPDX-License-Identifier: MIT */
#pragma once

#include <stddef.h>

/**
 * logout_form_read() - the logout token of a posted form (OpenID Connect Back-Channel Logout 1.0, section 2.5), or of a text
 * that is nothing but the token
 * @text: NUL-terminated; cut up, and @ret points into it
 * Other parameters are passed over. A token consists of characters that no form has to escape.
 * Return: 0, -EBADMSG none, two, or one with other characters.
 */
int logout_form_read(char *text, const char **ret);
