/* SPDX-License-Identifier: MIT */
#pragma once

#include "helper/oauth/flow.h"

/* The text that the terminal and the person's own device both show, so that it can be compared (CB-03). */

struct binding_message {
	char whole[FLOW_BINDING_MESSAGE_MAX + 1]; /* "db1-KRTM-42" */
	char brief[FLOW_BINDING_MESSAGE_MAX + 1]; /* "KRTM42", for who takes nothing but letters and digits (CB-04) */
};

/**
 * binding_message_make() - the host's short name and a part that nobody can guess, fresh each time
 * @host: any text; what is no letter or digit becomes '-', and what does not fit is left out
 * At most 20 bytes of [A-Za-z0-9-]: what oidc-provider, Auth0, Keycloak and Okta all take. No vowels in the random part, so
 * that it makes no words.
 * Return: 0, -EIO without random numbers: a message that can be foreseen would help who sends requests of his own.
 */
int binding_message_make(struct binding_message *ret, const char *host);
