/* SPDX-License-Identifier: MIT */
/* Puts client credentials into a request. Must never send a secret to a request that did not ask for one, nor twice. */
#include "helper/oauth/client_auth.h"

#include <errno.h>
#include <string.h>

#include <openssl/evp.h>

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

int client_auth_add(struct form *form, struct buf *header, const struct provider_settings *s, bool is_public)
{
	enum client_auth method = is_public ? CLIENT_AUTH_NONE : s->client_auth;

	if (s->client_id == NULL || s->client_id[0] == '\0')
		return -EINVAL;
	if (method != CLIENT_AUTH_NONE && s->client_secret == NULL)
		return -EINVAL;

	switch (method) {
	case CLIENT_AUTH_BASIC:
		return add_basic(header, s);
	case CLIENT_AUTH_POST:
		form_add(form, "client_id", s->client_id);
		form_add_secret(form, "client_secret", s->client_secret);
		return form_fault(form);
	case CLIENT_AUTH_NONE:
		form_add(form, "client_id", s->client_id);
		return form_fault(form);
	}
	return -EINVAL;
}
