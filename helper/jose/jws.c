/* SPDX-License-Identifier: MIT */
/*
 * Takes a JWS in compact form apart and has its signature checked. The token chooses a key by name among those that
 * were given, and nothing else: no member of its header is a key, an address or a reason to skip a check.
 */
#include "helper/jose/jws.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "helper/base/json.h"
#include "helper/base/secret.h"
#include "helper/jose/base64url.h"
#include "helper/jose/key.h"

#define KEYS_TRIED_MAX 4u
#define PARTS 3u
#define NAME_MAX_BYTES 64u

struct part {
	const char *text;
	size_t len;
};

enum {
	HEADER,
	PAYLOAD,
	SIGNATURE
};

/* Exactly two dots; looks no further than the third. */
static int split(struct part parts[PARTS], const char *token, size_t len)
{
	const char *end = token + len;

	for (size_t i = 0; i < PARTS; i++) {
		const char *dot = memchr(token, '.', (size_t)(end - token));

		if ((i + 1 < PARTS) != (dot != NULL))
			return JWS_MALFORMED;
		parts[i].text = token;
		parts[i].len = (size_t)((dot ? dot : end) - token);
		token = dot ? dot + 1 : end;
	}
	return 0;
}

/* Return: 0, JWS_MALFORMED also for an empty part, -ENOMEM */
static int decode_part(char **ret, size_t *ret_len, const struct part *part)
{
	ssize_t size = base64url_decoded_size(part->len);
	char *bytes;

	if (size <= 0)
		return JWS_MALFORMED;
	bytes = malloc((size_t)size + 1);
	if (!bytes)
		return -ENOMEM;
	if (base64url_decode(bytes, (size_t)size, part->text, part->len) != size) {
		free(bytes);
		return JWS_MALFORMED;
	}
	bytes[size] = '\0';
	*ret = bytes;
	*ret_len = (size_t)size;
	return 0;
}

static int parse_header(struct json_object **ret, const struct part *part)
{
	LK_CLEANUP(secret_free_stringp) char *text = NULL;
	LK_CLEANUP(json_object_putp) struct json_object *header = NULL;
	size_t len;
	int r;

	r = decode_part(&text, &len, part);
	if (r != 0)
		return r;
	r = json_parse(&header, text, len);
	if (r < 0)
		return r == -ENOMEM ? r : JWS_MALFORMED;
	if (!json_object_is_type(header, json_type_object))
		return JWS_MALFORMED;
	*ret = LK_STEAL(header);
	return 0;
}

static enum jws_algorithm algorithm_of(const struct json_object *header)
{
	const char *name;

	if (json_read_string(header, "alg", NAME_MAX_BYTES, &name) != 0)
		return JWS_NONE;
	return jws_algorithm_from_name(name);
}

/* Header and payload, without an opinion on what they say */
static int take_apart(struct jws *ret, struct part parts[PARTS], const char *token, size_t len)
{
	int r;

	if (len > JWS_MAX_BYTES)
		return -E2BIG;
	r = split(parts, token, len);
	if (r != 0)
		return r;
	r = parse_header(&ret->header, &parts[HEADER]);
	if (r != 0)
		return r;
	ret->algorithm = algorithm_of(ret->header);
	return decode_part(&ret->payload, &ret->payload_len, &parts[PAYLOAD]);
}

/*
 * RFC 7515 section 4.1.11: we understand no extension, so "crit" in any form is one that we do not understand; "b64"
 * changes what is signed (RFC 7797). "enc" and "zip" belong to encryption, "cty" JWT to a token within (RFC 7519
 * section 5.2). Threats T7 and T9.
 */
static int judge_form(const struct json_object *header)
{
	static const char *const refused[] = {"crit", "b64", "enc", "zip"};
	const char *type;
	int r;

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (json_object_object_get_ex(header, refused[i], NULL))
			return JWS_MALFORMED;

	if (!json_object_object_get_ex(header, "cty", NULL))
		return 0;
	r = json_read_string(header, "cty", NAME_MAX_BYTES, &type);
	if (r != 0 || strcasecmp(type, "JWT") == 0 || strcasecmp(type, "application/jwt") == 0)
		return JWS_MALFORMED;
	return 0;
}

