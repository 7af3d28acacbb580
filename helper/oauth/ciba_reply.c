/* SPDX-License-Identifier: MIT */
/* Reads the reply to an authentication request. Must never take a request id that could break out of where it is put. */
#include "helper/oauth/ciba_reply.h"

#include <errno.h>
#include <string.h>

#include "helper/base/json.h"
#include "helper/oauth/error.h"
#include "helper/oauth/reply.h"

#define INTERVAL_MAX_S 60u

static const char endpoint[] = "backchannel authentication endpoint";

void ciba_reply_done(struct ciba_reply *r)
{
	secret_free(r->request_id);
	*r = (struct ciba_reply){0};
}

static int refuse(struct oauth_result *result, const char *member, const char *why)
{
	oauth_result_set(result, OAUTH_BAD_REPLY, "%s: %s %s", endpoint, member, why);
	return CIBA_REPLY_ERROR;
}

static int read_error(struct oauth_result *result, const struct dialect *d, const char *error, struct json_object *o)
{
	const char *standard = dialect_standard_error(d, error);

	oauth_result_from_error(result, d, error, o);
	if (strcmp(standard, "invalid_binding_message") == 0)
		return CIBA_REPLY_BINDING_MESSAGE;
	if (strcmp(standard, "unknown_user_id") == 0)
		return CIBA_REPLY_UNKNOWN_USER;
	return CIBA_REPLY_ERROR;
}

/* CB-07: section 7.3 has letters, digits, '.', '-', '_'; any visible ASCII is taken, since it goes into a form alone. */
static int read_accepted(struct ciba_reply *reply, struct oauth_result *result, const struct json_object *o)
{
	int r = reply_secret(&reply->request_id, o, "auth_req_id", CIBA_REQUEST_ID_MAX);

	if (r == -ENOMEM)
		return r;
	if (r < 0)
		return refuse(result, "auth_req_id", "is missing or cannot be used");
	r = reply_seconds(o, "expires_in", CIBA_EXPIRES_MAX_S, &reply->expires_in_s);
	if (r < 0)
		return refuse(result, "expires_in", r == -ENOENT ? "is missing" : "cannot be read");
	r = reply_seconds(o, "interval", INTERVAL_MAX_S, &reply->interval_s);
	if (r < 0 && r != -ENOENT)
		return refuse(result, "interval", "cannot be read");
	return CIBA_REPLY_ACCEPTED;
}

int ciba_reply_parse(struct ciba_reply *ret, struct oauth_result *result, const struct dialect *d, unsigned status,
		     const char *body, size_t len)
{
	LK_CLEANUP(json_put_wipedp) struct json_object *o = NULL;
	LK_CLEANUP(ciba_reply_done) struct ciba_reply reply = {0};
	const char *error;
	int r = reply_object(&o, body, len);

	if (r == -ENOMEM)
		return r;
	if (r == 0) {
		r = json_read_string(o, "error", OAUTH_ERROR_MAX, &error);
		if (r == 0)
			return read_error(result, d, error, o);
	}
	if (r != -ENOENT || status != 200) {
		oauth_result_from_status(result, endpoint, status);
		return CIBA_REPLY_ERROR;
	}
	r = read_accepted(&reply, result, o);
	if (r != CIBA_REPLY_ACCEPTED)
		return r;
	*ret = reply;
	reply = (struct ciba_reply){0};
	return CIBA_REPLY_ACCEPTED;
}
