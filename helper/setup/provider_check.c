/* SPDX-License-Identifier: MIT */
/*
 * Asks the provider before anything is configured. What comes from the network is parsed by processes that have no right here;
 * root reads one line of JSON from a program of this release, and reads it as if a stranger had written it.
 */
#include "helper/setup/provider_check.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "helper/base/json.h"
#include "helper/setup/configuration.h"
#include "helper/base/program.h"
#include "helper/setup/programs.h"
#include "helper/setup/stage.h"
#include "helper/setup/users.h"

#define STAGED_CONFIG STAGE_FOLDER "/latchkey.conf"
#define STAGED_SECRET STAGE_FOLDER "/secret"
#define STAGED_SOCKET STAGE_FOLDER "/fetch"
#define SOCKET_BACKLOG 16
#define PROBE_MS 60000u
#define CHECK_MS 15000u
#define CLOCK_MAX_S 60

struct service_users {
	uid_t helper, fetch;
	gid_t helper_group, fetch_group;
};

static int find_users(const struct context *c, struct service_users *ret)
{
	if (users_find("", "latchkey", &ret->helper, &ret->helper_group) == 0 &&
	    users_find("", "latchkey-fetch", &ret->fetch, &ret->fetch_group) == 0)
		return 0;
	warn(c, "the system users latchkey and latchkey-fetch are missing: \"systemd-sysusers\" makes them");
	return 1;
}

static int stage_files(const struct context *c, const struct service_users *u, const struct buf *secret)
{
	LK_CLEANUP(buf_done) struct buf text = {0};
	int r;

	buf_init(&text, CHANGE_BYTES_MAX);
	r = configuration_write(&text, c, c->secret_path[0] != '\0' ? STAGED_SECRET : "");
	if (r == 0)
		r = replace_file(STAGED_CONFIG, text.data, text.len, &(struct replace_owner){.mode = 0644});
	if (r == 0 && c->secret_path[0] != '\0')
		r = replace_file(STAGED_SECRET, secret->data, secret->len,
				 &(struct replace_owner){0400, u->helper, u->helper_group});
	if (r < 0)
		warn(c, "%s: %s", STAGE_FOLDER, strerrordesc_np(-r));
	return r < 0 ? 1 : 0;
}

/* As the unit makes it: only latchkeyd may connect. */
static int make_socket(const struct service_users *u)
{
	const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = STAGED_SOCKET};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	mode_t before;
	int r;

	if (fd < 0)
		return -errno;
	(void)unlink(STAGED_SOCKET);
	before = umask(0177);
	r = bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ? -errno : 0;
	(void)umask(before);
	if (r == 0 && (chown(STAGED_SOCKET, u->helper, u->helper_group) < 0 || listen(fd, SOCKET_BACKLOG) < 0))
		r = -errno;
	if (r < 0)
		(void)close(fd);
	return r < 0 ? r : fd;
}

static void copy(char *out, size_t size, const struct json_object *o, const char *key)
{
	const char *text;

	if (json_read_string(o, key, size - 1, &text) == 0)
		(void)snprintf(out, size, "%s", text);
}

int provider_check_read(struct probe_answer *ret, const char *text, size_t len)
{
	LK_CLEANUP(json_object_putp) struct json_object *o = NULL;
	int64_t expires_in = 0;
	int r = json_parse(&o, text, len);

	*ret = (struct probe_answer){.is_good = false};
	if (r < 0)
		return r == -ENOMEM ? r : -EBADMSG;
	copy(ret->outcome, sizeof(ret->outcome), o, "outcome");
	copy(ret->stage, sizeof(ret->stage), o, "stage");
	copy(ret->detail, sizeof(ret->detail), o, "detail");
	copy(ret->device_endpoint, sizeof(ret->device_endpoint), o, "device_endpoint");
	if (ret->outcome[0] == '\0' || ret->stage[0] == '\0')
		return -EBADMSG;
	if (strcmp(ret->outcome, "good") != 0)
		return 0;
	if (json_read_int(o, "expires_in", 1, UINT32_MAX, &expires_in) != 0 ||
	    json_read_int(o, "clock_difference", INT32_MIN, INT32_MAX, &ret->clock_difference_s) != 0)
		return -EBADMSG;
	ret->expires_in_s = (uint32_t)expires_in;
	ret->is_good = true;
	return 0;
}

