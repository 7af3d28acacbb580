/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdint.h>

#include <json-c/json.h>

#include "helper/base/cleanup.h"
#include "helper/base/secret.h"
#include "helper/fetch/client.h"
#include "helper/oauth/dialect.h"
#include "helper/oauth/outcome.h"

/* From what a provider or the network said to an outcome and a line for the log. */

#define OAUTH_ERROR_MAX 128u

/** oauth_result_set() - outcome and detail; the formatted text is sanitised */
void oauth_result_set(struct oauth_result *r, enum oauth_outcome outcome, const char *format, ...) LK_PRINTF(3, 4);

/** oauth_result_from_error() - for an error that the provider named in @reply, an object that has one */
void oauth_result_from_error(struct oauth_result *r, const struct dialect *d, const char *error,
			     struct json_object *reply);

/** oauth_result_from_fetch() - for an exchange that brought no reply; @what: "token endpoint" */
void oauth_result_from_fetch(struct oauth_result *r, const char *what, enum fetch_outcome outcome, const char *detail);

/** oauth_result_from_status() - for a reply that holds neither what was asked for nor an error code */
void oauth_result_from_status(struct oauth_result *r, const char *what, unsigned status);

/** oauth_result_hide() - drop the detail where it repeats @secret; accepts NULL */
void oauth_result_hide(struct oauth_result *r, const struct secret *secret);
