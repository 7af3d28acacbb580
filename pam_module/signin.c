/* SPDX-License-Identifier: MIT */
/* One sign-in, from the question to the helper to the PAM code. It begins as a refusal, and success is assigned in one
 * place, when the helper names the account that was asked for. An early Enter, an empty or any other answer to a challenge
 * changes nothing; what is typed to a prompt is the helper's alone to judge. PAM_USER is read, never written. */

#include "pam_module/signin.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "helper/base/clock.h"
#include "helper/base/json.h"
#include "helper/base/reference.h"
#include "helper/base/secret.h"
#include "helper/base/text.h"
#include "helper/protocol/names.h"
#include "helper/protocol/presenting.h"
#include "pam_module/caller.h"
#include "pam_module/challenge.h"
#include "pam_module/conversation.h"
#include "pam_module/display.h"
#include "pam_module/helper.h"
#include "pam_module/log.h"
#include "pam_module/place.h"
#include "pam_module/verdict.h"

#define MARK "latchkey_signed_in"
#define KEY_MAX 16384u
#define TTY_MAX 64u
#define PROMPTS_MAX 32u /* more than an answer has parts (helper/protocol/presenting.h) */
#define NAME_MAX_LEN 255u

struct attempt {
	pam_handle_t *pamh;
	const struct options *options;
	const struct owned_account *who;
	struct caller caller;
	struct helper helper;
	uint64_t deadline_ms;
	bool was_shown;
	unsigned n_prompts;
	struct varlink_reply last;      /* the reply that ended it */
	char text[HELPER_TEXT_MAX];     /* the helper's words for a refusal */
	char detail[HELPER_DETAIL_MAX]; /* the same for the log */
};

/* Whom this transaction has signed in. */
struct mark {
	char reference[REFERENCE_LEN + 1];
	char name[];
};

static void mark_free(pam_handle_t *pamh, void *data, int status)
{
	(void)pamh;
	(void)status;
	free(data);
}

static int mark_set(pam_handle_t *pamh, const char *name, const char *reference)
{
	size_t len = strlen(name) + 1;
	struct mark *mark = calloc(1, sizeof(*mark) + len);
	int r;

	if (!mark)
		return PAM_BUF_ERR;
	memcpy(mark->name, name, len);
	(void)snprintf(mark->reference, sizeof(mark->reference), "%s", reference);
	r = pam_set_data(pamh, MARK, mark, mark_free);
	if (r != PAM_SUCCESS)
		free(mark);
	return r;
}

int signin_forget(pam_handle_t *pamh)
{
	return pam_set_data(pamh, MARK, NULL, NULL);
}

const char *signin_reference(pam_handle_t *pamh, const char *name)
{
	const void *data = NULL;
	const struct mark *mark;

	if (pam_get_data(pamh, MARK, &data) != PAM_SUCCESS || !data)
		return NULL;
	mark = data;
	return strcmp(mark->name, name) == 0 ? mark->reference : NULL;
}

