/* SPDX-License-Identifier: MIT */
/* Reads what the helper wants a person to see. A method that this module does not know cannot be shown, and is refused. */
#include "pam_module/challenge.h"

#include <errno.h>
#include <string.h>

#include "helper/base/json.h"

#define URI_MAX 2048u
#define USER_CODE_MAX 64u
#define BINDING_MESSAGE_MAX 64u
#define NAME_MAX_LEN 255u

/* Return: 0 or -EBADMSG; *ret stays NULL where there is none. */
static int read_optional(struct json_object *o, const char *key, size_t max_len, const char **ret)
{
	int r = json_read_string(o, key, max_len, ret);

	return r == -ENOENT ? 0 : r;
}

static bool is_whole(const struct display_challenge *c, const char *method)
{
	bool has_device = c->verification_uri && c->user_code;

	if (strcmp(method, "device") == 0)
		return has_device && !c->binding_message;
	if (strcmp(method, "code") == 0)
		return c->verification_uri && !c->verification_uri_complete && !c->user_code && !c->binding_message;
	if (strcmp(method, "ciba") == 0)
		return c->binding_message && !c->verification_uri && !c->verification_uri_complete && !c->user_code;
	return false;
}

int challenge_read(struct display_challenge *ret, struct json_object *parameters)
{
	struct display_challenge c = {0};
	struct json_object *o;
	const char *method;

	if (json_read_object(parameters, "challenge", &o) != 0 ||
	    json_read_string(o, "method", NAME_MAX_LEN, &method) != 0 ||
	    read_optional(o, "verification_uri", URI_MAX, &c.verification_uri) != 0 ||
	    read_optional(o, "verification_uri_complete", URI_MAX, &c.verification_uri_complete) != 0 ||
	    read_optional(o, "user_code", USER_CODE_MAX, &c.user_code) != 0 ||
	    read_optional(o, "binding_message", BINDING_MESSAGE_MAX, &c.binding_message) != 0 ||
	    json_read_int(o, "expires_in", 1, INT32_MAX, &c.expires_in_s) != 0 ||
	    json_read_string(o, "host", NAME_MAX_LEN, &c.host) != 0 ||
	    json_read_string(o, "account", NAME_MAX_LEN, &c.account) != 0 ||
	    json_read_string(o, "provider", NAME_MAX_LEN, &c.provider) != 0 ||
	    read_optional(o, "source", NAME_MAX_LEN, &c.source) != 0 || !is_whole(&c, method))
		return -EBADMSG;
	*ret = c;
	return 0;
}
