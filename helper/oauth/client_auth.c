/* SPDX-License-Identifier: MIT */
/* Puts client credentials into a request. Must never send a secret to a request that did not ask for one, nor twice. */
#include "helper/oauth/client_auth.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

#include "helper/oauth/error.h"

#define ASSERTION_TYPE "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
#define CLOCK_DIFFERENCE_S 30 /* what no server bears with for sure, and a slow reply does not make */

static int base64(struct buf *out, const struct buf *in)
{
	unsigned char block[48], text[65];
	size_t at = 0;

	/* whole groups of three, so that padding stands at the end only */
	while (at < in->len) {
		size_t len = in->len - at < sizeof(block) ? in->len - at : sizeof(block);
		int n;

		memcpy(block, in->data + at, len);
		n = EVP_EncodeBlock(text, block, (int)len);
		buf_append(out, text, (size_t)n);
		at += len;
	}
	secret_wipe(block, sizeof(block));
	secret_wipe(text, sizeof(text));
	return buf_fault(out);
}

/* RFC 6749 section 2.3.1: both parts are form-encoded before they are joined, else a ':' in the id shifts the rest. */
static int add_basic(struct buf *header, const struct provider_settings *s)
{
	LK_CLEANUP(buf_done) struct buf pair = {0};
	int r;

	buf_init(&pair, CLIENT_AUTH_HEADER_MAX);
	form_encode(&pair, s->client_id, strlen(s->client_id));
	buf_append_text(&pair, ":");
	form_encode(&pair, secret_data(s->client_secret), secret_len(s->client_secret));
	r = buf_fault(&pair);
	if (r < 0)
		return r;
	buf_append_text(header, "Authorization: Basic ");
	return base64(header, &pair);
}

enum client_auth client_auth_method(const struct provider_settings *s, bool is_public)
{
	return is_public ? CLIENT_AUTH_NONE : s->client_auth;
}

bool client_auth_is_proof(const struct provider_settings *s)
{
	switch (s->client_auth) {
	case CLIENT_AUTH_BASIC:
	case CLIENT_AUTH_POST:
		return s->client_secret != NULL;
	case CLIENT_AUTH_PRIVATE_KEY_JWT:
		return s->client_key != NULL;
	case CLIENT_AUTH_MTLS:
		return true;
	case CLIENT_AUTH_NONE:
		break;
	}
	return false;
}

void client_auth_claims(struct assertion_claims *ret, const struct provider_settings *s)
{
	*ret = (struct assertion_claims){
		.iss = s->client_id,
		.sub = s->client_id,
		.aud = s->client_assertion_audience != NULL ? s->client_assertion_audience : s->issuer,
		.lifetime_s = CLIENT_AUTH_ASSERTION_LIFETIME_S,
	};
}

/* AS-01: RFC 7521 section 4.2. The id may be left out there, but not everywhere. */
static void add_assertion(struct form *form, const struct provider_settings *s, const struct secret *assertion)
{
	form_add(form, "client_id", s->client_id);
	form_add(form, "client_assertion_type", ASSERTION_TYPE);
	form_add_secret(form, "client_assertion", assertion);
}

int client_auth_add(struct form *form, struct buf *header, const struct provider_settings *s, bool is_public,
		    const struct secret *assertion)
{
	enum client_auth method = client_auth_method(s, is_public);

	if (s->client_id == NULL || s->client_id[0] == '\0')
		return -EINVAL;
	if ((method == CLIENT_AUTH_BASIC || method == CLIENT_AUTH_POST) && s->client_secret == NULL)
		return -EINVAL;
	if ((method == CLIENT_AUTH_PRIVATE_KEY_JWT) != (assertion != NULL))
		return -EINVAL;

	switch (method) {
	case CLIENT_AUTH_BASIC:
		return add_basic(header, s);
	case CLIENT_AUTH_POST:
		form_add(form, "client_id", s->client_id);
		form_add_secret(form, "client_secret", s->client_secret);
		return form_fault(form);
	case CLIENT_AUTH_PRIVATE_KEY_JWT:
		add_assertion(form, s, assertion);
		return form_fault(form);
	case CLIENT_AUTH_NONE:
	case CLIENT_AUTH_MTLS: /* ML-01: who it says it is; the connection proves it */
		form_add(form, "client_id", s->client_id);
		return form_fault(form);
	}
	return -EINVAL;
}

void client_auth_explain(struct oauth_result *r, const struct provider *p, const struct provider_settings *client)
{
	int64_t difference_s = provider_clock_difference_s(p);
	char text[OAUTH_DETAIL_MAX];

	oauth_result_hide(r, client->client_secret);
	if (r->outcome != OAUTH_CLIENT_REFUSED || client->client_auth != CLIENT_AUTH_PRIVATE_KEY_JWT)
		return;
	(void)snprintf(text, sizeof(text), "%s", r->detail);
	if (difference_s >= CLOCK_DIFFERENCE_S)
		oauth_result_set(r, r->outcome, "the clock of this host is %" PRId64 " s behind the provider's: %s",
				 difference_s, text);
	else if (difference_s <= -CLOCK_DIFFERENCE_S)
		oauth_result_set(r, r->outcome, "the clock of this host is %" PRId64 " s ahead of the provider's: %s",
				 -difference_s, text);
}
