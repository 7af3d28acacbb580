/* SPDX-License-Identifier: MIT */
/*
 * The private keys that this host makes for itself. They never leave the helper's folder: what is answered is their public
 * half, and a certificate around it. Of other keys the same is shown, read as they will be read when they sign.
 */
#include "helper/daemon/methods.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "helper/base/json.h"
#include "helper/base/text.h"
#include "helper/base/worker.h"
#include "helper/jose/certificate.h"
#include "helper/jose/key_files.h"
#include "helper/jose/key_pair.h"
#include "helper/jose/jwk_write.h"
#include "helper/login/log.h"

#define JWK_MAX 4096u
#define PEM_MAX 8192u
#define WORD_MAX 16u

static const char *fault_text(int r)
{
	switch (r) {
	case -EEXIST:
		return "there is one of that name already";
	case -ENOENT:
		return "there is no such key";
	case -E2BIG:
		return "there are too many keys";
	default:
		return signing_text(r);
	}
}

static void refuse(struct conn *c, const char *name, int r)
{
	if (r == -ENOMEM)
		conn_drop(c);
	else
		method_not_possible(c, name, fault_text(r), -1);
}

/* Return: false, and it was answered. */
static bool read_name(struct conn *c, const struct varlink_call *call, const char **ret)
{
	if (json_read_string(call->parameters, "name", SIGNING_NAME_MAX, ret) == 0 && signing_name_is_valid(*ret))
		return true;
	service_invalid(c, "name");
	return false;
}

/* Return: false, and it was answered. */
static bool read_type(struct conn *c, const struct varlink_call *call, enum key_type usual, enum key_type *ret)
{
	const char *word;

	*ret = usual;
	if (method_read_optional(call, "type", WORD_MAX, &word)) {
		if (word == NULL)
			return true;
		*ret = key_type_from_name(word);
		if (*ret != KEY_TYPE_NONE)
			return true;
	}
	service_invalid(c, "type");
	return false;
}

/* What is told of a key; one that cannot be used says why. NULL without memory. */
static struct json_object *key_json(const char *folder, const char *name)
{
	LK_CLEANUP(json_object_putp) struct json_object *o = json_object_new_object();
	LK_CLEANUP(signing_key_unrefp) struct signing_key *k = NULL, *next = NULL;
	int r = key_files_load(&k, folder, name, false);
	int r_next = key_files_load(&next, folder, name, true);

	if (r == -ENOMEM || r_next == -ENOMEM || !method_add_text(o, "name", name))
		return NULL;
	if (r == 0 && (!method_add_text(o, "type", key_type_name(key_type_of(k))) ||
		       !method_add_text(o, "kid", signing_key_kid(k))))
		return NULL;
	if (r_next == 0 && !method_add_text(o, "next_kid", signing_key_kid(next)))
		return NULL;
	if (r == 0 && r_next == -ENOENT)
		r_next = 0;
	if ((r != 0 || r_next != 0) && !method_add_text(o, "fault", fault_text(r != 0 ? r : r_next)))
		return NULL;
	return LK_STEAL(o);
}

static void reply_key(struct manager *m, struct conn *c, const char *name)
{
	LK_CLEANUP(json_object_putp) struct json_object *p = json_object_new_object();

	if (method_add(p, "key", key_json(m->keys_folder, name)))
		conn_reply(c, p, false);
	else
		conn_drop(c);
}

/* The connection's side of what is done beside the event loop */
struct asking {
	struct conn *conn;
	struct work *work; /* NULL: it was answered */
};

/* What is under way goes on to its end, or is not begun. */
static void on_gone(void *userdata)
{
	struct asking *a = userdata;

	work_cancel(a->work);
	free(a);
}

/* Takes @job over: @kind releases it. Its done has @ret_asking, if that runs. */
static void start_work(struct manager *m, struct conn *c, const struct work_kind *kind, void *job,
		       struct asking **ret_asking)
{
	struct asking *a = calloc(1, sizeof(*a));
	int r = -ENOMEM;

