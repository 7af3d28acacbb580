/* SPDX-License-Identifier: MIT */
/* The verb "end-session": is this somebody of the published map, and then everything at once that can end what they run.
 * latchkeyd, which may be in a stranger's hands, says the number and nothing else. */
#include "helper/root/end_session.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "helper/base/cleanup.h"
#include "helper/root/answer.h"
#include "helper/root/install.h"
#include "helper/root/locals.h"
#include "helper/root/logind.h"
#include "helper/root/processes.h"
#include "helper/root/published.h"
#include "helper/root/settings.h"

static void close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

/* Root's configuration and files as they are now, not as they were when the map was published. */
static int check_local_account(const struct serve_context *c, const struct locals *locals,
			       const struct published_user *user, uint32_t uid, struct publish_answer *answer)
{
	LK_CLEANUP(settings_freep) struct settings *settings = NULL;
	struct ini_fault fault = {.text = ""};
	uint32_t local_uid;
	uint32_t gid;
	int r = settings_load(&settings, c->config, &fault);

	if (r < 0)
		return answer_with(answer, PUBLISH_FAILED, fault.text);
	if (settings_find_account(settings, user->name) == NULL ||
	    !locals_get_user(locals, user->name, &local_uid, &gid) || local_uid != uid)
		return answer_with(answer, PUBLISH_REFUSED, "the uid is a local user's that belongs to no identity");
	if (locals_count_users(locals, uid) != 1)
		return answer_with(answer, PUBLISH_REFUSED, "the uid is that of several local users");
	return 0;
}

/* Return: 0 with @ret filled, or a status that is answered. */
static int find_person(const struct serve_context *c, uint64_t uid, struct published_user *ret,
		       struct publish_answer *answer)
{
	LK_CLEANUP(locals_freep) struct locals *locals = NULL;
	LK_CLEANUP(close_fd) int folder = -1;
	int r;

	if (uid < MAP_ID_FLOOR || uid >= UINT32_MAX)
		return answer_with(answer, PUBLISH_REFUSED, "the uid is one of the system's");
	folder = install_open(c->state);
	if (folder < 0)
		return answer_error(answer, "the folder of the map", folder);
	r = published_find_uid(folder, (uint32_t)uid, ret);
	if (r == -ENOENT)
		return answer_with(answer, PUBLISH_REFUSED, "the uid is nobody's on the published map");
	if (r < 0)
		return answer_error(answer, "the published map", r);
	r = locals_load(&locals, c->root);
	if (r < 0)
		return answer_error(answer, "reading /etc/passwd and /etc/group", r);
	if (ret->is_local)
		return check_local_account(c, locals, ret, (uint32_t)uid, answer);
	if (locals_has_id(locals, (uint32_t)uid))
		return answer_with(answer, PUBLISH_REFUSED, "the uid is a local user's or group's");
	return 0;
}

/* What keeps logind from doing its part must not keep the signal from going out. */
static int strike(const struct serve_context *c, uint32_t uid, const char *name, int sig, const char **ret_what)
{
	int linger = logind_forget_linger(c->root, name);
	int logind = logind_terminate_user(uid);
	int r = processes_signal(uid, sig);

	*ret_what = r < 0 ? "the signal" : linger < 0 ? "the person's lingering" : "logind";
	if (r == 0)
		r = linger < 0 ? linger : logind;
	return r;
}

int serve_end_session(const struct serve_context *c, uint64_t uid, bool is_now, struct publish_answer *answer)
{
	struct published_user user = {.name = ""};
	char text[100];
	const char *what;
	size_t n = 0;
	int n_result;
	int r;

	memset(answer, 0, sizeof(*answer));
	r = find_person(c, uid, &user, answer);
	if (r != 0)
		return r;
	n_result = processes_count((uint32_t)uid, &n);
	r = strike(c, (uint32_t)uid, user.name, is_now ? SIGKILL : SIGTERM, &what);
	if (r < 0)
		return answer_error(answer, what, r);
	if (n_result < 0)
		return answer_error(answer, "counting processes", n_result);
	answer->n_found = n;
	(void)snprintf(text, sizeof(text), "%s, SIG%s for %zu processes", user.name, is_now ? "KILL" : "TERM", n);
	return answer_with(answer, n == 0 ? PUBLISH_DONE : END_SESSION_STRUCK, text);
}
