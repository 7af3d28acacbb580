/* SPDX-License-Identifier: MIT */
/* Reads the reply that a person's screen is made of. Must never let a byte through that a terminal could act on, nor an
 * address that does not belong to the provider (DEV-10, N18). */
#include "helper/oauth/device_reply.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "helper/base/json.h"
#include "helper/base/text.h"
#include "helper/oauth/error.h"
#include "helper/oauth/reply.h"
#include "helper/oauth/uri.h"

#define DEVICE_CODE_MAX 4096u
#define EXPIRES_MAX_S 3600u
#define INTERVAL_MAX_S 60u

static const char endpoint[] = "device endpoint";

void device_reply_done(struct device_reply *r)
{
	secret_free(r->device_code);
	secret_wipe(r, sizeof(*r));
}

static bool host_is_of(const char *url, const char *host)
{
	struct uri u;

	return url != NULL && uri_parse(&u, url) == 0 && strcmp(u.host, host) == 0;
}

static bool host_is_configured(const struct device_reply_rules *rules, const char *host)
{
	for (char *const *h = rules->hosts; h != NULL && *h != NULL; h++) {
		if (strcasecmp(*h, host) == 0)
			return true;
	}
	return host_is_of(rules->issuer, host);
}

static bool host_is_known(const struct device_reply_rules *rules, const struct uri *u)
{
	if (host_is_configured(rules, u->host))
		return true;
	/* a look-alike in another script needs a line of the administrator, not one of the network */
	if (u->is_international)
		return false;
	for (size_t i = 0; i < DEVICE_RULES_URLS; i++) {
		if (host_is_of(rules->endpoints[i], u->host))
			return true;
	}
	for (const char *const *h = rules->dialect->verification_hosts; h != NULL && *h != NULL; h++) {
		if (strcmp(*h, u->host) == 0)
			return true;
	}
	return false;
}

const char *device_uri_fault(const struct device_reply_rules *rules, const char *text)
{
	struct uri u;

	if (strlen(text) > FLOW_URI_MAX)
		return "is too long";
	if (uri_parse(&u, text) < 0)
		return "is not a URL that can be shown";
	if (!u.is_https && !(rules->allow_loopback_http && u.is_loopback))
		return "is not https";
	if (!host_is_known(rules, &u))
		return "is on a host that is not the provider's (see verification_hosts)";
	return NULL;
}

static int refuse(struct oauth_result *result, const char *member, const char *why)
{
	oauth_result_set(result, OAUTH_BAD_REPLY, "%s: %s %s", endpoint, member, why);
	return 1;
}

/* Shown exactly as received, so it has to be fit for a terminal as it is. Blanks may stand inside, one at a time. */
static bool user_code_is_valid(const char *code)
{
	size_t len = strlen(code);

	for (size_t i = 0; i < len; i++) {
		if (code[i] < 0x20 || code[i] > 0x7e)
			return false;
		if (code[i] == ' ' && (i == 0 || i + 1 == len || code[i + 1] == ' '))
			return false;
	}
	return true;
}

static int read_user_code(struct device_reply *reply, struct oauth_result *result, const struct json_object *o)
{
	const char *code;

	if (json_read_string(o, "user_code", FLOW_USER_CODE_MAX, &code) < 0 || !user_code_is_valid(code))
		return refuse(result, "user_code", "is missing or cannot be shown");
	memcpy(reply->challenge.user_code, code, strlen(code) + 1);
	return 0;
}

static void read_complete_uri(struct device_reply *reply, const struct device_reply_rules *rules,
			      const struct json_object *o)
{
	struct uri complete, plain;
	const char *text;

	if (json_read_string(o, "verification_uri_complete", FLOW_URI_MAX, &text) < 0)
		return;
	if (device_uri_fault(rules, text) != NULL || uri_parse(&complete, text) < 0 ||
	    uri_parse(&plain, reply->challenge.verification_uri) < 0 || !uri_same_origin(&complete, &plain))
		return;
	memcpy(reply->challenge.verification_uri_complete, text, strlen(text) + 1);
}

static int read_uris(struct device_reply *reply, struct oauth_result *result, const struct device_reply_rules *rules,
		     const struct json_object *o)
{
	const char *alias = rules->dialect->verification_uri_member;
	const char *text, *fault;
	int r = json_read_string(o, "verification_uri", FLOW_URI_MAX, &text);

	if (r == -ENOENT && alias != NULL)
		r = json_read_string(o, alias, FLOW_URI_MAX, &text);
	if (r < 0)
		return refuse(result, "verification_uri", r == -ENOENT ? "is missing" : "cannot be read");
	fault = device_uri_fault(rules, text);
	if (fault != NULL)
		return refuse(result, "verification_uri", fault);
	memcpy(reply->challenge.verification_uri, text, strlen(text) + 1);
	read_complete_uri(reply, rules, o);
	return 0;
}

static int read_times(struct device_reply *reply, struct oauth_result *result, const struct dialect *d,
		      const struct json_object *o)
{
	int r = reply_seconds(o, "expires_in", EXPIRES_MAX_S, &reply->challenge.expires_in_s);

	if (r == -ENOENT && d->default_expires_in_s > 0) {
		reply->challenge.expires_in_s = d->default_expires_in_s;
		r = 0;
	}
	if (r < 0)
		return refuse(result, "expires_in", r == -ENOENT ? "is missing" : "cannot be read");
	r = reply_seconds(o, "interval", INTERVAL_MAX_S, &reply->interval_s);
	if (r < 0 && r != -ENOENT)
		return refuse(result, "interval", "cannot be read");
	return 0;
}

static int read_reply(struct device_reply *reply, struct oauth_result *result, const struct device_reply_rules *rules,
		      const struct json_object *o)
{
	int r = reply_secret(&reply->device_code, o, "device_code", DEVICE_CODE_MAX);

	if (r == -ENOMEM)
		return r;
	if (r < 0)
		return refuse(result, "device_code", "is missing or cannot be used");
	r = read_user_code(reply, result, o);
	if (r == 0)
		r = read_uris(reply, result, rules, o);
	if (r == 0)
		r = read_times(reply, result, rules->dialect, o);
	return r;
}

int device_reply_parse(struct device_reply *ret, struct oauth_result *result, const struct device_reply_rules *rules,
		       unsigned status, const char *body, size_t len)
{
	LK_CLEANUP(json_put_wipedp) struct json_object *o = NULL;
	LK_CLEANUP(device_reply_done) struct device_reply reply = {0};
	const char *error;
	int r;

	r = reply_object(&o, body, len);
	if (r == -ENOMEM)
		return r;
	if (r < 0) {
		oauth_result_from_status(result, endpoint, status);
		return 1;
	}
	r = json_read_string(o, "error", OAUTH_ERROR_MAX, &error);
	if (r == 0) {
		oauth_result_from_error(result, rules->dialect, error, o);
		return 1;
	}
	if (r != -ENOENT || (status != 200 && status != 201)) {
		oauth_result_from_status(result, endpoint, status);
		return 1;
	}
	r = read_reply(&reply, result, rules, o);
	if (r != 0)
		return r;
	*ret = reply;
	reply = (struct device_reply){0};
	return 0;
}
