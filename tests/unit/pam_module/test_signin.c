/* SPDX-License-Identifier: MIT */
/* The phases as a whole, against a scripted helper: what may end in PAM_SUCCESS, and what everything else ends in. */
#include "pam_module/signin.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include <cmocka.h>

#include "pam_module/verdict.h"
#include "tests/unit/pam_module/fake.h"

#define VERSION_REPLY "{\"parameters\":{\"release\":\"0\",\"protocol\":1,\"minimum\":1}}"
#define GRANTED                                                                                                        \
	"{\"parameters\":{\"state\":\"granted\",\"account\":{\"name\":\"alice\",\"uid\":1879048193,\"gid\":"           \
	"1879048193}}}"
#define WAITING "{\"parameters\":{\"state\":\"waiting\"},\"continues\":true}"
#define DENIED(reason)                                                                                                 \
	"{\"error\":\"io.latchkey.Denied\",\"parameters\":{\"reason\":\"" reason "\",\"message\":\"No.\"}}"
#define CHALLENGE_OF(uri, code, expires, account)                                                                      \
	"{\"parameters\":{\"state\":\"challenge\",\"challenge\":{\"method\":\"device\",\"verification_uri\":" uri      \
	",\"user_code\":" code ",\"expires_in\":" expires ",\"host\":\"web1\",\"account\":\"" account                  \
	"\",\"provider\":\"Example\"}},\"continues\":true}"

static int setup(void **state)
{
	(void)state;
	fake_reset();
	return 0;
}

static int authenticate(const char *conversation)
{
	const char *argv[] = {conversation};

	return pam_sm_authenticate(fake_pamh(), 0, 1, argv);
}

static int account_phase(void)
{
	return pam_sm_acct_mgmt(fake_pamh(), 0, 0, NULL);
}

static void assert_no_leftovers(void)
{
	assert_int_equal(fake.n_opened, fake.n_closed);
}

static void test_live(void **state)
{
	(void)state;
	fake_challenge();
	fake_step(WAITING, 0);
	fake_step(NULL, -EINTR); /* C7: a signal changes nothing */
	fake_step(WAITING, 0);
	fake_step(GRANTED, 0);
	assert_int_equal(authenticate("conversation=live"), PAM_SUCCESS);
	assert_int_equal(fake.n_shown, 1);
	assert_int_equal(fake.shown[0].style, PAM_TEXT_INFO);
	assert_non_null(strstr(fake.shown[0].text, "WDJB-MJHT"));
	assert_int_equal(fake.n_logged, 1);
	assert_int_equal(fake.logged[0].style, LOG_INFO);
	assert_string_equal(fake.logged[0].text, "user alice: signed in");
	assert_string_equal(signin_reference(fake_pamh(), "alice"), "");
	assert_int_equal(fake.n_calls, 2);
	assert_string_equal(fake.calls[0], "io.latchkey.GetVersion 0 ");
	assert_string_equal(fake.calls[1],
			    "io.latchkey.Authenticate 1 {\"version\":1,\"user\":\"alice\",\"service\":\"sshd\","
			    "\"rhost\":\"192.0.2.7\",\"tty\":\"ssh\",\"seen\":{\"uid\":1879048193,"
			    "\"gid\":1879048193,\"home\":\"/home/alice\",\"shell\":\"/bin/bash\"},\"answers\":true}");
	assert_no_leftovers();
}

/* D10: an early Enter, nothing and anything typed are the same, and none of it gets a new code. */
static void test_answers_mean_nothing(void **state)
{
	static const char *const answers[] = {NULL, "", "yes", "alice", "\b\n\r\177INCORRECT", "WDJB-MJHT", "%s%n"};

	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		fake_reset();
		fake_challenge();
		fake.typed = answers[i];
		fake_step(WAITING, 0);
		fake_step(DENIED("denied"), 0);
		assert_int_equal(authenticate("conversation=prompt"), PAM_CRED_INSUFFICIENT);
		assert_int_equal(fake.shown[0].style, PAM_PROMPT_ECHO_OFF);
		assert_int_equal(fake.n_calls, 2);

		fake_reset();
		fake_challenge();
		fake.typed = answers[i];
		fake_step(GRANTED, 0);
		assert_int_equal(authenticate("conversation=prompt"), PAM_SUCCESS);
		assert_no_leftovers();
	}
}

