/* SPDX-License-Identifier: MIT */
/*
 * "latchkey inspect": what a token says and whether to believe it. Asks neither the helper nor the network. Must never
 * end in success for a token whose signature was not checked.
 */
#include "helper/cli/verbs.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "helper/base/buf.h"
#include "helper/base/clock.h"
#include "helper/base/json.h"
#include "helper/base/secret.h"
#include "helper/cli/claims.h"
#include "helper/cli/render.h"
#include "helper/jose/id_token.h"

#define JWKS_FILE_MAX JSON_MAX_BYTES
/* Login refuses tokens that were issued long ago; here the token's own expiry decides. */
#define ANY_AGE_S (INT64_C(200) * 366 * 86400)

struct inspection {
	const struct command *command;
	struct buf token;
	struct jwk_set *keys;       /* NULL: none were given */
	struct jws jws;             /* decoded; believed only if signature is 0 */
	struct json_object *claims; /* NULL when the payload is not JSON */
	int64_t now_s;
	bool is_checked; /* the signature was */
	int signature;   /* as jws_verify() */
	int verdict;     /* 0: to be believed; else an outcome of helper/jose */
};

static void inspection_done(struct inspection *in)
{
	buf_done(&in->token);
	jwk_set_free(in->keys);
	jws_done(&in->jws);
	json_object_put(in->claims);
}

/* Return: 0, -E2BIG, -ENOMEM, -EIO. */
static int read_stream(struct buf *out, FILE *in, size_t max)
{
	char chunk[4096];
	size_t n;

	buf_init(out, max);
	while ((n = fread(chunk, 1, sizeof(chunk), in)) > 0)
		buf_append(out, chunk, n);
	secret_wipe(chunk, sizeof(chunk));
	if (ferror(in))
		return -EIO;
	buf_append(out, "", 0);
	return buf_fault(out);
}

static int read_token(struct inspection *in)
{
	const char *operand = in->command->arguments.operand;
	int r;

	if (strcmp(operand, "-") == 0) {
		r = read_stream(&in->token, stdin, JWS_MAX_BYTES + 2);
		if (r < 0)
			return r;
	} else {
		buf_init(&in->token, JWS_MAX_BYTES + 2);
		buf_append_text(&in->token, operand);
	}
	/* What an editor or echo adds. */
	while (in->token.len > 0 && strchr(" \t\r\n", in->token.data[in->token.len - 1]))
		in->token.data[--in->token.len] = '\0';
	return buf_fault(&in->token);
}

static int read_keys(struct inspection *in)
{
	LK_CLEANUP(buf_done) struct buf text = {0};
	FILE *file = fopen(in->command->arguments.jwks, "re");
	int r;

	if (!file)
		return -errno;
	r = read_stream(&text, file, JWKS_FILE_MAX);
	(void)fclose(file);
	return r < 0 ? r : jwk_set_parse(&in->keys, text.data, text.len);
}

static uint32_t all_algorithms(void)
{
	uint32_t all = 0;

	for (unsigned int a = JWS_NONE + 1; a < JWS_ALGORITHMS; a++)
		all |= UINT32_C(1) << a;
	return all;
}

/* What is not given to compare with is taken from the token, so that it passes and the rest is still judged. */
static const char *own_audience(const struct json_object *claims)
{
	struct json_object *audience = NULL;
	const char *text = NULL;

	if (json_read_string(claims, "azp", 1024, &text) == 0 || json_read_string(claims, "aud", 1024, &text) == 0)
		return text;
	if (json_read_array(claims, "aud", 64, &audience) != 0 || json_object_array_length(audience) == 0)
		return "";
	audience = json_object_array_get_idx(audience, 0);
	return json_object_is_type(audience, json_type_string) ? json_object_get_string(audience) : "";
}

static int judge_claims(struct inspection *in)
{
	LK_CLEANUP(json_object_putp) struct json_object *claims = NULL;
	const struct arguments *a = &in->command->arguments;
	struct id_token_expectation expect = {
		.issuer = a->issuer,
		.client_id = a->audience ? a->audience : own_audience(in->claims),
		.algorithms = all_algorithms(),
		.now_s = in->now_s,
		.max_age_s = ANY_AGE_S,
	};

	if (!expect.issuer && json_read_string(in->claims, "iss", 1024, &expect.issuer) != 0)
		return ID_TOKEN_ISSUER;
	return id_token_check_claims(&claims, &in->jws, &expect);
}

static int judge(struct inspection *in)
{
	struct jws verified = {0};

	if (!in->keys)
		return 0;

	in->is_checked = true;
	in->signature = jws_verify(&verified, in->token.data, in->token.len, in->keys, all_algorithms());
	in->verdict = in->signature;
	if (in->signature == JWS_VALID) {
		jws_done(&in->jws);
		in->jws = verified;
		if (!in->command->arguments.signature_only)
			in->verdict = judge_claims(in);
	}
	return in->verdict < 0 ? in->verdict : 0;
}

static const char *signature_text(const struct inspection *in)
{
	if (!in->is_checked)
		return "not checked (no --jwks)";
	return in->signature == JWS_VALID ? "valid" : jws_outcome_text(in->signature);
}

