/* SPDX-License-Identifier: MIT */
/*
 * "latchkey assert": what a robot shows at the prompt of a service account. As SSH_ASKPASS it believes of the question only what the
 * ssh client has put in front of it: the audience is the host that ssh is connected to, and a question in the name of another,
 * which a host that relays would put, gets no answer.
 */
#include "helper/cli/verbs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <json-c/json.h>

#include "helper/base/buf.h"
#include "helper/base/file.h"
#include "helper/base/json.h"
#include "helper/base/secret.h"
#include "helper/base/text.h"
#include "helper/cli/assert_config.h"
#include "helper/cli/assert_state.h"
#include "helper/cli/ssh_client.h"
#include "helper/jose/assertion.h"
#include "helper/jose/jws.h"
#include "helper/jose/token_claims.h"
#include "helper/protocol/presenting.h"

#define LIFETIME_S 120

/* What is to be shown, and to whom. */
struct showing {
	const struct command *command;
	struct assert_config config;
	struct presenting_question question; /* as ssh has handed it on; unused without one */
	const char *account;
	const char *audience;
	const char *nonce;
};

static const char *either(const char *first, const char *second)
{
	return first != NULL ? first : second;
}

static int sign(const struct showing *s, struct signing_key *key, struct secret **ret)
{
	LK_CLEANUP(json_object_putp) struct json_object *extra = json_object_new_object();
	struct json_object *nonce = json_object_new_string(s->nonce);
	const struct assertion_claims claims = {
		.iss = either(s->config.issuer, s->account),
		.sub = either(s->config.subject, s->account),
		.aud = s->audience,
		.lifetime_s = LIFETIME_S,
		.extra = extra,
	};

	if (extra == NULL || nonce == NULL || json_object_object_add(extra, "nonce", nonce) < 0) {
		json_object_put(nonce);
		return -ENOMEM;
	}
	return assertion_make(ret, key, &claims);
}

static enum command_exit make(const struct showing *s, struct secret **ret)
{
	const struct signing_places places = {.credentials = getenv("CREDENTIALS_DIRECTORY")};
	LK_CLEANUP(signing_key_unrefp) struct signing_key *key = NULL;
	enum jws_algorithm algorithm = JWS_NONE;
	int r;

	if (s->config.key == NULL)
		return command_fail(s->command, COMMAND_FAILED,
				    "no key: name one in assert.conf or $LATCHKEY_ASSERT_KEY");
	if (s->config.algorithm != NULL) {
		algorithm = jws_algorithm_from_name(s->config.algorithm);
		if (!signing_algorithm_is_known(algorithm))
			return command_fail(s->command, COMMAND_FAILED,
					    "algorithm must be RS256, PS256, ES256, ES384 or EdDSA");
	}
	r = signing_key_new(&key, s->config.key, algorithm, &places);
	if (r == 0)
		r = signing_key_open(key);
	if (r == 0)
		r = sign(s, key, ret);
	if (r != 0)
		return command_fail(s->command, COMMAND_FAILED, "%s: %s", s->config.key, signing_text(r));
	return COMMAND_OK;
}

/* One that is for somebody else could be used there by whoever asks here. */
static bool is_for(const struct secret *token, const char *audience)
{
	LK_CLEANUP(json_object_putp) struct json_object *claims = NULL;
	LK_CLEANUP(jws_done) struct jws jws = {0};
	bool others;

	return jws_decode(&jws, secret_data(token), secret_len(token)) == 0 &&
	       json_parse(&claims, jws.payload, jws.payload_len) == 0 &&
	       json_object_is_type(claims, json_type_object) && token_claims_has_audience(claims, audience, &others);
}

static enum command_exit read_token(const struct showing *s, struct secret **ret)
{
	LK_CLEANUP(buf_done) struct buf text = {0};
	int r = file_read(&text, s->config.token_file, FILE_OWNER_ROOT_OR_SELF, FILE_READABLE, PRESENTED_MAX + 2);

	while (r == 0 && text.len > 0 && strchr(" \t\r\n", text.data[text.len - 1]))
		text.len--;
	if (r == 0 && !presented_is_plain(text.data != NULL ? text.data : "", text.len))
		return command_fail(s->command, COMMAND_FAILED, "%s: there is no token in it", s->config.token_file);
	if (r == 0)
		r = secret_copy(ret, text.data, text.len);
	if (r < 0)
		return command_fail(s->command, COMMAND_FAILED, "%s: %s", s->config.token_file, strerror(-r));
	if (!is_for(*ret, s->audience)) {
		secret_free(LK_STEAL(*ret));
		return command_fail(s->command, COMMAND_FAILED, "%s: the token's audience is not %s",
				    s->config.token_file, s->audience);
	}
	return COMMAND_OK;
}

static enum command_exit print(const struct command *c, const struct secret *token, unsigned part)
{
	LK_CLEANUP(buf_done) struct buf out = {0};