/* A policy that already knows the person grants at once: nothing to show. */
static void test_grant_without_challenge(void **state)
{
	(void)state;
	fake_step(VERSION_REPLY, 0);
	fake_step(GRANTED, 0);
	assert_int_equal(authenticate("conversation=live"), PAM_SUCCESS);
	assert_int_equal(fake.n_shown, 0);
}

/* What a helper may never get a login by (T1 as the second lock), and lies of every kind. */
static void test_lies(void **state)
{
	static const char *const lies[] = {
		"{\"parameters\":{\"state\":\"granted\"}}",
		"{\"parameters\":{\"state\":\"granted\",\"account\":null}}",
		"{\"parameters\":{\"state\":\"granted\",\"account\":{\"name\":\"bob\",\"uid\":1879048193,\"gid\":"
		"1879048193}}}",
		"{\"parameters\":{\"state\":\"granted\",\"account\":{\"name\":\"alice\",\"uid\":0,\"gid\":1879048193}}"
		"}",
		"{\"parameters\":{\"state\":\"granted\",\"account\":{\"name\":\"alice\",\"uid\":1879048194,\"gid\":"
		"1879048193}}}",
		"{\"parameters\":{\"state\":\"granted\",\"account\":{\"name\":\"alice\",\"uid\":1879048193,\"gid\":0}}"
		"}",
		"{\"parameters\":{\"state\":\"granted\",\"account\":{\"name\":\"alice\",\"uid\":\"1879048193\",\"gid\":"
		"0}}}",
		"{\"parameters\":{\"state\":\"granted\",\"account\":{\"name\":\"alice\",\"uid\":1879048193,\"gid\":"
		"1879048193}},"
		"\"continues\":true}",
		"{\"parameters\":{\"state\":\"Granted\",\"account\":{\"name\":\"alice\",\"uid\":1879048193,\"gid\":"
		"1879048193}}}",
		"{\"parameters\":{\"state\":\"success\"}}",
		"{\"parameters\":{\"state\":\"\"}}",
		"{\"parameters\":{\"state\":1}}",
		"{\"parameters\":{\"state\":null}}",
		"{\"parameters\":{}}",
		"{}",
		"{\"parameters\":{\"state\":\"unheard-of\"},\"continues\":true}",
		"{\"parameters\":{\"state\":\"waiting\"}}",
		"{\"error\":\"io.latchkey.Unheard\"}",
		"{\"error\":\"org.varlink.service.InvalidParameter\",\"parameters\":{\"parameter\":\"seen\"}}",
		"{\"error\":\"io.latchkey.Denied\"}",
		"{\"error\":\"io.latchkey.Denied\",\"parameters\":{\"reason\":\"denied\"}}",
		"{\"error\":\"io.latchkey.NoSuchAccount\",\"parameters\":{\"name\":\"alice\"}}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		for (int is_shown = 0; is_shown < 2; is_shown++) {
			fake_reset();
			if (is_shown)
				fake_challenge();
			else
				fake_step(VERSION_REPLY, 0);
			fake_step(lies[i], 0);
			fake_step(GRANTED, 0);
			assert_int_equal(authenticate("conversation=live"), PAM_CRED_INSUFFICIENT);
			assert_null(fake.data);
			assert_int_equal(fake.n_logged, 1);
			assert_no_leftovers();
		}
	}
}

