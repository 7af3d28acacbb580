/* SPDX-License-Identifier: MIT */
/*
 * What the helper says of itself, and the small pieces that all methods share.
 */
#include "helper/daemon/methods.h"

#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "helper/accounts/expected.h"
#include "helper/base/json.h"
#include "helper/login/log.h"
#include "helper/protocol/names.h"

#include "io.latchkey.varlink.h"

bool method_append(struct json_object *list, struct json_object *o)
{
	if (o != NULL && json_object_array_add(list, o) == 0)
		return true;
	json_object_put(o);
	return false;
}

bool method_add(struct json_object *o, const char *key, struct json_object *value)
{
	if (o == NULL || value == NULL || json_object_object_add(o, key, value) != 0) {
		json_object_put(value);
		return false;
	}
	return true;
}

bool method_add_text(struct json_object *o, const char *key, const char *text)
{
	return method_add(o, key, json_object_new_string(text));
}

bool method_add_int(struct json_object *o, const char *key, int64_t value)
{
	return method_add(o, key, json_object_new_int64(value));
}

void method_log_refusal(struct manager *m, const struct conn *c, enum audit_kind kind, const char *reference,
			const char *result, const char *detail)
{
	char uid[16];

	(void)snprintf(uid, sizeof(uid), "%u", conn_uid(c));
	if (limits_take(m->refusals, uid) == 0)
		audit_write(&(struct audit_event){.priority = LOG_NOTICE,
						  .kind = kind,
						  .reference = reference,
						  .result = result,
						  .uid = conn_uid(c),
						  .detail = detail});
}

void method_no_such_account(struct conn *c, const char *name)
{
	LK_CLEANUP(json_object_putp) struct json_object *p = json_object_new_object();

	(void)method_add_text(p, "name", name);
	conn_error(c, ERROR_NO_SUCH_ACCOUNT, p);
}

static const char *state_text(const struct account *a)
{
	switch (a->state) {
	case ACCOUNT_ACTIVE:
		return "active";
	case ACCOUNT_FORGOTTEN:
		return "forgotten";
	case ACCOUNT_EXPECTED:
		return accounts_is_withdrawn(a) ? "withdrawn" : "expected";
	}
	return "unknown";
}

struct json_object *method_account_json(const struct account *a)
{
	LK_CLEANUP(json_object_putp) struct json_object *o = json_object_new_object();
	bool ok = o != NULL;

	ok = ok && method_add_text(o, "name", a->name);
	ok = ok && method_add_int(o, "uid", a->uid);
	ok = ok && method_add_int(o, "gid", a->gid);
	ok = ok && method_add_text(o, "gecos", a->gecos);
	ok = ok && method_add_text(o, "home", a->home);
	ok = ok && method_add_text(o, "shell", a->shell);
	ok = ok && method_add_text(o, "provider", a->provider);
	ok = ok && method_add_text(o, "issuer", a->issuer);
	if (ok && a->subject)
		ok = method_add_text(o, "subject", a->subject);
	ok = ok && method_add_text(o, "state", state_text(a));
	ok = ok && method_add_int(o, "created", a->created_s);
	if (ok && a->last_sign_in_s != 0)
		ok = method_add_int(o, "last_sign_in", a->last_sign_in_s);
	return ok ? LK_STEAL(o) : NULL;
}

struct json_object *method_local_account_json(const struct account *a)
{
	LK_CLEANUP(json_object_putp) struct json_object *o = method_account_json(a);

	return method_add_text(o, "state", "local") ? LK_STEAL(o) : NULL;
}

void method_get_version(struct manager *m, struct conn *c, const struct varlink_call *call)
{
	LK_CLEANUP(json_object_putp) struct json_object *p = json_object_new_object();

	(void)m;
	(void)call;
	if (method_add_text(p, "release", LK_RELEASE) && method_add_int(p, "protocol", PROTOCOL_VERSION) &&
	    method_add_int(p, "minimum", PROTOCOL_MINIMUM))
		conn_reply(c, p, false);
	else
		conn_drop(c);
}

static const struct service service = {
	.product = "latchkeyd",
	.interface = "io.latchkey",
	.description = io_latchkey_varlink,
};

void method_get_info(struct manager *m, struct conn *c, const struct varlink_call *call)
{
	(void)m;
	(void)call;
	service_get_info(c, &service);
}

void method_get_interface_description(struct manager *m, struct conn *c, const struct varlink_call *call)
{
	(void)m;
	service_get_interface_description(c, &service, call);
}
