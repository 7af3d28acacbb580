/* SPDX-License-Identifier: MIT */
/*
 * Writes the claims of an assertion. Whose it is and for whom is the caller's; when it was made, how long it counts and its
 * number are made here, so that no caller can send one twice.
 */
#include "helper/jose/assertion.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <openssl/rand.h>

#include "helper/base/clock.h"
#include "helper/base/json.h"
#include "helper/base/text.h"
#include "helper/jose/base64url.h"
#include "helper/jose/jws_sign.h"

#define JTI_BYTES 16u

static bool is_text(const char *text)
{
	size_t len = text != NULL ? strnlen(text, ASSERTION_TEXT_MAX + 1) : 0;

	return len > 0 && len <= ASSERTION_TEXT_MAX && text_is_utf8(text, len);
}

static bool is_sound(const struct assertion_claims *c)
{
	static const char *const made_here[] = {"iss", "sub", "aud", "iat", "nbf", "exp", "jti"};

	if (!is_text(c->iss) || !is_text(c->sub) || !is_text(c->aud) || c->lifetime_s < 1 ||
	    c->lifetime_s > ASSERTION_LIFETIME_MAX_S)
		return false;
	if (c->extra == NULL)
		return true;
	if (!json_object_is_type(c->extra, json_type_object))
		return false;
	for (size_t i = 0; i < sizeof(made_here) / sizeof(made_here[0]); i++)
		if (json_object_object_get_ex(c->extra, made_here[i], NULL))
			return false;
	return true;
}

static void add_text(struct buf *out, const char *name, const char *value)
{
	buf_printf(out, "\"%s\":", name);
	json_write_string(out, value, strlen(value));
	buf_append_text(out, ",");
}

static void add_extra(struct buf *out, struct json_object *extra)
{
	if (extra == NULL)
		return;
	json_object_object_foreach(extra, name, value)
	{
		buf_append_text(out, ",");
		json_write_string(out, name, strlen(name));
		buf_append_text(out, ":");
		buf_append_text(out, json_text(value));
	}
}

int assertion_payload(struct buf *out, const struct assertion_claims *c)
{
	unsigned char number[JTI_BYTES];
	char jti[ASSERTION_JTI_CHARS + 1];
	int64_t now_s = clock_realtime_s();

	if (!is_sound(c))
		return -EINVAL;
	if (RAND_bytes(number, sizeof(number)) != 1)
		return -EIO;
	base64url_encode(jti, number, sizeof(number));
	buf_append_text(out, "{");
	add_text(out, "iss", c->iss);
	add_text(out, "sub", c->sub);
	add_text(out, "aud", c->aud);
	add_text(out, "jti", jti);
	buf_printf(out, "\"iat\":%lld,\"exp\":%lld", (long long)now_s, (long long)(now_s + c->lifetime_s));
	add_extra(out, c->extra);
	buf_append_text(out, "}");
	return buf_fault(out);
}

const char *assertion_typ(const struct assertion_claims *c)
{
	return c->typ != NULL ? c->typ : "JWT";
}

int assertion_make(struct secret **ret, struct signing_key *k, const struct assertion_claims *claims)
{
	LK_CLEANUP(buf_done) struct buf payload = {.max = ASSERTION_PAYLOAD_MAX};
	int r = assertion_payload(&payload, claims);

	if (r < 0)
		return r;
	return jws_sign(ret, k, assertion_typ(claims), payload.data, payload.len);
}