static void test_challenges_refused(void **state)
{
	static const char *const lies[] = {
		CHALLENGE_OF("null", "\"A\"", "900", "alice"),
		CHALLENGE_OF("\"\"", "\"A\"", "900", "alice"),
		CHALLENGE_OF("\"https://i.example/\\u001b[2J\"", "\"A\"", "900", "alice"),
		CHALLENGE_OF("\"https://\xd1\x96.example/\"", "\"A\"", "900", "alice"),
		CHALLENGE_OF("\"https://i.example/d\"", "\"A\\nB\"", "900", "alice"),
		CHALLENGE_OF("\"https://i.example/d\"",
			     "\"A\xe2\x80\xae"
			     "B\"",
			     "900", "alice"),
		CHALLENGE_OF("\"https://i.example/d\"", "\"\"", "900", "alice"),
		CHALLENGE_OF("\"https://i.example/d\"", "12345", "900", "alice"),
		CHALLENGE_OF("\"https://i.example/d\"", "\"A\"", "0", "alice"),
		CHALLENGE_OF("\"https://i.example/d\"", "\"A\"", "-1", "alice"),
		CHALLENGE_OF("\"https://i.example/d\"", "\"A\"", "1000000000000", "alice"),
		CHALLENGE_OF("\"https://i.example/d\"", "\"A\"", "\"900\"", "alice"),
		CHALLENGE_OF("\"https://i.example/d\"", "\"A\"", "900", "bob"),
		"{\"parameters\":{\"state\":\"challenge\"},\"continues\":true}",
		"{\"parameters\":{\"state\":\"challenge\",\"challenge\":[]},\"continues\":true}",
		WAITING, /* before there is anything to wait for */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		fake_reset();
		fake_step(VERSION_REPLY, 0);
		fake_step(lies[i], 0);
		fake_step(GRANTED, 0);
		assert_int_equal(authenticate("conversation=live"), PAM_CRED_INSUFFICIENT);
		assert_int_equal(fake.n_shown, 1);
		assert_int_equal(fake.shown[0].style, PAM_ERROR_MSG);
	}
	/* a second one in the same attempt */
	fake_reset();
	fake_challenge();
	fake_step(CHALLENGE_OF("\"https://i.example/d\"", "\"A\"", "900", "alice"), 0);
	fake_step(GRANTED, 0);
	assert_int_equal(authenticate("conversation=live"), PAM_CRED_INSUFFICIENT);
}

struct end {
	const char *json;
	int error;
	int code_before; /* nothing shown yet */
	int code_after;
};

static void test_ends(void **state)
{
	static const struct end ends[] = {
		{DENIED("denied"), 0, PAM_CRED_INSUFFICIENT, PAM_CRED_INSUFFICIENT},
		{DENIED("expired"), 0, PAM_CRED_INSUFFICIENT, PAM_CRED_INSUFFICIENT},
		{DENIED("wrong-account"), 0, PAM_CRED_INSUFFICIENT, PAM_CRED_INSUFFICIENT},
		{DENIED("connect-again"), 0, PAM_CRED_INSUFFICIENT, PAM_CRED_INSUFFICIENT},
		{DENIED("a-new-reason"), 0, PAM_CRED_INSUFFICIENT, PAM_CRED_INSUFFICIENT},
		{DENIED("unavailable"), 0, PAM_AUTHINFO_UNAVAIL, PAM_CRED_INSUFFICIENT},
		{"{\"error\":\"io.latchkey.NotOurs\"}", 0, PAM_USER_UNKNOWN, PAM_CRED_INSUFFICIENT},
		{"{\"error\":\"io.latchkey.NotPermitted\"}", 0, PAM_CRED_INSUFFICIENT, PAM_CRED_INSUFFICIENT},
		{"{\"error\":\"io.latchkey.VersionMismatch\",\"parameters\":{\"protocol\":9,\"minimum\":9}}", 0,
		 PAM_AUTHINFO_UNAVAIL, PAM_AUTHINFO_UNAVAIL},
		{NULL, -EPIPE, PAM_AUTHINFO_UNAVAIL, PAM_CRED_INSUFFICIENT},
		{NULL, -ETIMEDOUT, PAM_AUTHINFO_UNAVAIL, PAM_CRED_INSUFFICIENT},
		{NULL, -EBADMSG, PAM_CRED_INSUFFICIENT, PAM_CRED_INSUFFICIENT},
		{NULL, -ENOMEM, PAM_AUTHINFO_UNAVAIL, PAM_CRED_INSUFFICIENT},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		fake_reset();
		fake_step(VERSION_REPLY, 0);
		fake_step(ends[i].json, ends[i].error);
		fake_step(GRANTED, 0);
		assert_int_equal(authenticate("conversation=live"), ends[i].code_before);

		fake_reset();
		fake_challenge();
		fake_step(WAITING, 0);
		fake_step(ends[i].json, ends[i].error);
		fake_step(GRANTED, 0);
		assert_int_equal(authenticate("conversation=live"), ends[i].code_after);
		assert_null(fake.data);
		assert_no_leftovers();
	}
}

