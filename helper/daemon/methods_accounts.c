/* SPDX-License-Identifier: MIT */
/*
 * What an administrator does to accounts. Each change is durable before it is answered, is logged, and is on the map by
 * then, or follows with the next publication.
 */
#include "helper/daemon/methods.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "helper/base/clock.h"
#include "helper/base/json.h"
#include "helper/login/expel.h"
#include "helper/login/log.h"
#include "helper/login/sign_out.h"
#include "helper/login/standing.h"
#include "helper/protocol/names.h"

#define NAME_PARAMETER_MAX 255u

/* A change that is stored, until the map is out that shows it. */
struct change {
	struct manager *manager;
	struct conn *conn;
	struct json_object *reply;
	struct publish_wait *publish;
	uint64_t map_changes;
	char *leaving; /* who is to be forgotten when their sessions have ended; NULL: nobody */
	struct expel_once *expel;
};

static int forget(struct manager *m, const char *name, struct json_object **ret);

static void change_free(void *userdata)
{
	struct change *ch = userdata;
	struct json_object *unread = NULL;

	/* Nobody waits any more; what was asked for is done all the same. */
	if (ch->leaving != NULL && forget(ch->manager, ch->leaving, &unread) == 0)
		(void)publisher_request(ch->manager->publisher, NULL, NULL, NULL);
	json_object_put(unread);
	expel_once_free(ch->expel);
	free(ch->leaving);
	publish_wait_cancel(ch->publish);
	json_object_put(ch->reply);
	free(ch);
}

/* The store has it for good; a map that could not follow now follows with the next publication. */
static void on_published(void *userdata, int error, const char *detail)
{
	struct change *ch = userdata;

	ch->publish = NULL;
	ch->manager->login.is_map_current = error == 0 && ch->map_changes == ch->manager->login.map_changes;
	if (error != 0)
		log_line(LOG_WARNING, "the map does not show a change of accounts yet: %s", detail);
	conn_reply(ch->conn, ch->reply, false);
}

/* Return: the job of this call, or NULL: the connection was dropped. */
static struct change *change_new(struct manager *m, struct conn *c)
{
	struct change *ch = calloc(1, sizeof(*ch));

	if (ch == NULL) {
		conn_drop(c);
		return NULL;
	}
	ch->manager = m;
	ch->conn = c;
	conn_set_job(c, ch, change_free);
	return ch;
}

/* Publishes and then replies with @reply (taken over; NULL: out of memory). @ch: NULL: nobody is told */
static void change_publish(struct manager *m, struct change *ch, struct json_object *reply)
{
	m->login.is_map_current = false;
	m->login.map_changes++;
	if (ch == NULL || reply == NULL) {
		json_object_put(reply);
		(void)publisher_request(m->publisher, NULL, NULL, NULL);
		if (ch != NULL)
			conn_drop(ch->conn);
		return;
	}
	ch->reply = reply;
	ch->map_changes = m->login.map_changes;
	if (publisher_request(m->publisher, on_published, ch, &ch->publish) < 0)
		conn_reply(ch->conn, reply, false);
}

static void publish_change(struct manager *m, struct conn *c, struct json_object *reply)
{
	change_publish(m, change_new(m, c), reply);
}

static void log_change(enum audit_kind kind, const struct account *a, const char *detail)
{
	audit_write(&(struct audit_event){.priority = LOG_NOTICE,
					  .kind = kind,
					  .result = "done",
					  .user = a->name,
					  .uid = a->uid,
					  .provider = a->provider,
					  .detail = detail});
}

static struct json_object *account_reply(const struct account *a)
{
	LK_CLEANUP(json_object_putp) struct json_object *p = json_object_new_object();

	return method_add(p, "account", method_account_json(a)) ? LK_STEAL(p) : NULL;
}

