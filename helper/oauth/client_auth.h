/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>

#include "helper/base/buf.h"
#include "helper/oauth/form.h"
#include "helper/oauth/provider.h"

/* How this client proves itself: exactly one method a request (RFC 6749 section 2.3), never in a URL. */

#define CLIENT_AUTH_HEADER_MAX (16u * 1024u)

/**
 * client_auth_add() - name the client in @form, or in an Authorization header
 * @header:    an initialised buffer for "Authorization: Basic ...", left empty where none is needed
 * @is_public: send the client id alone, whatever is configured
 * Return: 0, -EINVAL without a client id or the secret of the configured method, -ENOMEM, -E2BIG.
 */
int client_auth_add(struct form *form, struct buf *header, const struct provider_settings *s, bool is_public);