/* R4: a name that nobody has ever signed in by may be a password. */
static void test_refusal_text(void **state)
{
	(void)state;
	fake.map_name = "alice";
	fake.map_uid = FAKE_UID;
	fake_challenge();
	fake_step("{\"error\":\"io.latchkey.Denied\",\"parameters\":{\"reason\":\"wrong-account\\nroot: ok\","
		  "\"message\":\"You \\u001b[2Jare b\xc3\xb6"
		  "b.\"}}",
		  0);
	assert_int_equal(authenticate("conversation=live"), PAM_CRED_INSUFFICIENT);
	assert_int_equal(fake.n_shown, 2);
	assert_int_equal(fake.shown[1].style, PAM_ERROR_MSG);
	assert_string_equal(fake.shown[1].text, "You ?[2Jare b?b.");
	assert_string_equal(fake.logged[0].text, "user alice: refused (wrong-account?root: ok)");

	fake_reset();
	fake_challenge();
	fake_step("{\"error\":\"io.latchkey.Denied\",\"parameters\":{\"reason\":\"denied\",\"message\":\"No.\"}}", 0);
	assert_int_equal(authenticate("conversation=live"), PAM_CRED_INSUFFICIENT);
	assert_string_equal(fake.logged[0].text, "user (unknown): refused (denied)");
}

/* C9: down, untrusted or hanging is "unavailable", never a shrug. */
static void test_helper_down(void **state)
{
	static const int errors[] = {-ENOENT, -ECONNREFUSED, -EPERM, -ETIMEDOUT, -EMFILE, -ENOMEM, -EACCES};

	(void)state;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		fake_reset();
		fake.open_error = errors[i];
		assert_int_equal(authenticate("conversation=live"), PAM_AUTHINFO_UNAVAIL);
		fake_reset();
		fake.open_error = errors[i];
		assert_int_equal(account_phase(), PAM_AUTHINFO_UNAVAIL);
	}
	fake_reset();
	fake_step(NULL, -ETIMEDOUT);
	assert_int_equal(authenticate("conversation=live"), PAM_AUTHINFO_UNAVAIL);
	fake_reset();
	fake.call_error = -EPIPE;
	assert_int_equal(authenticate("conversation=live"), PAM_AUTHINFO_UNAVAIL);
	assert_no_leftovers();
}

