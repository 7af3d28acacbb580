/* SPDX-License-Identifier: MIT */
/*
 * What an administrator asks: status and accounts. Reads the store and changes nothing.
 */
#include "helper/daemon/methods.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "helper/base/clock.h"
#include "helper/base/json.h"
#include "helper/login/log.h"
#include "helper/login/standing.h"
#include "helper/protocol/names.h"

#define PAGE_IS_FULL 1
#define PAGE 32u /* accounts in one reply: far below FRAME_MAX whatever their fields hold */

static struct json_object *directory_json(const struct directory_sync *sync, const struct directory_kind *kind)
{
	LK_CLEANUP(json_object_putp) struct json_object *o = json_object_new_object();
	struct directory_sync_status status;
	bool ok = o != NULL;

	directory_sync_status(sync, &status);
	ok = ok && method_add_text(o, "kind", kind->name);
	ok = ok && method_add(o, "running", json_object_new_boolean(status.is_running));
	ok = ok && method_add_int(o, "people", (int64_t)status.n_people);
	ok = ok && method_add_int(o, "left_out", (int64_t)status.n_left_out);
	if (ok && status.last_run_s != 0)
		ok = method_add_int(o, "last_run", status.last_run_s);
	if (ok && status.last_success_s != 0)
		ok = method_add_int(o, "last_success", status.last_success_s);
	if (ok && status.fault != NULL)
		ok = method_add_text(o, "fault", status.fault);
	return ok ? LK_STEAL(o) : NULL;
}

static struct json_object *provider_json(const struct manager *m, size_t i)
{
	const struct login_provider *lp = &m->login.providers[i];
	LK_CLEANUP(json_object_putp) struct json_object *o = json_object_new_object();
	const struct provider_settings *s = provider_settings(lp->provider);
	const char *fault = provider_fault(lp->provider);
	bool ok = o != NULL;

	ok = ok && method_add_text(o, "name", s->name);
	ok = ok && method_add_text(o, "issuer", s->issuer);
	ok = ok && method_add_text(o, "dialect", s->dialect->name);
	ok = ok && method_add(o, "ready", json_object_new_boolean(provider_is_ready(lp->provider)));
	if (ok && fault != NULL)
		ok = method_add_text(o, "fault", fault);
	if (ok && m->directories[i] != NULL)
		ok = method_add(o, "directory",
				directory_json(m->directories[i], m->config->providers[i].directory.kind));
	return ok ? LK_STEAL(o) : NULL;
}

void method_status(struct manager *m, struct conn *c, const struct varlink_call *call)
{
	LK_CLEANUP(json_object_putp) struct json_object *p = json_object_new_object();
	LK_CLEANUP(json_object_putp) struct json_object *providers = json_object_new_array();
	int64_t accounts = store_count(m->store);
	bool ok = p != NULL && providers != NULL;

	(void)call;
	for (size_t i = 0; ok && i < m->login.n_providers; i++)
		ok = method_append(providers, provider_json(m, i));
	ok = ok && method_add_text(p, "release", LK_RELEASE);
	ok = ok && method_add_int(p, "uptime", (int64_t)((clock_monotonic_ms() - m->started_ms) / 1000));
	ok = ok && method_add_int(p, "accounts", accounts < 0 ? 0 : accounts);
	ok = ok && method_add_int(p, "groups", method_count_groups(m));
	ok = ok && method_add_int(p, "pending", m->login.pending);
	ok = ok && method_add_int(p, "approvals", (int64_t)remember_count(m->approvals));
	ok = ok && method_add(p, "break_glass", method_break_glass_json(m));
	ok = ok && method_add_text(p, "fetch", fetch_client_state(m->fetch));
	ok = ok && method_add(p, "providers", LK_STEAL(providers));
	if (ok)
		conn_reply(c, p, false);
	else
		conn_drop(c);
}

/* A listing under way: one page at a time, the next when the peer has taken the last. */
struct listing {
	struct manager *manager;
	struct conn *conn;
	struct json_object *page;
	size_t n;
	char last[NAME_MAX_LEN + 1];
	bool is_store_done; /* then come the accounts of /etc/passwd that belong to somebody, */
	size_t next_local;  /* this section next */
};

