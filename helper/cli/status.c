/* SPDX-License-Identifier: MIT */
/* "latchkey status": how the helper is, one line a provider. */
#include "helper/cli/verbs.h"

#include <stdint.h>

#include "helper/base/json.h"
#include "helper/cli/question.h"
#include "helper/cli/render.h"
#include "helper/protocol/names.h"

#define PROVIDERS_MAX 1024u

/* People of the last good listing, when that was, and what is the matter since. */
static void print_directory(const struct command *c, const char *provider, const struct json_object *directory)
{
	char kind[32], people[24], left_out[24], fault[512], when[64] = "";
	bool is_running = false;
	int64_t last;

	render_member_text(c, kind, sizeof(kind), directory, "kind");
	render_member_text(c, people, sizeof(people), directory, "people");
	render_member_text(c, left_out, sizeof(left_out), directory, "left_out");
	is_running = json_read_bool(directory, "running", &is_running) == 0 && is_running;
	(void)fprintf(c->out, "%-14s %s (%s): ", "directory", provider, kind);
	if (json_read_int(directory, "last_success", INT64_MIN, INT64_MAX, &last) == 0) {
		render_time(when, sizeof(when), last);
		(void)fprintf(c->out, "%s people, %s left out, as of %s", people, left_out, when);
	} else {
		(void)fputs("not read yet", c->out);
	}
	if (is_running)
		(void)fputs(", being read now", c->out);
	if (json_object_object_get_ex(directory, "fault", NULL)) {
		render_member_text(c, fault, sizeof(fault), directory, "fault");
		(void)fprintf(c->out, "; last time: %s", fault);
	}
	(void)fputc('\n', c->out);
}

static void print_provider(const struct command *c, const struct json_object *provider)
{
	char name[256], issuer[256], dialect[64], fault[512];
	struct json_object *directory;
	bool is_ready = false;

	render_member_text(c, name, sizeof(name), provider, "name");
	render_member_text(c, issuer, sizeof(issuer), provider, "issuer");
	render_member_text(c, dialect, sizeof(dialect), provider, "dialect");
	render_member_text(c, fault, sizeof(fault), provider, "fault");
	is_ready = json_read_bool(provider, "ready", &is_ready) == 0 && is_ready;
	(void)fprintf(c->out, "%-14s %s (%s) at %s: %s%s%s\n", "provider", name, dialect, issuer,
		      is_ready ? "ready" : "not ready", is_ready ? "" : ", ", is_ready ? "" : fault);
	if (json_read_object(provider, "directory", &directory) == 0)
		print_directory(c, name, directory);
}

static void print_status(const struct command *c, const struct json_object *status)
{
	struct json_object *providers;
	struct json_object *open;
	int64_t uptime = 0;
	char text[64];

	render_member(c, "release", status, "release");
	if (json_read_int(status, "uptime", 0, INT64_MAX, &uptime) == 0) {
		render_duration(text, sizeof(text), uptime);
		render_line(c, "up for", text);
	}
	render_member(c, "accounts", status, "accounts");
	render_member(c, "groups", status, "groups");
	render_member(c, "pending", status, "pending");
	render_member(c, "remembered", status, "approvals");
	if (json_read_array(status, "break_glass", PROVIDERS_MAX, &open) == 0)
		break_glass_print(c, open);
	render_member(c, "network", status, "fetch");
	if (json_read_array(status, "providers", PROVIDERS_MAX, &providers) != 0)
		return;
	for (size_t i = 0; i < json_object_array_length(providers); i++)
		print_provider(c, json_object_array_get_idx(providers, i));
}

enum command_exit verb_status(const struct command *c)
{
	LK_CLEANUP(varlink_reply_done) struct varlink_reply reply = {0};
	enum command_exit status;

	status = question_ask(c, METHOD_STATUS, NULL, &reply);
	if (status != COMMAND_OK)
		return status;

	if (c->arguments.json) {
		render_json(c->out, reply.parameters);
		(void)fputc('\n', c->out);
	} else {
		print_status(c, reply.parameters);
	}
	return COMMAND_OK;
}