/* C10: both directions, told apart from a helper that is down. */
static void test_versions(void **state)
{
	static const struct {
		const char *reply;
		int code;
		bool speaks_of_versions;
	} cases[] = {
		{"{\"parameters\":{\"release\":\"9\",\"protocol\":7,\"minimum\":1}}", PAM_SUCCESS, false},
		{"{\"parameters\":{\"release\":\"9\",\"protocol\":7,\"minimum\":2}}", PAM_AUTHINFO_UNAVAIL, true},
		{"{\"parameters\":{\"release\":\"9\",\"protocol\":1,\"minimum\":2}}", PAM_CRED_INSUFFICIENT, false},
		{"{\"parameters\":{\"release\":\"9\",\"protocol\":0,\"minimum\":0}}", PAM_CRED_INSUFFICIENT, false},
		{"{\"parameters\":{\"release\":\"9\"}}", PAM_CRED_INSUFFICIENT, false},
		{"{\"error\":\"org.varlink.service.MethodNotFound\"}", PAM_CRED_INSUFFICIENT, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fake_reset();
		fake_step(cases[i].reply, 0);
		fake_step(GRANTED, 0);
		assert_int_equal(authenticate("conversation=live"), cases[i].code);
		assert_int_equal(fake.n_shown > 0 && strstr(fake.shown[0].text, "different versions") != NULL,
				 cases[i].speaks_of_versions);
	}
}

/* R15 */
static void test_user_changed(void **state)
{
	(void)state;
	fake_challenge();
	fake.user_after_prompt = "root";
	fake_step(GRANTED, 0);
	assert_int_equal(authenticate("conversation=prompt"), PAM_CRED_INSUFFICIENT);
	assert_null(fake.data);
	assert_string_equal(fake.user, "root"); /* never put back, never written */
}

static void test_public_key_only_from_sshd(void **state)
{
	(void)state;
	fake.auth_info = "publickey ssh-ed25519 AAAA\n";
	fake_challenge();
	fake_step(GRANTED, 0);
	assert_int_equal(authenticate("conversation=live"), PAM_SUCCESS);
	assert_null(strstr(fake.calls[1], "public_key"));
}

static void test_names_not_ours(void **state)
{
	static const char *const names[] = {
		"root",
		"daemon",
		"local",
		"nobody",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *bad[] = {"quite=wrong"};

		fake_reset();
		strcpy(fake.user, names[i]);
		fake.nss_uid = 1000;
		fake.open_error = -ECONNREFUSED;
		assert_int_equal(pam_sm_authenticate(fake_pamh(), 0, 1, bad), PAM_USER_UNKNOWN);
		assert_int_equal(pam_sm_acct_mgmt(fake_pamh(), 0, 1, bad), PAM_USER_UNKNOWN);
		assert_int_equal(pam_sm_setcred(fake_pamh(), 0, 1, bad), PAM_USER_UNKNOWN);
		assert_int_equal(pam_sm_open_session(fake_pamh(), 0, 1, bad), PAM_USER_UNKNOWN);
		assert_int_equal(pam_sm_close_session(fake_pamh(), 0, 1, bad), PAM_USER_UNKNOWN);
		assert_int_equal(pam_sm_chauthtok(fake_pamh(), PAM_PRELIM_CHECK, 1, bad), PAM_USER_UNKNOWN);
		assert_int_equal(fake.n_shown, 0);
		assert_int_equal(fake.n_logged, 0);
		assert_int_equal(fake.n_calls, 0);
	}
}

/* R1, R3, R4: never to NSS, never to the helper, never to the log. */
static void test_naughty_names(void **state)
{
	static const char *const names[] = {
		"",
		" ",
		"alice ",
		" alice",
		"alice\n",
		"al\nice",
		"alice\r",
		"\talice",
		"alice:x",
		"a/b",
		"../alice",
		"..",
		".alice",
		"-alice",
		"--",
		"+alice",
		"@alice",
		"%s%s%n",
		"$(id)",
		"`id`",
		"alice;id",
		"alice|id",
		"alice&",
		"al'ice",
		"al\"ice",
		"al\\ice",
		"\x1b[2J",
		"\x7f",
		"\x80",
		"al\xc3\xad"
		"ce",
		"\xff\xfe",
		"a\xe2\x80\xae"
		"b",
		"alice*",
		"~root",
		"#0",
		"alice$",
		"alice,",
		"{alice}",
		"<b>",
		"a b",
		"\b\n\r\177INCORRECT",
	};

	(void)state;
	for (size_t i = 0; i <= sizeof(names) / sizeof(names[0]); i++) {
		const char *debug[] = {"debug"};

		fake_reset();
		if (i < sizeof(names) / sizeof(names[0]))
			strcpy(fake.user, names[i]);
		else
			memset(fake.user, 'a', 65536); /* 64 KiB; the rest is zero */
		assert_int_equal(pam_sm_authenticate(fake_pamh(), 0, 1, debug), PAM_USER_UNKNOWN);
		assert_int_equal(pam_sm_acct_mgmt(fake_pamh(), 0, 1, debug), PAM_USER_UNKNOWN);
		assert_int_equal(fake.n_nss_asked, 0);
		assert_int_equal(fake.n_calls, 0);
		assert_int_equal(fake.n_opened, 0);
		for (int l = 0; l < fake.n_logged; l++)
			assert_string_equal(fake.logged[l].text, "not ours");
	}
	fake_reset();
	fake.has_user = false;
	assert_int_equal(pam_sm_acct_mgmt(fake_pamh(), 0, 0, NULL), PAM_USER_UNKNOWN);
	assert_int_equal(pam_sm_authenticate(fake_pamh(), 0, 0, NULL), PAM_CONV_ERR);
}

static void test_cannot_tell(void **state)
{
	(void)state;
	fake.nss_error = EMFILE;
	assert_int_equal(authenticate("conversation=live"), PAM_SYSTEM_ERR);
	assert_int_equal(account_phase(), PAM_SYSTEM_ERR);
	assert_int_equal(fake.n_calls, 0);
}

static void test_wrong_argument(void **state)
{
	const char *argv[] = {"debug", "quiet"};

	(void)state;
	assert_int_equal(pam_sm_authenticate(fake_pamh(), 0, 2, argv), PAM_SERVICE_ERR);
	assert_int_equal(pam_sm_acct_mgmt(fake_pamh(), 0, 2, argv), PAM_SERVICE_ERR);
	assert_int_equal(pam_sm_open_session(fake_pamh(), 0, 2, argv), PAM_SERVICE_ERR);
	assert_int_equal(fake.n_opened, 0);
	assert_string_equal(fake.logged[0].text, "user (unknown): refused: unknown module argument (quiet)");
}

static void test_other_phases(void **state)
{
	(void)state;
	assert_int_equal(pam_sm_setcred(fake_pamh(), 0, 0, NULL), PAM_SUCCESS);
	assert_int_equal(pam_sm_open_session(fake_pamh(), 0, 0, NULL), PAM_SUCCESS);
	assert_int_equal(pam_sm_close_session(fake_pamh(), 0, 0, NULL), PAM_SUCCESS);
	assert_int_equal(pam_sm_chauthtok(fake_pamh(), PAM_PRELIM_CHECK, 0, NULL), PAM_PERM_DENIED);
	assert_int_equal(pam_sm_chauthtok(fake_pamh(), PAM_UPDATE_AUTHTOK, 0, NULL), PAM_PERM_DENIED);
	assert_int_equal(fake.n_shown, 1);
	assert_int_equal(fake.n_opened, 0);
}

/* --- the account phase --- */

static void test_account(void **state)
{
	static const struct {
		const char *reply;
		int error;
		int code;
	} cases[] = {
		{"{}", 0, PAM_SUCCESS},
		{"{\"parameters\":{}}", 0, PAM_SUCCESS},
		{DENIED("not-allowed"), 0, PAM_PERM_DENIED},
		{DENIED("denied"), 0, PAM_PERM_DENIED},
		{DENIED("unavailable"), 0, PAM_AUTHINFO_UNAVAIL},
		{"{\"error\":\"io.latchkey.NotOurs\"}", 0, PAM_USER_UNKNOWN},
		{"{\"error\":\"io.latchkey.NotPermitted\"}", 0, PAM_PERM_DENIED},
		{"{\"error\":\"io.latchkey.VersionMismatch\",\"parameters\":{}}", 0, PAM_AUTHINFO_UNAVAIL},
		{"{\"error\":\"what.ever\"}", 0, PAM_AUTHINFO_UNAVAIL},
		{"{\"error\":\"io.latchkey.Denied\"}", 0, PAM_AUTHINFO_UNAVAIL},
		{NULL, -EPIPE, PAM_AUTHINFO_UNAVAIL},
		{NULL, -ETIMEDOUT, PAM_AUTHINFO_UNAVAIL},
		{NULL, -EBADMSG, PAM_AUTHINFO_UNAVAIL},
		{NULL, -ENOMEM, PAM_AUTHINFO_UNAVAIL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fake_reset();
		fake_step(VERSION_REPLY, 0);
		fake_step(cases[i].reply, cases[i].error);
		assert_int_equal(account_phase(), cases[i].code);
		assert_string_equal(fake.calls[1], "io.latchkey.CheckAccount 0 {\"version\":1,\"user\":\"alice\","
						   "\"service\":\"sshd\",\"rhost\":\"192.0.2.7\",\"signed_in\":false}");
		assert_int_equal(fake.n_logged, cases[i].code != PAM_SUCCESS);
		assert_no_leftovers();
	}
}

static void account_after_sign_in(const char *name, const char *signed_in)
{
	fake_reset();
	fake_challenge();
	fake_step(GRANTED, 0);
	assert_int_equal(authenticate("conversation=live"), PAM_SUCCESS);
	strcpy(fake.user, name);
	fake_step(VERSION_REPLY, 0);
	fake_step("{}", 0);
	assert_int_equal(account_phase(), PAM_SUCCESS);
	assert_non_null(strstr(fake.calls[3], signed_in));
}

/* The mark is for the name that signed in, and for the last auth phase only. */
static void test_mark(void **state)
{
	(void)state;
	account_after_sign_in("alice", "\"signed_in\":true");
	account_after_sign_in("bob", "\"signed_in\":false");

	fake_reset();
	fake_challenge();
	fake_step(GRANTED, 0);
	assert_int_equal(authenticate("conversation=live"), PAM_SUCCESS);
	fake.open_error = -ENOENT;
	assert_int_equal(authenticate("conversation=live"), PAM_AUTHINFO_UNAVAIL);
	assert_null(fake.data);

	fake_reset();
	fake_challenge();
	fake.set_data_code = PAM_BUF_ERR;
	fake_step(GRANTED, 0);
	assert_int_equal(authenticate("conversation=live"), PAM_CRED_INSUFFICIENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_live, setup),
		cmocka_unit_test_setup(test_answers_mean_nothing, setup),
		cmocka_unit_test_setup(test_grant_without_challenge, setup),
		cmocka_unit_test_setup(test_lies, setup),
		cmocka_unit_test_setup(test_challenges_refused, setup),
		cmocka_unit_test_setup(test_ends, setup),
		cmocka_unit_test_setup(test_refusal_text, setup),
		cmocka_unit_test_setup(test_helper_down, setup),
		cmocka_unit_test_setup(test_versions, setup),
		cmocka_unit_test_setup(test_user_changed, setup),
		cmocka_unit_test_setup(test_public_key_only_from_sshd, setup),
		cmocka_unit_test_setup(test_names_not_ours, setup),
		cmocka_unit_test_setup(test_naughty_names, setup),
		cmocka_unit_test_setup(test_cannot_tell, setup),
		cmocka_unit_test_setup(test_wrong_argument, setup),
		cmocka_unit_test_setup(test_other_phases, setup),
		cmocka_unit_test_setup(test_account, setup),
		cmocka_unit_test_setup(test_mark, setup),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	fake_reset();
	return failed;
}