static bool is_believed(const struct inspection *in)
{
	return in->is_checked && in->signature == JWS_VALID && in->verdict == 0;
}

static bool are_claims_judged(const struct inspection *in)
{
	return in->is_checked && in->signature == JWS_VALID && !in->command->arguments.signature_only;
}

static const char *reason_text(const struct inspection *in)
{
	return in->is_checked ? id_token_outcome_text(in->verdict) : "its signature was not checked";
}

static void print_text(const struct inspection *in)
{
	const struct command *c = in->command;
	const struct arguments *a = &c->arguments;

	(void)fprintf(c->out, "header\n");
	claims_explain(c, in->jws.header, in->now_s);
	(void)fprintf(c->out, "claims\n");
	if (in->claims)
		claims_explain(c, in->claims, in->now_s);
	else
		(void)fprintf(c->out, "  (not a JSON object)\n");
	(void)fprintf(c->out, "signature %s\n", signature_text(in));
	if (are_claims_judged(in)) {
		(void)fprintf(c->out, "issuer    %s\n", a->issuer ? "compared" : "not compared (no --issuer)");
		(void)fprintf(c->out, "audience  %s\n", a->audience ? "compared" : "not compared (no --audience)");
	}
	if (is_believed(in))
		(void)fprintf(c->out, "%s\n",
			      a->signature_only ? "The signature is valid; the claims were not judged."
						: "The token is valid.");
	else
		(void)fprintf(c->out, "The token is not to be believed: %s.\n", reason_text(in));
}

static int add(struct json_object *o, const char *key, struct json_object *value)
{
	if (value && json_object_object_add(o, key, value) == 0)
		return 0;
	json_object_put(value);
	return -ENOMEM;
}

static int print_json(const struct inspection *in)
{
	LK_CLEANUP(json_object_putp) struct json_object *o = json_object_new_object();
	int r;

	if (!o)
		return -ENOMEM;
	r = add(o, "header", json_object_get(in->jws.header));
	if (r == 0 && in->claims)
		r = add(o, "claims", json_object_get(in->claims));
	if (r == 0)
		r = add(o, "signature", json_object_new_string(signature_text(in)));
	if (r == 0)
		r = add(o, "claims_judged", json_object_new_boolean(are_claims_judged(in)));
	if (r == 0)
		r = add(o, "valid", json_object_new_boolean(is_believed(in)));
	if (r == 0 && !is_believed(in))
		r = add(o, "reason", json_object_new_string(reason_text(in)));
	if (r < 0)
		return r;
	render_json(in->command->out, o);
	(void)fputc('\n', in->command->out);
	return 0;
}

static int take_apart(struct inspection *in)
{
	int r;

	r = jws_decode(&in->jws, in->token.data ? in->token.data : "", in->token.len);
	if (r != 0)
		return r;
	/* A payload that is no JSON can still carry a valid signature. */
	r = json_parse(&in->claims, in->jws.payload, in->jws.payload_len);
	if (r == -ENOMEM)
		return r;
	if (!json_object_is_type(in->claims, json_type_object)) {
		json_object_put(in->claims);
		in->claims = NULL;
	}
	return 0;
}

static enum command_exit not_a_token(const struct command *c, int r)
{
	if (r == -ENOMEM)
		return command_fail(c, COMMAND_FAILED, "out of memory");
	return command_fail(c, COMMAND_FAILED, "this cannot be taken apart: %s",
			    r < 0 ? strerrordesc_np(-r) : jws_outcome_text(r));
}

static enum command_exit take_keys(struct inspection *in)
{
	const struct command *c = in->command;
	int r;

	if (!c->arguments.jwks)
		return COMMAND_OK;
	r = read_keys(in);
	if (r == -EBADMSG || r == -ENOKEY || r == -E2BIG)
		return command_fail(c, COMMAND_FAILED, "%s holds no keys that can be used", c->arguments.jwks);
	if (r < 0)
		return command_fail(c, COMMAND_MISUSE, "cannot read %s: %s", c->arguments.jwks, strerrordesc_np(-r));
	return COMMAND_OK;
}

enum command_exit verb_inspect(const struct command *c)
{
	LK_CLEANUP(inspection_done) struct inspection in = {.command = c, .now_s = clock_realtime_s()};
	enum command_exit status;
	int r;

	if (c->arguments.signature_only && !c->arguments.jwks)
		return command_fail(c, COMMAND_MISUSE, "--signature-only needs --jwks");
	status = take_keys(&in);
	if (status != COMMAND_OK)
		return status;
	r = read_token(&in);
	if (r == 0)
		r = take_apart(&in);
	if (r != 0)
		return not_a_token(c, r);
	r = judge(&in);
	if (r < 0)
		return command_fail(c, COMMAND_FAILED, "the signature cannot be checked: %s", strerrordesc_np(-r));

	if (!c->arguments.json)
		print_text(&in);
	else if (print_json(&in) < 0)
		return command_fail(c, COMMAND_FAILED, "out of memory");
	return is_believed(&in) ? COMMAND_OK : COMMAND_FAILED;
}