static void say_mend(const struct context *c)
{
	warn(c, "at the provider: %s", c->kind->mend);
	warn(c, "the page docs/providers/%s.md has more of it", c->kind->dialect);
}

static void explain(const struct context *c, const struct probe_answer *a)
{
	bool is_about_code = strcmp(a->stage, "code") == 0;

	warn(c, "%s: %s", is_about_code ? "the provider gave no code" : "the provider could not be used", a->detail);
	if (strcmp(a->outcome, "client-refused") == 0 || strcmp(a->outcome, "refused") == 0)
		say_mend(c);
	else if (strcmp(a->outcome, "unreachable") == 0)
		warn(c, "is the issuer right, and may this host reach it? Its own certificate authority is named by "
			"--ca-file");
	else if (strcmp(a->outcome, "bad-reply") == 0)
		warn(c, "is this the issuer, byte by byte, as the provider's metadata spells it?");
}

static int judge(struct context *c, const struct buf *output)
{
	struct probe_answer answer;
	size_t len = output->data != NULL ? strcspn(output->data, "\n") : 0;

	if (provider_check_read(&answer, output->data != NULL ? output->data : "", len) < 0) {
		warn(c, "the provider could not be asked:");
		say_text(c, output->data);
		return 1;
	}
	if (!answer.is_good) {
		explain(c, &answer);
		return 1;
	}
	c->code_lifetime_s = answer.expires_in_s;
	say(c, "%s takes this client; its codes are good for %u s.", answer.device_endpoint, answer.expires_in_s);
	if (answer.clock_difference_s > CLOCK_MAX_S || answer.clock_difference_s < -CLOCK_MAX_S)
		warn(c, "the provider's clock and this host's differ by %lld s; tokens may count as not valid yet",
		     (long long)answer.clock_difference_s);
	return 0;
}

static int run_helper(struct context *c, const char *mode, uint32_t timeout_ms, struct buf *output)
{
	const struct program helper = {
		.argv = {PROGRAM_LATCHKEYD, mode, "--config", STAGED_CONFIG, "--fetch-socket", STAGED_SOCKET},
		.timeout_ms = timeout_ms,
	};
	int r = program_run(&helper, output);

	if (r < 0)
		warn(c, "%s: %s", PROGRAM_LATCHKEYD, r == -ETIMEDOUT ? "gave no answer" : strerrordesc_np(-r));
	return r;
}

int provider_check_configuration(struct context *c, const struct buf *secret)
{
	LK_CLEANUP(buf_done) struct buf output = {0};
	struct service_users users;
	int r;

	if (find_users(c, &users) != 0 || stage_files(c, &users, secret) != 0)
		return 1;
	r = run_helper(c, "--check", CHECK_MS, &output);
	if (r == 0)
		return 0;
	if (r > 0) {
		warn(c, "the configuration that comes of this is refused:");
		say_text(c, output.data);
	}
	return 1;
}

int provider_check(struct context *c, const struct buf *secret)
{
	LK_CLEANUP(buf_done) struct buf output = {0};
	struct service_users users;
	struct program fetch = {.argv = {PROGRAM_LATCHKEY_FETCH, "--peer-user", "latchkey"}, .has_user = true};
	pid_t pid;
	int r;

	if (find_users(c, &users) != 0 || stage_files(c, &users, secret) != 0)
		return 1;
	fetch.uid = users.fetch;
	fetch.gid = users.fetch_group;
	fetch.listen_fd = make_socket(&users);
	r = fetch.listen_fd < 0 ? fetch.listen_fd : program_start(&fetch, &pid);
	if (fetch.listen_fd >= 0)
		(void)close(fetch.listen_fd);
	if (r < 0) {
		warn(c, "%s: %s", PROGRAM_LATCHKEY_FETCH, strerrordesc_np(-r));
		return 1;
	}
	say(c, "Asking %s ...", c->options->issuer);
	r = run_helper(c, "--probe", PROBE_MS, &output);
	program_stop(pid);
	return r < 0 ? 1 : judge(c, &output);
}
