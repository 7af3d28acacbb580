/* SPDX-License-Identifier: MIT */
/*
 * The answers that are the same for every Varlink service.
 */
#include "helper/protocol/service.h"

#include <string.h>

#include "helper/base/json.h"

#include "org.varlink.service.varlink.h"

#define INTERFACE "org.varlink.service"

static bool add_text(struct json_object *o, const char *key, const char *text)
{
	struct json_object *value = json_object_new_string(text);

	if (o == NULL || value == NULL || json_object_object_add(o, key, value) != 0) {
		json_object_put(value);
		return false;
	}
	return true;
}

static bool add_interfaces(struct json_object *o, const struct service *s)
{
	struct json_object *list = json_object_new_array();

	if (list == NULL || json_object_array_add(list, json_object_new_string(INTERFACE)) != 0 ||
	    json_object_array_add(list, json_object_new_string(s->interface)) != 0 ||
	    json_object_object_add(o, "interfaces", list) != 0) {
		json_object_put(list);
		return false;
	}
	return true;
}

/* Without memory the connection ends: the peer must not take a part for the whole. */
static void reply_or_drop(struct conn *c, struct json_object *p, bool is_whole)
{
	if (is_whole)
		conn_reply(c, p, false);
	else
		conn_drop(c);
}

void service_get_info(struct conn *c, const struct service *s)
{
	LK_CLEANUP(json_object_putp) struct json_object *p = json_object_new_object();

	reply_or_drop(c, p,
		      add_text(p, "vendor", "Latchkey") && add_text(p, "product", s->product) &&
			      add_text(p, "version", LK_RELEASE) && add_text(p, "url", "") && add_interfaces(p, s));
}

void service_get_interface_description(struct conn *c, const struct service *s, const struct varlink_call *call)
{
	LK_CLEANUP(json_object_putp) struct json_object *p = json_object_new_object();
	const char *interface;

	if (json_read_string(call->parameters, "interface", VARLINK_NAME_MAX, &interface) != 0) {
		service_invalid(c, "interface");
	} else if (strcmp(interface, s->interface) == 0) {
		reply_or_drop(c, p, add_text(p, "description", s->description));
	} else if (strcmp(interface, INTERFACE) == 0) {
		reply_or_drop(c, p, add_text(p, "description", org_varlink_service_varlink));
	} else {
		(void)add_text(p, "interface", interface);
		conn_error(c, "org.varlink.service.InterfaceNotFound", p);
	}
}

void service_invalid(struct conn *c, const char *parameter)
{
	LK_CLEANUP(json_object_putp) struct json_object *p = json_object_new_object();

	(void)add_text(p, "parameter", parameter);
	conn_error(c, "org.varlink.service.InvalidParameter", p);
}

void service_not_found(struct conn *c, const char *method)
{
	LK_CLEANUP(json_object_putp) struct json_object *p = json_object_new_object();

	(void)add_text(p, "method", method);
	conn_error(c, "org.varlink.service.MethodNotFound", p);
}