/* Why an administrator's wish cannot be. */
static const char *outcome_text(int outcome)
{
	switch (outcome) {
	case ACCOUNT_NAME_TAKEN:
		return "another account or group has the name, or it is there with other numbers";
	case ACCOUNT_NAME_RETIRED:
		return "another account had the name; 'latchkey accounts release' makes it free";
	case ACCOUNT_NAME_LOCAL:
		return "the name is a local or reserved one";
	case ACCOUNT_OUT_OF_BOUNDS:
		return "name, numbers or home are outside what [accounts] allows";
	case ACCOUNT_ID_NOT_ALLOWED:
		return "the uid or gid is outside uid_min to uid_max and migrated_ids";
	case ACCOUNT_ID_TAKEN:
		return "the uid or gid is a local one, or is or was another account's or group's";
	case ACCOUNT_IDENTITY_TAKEN:
		return "the subject has another account";
	case ACCOUNT_FIELD_INVALID:
		return "a field cannot be so: the name, a path, or the subject";
	default:
		return outcome < 0 ? strerror(-outcome) : "the store refused";
	}
}

void method_not_possible(struct conn *c, const char *name, const char *message, int64_t index)
{
	LK_CLEANUP(json_object_putp) struct json_object *p = json_object_new_object();

	(void)method_add_text(p, "name", name);
	(void)method_add_text(p, "message", message);
	if (index >= 0)
		(void)method_add_int(p, "index", index);
	conn_error(c, ERROR_NOT_POSSIBLE, p);
}

/* Answers what did not end in 0. */
static void refuse(struct conn *c, const char *name, int r)
{
	if (r == -ENOENT) {
		method_no_such_account(c, name);
		return;
	}
	if (r < 0)
		log_line(LOG_ERR, "accounts could not be changed: %s", strerror(-r));
	method_not_possible(c, name, outcome_text(r), -1);
}

/* Return: false after the call was answered. */
static bool read_name(struct conn *c, const struct varlink_call *call, const char *key, const char **ret)
{
	if (json_read_string(call->parameters, key, NAME_PARAMETER_MAX, ret) == 0)
		return true;
	service_invalid(c, key);
	return false;
}

/* Return: 0, -ENOENT, -EBADMSG. */
static int read_id(struct json_object *o, const char *key, uint32_t *ret)
{
	int64_t id;
	int r = json_read_int(o, key, 1, INT32_MAX, &id);

	if (r == 0)
		*ret = (uint32_t)id;
	return r == -ENOENT ? r : r < 0 ? -EBADMSG : 0;
}

/* Before the account goes, for what is kept of it goes along. Nobody waits for the provider here. */
static void end_grant(struct manager *m, const char *name)
{
	LK_CLEANUP(account_freep) struct account *a = NULL;
	enum sign_out_outcome outcome;
	struct sign_out *o;

	if (store_find_name(m->store, name, &a) == 0 && sign_out_start(&o, m->sign_outs, a, NULL, NULL, &outcome) < 0)
		log_line(LOG_WARNING, "the tokens of %s could not be revoked", a->name);
}

/* Return: as accounts_forget(); @ret: what is replied, NULL without memory */
static int forget(struct manager *m, const char *name, struct json_object **ret)
{
	LK_CLEANUP(account_freep) struct account *a = NULL;
	int r = accounts_forget(m->accounts, name, &a);

	if (r < 0)
		return r;
	(void)remember_drop(m->approvals, a->uid);
	log_change(AUDIT_FORGET, a, NULL);
	*ret = account_reply(a);
	return 0;
}

static void forget_and_reply(struct change *ch, const char *name)
{
	struct json_object *reply = NULL;
	int r = forget(ch->manager, name, &reply);

	if (r < 0)
		refuse(ch->conn, name, r);
	else
		change_publish(ch->manager, ch, reply);
}

static void on_expelled(void *userdata, uint64_t n_found, const char *fault)
{
	struct change *ch = userdata;
	LK_CLEANUP(secret_free_stringp) char *name = LK_STEAL(ch->leaving);

	expel_once_free(LK_STEAL(ch->expel));
	if (fault != NULL)
		log_line(LOG_WARNING, "%s is forgotten, and what runs as that account may not have ended: %s", name,
			 fault);
	else if (n_found > 0)
		log_line(LOG_NOTICE, "before %s was forgotten, %llu processes were ended", name,
			 (unsigned long long)n_found);
	forget_and_reply(ch, name);
}