	if (a != NULL) {
		a->conn = c;
		*ret_asking = a;
		r = worker_start(&a->work, m->key_maker, kind, job);
	}
	if (r == 0) {
		conn_set_job(c, a, on_gone);
		return;
	}
	free(a);
	kind->release(job);
	method_not_possible(c, "the key", strerror(-r), -1);
}

/* A key that is being made: RSA takes long enough to be in others' way. */
struct making {
	struct manager *manager;
	struct asking *asking;
	char name[SIGNING_NAME_MAX + 1];
	bool is_next;
	enum key_type type;
	struct buf pem;
	int r;
};

/* In the thread: the folder is nobody else's, and its path stays as long as the thread does. */
static void on_run(void *job)
{
	struct making *k = job;

	k->r = key_pair_new(&k->pem, k->type);
	if (k->r == 0)
		k->r = key_files_store(k->manager->keys_folder, k->name, k->is_next, &k->pem);
}

static void on_made(void *job)
{
	struct making *k = job;
	struct conn *c = k->asking->conn;

	k->asking->work = NULL;
	if (k->r != 0) {
		if (k->r != -EEXIST && k->r != -ENOENT)
			log_line(LOG_ERR, "the signing key %s could not be made: %s", k->name, fault_text(k->r));
		refuse(c, k->name, k->r);
		return;
	}
	log_line(LOG_NOTICE, k->is_next ? "a signing key that is to follow %s was made" : "the signing key %s was made",
		 k->name);
	reply_key(k->manager, c, k->name);
}

static void on_release(void *job)
{
	struct making *k = job;

	buf_done(&k->pem);
	free(k);
}

static const struct work_kind key_making = {on_run, on_made, on_release};

static void start_making(struct manager *m, struct conn *c, const char *name, bool is_next, enum key_type type)
{
	struct making *k = calloc(1, sizeof(*k));

	if (k == NULL) {
		conn_drop(c);
		return;
	}
	k->manager = m;
	memcpy(k->name, name, strlen(name));
	k->is_next = is_next;
	k->type = type;
	buf_init(&k->pem, SIGNING_PEM_MAX);
	start_work(m, c, &key_making, k, &k->asking);
}

void method_new_signing_key(struct manager *m, struct conn *c, const struct varlink_call *call)
{
	enum key_type type;
	const char *name;

	if (read_name(c, call, &name) && read_type(c, call, KEY_TYPE_DEFAULT, &type))
		start_making(m, c, name, false, type);
}

void method_list_signing_keys(struct manager *m, struct conn *c, const struct varlink_call *call)
{
	LK_CLEANUP(json_object_putp) struct json_object *p = json_object_new_object();
	struct json_object *keys = json_object_new_array();
	LK_CLEANUP(text_free_listp) char **names = NULL;
	int r = key_files_list(m->keys_folder, &names);

	(void)call;
	if (!method_add(p, "keys", keys)) {
		conn_drop(c);
		return;
	}
	if (r < 0) {
		refuse(c, "keys", r);
		return;
	}
	for (size_t i = 0; names[i] != NULL; i++) {
		if (!method_append(keys, key_json(m->keys_folder, names[i]))) {
			conn_drop(c);
			return;
		}
	}
	conn_reply(c, p, false);
}

/* Return: 0, -ENOMEM, -EIO. */
static int add_jwk(struct json_object *list, const struct signing_key *k)
{
	LK_CLEANUP(buf_done) struct buf text = {.max = JWK_MAX};
	struct json_object *jwk;
	int r = jwk_write(&text, signing_key_public(k), signing_key_algorithm(k));

	if (r == 0)
		r = json_parse(&jwk, text.data, text.len);
	if (r < 0)
		return r;
	return method_append(list, jwk) ? 0 : -ENOMEM;
}

static int add_forms(struct json_object *p, struct signing_key *k, const char *subject, int64_t days)
{
	LK_CLEANUP(buf_done) struct buf pem = {.max = PEM_MAX};
	LK_CLEANUP(buf_done) struct buf certificate = {.max = PEM_MAX};
	int r = jwk_write_pem(&pem, signing_key_public(k));

	if (r == 0)
		r = certificate_write(&certificate, k, subject, (int)days);
	if (r != 0)
		return r;
	return method_add_text(p, "pem", pem.data) && method_add_text(p, "certificate", certificate.data) ? 0 : -ENOMEM;
}