static void listing_free(void *userdata)
{
	struct listing *l = userdata;

	json_object_put(l->page);
	free(l);
}

static int add_to_page(void *userdata, const struct account *a)
{
	struct listing *l = userdata;

	if (!method_append(l->page, method_account_json(a)))
		return -ENOMEM;
	l->n++;
	(void)snprintf(l->last, sizeof(l->last), "%s", a->name);
	return 0;
}

static int add_local_to_page(void *userdata, const struct account *a)
{
	struct listing *l = userdata;

	if (l->n == PAGE)
		return PAGE_IS_FULL;
	if (!method_append(l->page, method_local_account_json(a)))
		return -ENOMEM;
	l->n++;
	return 0;
}

/* Return: 0, PAGE_IS_FULL where more is to come, negative errno. */
static int fill_page(struct listing *l)
{
	const char *after = l->last[0] != '\0' ? l->last : NULL;
	int r = 0;

	if (!l->is_store_done) {
		r = store_each(l->manager->store, after, PAGE, add_to_page, l);
		if (r < 0 || l->n == PAGE)
			return r < 0 ? r : PAGE_IS_FULL;
		l->is_store_done = true;
	}
	return accounts_each_local(l->manager->accounts, &l->next_local, add_local_to_page, l);
}

static void send_page(void *userdata)
{
	LK_CLEANUP(json_object_putp) struct json_object *p = json_object_new_object();
	struct listing *l = userdata;
	int r;

	l->n = 0;
	l->page = json_object_new_array();
	r = l->page != NULL ? fill_page(l) : -ENOMEM;
	if (r < 0 || !method_add(p, "accounts", LK_STEAL(l->page))) {
		conn_drop(l->conn);
		return;
	}
	conn_reply(l->conn, p, r == PAGE_IS_FULL);
}

void method_list_accounts(struct manager *m, struct conn *c, const struct varlink_call *call)
{
	struct listing *l;

	if (!call->more) {
		conn_error(c, ERROR_EXPECTED_MORE, NULL);
		return;
	}
	l = calloc(1, sizeof(*l));
	if (l == NULL) {
		conn_drop(c);
		return;
	}
	l->manager = m;
	l->conn = c;
	conn_set_job(c, l, listing_free);
	conn_set_producer(c, send_page);
}

/* Takes the reference to @account over. */
static void reply_account(struct conn *c, struct json_object *account)
{
	LK_CLEANUP(json_object_putp) struct json_object *p = json_object_new_object();

	if (method_add(p, "account", account))
		conn_reply(c, p, false);
	else
		conn_drop(c);
}

/* What the provider last said; nothing where nobody asked it. Takes over @o, which may be NULL. */
static struct json_object *with_standing(struct manager *m, const struct account *a, struct json_object *o)
{
	LK_CLEANUP(json_object_putp) struct json_object *owned = o;
	struct standing_view standing;
	bool ok = owned != NULL;

	if (!ok || !a->subject || standing_read(&m->login, a, &standing) < 0 || standing.state == STANDING_UNKNOWN)
		return LK_STEAL(owned);
	ok = method_add_text(owned, "standing", standing.state == STANDING_GOOD ? "good" : "refused");
	ok = ok && method_add_int(owned, "checked", standing.checked_s);
	if (ok && standing.reason[0] != '\0')
		ok = method_add_text(owned, "refusal", standing.reason);
	return ok ? LK_STEAL(owned) : NULL;
}

void method_show_account(struct manager *m, struct conn *c, const struct varlink_call *call)
{
	LK_CLEANUP(account_freep) struct account *a = NULL;
	const char *name;
	int r;

	if (json_read_string(call->parameters, "name", 255, &name) != 0) {
		service_invalid(c, "name");
		return;
	}
	r = accounts_find_local(m->accounts, name, &a);
	if (r == 0) {
		reply_account(c, with_standing(m, a, method_local_account_json(a)));
		return;
	}
	if (r == -ENOENT)
		r = store_find_name(m->store, name, &a);
	if (r == 0)
		reply_account(c, with_standing(m, a, method_account_with_groups(m, a)));
	else if (r == -ENOENT)
		method_no_such_account(c, name);
	else
		conn_drop(c);
}