	buf_init(&out, PRESENTED_MAX + 1);
	if (part == 0)
		buf_append(&out, secret_data(token), secret_len(token));
	else if (presented_part_write(&out, secret_data(token), secret_len(token), part) < 0)
		return command_fail(c, COMMAND_FAILED, "the question is for a part that there is not");
	buf_append(&out, "\n", 1);
	if (buf_fault(&out) < 0 || fwrite(out.data, 1, out.len, c->out) != out.len || fflush(c->out) != 0)
		return command_fail(c, COMMAND_FAILED, "it cannot be written");
	return COMMAND_OK;
}

/* Part by part of one assertion, each of which another process is asked for. */
static enum command_exit show_part(const struct showing *s, unsigned part)
{
	LK_CLEANUP(secret_freep) struct secret *token = NULL;
	enum command_exit status = COMMAND_OK;
	unsigned n;
	int r = 0;

	if (s->config.token_file != NULL)
		status = read_token(s, &token);
	else if (part == 1)
		status = make(s, &token);
	else
		r = assert_state_get(&token, s->nonce);
	if (status != COMMAND_OK)
		return status;
	if (r == 0 && s->config.token_file == NULL && !is_for(token, s->audience))
		r = -EPERM;
	n = r == 0 ? presented_part_count(secret_len(token)) : 0;
	if (r == 0 && n > 1 && part == 1 && s->config.token_file == NULL)
		r = assert_state_put(s->nonce, token);
	if (r < 0)
		return command_fail(s->command, COMMAND_FAILED, "an assertion in parts cannot be kept: %s",
				    strerror(-r));
	status = print(s->command, token, part);
	if (s->config.token_file == NULL && n > 1 && (status != COMMAND_OK || part == n))
		assert_state_drop(s->nonce);
	return status;
}

static enum command_exit answer(struct showing *s, const char *question)
{
	const struct command *c = s->command;
	struct presenting_question *q = &s->question;
	struct ssh_question ssh;
	char why[ASSERT_WHY_MAX];

	if (ssh_question_read(&ssh, question) < 0 || presenting_question_read(q, ssh.text) < 0)
		return command_fail(c, COMMAND_FAILED,
				    "that is no question of Latchkey's behind ssh's own words: no answer");
	if (!ssh_client_names_host(getppid()))
		return command_fail(c, COMMAND_FAILED,
				    "OpenSSH 8.5 or later has to ask, which says itself where it is connected to "
				    "(a script in between must exec): no answer");
	if (assert_config_read(&s->config, c->arguments.config, ssh.host, why) < 0)
		return command_fail(c, COMMAND_FAILED, "%s", why);
	if (strcmp(q->account, ssh.user) != 0)
		return command_fail(c, COMMAND_FAILED, "ssh asks for %s, and the host for %s: no answer", ssh.user,
				    q->account);
	if (strcmp(q->host, either(s->config.host, ssh.host)) != 0)
		return command_fail(c, COMMAND_FAILED,
				    "ssh is connected to %s, and the host calls itself %s: no answer (if that is one "
				    "of its names, [host %s] in assert.conf says so)",
				    ssh.host, q->host, ssh.host);
	s->account = q->account;
	s->audience = either(s->config.audience, q->host);
	s->nonce = q->nonce;
	return show_part(s, q->part);
}

/* For programs that speak SSH themselves: who calls says whom it is connected to. */
static enum command_exit assert_whole(struct showing *s)
{
	LK_CLEANUP(secret_freep) struct secret *token = NULL;
	const struct arguments *a = &s->command->arguments;
	enum command_exit status;
	char why[ASSERT_WHY_MAX];

	if (a->audience == NULL || a->user == NULL || a->nonce == NULL)
		return command_fail(s->command, COMMAND_MISUSE, "a question, or --audience, --user and --nonce");
	if (strlen(a->nonce) != PRESENTED_NONCE_LEN || !presented_is_plain(a->nonce, strlen(a->nonce)))
		return command_fail(s->command, COMMAND_MISUSE, "a nonce has %u characters of base64url",
				    PRESENTED_NONCE_LEN);
	if (assert_config_read(&s->config, a->config, NULL, why) < 0)
		return command_fail(s->command, COMMAND_FAILED, "%s", why);
	s->account = a->user;
	s->audience = a->audience;
	s->nonce = a->nonce;
	status = make(s, &token);
	return status == COMMAND_OK ? print(s->command, token, 0) : status;
}

static void showing_done(struct showing *s)
{
	assert_config_done(&s->config);
}

enum command_exit verb_assert(const struct command *c)
{
	LK_CLEANUP(showing_done) struct showing s = {.command = c};

	return c->arguments.operand != NULL ? answer(&s, c->arguments.operand) : assert_whole(&s);
}