/* Return: 0; what to refuse with. */
static int show(struct manager *m, struct json_object *p, const char *name, const char *subject, int64_t days)
{
	LK_CLEANUP(signing_key_unrefp) struct signing_key *k = NULL, *next = NULL;
	struct json_object *set = json_object_new_object(), *keys = json_object_new_array();
	int r;

	if (!method_add(p, "jwks", set) || !method_add(set, "keys", keys) ||
	    !method_add(p, "key", key_json(m->keys_folder, name)))
		return -ENOMEM;
	r = key_files_load(&k, m->keys_folder, name, false);
	if (r == 0)
		r = add_jwk(keys, k);
	if (r != 0)
		return r;
	r = key_files_load(&next, m->keys_folder, name, true);
	if (r == 0)
		r = add_jwk(keys, next);
	if (r != 0 && r != -ENOENT)
		return r;
	return add_forms(p, next != NULL ? next : k, subject != NULL ? subject : name, days);
}

/* A key that was not made here, which configuration may name: in the thread, since it may lie in a token or TPM. */
struct showing {
	struct asking *asking;
	char source[SIGNING_SOURCE_MAX + 1];
	char subject[CERTIFICATE_SUBJECT_MAX + 1];
	int64_t days;
	struct json_object *reply;
	int r;
};

/* What is behind '?' may be a PIN. */
static struct json_object *source_json(const struct signing_key *k, const char *source)
{
	LK_CLEANUP(json_object_putp) struct json_object *o = json_object_new_object();

	if (!method_add(o, "name", json_object_new_string_len(source, (int)strcspn(source, "?"))) ||
	    !method_add_text(o, "type", key_type_name(key_type_of(k))) ||
	    !method_add_text(o, "kid", signing_key_kid(k)))
		return NULL;
	return LK_STEAL(o);
}

static int show_source(struct showing *s)
{
	const struct signing_places places = {.credentials = getenv("CREDENTIALS_DIRECTORY")};
	LK_CLEANUP(signing_key_unrefp) struct signing_key *k = NULL;
	struct json_object *set = json_object_new_object(), *keys = json_object_new_array();
	int r;

	s->reply = json_object_new_object();
	if (!method_add(s->reply, "jwks", set) || !method_add(set, "keys", keys))
		return -ENOMEM;
	r = signing_key_new(&k, s->source, JWS_NONE, &places);
	if (r == 0)
		r = signing_key_open(k);
	if (r == 0)
		r = method_add(s->reply, "key", source_json(k, s->source)) ? add_jwk(keys, k) : -ENOMEM;
	return r == 0 ? add_forms(s->reply, k, s->subject, s->days) : r;
}

static void on_show(void *job)
{
	struct showing *s = job;

	s->r = show_source(s);
}

static void on_shown(void *job)
{
	struct showing *s = job;
	struct conn *c = s->asking->conn;

	s->asking->work = NULL;
	if (s->r == 0)
		conn_reply(c, s->reply, false);
	else if (s->r == -ENOMEM)
		conn_drop(c);
	else
		method_not_possible(c, "the key", signing_text(s->r), -1);
}

static void showing_free(void *job)
{
	struct showing *s = job;

	json_object_put(s->reply);
	secret_wipe(s->source, sizeof(s->source));
	free(s);
}

static const struct work_kind key_showing = {on_show, on_shown, showing_free};

static void start_showing(struct manager *m, struct conn *c, const char *source, const char *subject, int64_t days)
{
	struct showing *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		conn_drop(c);
		return;
	}
	memcpy(s->source, source, strlen(source));
	memcpy(s->subject, subject, strlen(subject));
	s->days = days;
	start_work(m, c, &key_showing, s, &s->asking);
}

