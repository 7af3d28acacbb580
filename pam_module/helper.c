/* SPDX-License-Identifier: MIT */
/* Asks latchkeyd and waits for its answers the way a guest in somebody's process must: under a deadline, with an eye on
 * the client that may have left and on the interrupt that the caller holds back. Decides nothing. */

#include "pam_module/helper.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "helper/base/clock.h"
#include "helper/base/json.h"
#include "helper/base/reference.h"
#include "helper/base/text.h"
#include "helper/protocol/names.h"

#define SERVICE_MAX 64u
#define RHOST_MAX 255u
#define REASON_MAX 64u
#define MESSAGE_MAX 900u

static int fail(struct helper *h, int error)
{
	h->error = error;
	switch (error) {
	case -ECANCELED:
		return VERDICT_GIVEN_UP;
	case -ECONNABORTED:
		return VERDICT_CLIENT_GONE;
	case -EBADMSG:
		return VERDICT_BROKEN;
	default:
		return VERDICT_UNAVAILABLE;
	}
}

/* sudo blocks SIGINT and SIGQUIT around us, and its handlers set a flag at most. What is blocked and pending shows here
 * without being taken away from the caller. */
static int interrupt_open(void)
{
	sigset_t set, blocked;

	(void)sigemptyset(&set);
	if (pthread_sigmask(SIG_SETMASK, NULL, &blocked) != 0)
		return -1;
	for (int i = 0; i < 4; i++) {
		static const int signals[] = {SIGINT, SIGQUIT, SIGHUP, SIGTERM};

		if (sigismember(&blocked, signals[i]) == 1)
			(void)sigaddset(&set, signals[i]);
	}
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Where the caller leaves SIGINT to a handler of its own, EINTR is all that can be seen of it. */
static bool is_interrupt_handled(void)
{
	struct sigaction action;

	return sigaction(SIGINT, NULL, &action) == 0 && action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN;
}

static int wait_for_reply(const struct helper *h, uint64_t deadline_ms)
{
	struct pollfd fds[] = {
		{.fd = client_fd(h->client), .events = POLLIN},
		{.fd = h->caller->client_fd, .events = POLLRDHUP},
		{.fd = h->interrupt_fd, .events = POLLIN},
	};
	uint64_t now = clock_monotonic_ms();
	uint64_t left = deadline_ms > now ? deadline_ms - now : 0;
	struct timespec timeout = {.tv_sec = (time_t)(left / 1000), .tv_nsec = (long)(left % 1000) * 1000000};
	int n;

	if (left == 0)
		return -ETIMEDOUT;
	n = ppoll(fds, sizeof(fds) / sizeof(fds[0]), &timeout, NULL);
	if (n < 0 && errno == EINTR)
		return !h->caller->is_sshd && is_interrupt_handled() ? -ECANCELED : 0;
	if (n < 0)
		return -errno;
	if (fds[1].revents)
		return -ECONNABORTED;
	if (fds[2].revents)
		return -ECANCELED;
	return 0;
}

int helper_next(struct helper *h, struct varlink_reply *ret, uint64_t deadline_ms)
{
	for (;;) {
		int r = client_next(h->client, ret, 0, -1, NULL);

		if (r == 0)
			return 0;
		if (r == -ETIMEDOUT || r == -EINTR)
			r = wait_for_reply(h, deadline_ms);
		if (r < 0)
			return fail(h, r);
	}
}

int helper_call(struct helper *h, const char *method, struct json_object *parameters, bool more)
{
	int r = client_call(h->client, method, parameters, more);

	return r < 0 ? fail(h, r) : 0;
}

/* We speak the newest version that both know. */
static int version_agree(int64_t *ret, struct json_object *parameters)
{
	int64_t newest, oldest;

	if (json_read_int(parameters, "protocol", 1, INT32_MAX, &newest) != 0 ||
	    json_read_int(parameters, "minimum", 1, INT32_MAX, &oldest) != 0 || oldest > newest)
		return VERDICT_BROKEN;
	if (oldest > PROTOCOL_VERSION || newest < PROTOCOL_MINIMUM)
		return VERDICT_VERSION;
	*ret = newest < PROTOCOL_VERSION ? newest : PROTOCOL_VERSION;
	return 0;
}

static int version_ask(struct helper *h, uint64_t deadline_ms)
{
	LK_CLEANUP(varlink_reply_done) struct varlink_reply reply = {0};
	int r;

	r = helper_call(h, METHOD_GET_VERSION, NULL, false);
	if (r != 0)
		return r;
	r = helper_next(h, &reply, deadline_ms);
	if (r != 0)
		return r;
	return reply.error ? VERDICT_BROKEN : version_agree(&h->version, reply.parameters);
}

int helper_open(struct helper *ret, const struct caller *caller)
{
	uint64_t deadline_ms = clock_monotonic_ms() + HELPER_ALIVE_MS;
	int r;

	*ret = (struct helper){.caller = caller, .interrupt_fd = -1};
	r = client_open(&ret->client, CLIENT_SOCKET_PATH);
	if (r < 0)
		return fail(ret, r);
	ret->interrupt_fd = interrupt_open();
	return version_ask(ret, deadline_ms);
}

const char *helper_fault(const struct helper *h)
{
	return h->error < 0 ? strerrordesc_np(-h->error) : NULL;
}

void helper_done(struct helper *h)
{
	client_close(h->client);
	h->client = NULL;
	if (h->interrupt_fd >= 0)
		(void)close(h->interrupt_fd);
	h->interrupt_fd = -1;
}

bool helper_add(struct json_object *o, const char *key, struct json_object *value)
{
	/* json-c would take NULL for null */
	if (value && json_object_object_add(o, key, value) == 0)
		return true;
	json_object_put(value);
	return false;
}

bool helper_add_text(struct json_object *o, const char *key, const char *text, size_t max_len)
{
	char fit[RHOST_MAX + 1];

	if (!text || text[0] == '\0')
		return true;
	text_sanitise(fit, max_len < sizeof(fit) ? max_len + 1 : sizeof(fit), text, strlen(text), false);
	return helper_add(o, key, json_object_new_string(fit));
}

static const char *item_text(pam_handle_t *pamh, int item)
{
	const void *value = NULL;

	return pam_get_item(pamh, item, &value) == PAM_SUCCESS ? value : NULL;
}

struct json_object *helper_request(const struct helper *h, pam_handle_t *pamh, const char *user)
{
	LK_CLEANUP(json_object_putp) struct json_object *o = json_object_new_object();
	const char *rhost = h->caller->client[0] != '\0' ? h->caller->client : item_text(pamh, PAM_RHOST);

	if (!o || !helper_add(o, "version", json_object_new_int64(h->version)) ||
	    !helper_add(o, "user", json_object_new_string(user)) ||
	    !helper_add_text(o, "service", item_text(pamh, PAM_SERVICE), SERVICE_MAX) ||
	    !helper_add_text(o, "rhost", rhost, RHOST_MAX))
		return NULL;
	return LK_STEAL(o);
}

const char *helper_reference(const struct varlink_reply *reply)
{
	const char *reference;

	if (json_read_string(reply->parameters, "reference", REFERENCE_LEN, &reference) != 0 ||
	    !reference_is_valid(reference))
		return "";
	return reference;
}

static enum verdict judge_denied(const struct varlink_reply *reply, char *text, char *detail)
{
	const char *reference = helper_reference(reply);
	const char *reason, *message;

	if (json_read_string(reply->parameters, "reason", REASON_MAX, &reason) != 0 ||
	    json_read_string(reply->parameters, "message", MESSAGE_MAX, &message) != 0)
		return VERDICT_BROKEN;
	text_sanitise(text, HELPER_TEXT_MAX, message, strlen(message), false);
	(void)snprintf(detail, HELPER_DETAIL_MAX, "%s%s%s", reason, reference[0] != '\0' ? ", reference " : "",
		       reference);
	if (strcmp(reason, REASON_NO_SCREEN) == 0)
		return VERDICT_CONVERSATION;
	return strcmp(reason, REASON_UNAVAILABLE) == 0 ? VERDICT_UNAVAILABLE : VERDICT_REFUSED;
}

enum verdict helper_judge(const struct varlink_reply *reply, char *text, char *detail)
{
	text[0] = '\0';
	(void)snprintf(detail, HELPER_DETAIL_MAX, "%s", reply->error);
	if (strcmp(reply->error, ERROR_DENIED) == 0)
		return judge_denied(reply, text, detail);
	if (strcmp(reply->error, ERROR_NOT_OURS) == 0)
		return VERDICT_NOT_OURS;
	if (strcmp(reply->error, ERROR_VERSION_MISMATCH) == 0)
		return VERDICT_VERSION;
	if (strcmp(reply->error, ERROR_NOT_PERMITTED) == 0)
		return VERDICT_REFUSED;
	return VERDICT_BROKEN;
}