/* Somebody with sessions leaves the map when these have ended: without it nobody may end them. No new one begins meanwhile, and
 * should this helper end before, the person is refused. Return: whether it was begun. */
static bool begin_leaving(struct change *ch, const char *name)
{
	LK_CLEANUP(account_freep) struct account *a = NULL;
	struct manager *m = ch->manager;

	if (store_find_name(m->store, name, &a) < 0 || a->state != ACCOUNT_ACTIVE)
		return false;
	ch->leaving = strdup(name);
	if (ch->leaving != NULL && expel_once_start(&ch->expel, &m->login, a->uid, on_expelled, ch) == 0) {
		(void)standing_refuse(&m->login, a, "forgotten by an administrator");
		return true;
	}
	free(LK_STEAL(ch->leaving));
	return false;
}

void method_forget_account(struct manager *m, struct conn *c, const struct varlink_call *call)
{
	struct change *ch;
	const char *name;

	if (!read_name(c, call, "name", &name))
		return;
	ch = change_new(m, c);
	if (ch == NULL)
		return;
	end_grant(m, name);
	if (!begin_leaving(ch, name))
		forget_and_reply(ch, name);
}

void method_rename_account(struct manager *m, struct conn *c, const struct varlink_call *call)
{
	LK_CLEANUP(account_freep) struct account *a = NULL;
	const char *name, *new_name;
	int r;

	if (!read_name(c, call, "name", &name) || !read_name(c, call, "new_name", &new_name))
		return;
	r = accounts_rename(m->accounts, name, new_name, clock_realtime_s(), &a);
	if (r != 0) {
		refuse(c, r > 0 ? new_name : name, r);
		return;
	}
	log_change(AUDIT_RENAME, a, name);
	publish_change(m, c, account_reply(a));
}

void method_move_account(struct manager *m, struct conn *c, const struct varlink_call *call)
{
	LK_CLEANUP(account_freep) struct account *a = NULL;
	LK_CLEANUP(json_object_putp) struct json_object *reply = NULL;
	uint32_t uid = 0, gid = 0, old_uid = 0;
	char detail[32];
	const char *name;
	int r;

	if (!read_name(c, call, "name", &name))
		return;
	if (read_id(call->parameters, "uid", &uid) < 0 || read_id(call->parameters, "gid", &gid) == -EBADMSG) {
		service_invalid(c, "uid");
		return;
	}
	r = accounts_move(m->accounts, name, uid, gid, clock_realtime_s(), &a, &old_uid);
	if (r != 0) {
		refuse(c, name, r);
		return;
	}
	(void)remember_drop(m->approvals, old_uid);
	(void)snprintf(detail, sizeof(detail), "from uid %u", old_uid);
	log_change(AUDIT_MOVE, a, detail);
	reply = account_reply(a);
	publish_change(m, c, method_add_int(reply, "old_uid", old_uid) ? LK_STEAL(reply) : NULL);
}

void method_release_name(struct manager *m, struct conn *c, const struct varlink_call *call)
{
	LK_CLEANUP(json_object_putp) struct json_object *p = json_object_new_object();
	const char *name;
	uint32_t old_uid = 0;
	int r;

	if (!read_name(c, call, "name", &name))
		return;
	r = accounts_release_name(m->accounts, name, clock_realtime_s(), &old_uid);
	if (r == -EBUSY) {
		method_not_possible(c, name, "an account has this name; 'latchkey forget' comes first", -1);
		return;
	}
	if (r < 0) {
		refuse(c, name, r);
		return;
	}
	audit_write(&(struct audit_event){
		.priority = LOG_NOTICE, .kind = AUDIT_RELEASE, .result = "done", .user = name, .uid = old_uid});
	if (method_add_text(p, "name", name) && method_add_int(p, "old_uid", old_uid))
		conn_reply(c, p, false);
	else
		conn_drop(c);
}

/* --- imports ------------------------------------------------------------------------------------------------------- */