void method_show_signing_key(struct manager *m, struct conn *c, const struct varlink_call *call)
{
	LK_CLEANUP(json_object_putp) struct json_object *p = json_object_new_object();
	const char *name, *subject;
	int64_t days = CERTIFICATE_DAYS;
	int r;

	if (json_read_string(call->parameters, "name", SIGNING_SOURCE_MAX, &name) != 0 ||
	    !signing_source_is_valid(name)) {
		service_invalid(c, "name");
		return;
	}
	if (!method_read_optional(call, "subject", CERTIFICATE_SUBJECT_MAX, &subject)) {
		service_invalid(c, "subject");
		return;
	}
	r = json_read_int(call->parameters, "days", 1, CERTIFICATE_DAYS_MAX, &days);
	if (r != 0 && r != -ENOENT) {
		service_invalid(c, "days");
		return;
	}
	if (!signing_name_is_valid(name)) {
		start_showing(m, c, name, subject != NULL ? subject : "latchkey", days);
		return;
	}
	r = show(m, p, name, subject, days);
	if (r == 0)
		conn_reply(c, p, false);
	else if (r == -EINVAL)
		service_invalid(c, "subject");
	else
		refuse(c, name, r);
}

/* A change of what is there already. Return: true, it was made; else the call was answered. */
static bool change(struct manager *m, struct conn *c, const char *name,
		   int (*step)(const char *folder, const char *name), const char *done, const char *absent)
{
	int r = step(m->keys_folder, name);

	if (r == -ENOENT) {
		method_not_possible(c, name, absent, -1);
		return false;
	}
	if (r < 0) {
		log_line(LOG_ERR, "the signing key %s could not be changed: %s", name, fault_text(r));
		refuse(c, name, r);
		return false;
	}
	log_line(LOG_NOTICE, "the signing key %s %s", name, done);
	return true;
}

static void end_rotation(struct manager *m, struct conn *c, const char *name, bool is_finish)
{
	bool is_done = is_finish ? change(m, c, name, key_files_finish, "is the one that was to follow it",
					  "no change of it is under way")
				 : change(m, c, name, key_files_cancel, "stays: the one that was to follow it is gone",
					  "no change of it is under way");

	if (is_done)
		reply_key(m, c, name);
}

static void start_rotation(struct manager *m, struct conn *c, const struct varlink_call *call, const char *name)
{
	LK_CLEANUP(signing_key_unrefp) struct signing_key *k = NULL;
	enum key_type type;
	int r = key_files_load(&k, m->keys_folder, name, false);

	if (r != 0)
		refuse(c, name, r);
	else if (read_type(c, call, key_type_of(k), &type))
		start_making(m, c, name, true, type);
}

void method_rotate_signing_key(struct manager *m, struct conn *c, const struct varlink_call *call)
{
	const char *name, *action;

	if (!read_name(c, call, &name))
		return;
	if (json_read_string(call->parameters, "action", WORD_MAX, &action) != 0)
		service_invalid(c, "action");
	else if (strcmp(action, "start") == 0)
		start_rotation(m, c, call, name);
	else if (strcmp(action, "finish") == 0)
		end_rotation(m, c, name, true);
	else if (strcmp(action, "cancel") == 0)
		end_rotation(m, c, name, false);
	else
		service_invalid(c, "action");
}

/* Return: what configuration uses it for; NULL: nothing. */
static const char *user_of(const struct config *config, const char *folder, const char *name)
{
	for (size_t i = 0; i < config->n_providers; i++)
		if (config->providers[i].settings.client_key != NULL &&
		    signing_key_is_file(config->providers[i].settings.client_key, folder, name))
			return "it is a provider's client_key";
	for (size_t i = 0; i < config->services.n; i++)
		if (config->services.accounts[i].key != NULL && strcmp(config->services.accounts[i].key, name) == 0)
			return "it is a service account's key";
	return NULL;
}

void method_delete_signing_key(struct manager *m, struct conn *c, const struct varlink_call *call)
{
	const char *name, *user;

	if (!read_name(c, call, &name))
		return;
	user = user_of(m->config, m->keys_folder, name);
	if (user != NULL)
		method_not_possible(c, name, user, -1);
	else if (change(m, c, name, key_files_delete, "is gone", "there is no such key"))
		conn_reply(c, NULL, false);
}