/* sshd says in the PAM environment how this connection has proved itself so far, one method a line. */
static bool add_public_key(struct json_object *o, const struct attempt *a)
{
	static const char method[] = "publickey ";
	LK_CLEANUP(secret_free_stringp) char *key = NULL;
	const char *line;

	if (!a->caller.is_sshd)
		return true;
	line = pam_getenv(a->pamh, "SSH_AUTH_INFO_0");
	while (line && !text_has_prefix(line, method)) {
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	if (!line)
		return true;
	key = strndup(line + strlen(method), strcspn(line + strlen(method), "\n"));
	if (!key || strlen(key) > KEY_MAX || !text_is_utf8(key, strlen(key)) || key[0] == '\0')
		return key != NULL;
	return helper_add(o, "public_key", json_object_new_string(key));
}

/* sudo: an approval may be remembered for this session and terminal. Where a program runs that serves others, as sshd does,
 * says nothing about the person. */
static bool add_session(struct json_object *o, const struct attempt *a)
{
	LK_CLEANUP(json_object_putp) struct json_object *session = NULL;
	struct place p;

	if (a->caller.is_sshd || !place_find(&p))
		return true;
	session = json_object_new_object();
	if (!session || !helper_add(session, "real_uid", json_object_new_int64((int64_t)p.real_uid)) ||
	    !helper_add(session, "login_uid", json_object_new_int64((int64_t)p.login_uid)) ||
	    !helper_add(session, "audit_session", json_object_new_int64((int64_t)p.audit_session)) ||
	    !helper_add(session, "terminal", json_object_new_int64((int64_t)p.terminal)) ||
	    !helper_add(session, "leader", json_object_new_int64((int64_t)p.leader)) ||
	    !helper_add(session, "leader_start", json_object_new_int64((int64_t)p.leader_start)) ||
	    !helper_add(session, "pid_namespace", json_object_new_int64((int64_t)p.pid_namespace)))
		return false;
	return helper_add(o, "session", LK_STEAL(session));
}

static bool add_seen(struct json_object *o, const struct owned_account *who)
{
	LK_CLEANUP(json_object_putp) struct json_object *seen = json_object_new_object();

	if (!seen || !helper_add(seen, "uid", json_object_new_int64((int64_t)who->uid)) ||
	    !helper_add(seen, "gid", json_object_new_int64((int64_t)who->gid)) ||
	    !helper_add(seen, "home", json_object_new_string(who->home)) ||
	    !helper_add(seen, "shell", json_object_new_string(who->shell)))
		return false;
	return helper_add(o, "seen", LK_STEAL(seen));
}

static int attempt_start(struct attempt *a)
{
	LK_CLEANUP(json_object_putp) struct json_object *request = NULL;
	const void *tty = NULL;
	int r;

	r = helper_open(&a->helper, &a->caller);
	if (r != 0)
		return r;
	request = helper_request(&a->helper, a->pamh, a->who->name);
	(void)pam_get_item(a->pamh, PAM_TTY, &tty);
	if (request && a->caller.style == CALLER_NONE && !helper_add(request, "screen", json_object_new_boolean(0)))
		return VERDICT_UNAVAILABLE;
	if (!request || !helper_add_text(request, "tty", tty, TTY_MAX) || !add_public_key(request, a) ||
	    !add_session(request, a) || !add_seen(request, a->who) ||
	    !helper_add(request, "answers", json_object_new_boolean(a->caller.style != CALLER_NONE ? 1 : 0)))
		return VERDICT_UNAVAILABLE;
	a->deadline_ms = clock_monotonic_ms() + SIGNIN_START_MS;
	return helper_call(&a->helper, METHOD_AUTHENTICATE, request, true);
}

static struct display_screen screen_for(const struct caller *caller, const struct options *o)
{
	bool is_ascii = o->qr == OPTIONS_QR_ASCII || (o->qr == OPTIONS_QR_AUTO && !caller->is_utf8);

	return (struct display_screen){
		.columns = caller->columns,
		.rows = caller->rows,
		.is_prompt = caller->style == CALLER_PROMPT,
		.is_sshd = caller->is_sshd,
		.has_qr = o->qr != OPTIONS_QR_OFF,
		.qr = {.is_ascii = is_ascii, .is_light = o->is_light},
	};
}

/* In a prompt this blocks until Enter: a client that leaves meanwhile makes sshd kill this process, and the helper sees
 * its connection go. */
static int challenge_show(struct attempt *a, struct json_object *parameters)
{
	LK_CLEANUP(buf_done) struct buf text = {0};
	struct display_screen screen = screen_for(&a->caller, a->options);
	struct display_challenge challenge;
	uint64_t lifetime_s;
	int r;

	if (challenge_read(&challenge, parameters) != 0 || strcmp(challenge.account, a->who->name) != 0)
		return VERDICT_BROKEN;
	if (a->caller.style == CALLER_NONE && !challenge.binding_message)
		return VERDICT_CONVERSATION; /* the helper was told; nobody would see a code */
	r = display_challenge(&text, &challenge, &screen);
	if (r < 0)
		return r == -EILSEQ ? VERDICT_BROKEN : VERDICT_UNAVAILABLE;

	lifetime_s = (uint64_t)challenge.expires_in_s;
	if (lifetime_s > SIGNIN_LIFETIME_MAX_S)
		lifetime_s = SIGNIN_LIFETIME_MAX_S;
	a->deadline_ms = clock_monotonic_ms() + lifetime_s * 1000 + SIGNIN_MARGIN_MS;
	a->was_shown = true;
	if (screen.is_prompt && (challenge.user_code || challenge.binding_message))
		r = conversation_wait_for_enter(a->pamh, text.data);
	else
		r = conversation_show(a->pamh, text.data);
	return r == PAM_SUCCESS ? 0 : VERDICT_CONVERSATION;
}

static int answer_send(struct attempt *a, const char *typed)
{
	LK_CLEANUP(json_put_wipedp) struct json_object *request = json_object_new_object();

	if (!request || !helper_add(request, "answer", json_object_new_string(typed)))
		return VERDICT_UNAVAILABLE;
	a->deadline_ms = clock_monotonic_ms() + SIGNIN_START_MS;
	return helper_call(&a->helper, METHOD_ANSWER, request, true);
}

/* The helper asks for something that is typed here. What it is stays between the two: it is neither looked at nor kept. */
static int prompt_show(struct attempt *a, struct json_object *parameters)
{
	LK_CLEANUP(secret_free_stringp) char *typed = NULL;
	struct json_object *o;
	const char *text;
	bool echo;
	int r;

	if (json_read_object(parameters, "prompt", &o) != 0 ||
	    json_read_string(o, "text", PRESENTING_TEXT_MAX, &text) != 0 || json_read_bool(o, "echo", &echo) != 0 ||
	    ++a->n_prompts > PROMPTS_MAX)
		return VERDICT_BROKEN;
	a->was_shown = true;
	r = conversation_ask(a->pamh, text, echo, &typed);
	if (r != PAM_SUCCESS)
		return VERDICT_CONVERSATION;
	/* More than anybody types or presents: no answer, but none that the helper could not read either. */
	if (!typed || strlen(typed) > PRESENTED_MAX || !text_is_utf8(typed, strlen(typed)))
		return VERDICT_REFUSED;
	return answer_send(a, typed);
}

/* Second lock behind the helper's own: another account, or another uid than the caller already goes by, is no grant. */
static bool is_our_account(const struct attempt *a, struct json_object *parameters)
{
	struct json_object *account;
	const char *name;
	int64_t uid, gid;

	return json_read_object(parameters, "account", &account) == 0 &&
	       json_read_string(account, "name", NAME_MAX_LEN, &name) == 0 && strcmp(name, a->who->name) == 0 &&
	       json_read_int(account, "uid", 0, UINT32_MAX, &uid) == 0 && uid == (int64_t)a->who->uid &&
	       json_read_int(account, "gid", 0, UINT32_MAX, &gid) == 0 && gid == (int64_t)a->who->gid;
}

/* Another module or the conversation may have changed it while we waited (threat R15). */
static bool is_still_our_user(const struct attempt *a)
{
	const void *user = NULL;

	return pam_get_item(a->pamh, PAM_USER, &user) == PAM_SUCCESS && user && strcmp(user, a->who->name) == 0;
}

/* Return: 0 granted, a verdict, or -EAGAIN: go on. */
static int take_reply(struct attempt *a, const struct varlink_reply *reply)
{
	const char *state;

	if (reply->error) {
		int v = (int)helper_judge(reply, a->text, a->detail);

		/* too late to hand on to the next module */
		return v == VERDICT_NOT_OURS && a->was_shown ? VERDICT_BROKEN : v;
	}
	if (json_read_string(reply->parameters, "state", NAME_MAX_LEN, &state) != 0)
		return VERDICT_BROKEN;
	if (strcmp(state, STATE_GRANTED) == 0 && !reply->continues)
		return is_our_account(a, reply->parameters) ? 0 : VERDICT_BROKEN;
	if (strcmp(state, STATE_PROMPT) == 0 && !reply->continues) {
		int r = prompt_show(a, reply->parameters);

		return r == 0 ? -EAGAIN : r;
	}
	if (!reply->continues)
		return VERDICT_BROKEN;
	if (strcmp(state, STATE_WAITING) == 0 && a->was_shown)
		return -EAGAIN;
	if (strcmp(state, STATE_CHALLENGE) == 0 && !a->was_shown) {
		int r = challenge_show(a, reply->parameters);

		return r == 0 ? -EAGAIN : r;
	}
	return VERDICT_BROKEN;
}

static int attempt_run(struct attempt *a)
{
	int r;

	r = attempt_start(a);
	if (r != 0)
		return r;
	do {
		varlink_reply_done(&a->last);
		a->last = (struct varlink_reply){0};
		r = helper_next(&a->helper, &a->last, a->deadline_ms);
		if (r == 0)
			r = take_reply(a, &a->last);
	} while (r == -EAGAIN);
	return r;
}

static int attempt_end(struct attempt *a, enum verdict v)
{
	const char *text = a->text[0] != '\0' ? a->text : verdict_text(v);

	log_account(a->pamh, v == VERDICT_REFUSED || v == VERDICT_GIVEN_UP ? LOG_NOTICE : LOG_ERR,
		    owned_account_log_name(a->who), verdict_log_text(v),
		    a->detail[0] != '\0' ? a->detail : helper_fault(&a->helper));
	if (text)
		conversation_refuse(a->pamh, text);
	return verdict_sign_in_code(v, a->caller.is_sshd);
}

static void attempt_done(struct attempt *a)
{
	varlink_reply_done(&a->last);
	helper_done(&a->helper);
}

int signin_run(pam_handle_t *pamh, const struct options *o, const struct owned_account *who)
{
	LK_CLEANUP(attempt_done) struct attempt a = {.pamh = pamh, .options = o, .who = who};
	const char *reference;
	int code = PAM_AUTH_ERR;
	int r;

	a.helper.interrupt_fd = -1;
	caller_examine(&a.caller, pamh, o);
	r = attempt_run(&a);
	reference = helper_reference(&a.last);
	if (r == VERDICT_UNAVAILABLE && a.was_shown)
		r = VERDICT_LOST;
	if (r == 0 && !is_still_our_user(&a))
		r = VERDICT_USER_CHANGED;
	if (r == 0 && mark_set(pamh, who->name, reference) != PAM_SUCCESS)
		r = VERDICT_LOST;
	if (r != 0)
		return attempt_end(&a, (enum verdict)r);

	log_account(pamh, LOG_INFO, who->name, "signed in", reference[0] != '\0' ? reference : NULL);
	code = PAM_SUCCESS;
	return code;
}
