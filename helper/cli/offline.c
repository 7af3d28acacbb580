/* SPDX-License-Identifier: MIT */
/* "latchkey pin" and "latchkey break-glass": what gets ready for the time when no provider answers. */
#include "helper/cli/verbs.h"

#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <string.h>

#include "helper/base/json.h"
#include "helper/base/text.h"
#include "helper/cli/question.h"
#include "helper/cli/render.h"
#include "helper/protocol/names.h"

#define OPEN_MAX_ITEMS 1024u
#define LIFETIME_MAX_S 604800u

static bool add(struct json_object *o, const char *key, struct json_object *value)
{
	if (value && json_object_object_add(o, key, value) == 0)
		return true;
	json_object_put(value);
	return false;
}

static enum command_exit ask_about(const struct command *c, const char *method, struct json_object *parameters,
				   const char *done)
{
	LK_CLEANUP(varlink_reply_done) struct varlink_reply reply = {0};
	enum command_exit status = question_ask(c, method, parameters, &reply);

	if (status != COMMAND_OK)
		return status;
	if (c->arguments.json) {
		render_json(c->out, reply.parameters);
		(void)fputc('\n', c->out);
	} else {
		(void)fprintf(c->out, "%s\n", done);
	}
	return COMMAND_OK;
}

static enum command_exit clear_pin(const struct command *c, const char *name)
{
	LK_CLEANUP(json_object_putp) struct json_object *o = json_object_new_object();

	if (!o || !add(o, "name", json_object_new_string(name)))
		return question_lost(c, -ENOMEM);
	return ask_about(c, METHOD_CLEAR_PIN, o, "There is no PIN any more.");
}

enum command_exit verb_pin(const struct command *c)
{
	const struct arguments *a = &c->arguments;

	if (a->operand && a->more[0] && !a->more[1] && strcmp(a->operand, "set") == 0)
		return try_run(c, METHOD_SET_PIN, a->more[0]);
	if (a->operand && a->more[0] && !a->more[1] && strcmp(a->operand, "clear") == 0)
		return clear_pin(c, a->more[0]);
	return command_fail(c, COMMAND_MISUSE, "pin set NAME, or pin clear NAME");
}

void break_glass_print(const struct command *c, const struct json_object *list)
{
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		const struct json_object *o = json_object_array_get_idx(list, i);
		char name[64], left[64] = "-", reason[256], by[72];
		int64_t seconds;

		render_member_text(c, name, sizeof(name), o, "name");
		render_member_text(c, reason, sizeof(reason), o, "reason");
		render_member_text(c, by, sizeof(by), o, "by");
		if (json_read_int(o, "left", 0, INT64_MAX, &seconds) == 0)
			render_duration(left, sizeof(left), seconds);
		(void)fprintf(c->out, "%-14s %s for %s: %s (%s)\n", "BREAK-GLASS", name, left, reason, by);
	}
}

static enum command_exit list(const struct command *c)
{
	LK_CLEANUP(varlink_reply_done) struct varlink_reply reply = {0};
	struct json_object *open;
	enum command_exit status = question_ask(c, METHOD_LIST_BREAK_GLASS, NULL, &reply);

	if (status != COMMAND_OK)
		return status;
	if (json_read_array(reply.parameters, "break_glass", OPEN_MAX_ITEMS, &open) != 0)
		return question_lost(c, -EBADMSG);
	if (c->arguments.json) {
		render_json(c->out, open);
		(void)fputc('\n', c->out);
		return COMMAND_OK;
	}
	break_glass_print(c, open);
	return COMMAND_OK;
}

/* "90m", "4h", "2d". Return: 0, -EINVAL. */
static int read_lifetime(int64_t *ret, const char *text)
{
	static const struct {
		char unit;
		uint64_t seconds;
	} units[] = {{'m', 60}, {'h', 3600}, {'d', 86400}};
	size_t len = strlen(text);
	char digits[12] = "";
	uint64_t n;

	if (len < 2 || len > sizeof(digits))
		return -EINVAL;
	memcpy(digits, text, len - 1);
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (text[len - 1] == units[i].unit && text_to_u64(&n, digits, LIFETIME_MAX_S) == 0 && n > 0 &&
		    n * units[i].seconds <= LIFETIME_MAX_S) {
			*ret = (int64_t)(n * units[i].seconds);
			return 0;
		}
	}
	return -EINVAL;
}

static enum command_exit open_account(const struct command *c, const char *name)
{
	LK_CLEANUP(json_object_putp) struct json_object *o = json_object_new_object();
	int64_t lifetime_s;

	if (!c->arguments.lifetime || !c->arguments.reason)
		return command_fail(c, COMMAND_MISUSE, "break-glass NAME needs --for TIME and --reason TEXT");
	if (read_lifetime(&lifetime_s, c->arguments.lifetime) < 0)
		return command_fail(c, COMMAND_MISUSE, "--for: a time up to 7 days, as in 30m, 4h or 2d");
	if (!o || !add(o, "name", json_object_new_string(name)) ||
	    !add(o, "lifetime", json_object_new_int64(lifetime_s)) ||
	    !add(o, "reason", json_object_new_string(c->arguments.reason)))
		return question_lost(c, -ENOMEM);
	return ask_about(c, METHOD_OPEN_BREAK_GLASS, o,
			 "Open. It ends by itself; latchkey break-glass NAME --end ends it now.");
}

enum command_exit verb_break_glass(const struct command *c)
{
	LK_CLEANUP(json_object_putp) struct json_object *o = NULL;
	const char *name = c->arguments.operand;

	if (c->arguments.more[0] || (!name && (c->arguments.lifetime || c->arguments.reason || c->arguments.end)) ||
	    (c->arguments.end && (c->arguments.lifetime || c->arguments.reason)))
		return command_fail(c, COMMAND_MISUSE,
				    "break-glass [NAME --for TIME --reason TEXT], or break-glass NAME --end");
	if (!name)
		return list(c);
	if (!c->arguments.end)
		return open_account(c, name);
	o = json_object_new_object();
	if (!o || !add(o, "name", json_object_new_string(name)))
		return question_lost(c, -ENOMEM);
	return ask_about(c, METHOD_CLOSE_BREAK_GLASS, o, "It is over.");
}