/* @ret_kid: NULL where the header names no key */
static int judge_header(const char **ret_kid, const struct jws *j, uint32_t allowed)
{
	const char *kid = NULL;
	int r = judge_form(j->header);

	if (r != 0)
		return r;
	if (j->algorithm == JWS_NONE || (allowed & 1u << j->algorithm) == 0)
		return JWS_ALGORITHM;
	if (json_object_object_get_ex(j->header, "kid", NULL) &&
	    json_read_string(j->header, "kid", JWK_KID_MAX, &kid) != 0)
		return JWS_MALFORMED;
	*ret_kid = kid;
	return 0;
}

struct signed_text {
	const char *text;
	size_t len;
	unsigned char signature[KEY_SIGNATURE_MAX];
	size_t signature_len;
};

static bool is_named(const struct jwk *k, const char *kid)
{
	return !kid || (k->kid && strcmp(k->kid, kid) == 0);
}

static int check_with_keys(const struct signed_text *s, enum jws_algorithm a, const char *kid,
			   const struct jwk_set *keys)
{
	size_t tried = 0;
	int r = JWS_UNKNOWN_KEY;

	for (size_t i = 0; i < jwk_set_count(keys) && tried < KEYS_TRIED_MAX; i++) {
		const struct jwk *k = &keys->keys[i];

		if (!is_named(k, kid))
			continue;
		if (!key_fits(k, a)) {
			if (kid && tried == 0)
				r = JWS_ALGORITHM; /* the key is there, and no refetch makes it another */
			continue;
		}
		tried++;
		r = key_verify(k, a, s->signature, s->signature_len, s->text, s->len);
		if (r <= 0)
			return r;
	}
	return r;
}

int jws_verify(struct jws *ret, const char *token, size_t len, const struct jwk_set *keys, uint32_t allowed)
{
	LK_CLEANUP(jws_done) struct jws j = {0};
	struct part parts[PARTS];
	struct signed_text s;
	const char *kid;
	ssize_t n;
	int r;

	r = take_apart(&j, parts, token, len);
	if (r != 0)
		return r;
	r = judge_header(&kid, &j, allowed);
	if (r != 0)
		return r;

	n = base64url_decode(s.signature, sizeof(s.signature), parts[SIGNATURE].text, parts[SIGNATURE].len);
	if (n <= 0) /* also when it is longer than any key makes one */
		return JWS_MALFORMED;
	s.signature_len = (size_t)n;
	s.text = token;
	s.len = parts[HEADER].len + 1 + parts[PAYLOAD].len;
	r = check_with_keys(&s, j.algorithm, kid, keys);
	if (r != 0)
		return r;

	*ret = j;
	j = (struct jws){0};
	return JWS_VALID;
}

int jws_decode(struct jws *ret, const char *token, size_t len)
{
	LK_CLEANUP(jws_done) struct jws j = {0};
	LK_CLEANUP(secret_free_stringp) char *signature = NULL;
	struct part parts[PARTS];
	size_t signature_len;
	int r;

	r = take_apart(&j, parts, token, len);
	if (r != 0)
		return r;
	if (parts[SIGNATURE].len > 0) { /* an unsigned token can be shown as well */
		r = decode_part(&signature, &signature_len, &parts[SIGNATURE]);
		if (r != 0)
			return r;
	}

	*ret = j;
	j = (struct jws){0};
	return 0;
}

void jws_done(struct jws *j)
{
	json_object_put(j->header);
	secret_wipe(j->payload, j->payload ? j->payload_len : 0);
	free(j->payload);
	*j = (struct jws){0};
}

const char *jws_outcome_text(int outcome)
{
	switch (outcome) {
	case JWS_VALID:
		return "valid";
	case JWS_MALFORMED:
		return "it is not a signed token in compact form";
	case JWS_ALGORITHM:
		return "its signature algorithm is not allowed";
	case JWS_UNKNOWN_KEY:
		return "it is signed with a key that the provider does not list";
	case JWS_BAD_SIGNATURE:
		return "its signature is wrong";
	default:
		return "unknown outcome";
	}
}