/* Optional; an empty text counts as missing. Return: false where it is unusable. */
static bool read_optional(struct json_object *o, const char *key, size_t max, const char **ret)
{
	int r = json_read_string(o, key, max, ret);

	return r == 0 || r == -ENOENT;
}

static const struct login_provider *find_provider(const struct manager *m, const struct account_pin *p)
{
	for (size_t i = 0; i < m->login.n_providers; i++) {
		const struct login_provider *lp = &m->login.providers[i];
		const char *name = provider_settings(lp->provider)->name;

		if (p->provider != NULL ? strcmp(name, p->provider) == 0 : name_fits_rule(p->name, lp->names))
			return lp;
	}
	return NULL;
}

/* Return: NULL, or what is wrong with it. The texts belong to @o and the configuration. */
static const char *read_pin(const struct manager *m, struct json_object *o, struct account_pin *ret)
{
	const struct login_provider *lp;

	if (json_read_string(o, "name", NAME_PARAMETER_MAX, &ret->name) != 0)
		return "its name is missing or cannot be one";
	if (read_id(o, "uid", &ret->uid) < 0 || read_id(o, "gid", &ret->gid) == -EBADMSG)
		return "its uid is missing, or uid or gid is no number from 1 to 2147483647";
	if (!read_optional(o, "provider", 64, &ret->provider) || !read_optional(o, "subject", 512, &ret->subject) ||
	    !read_optional(o, "gecos", 512, &ret->gecos) || !read_optional(o, "home", 255, &ret->home) ||
	    !read_optional(o, "shell", 127, &ret->shell))
		return "a field is empty, too long or no text";
	lp = find_provider(m, ret);
	if (lp == NULL)
		return ret->provider != NULL ? "no provider is called so" : "no provider makes names of this form";
	/* Nobody could ever prove such a name; one with a subject needs no proof of it. */
	if (ret->subject == NULL && !name_fits_rule(ret->name, lp->names))
		return "its provider makes no names of this form";
	ret->provider = provider_settings(lp->provider)->name;
	ret->issuer = provider_settings(lp->provider)->issuer;
	return NULL;
}

static void import(struct manager *m, struct conn *c, const struct account_pin *pins, size_t n)
{
	LK_CLEANUP(json_object_putp) struct json_object *p = json_object_new_object();
	size_t at = 0, n_new = 0;
	char detail[48];
	int r = accounts_pin(m->accounts, pins, n, clock_realtime_s(), &at, &n_new);

	if (r != 0) {
		if (r < 0)
			log_line(LOG_ERR, "accounts could not be imported: %s", strerror(-r));
		method_not_possible(c, at < n ? pins[at].name : "", outcome_text(r), (int64_t)at);
		return;
	}
	(void)snprintf(detail, sizeof(detail), "%zu of %zu accounts are new", n_new, n);
	audit_write(&(struct audit_event){
		.priority = LOG_NOTICE, .kind = AUDIT_IMPORT, .result = "done", .detail = detail});
	publish_change(m, c, method_add_int(p, "imported", (int64_t)n_new) ? LK_STEAL(p) : NULL);
}

static void free_pins(struct account_pin **pins)
{
	free(*pins);
}

void method_import_accounts(struct manager *m, struct conn *c, const struct varlink_call *call)
{
	LK_CLEANUP(free_pins) struct account_pin *pins = NULL;
	struct json_object *list;
	size_t n;

	if (json_read_array(call->parameters, "accounts", ACCOUNTS_PINS_MAX, &list) != 0) {
		service_invalid(c, "accounts");
		return;
	}
	n = json_object_array_length(list);
	pins = calloc(n + 1, sizeof(*pins));
	if (pins == NULL) {
		conn_drop(c);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		struct json_object *o = json_object_array_get_idx(list, i);
		const char *fault = json_object_is_type(o, json_type_object) ? read_pin(m, o, &pins[i]) : "no object";

		if (fault != NULL) {
			method_not_possible(c, pins[i].name != NULL ? pins[i].name : "", fault, (int64_t)i);
			return;
		}
	}
	import(m, c, pins, n);
}
