/* SPDX-License-Identifier: MIT */
/*
 * What every Varlink service can be asked about itself, versions, and the small pieces that all methods share.
 */
#include "helper/daemon/methods.h"

#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "helper/base/json.h"
#include "helper/login/log.h"
#include "helper/protocol/names.h"

#include "io.latchkey.varlink.h"
#include "org.varlink.service.varlink.h"

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

void method_invalid(struct conn *c, const char *parameter)
{
	LK_CLEANUP(json_object_putp) struct json_object *p = json_object_new_object();

	(void)method_add_text(p, "parameter", parameter);
	conn_error(c, ERROR_INVALID_PARAMETER, p);
}

void method_log_refusal(struct manager *m, const struct conn *c, const char *what, const char *result,
			const char *detail)
{
	char uid[16];

	(void)snprintf(uid, sizeof(uid), "%u", conn_uid(c));
	if (limits_take(m->refusals, uid) == 0)
		log_decision(&(struct log_decision){
			.priority = LOG_NOTICE, .what = what, .result = result, .uid = conn_uid(c), .detail = detail});
}

static const char *state_text(enum account_state state)
{
	switch (state) {
	case ACCOUNT_ACTIVE:
		return "active";
	case ACCOUNT_FORGOTTEN:
		return "forgotten";
	case ACCOUNT_EXPECTED:
		return "expected";
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
	ok = ok && method_add_text(o, "state", state_text(a->state));
	ok = ok && method_add_int(o, "created", a->created_s);
	if (ok && a->last_sign_in_s != 0)
		ok = method_add_int(o, "last_sign_in", a->last_sign_in_s);
	return ok ? LK_STEAL(o) : NULL;
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

void method_get_info(struct manager *m, struct conn *c, const struct varlink_call *call)
{
	LK_CLEANUP(json_object_putp) struct json_object *p = json_object_new_object();
	LK_CLEANUP(json_object_putp) struct json_object *interfaces = json_object_new_array();

	(void)m;
	(void)call;
	if (interfaces == NULL ||
	    json_object_array_add(interfaces, json_object_new_string("org.varlink.service")) != 0 ||
	    json_object_array_add(interfaces, json_object_new_string("io.latchkey")) != 0) {
		conn_drop(c);
		return;
	}
	if (method_add_text(p, "vendor", "Latchkey") && method_add_text(p, "product", "latchkeyd") &&
	    method_add_text(p, "version", LK_RELEASE) && method_add_text(p, "url", "") &&
	    method_add(p, "interfaces", LK_STEAL(interfaces)))
		conn_reply(c, p, false);
	else
		conn_drop(c);
}

void method_get_interface_description(struct manager *m, struct conn *c, const struct varlink_call *call)
{
	LK_CLEANUP(json_object_putp) struct json_object *p = json_object_new_object();
	const char *interface;
	const char *text;

	(void)m;
	if (json_read_string(call->parameters, "interface", VARLINK_NAME_MAX, &interface) != 0) {
		method_invalid(c, "interface");
		return;
	}
	if (strcmp(interface, "io.latchkey") == 0) {
		text = io_latchkey_varlink;
	} else if (strcmp(interface, "org.varlink.service") == 0) {
		text = org_varlink_service_varlink;
	} else {
		(void)method_add_text(p, "interface", interface);
		conn_error(c, "org.varlink.service.InterfaceNotFound", p);
		return;
	}
	if (method_add_text(p, "description", text))
		conn_reply(c, p, false);
	else
		conn_drop(c);
}
