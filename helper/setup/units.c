/* SPDX-License-Identifier: MIT */
#include "helper/setup/units.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/protocol/client.h"
#include "helper/base/program.h"
#include "helper/setup/programs.h"

#define HELPER "latchkeyd.service"
#define SYSTEMCTL_MS 90000u
#define ANSWER_MS 10000u

static const char *const units[] = {"latchkey.socket", "latchkey-resolve.socket", "latchkey-fetch.socket",
				    "latchkey-root.socket", HELPER};

#define N_UNITS (sizeof(units) / sizeof(units[0]))

static int systemctl(const struct context *c, const char *verb, const char *option, const char *const *names, size_t n)
{
	LK_CLEANUP(buf_done) struct buf output = {0};
	struct program p = {.argv = {PROGRAM_SYSTEMCTL, verb}, .timeout_ms = SYSTEMCTL_MS};
	size_t at = 2;
	int r;

	if (option != NULL)
		p.argv[at++] = option;
	for (size_t i = 0; i < n && at < PROGRAM_ARGUMENTS_MAX; i++)
		p.argv[at++] = names[i];
	r = program_run(&p, &output);
	if (r == 0)
		return 0;
	warn(c, "systemctl %s: %s", verb, r < 0 ? strerrordesc_np(-r) : "failed");
	say_text(c, output.data);
	return 1;
}

static bool is_enabled(const char *name)
{
	LK_CLEANUP(buf_done) struct buf output = {0};
	const struct program p = {.argv = {PROGRAM_SYSTEMCTL, "is-enabled", "--quiet", name},
				  .timeout_ms = SYSTEMCTL_MS};

	return program_run(&p, &output) == 0;
}

int units_plan(struct context *c)
{
	int n = 0;

	for (size_t i = 0; c->has_systemd && i < N_UNITS; i++) {
		int r;

		if (is_enabled(units[i]))
			continue;
		r = record_note_unit(&c->record, units[i]);
		if (r < 0)
			return r;
		n++;
	}
	return n;
}

void units_print(const struct context *c)
{
	for (size_t i = 0; i < N_UNITS; i++) {
		if (!is_enabled(units[i]))
			say(c, "systemctl enable --now %s", units[i]);
	}
}

int units_start(const struct context *c)
{
	if (!c->has_systemd)
		return 0;
	say(c, "Starting the helper.");
	if (systemctl(c, "enable", "--now", units, N_UNITS - 1) != 0 ||
	    systemctl(c, "enable", NULL, &units[N_UNITS - 1], 1) != 0)
		return 1;
	/* One that has given up for want of a configuration starts again. */
	if (c->is_new_configuration)
		return systemctl(c, "restart", NULL, &units[N_UNITS - 1], 1);
	return systemctl(c, "start", NULL, &units[N_UNITS - 1], 1);
}

int units_undo(struct context *c)
{
	int r = 0;

	if (c->record.n_units == 0)
		return 0;
	if (c->has_systemd)
		r = systemctl(c, "disable", "--now", (const char *const *)c->record.units, c->record.n_units);
	if (r != 0)
		return r;
	for (size_t i = 0; i < c->record.n_units; i++)
		free(c->record.units[i]);
	c->record.n_units = 0;
	return 0;
}

static int ask_version(const char *path)
{
	LK_CLEANUP(client_closep) struct client *client = NULL;
	struct varlink_reply reply = {0};
	int r = client_open(&client, path);

	if (r == 0)
		r = client_call(client, "io.latchkey.GetVersion", NULL, false);
	if (r == 0)
		r = client_next(client, &reply, ANSWER_MS, -1, NULL);
	if (r == 0 && reply.error != NULL)
		r = -EPROTO;
	varlink_reply_done(&reply);
	return r;
}

bool units_are_answering(const struct context *c)
{
	int r = ask_version(SETUP_SOCKET);

	if (r == 0)
		return true;
	warn(c, "the helper does not answer on %s: %s", SETUP_SOCKET, strerrordesc_np(-r));
	if (c->has_systemd) {
		warn(c, "\"journalctl -u latchkeyd\" says why");
		return false;
	}
	warn(c, "there is no systemd here: start latchkey-root, latchkey-fetch and latchkeyd with the sockets and "
		"users of their "
		"units, see latchkeyd(8)");
	return false;
}

void units_restart_nscd(const struct context *c)
{
	LK_CLEANUP(buf_done) struct buf output = {0};
	const struct program p = {.argv = {PROGRAM_SYSTEMCTL, "try-restart", "nscd.service"},
				  .timeout_ms = SYSTEMCTL_MS};

	if (c->root[0] != '\0')
		return;
	if (!c->has_systemd || program_run(&p, &output) != 0)
		say(c, "An nscd that runs must be restarted.");
}
