/* SPDX-License-Identifier: MIT */
/*
 * Reads and writes the messages of the Varlink protocol. Must never let through a member that it does not know: what
 * one side ignores, the other may have meant.
 */
#include "helper/protocol/varlink.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "helper/base/json.h"
#include "helper/base/secret.h"
#include "helper/protocol/frame.h"

static bool is_letter(char ch)
{
	return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z');
}

static bool is_alnum(char ch)
{
	return is_letter(ch) || (ch >= '0' && ch <= '9');
}

static bool is_member_name(const char *member)
{
	if (member[0] < 'A' || member[0] > 'Z')
		return false;
	while (is_alnum(*member))
		member++;
	return *member == '\0';
}

/* Two or more labels of letters and digits, joined by dots, with dashes inside them. */
static bool is_interface_name(const char *name, size_t len)
{
	if (len == 0 || !is_letter(name[0]) || !is_alnum(name[len - 1]))
		return false;
	for (size_t i = 1; i + 1 < len; i++) {
		bool is_joint = (name[i] == '-' || name[i] == '.') && is_alnum(name[i - 1]) && is_alnum(name[i + 1]);

		if (!is_alnum(name[i]) && !is_joint)
			return false;
	}
	return memchr(name, '.', len) != NULL;
}

/* Of a method or an error. */
static bool is_qualified_name(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot && is_interface_name(name, (size_t)(dot - name)) && is_member_name(dot + 1);
}

static bool has_only(struct json_object *message, const char *const *members)
{
	json_object_object_foreach(message, key, value)
	{
		const char *const *p = members;

		(void)value;
		while (*p && strcmp(*p, key) != 0)
			p++;
		if (!*p)
			return false;
	}
	return true;
}

/* Makes -ENOENT of an optional member a success. */
static int optional(int r)
{
	return r == -ENOENT ? 0 : r;
}

/* Both kinds of message have parameters; where they are missing, an empty object takes their place. */
static int read_parameters(struct json_object *message, struct json_object **ret)
{
	struct json_object *empty;
	int r;

	r = json_read_object(message, "parameters", ret);
	if (r != -ENOENT)
		return r;

	empty = json_object_new_object();
	if (!empty)
		return -ENOMEM;
	if (json_object_object_add(message, "parameters", empty) < 0) {
		json_object_put(empty);
		return -ENOMEM;
	}
	*ret = empty;
	return 0;
}

static int parse_message(struct json_object **ret, const char *frame, size_t len, const char *const *members)
{
	struct json_object *message;
	int r;

	r = json_parse(&message, frame, len);
	if (r < 0)
		return r;
	if (!json_object_is_type(message, json_type_object) || !has_only(message, members)) {
		json_put_wiped(message);
		return -EBADMSG;
	}
	*ret = message;
	return 0;
}

static int read_call(struct varlink_call *c)
{
	int r;

	r = json_read_string(c->message, "method", VARLINK_NAME_MAX, &c->method);
	if (r < 0 || !is_qualified_name(c->method))
		return -EBADMSG;
	r = optional(json_read_bool(c->message, "more", &c->more));
	if (r < 0)
		return r;
	r = optional(json_read_bool(c->message, "oneway", &c->oneway));
	if (r < 0)
		return r;
	if (c->more && c->oneway)
		return -EBADMSG;
	return read_parameters(c->message, &c->parameters);
}

int varlink_call_parse(struct varlink_call *ret, const char *frame, size_t len)
{
	static const char *const members[] = {"method", "parameters", "more", "oneway", NULL};
	LK_CLEANUP(varlink_call_done) struct varlink_call c = {0};
	int r;

	r = parse_message(&c.message, frame, len, members);
	if (r < 0)
		return r;
	r = read_call(&c);
	if (r < 0)
		return r;

	*ret = c;
	c.message = NULL;
	return 0;
}

void varlink_call_done(struct varlink_call *c)
{
	json_put_wiped(c->message);
	*c = (struct varlink_call){0};
}

static int read_reply(struct varlink_reply *reply)
{
	int r;

	r = optional(json_read_string(reply->message, "error", VARLINK_NAME_MAX, &reply->error));
	if (r < 0)
		return r;
	r = optional(json_read_bool(reply->message, "continues", &reply->continues));
	if (r < 0)
		return r;
	if (reply->error && (reply->continues || !is_qualified_name(reply->error)))
		return -EBADMSG;
	return read_parameters(reply->message, &reply->parameters);
}

int varlink_reply_parse(struct varlink_reply *ret, const char *frame, size_t len)
{
	static const char *const members[] = {"parameters", "continues", "error", NULL};
	LK_CLEANUP(varlink_reply_done) struct varlink_reply reply = {0};
	int r;

	r = parse_message(&reply.message, frame, len, members);
	if (r < 0)
		return r;
	r = read_reply(&reply);
	if (r < 0)
		return r;

	*ret = reply;
	reply.message = NULL;
	return 0;
}

void varlink_reply_done(struct varlink_reply *r)
{
	json_put_wiped(r->message);
	*r = (struct varlink_reply){0};
}

/* {@member: @name, "parameters": @body, @flag: true}; the names are this program's own and need no escapes. */
static int write_text(struct buf *out, const char *member, const char *name, const char *body, const char *flag)
{
	LK_CLEANUP(buf_done) struct buf text = {0};
	int r;

	buf_init(&text, FRAME_MAX);
	buf_append_text(&text, "{");
	if (name)
		buf_printf(&text, "\"%s\":\"%s\",", member, name);
	buf_append_text(&text, "\"parameters\":");
	buf_append_text(&text, body);
	if (flag)
		buf_printf(&text, ",\"%s\":true", flag);
	buf_append_text(&text, "}");

	r = buf_fault(&text);
	return r < 0 ? r : frame_write(out, text.data, text.len);
}

static int write_message(struct buf *out, const char *member, const char *name, struct json_object *parameters,
			 const char *flag)
{
	const char *body = parameters ? json_text(parameters) : "{}";
	int r;

	if (!body)
		return -ENOMEM;
	r = write_text(out, member, name, body, flag);
	if (parameters)
		secret_wipe((void *)(uintptr_t)body, strlen(body)); /* json-c keeps it with the object */
	return r;
}

int varlink_write_call(struct buf *out, const char *method, struct json_object *parameters, bool more)
{
	return write_message(out, "method", method, parameters, more ? "more" : NULL);
}

int varlink_write_reply(struct buf *out, struct json_object *parameters, bool continues)
{
	return write_message(out, NULL, NULL, parameters, continues ? "continues" : NULL);
}

int varlink_write_reply_text(struct buf *out, const char *parameters)
{
	return write_text(out, NULL, NULL, parameters, NULL);
}

int varlink_write_error(struct buf *out, const char *error, struct json_object *parameters)
{
	return write_message(out, "error", error, parameters, NULL);
}
