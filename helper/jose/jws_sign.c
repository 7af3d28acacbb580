/* SPDX-License-Identifier: MIT */
/*
 * Writes a signed text in compact form. The header says the algorithm and the key, and nothing that a reader could be led
 * astray by.
 */
#include "helper/jose/jws_sign.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "helper/base/json.h"
#include "helper/jose/base64url.h"
#include "helper/jose/jws.h"

#define HEADER_MAX 512u
#define PAYLOAD_MAX (JWS_MAX_BYTES / 2)

static int write_header(struct buf *out, const struct signing_key *k, const char *typ)
{
	buf_printf(out, "{\"alg\":\"%s\",\"kid\":\"%s\"", jws_algorithm_name(signing_key_algorithm(k)),
		   signing_key_kid(k));
	if (typ != NULL) {
		buf_append_text(out, ",\"typ\":");
		json_write_string(out, typ, strlen(typ));
	}
	buf_append_text(out, "}");
	return buf_fault(out);
}

static int append_encoded(struct buf *out, const void *bytes, size_t len)
{
	LK_CLEANUP(secret_free_stringp) char *text = malloc(base64url_encoded_size(len) + 1);

	if (text == NULL)
		return -ENOMEM;
	base64url_encode(text, bytes, len);
	buf_append_text(out, text);
	return buf_fault(out);
}

int jws_sign(struct secret **ret, struct signing_key *k, const char *typ, const void *payload, size_t len)
{
	LK_CLEANUP(buf_done) struct buf header = {.max = HEADER_MAX};
	LK_CLEANUP(buf_done) struct buf token = {.max = JWS_MAX_BYTES};
	unsigned char signature[SIGNING_SIGNATURE_MAX];
	size_t signature_len = 0;
	int r;

	if (len > PAYLOAD_MAX)
		return -E2BIG;
	r = signing_key_open(k);
	if (r == 0)
		r = write_header(&header, k, typ);
	if (r == 0)
		r = append_encoded(&token, header.data, header.len);
	buf_append_text(&token, ".");
	if (r == 0)
		r = append_encoded(&token, payload, len);
	if (r == 0)
		r = signing_key_sign(k, token.data, token.len, signature, &signature_len);
	buf_append_text(&token, ".");
	if (r == 0)
		r = append_encoded(&token, signature, signature_len);
	return r == 0 ? secret_copy(ret, token.data, token.len) : r;
}
