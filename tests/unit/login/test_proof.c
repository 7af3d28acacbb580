/* SPDX-License-Identifier: MIT */
/* What a remembered approval is bound to: a key or a place, never less. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "helper/login/proof.h"

#define ED25519 "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEogcOSgKwvCjU3sKExVTvODPTNSJRFzKDgaPiEymD8k"
#define ECDSA                                                                                                          \
	"ecdsa-sha2-nistp256 "                                                                                         \
	"AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBGNNwsMIjsy+13+Br329nNNdZ4Vh0MfV4lq5qyvuqSpXAmRPkEDz"     \
	"S66FKu7sdZfFKWULZoLH1hPFDjmBjN8buMk="

static const struct session_place place = {
	.real_uid = 1879048192,
	.login_uid = 1879048192,
	.audit_session = 7,
	.terminal = (136 << 8) | 3,
	.session = 4242,
	.leader_start = 123456,
	.pid_namespace = 4026531836,
};

/* The fingerprints are those of ssh-keygen -l. */
static void keys(void **state)
{
	struct proof a = {0};
	struct proof b = {0};
	struct proof again = {0};

	(void)state;
	assert_int_equal(proof_of_key(&a, ED25519), 0);
	assert_int_equal(a.kind, PROOF_KEY);
	assert_string_equal(a.text, "SHA256:uZzMo90w77qjIxPbn0L4a6Nvvsf/2LBdnjA2F5UxUVs");
	assert_int_equal(proof_of_key(&b, ECDSA), 0);
	assert_string_equal(b.text, "SHA256:FbfsvWlRgvfrF9w4/fA7e6MAwrtXXXTBiPRQ3DWqmVA");
	assert_int_equal(proof_of_key(&again, ED25519), 0);
	assert_true(proof_equal(&a, &again));
	assert_false(proof_equal(&a, &b));
}

/* R13, L6: nothing but one type and its own key. */
static void no_keys(void **state)
{
	static const char *const bad[] = {
		"",
		" ",
		"ssh-ed25519",
		"ssh-ed25519 ",
		" AAAAC3NzaC1lZDI1NTE5AAAAIEogcOSgKwvCjU3sKExVTvODPTNSJRFzKDgaPiEymD8k",
		"ssh-ed25519  AAAAC3NzaC1lZDI1NTE5AAAAIEogcOSgKwvCjU3sKExVTvODPTNSJRFzKDgaPiEymD8k",
		"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEogcOSgKwvCjU3sKExVTvODPTNSJRFzKDgaPiEymD8",
		ED25519 " alice@laptop",
		ED25519 "\n",
		ED25519 "=",
		ED25519 "====",
		/* of another type than it says */
		"ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIEogcOSgKwvCjU3sKExVTvODPTNSJRFzKDgaPiEymD8k",
		"ssh-ed2551 AAAAC3NzaC1lZDI1NTE5AAAAIEogcOSgKwvCjU3sKExVTvODPTNSJRFzKDgaPiEymD8k",
		/* a type and no key */
		"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5",
		"ssh-ed25519 AAAA",
		"ssh-ed25519 AA-AC3NzaC1lZDI1NTE5AAAAIEogcOSgKwvCjU3sKExVTvODPTNSJRFzKDgaPiEymD8k",
		"ssh-ed25519 A=AAC3NzaC1lZDI1NTE5AAAAIEogcOSgKwvCjU3sKExVTvODPTNSJRFzKDgaPiEymD8k",
	};
	struct proof p = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(proof_of_key(&p, bad[i]), -EBADMSG);
		assert_int_equal(p.kind, PROOF_NONE);
	}
}

/* L6: every truncation, and the limits of both parts. */
static void sizes(void **state)
{
	char *text = malloc(16384 + 100);
	struct proof p = {0};

	(void)state;
	assert_non_null(text);
	for (size_t len = 0; len < strlen(ED25519); len++) {
		memcpy(text, ED25519, len);
		text[len] = '\0';
		/* 4 bytes fewer is base64 again, and a shorter key is one to nobody but sshd */
		if (proof_of_key(&p, text) == 0)
			assert_true((len - strlen("ssh-ed25519 ")) % 4 == 0);
	}

	memset(text, 'A', 16384 + 1);
	memcpy(text, "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5", 32);
	text[16384] = '\0';
	assert_int_equal(strlen(text) % 4, 0);
	assert_int_equal(proof_of_key(&p, text), 0);
	p = (struct proof){0};
	strcpy(text + 16384, "AAAA");
	assert_int_equal(proof_of_key(&p, text), -EBADMSG);
	assert_int_equal(p.kind, PROOF_NONE);
	memset(text, 'a', 65);
	strcpy(text + 65, " AAAA");
	assert_int_equal(proof_of_key(&p, text), -EBADMSG);
	free(text);
}

/* Every single difference makes it another place. */
static void places(void **state)
{
	struct session_place other[7];
	struct proof here = {0};
	struct proof there = {0};

	(void)state;
	for (size_t i = 0; i < 7; i++)
		other[i] = place;
	other[0].login_uid++;
	other[1].audit_session++;
	other[2].terminal++;
	other[3].session++;
	other[4].leader_start++;
	other[5].pid_namespace++;
	other[6].audit_session = UINT32_MAX;

	assert_int_equal(proof_of_session(&here, &place, place.real_uid), 0);
	assert_int_equal(here.kind, PROOF_SESSION);
	assert_string_equal(here.text, "pts/3, session 4242");
	for (size_t i = 0; i < 7; i++) {
		assert_int_equal(proof_of_session(&there, &other[i], place.real_uid), 0);
		assert_false(proof_equal(&here, &there));
	}
	assert_int_equal(proof_of_session(&there, &place, place.real_uid), 0);
	assert_true(proof_equal(&here, &there));

	other[0].terminal = (4 << 8) | 1;
	assert_int_equal(proof_of_session(&there, &other[0], place.real_uid), 0);
	assert_string_equal(there.text, "tty1, session 4242");
	other[0].terminal = (4 << 8) | 64;
	assert_int_equal(proof_of_session(&there, &other[0], place.real_uid), 0);
	assert_string_equal(there.text, "terminal 4:64, session 4242");
}

static void no_places(void **state)
{
	struct session_place none[4];
	struct proof p = {0};

	(void)state;
	for (size_t i = 0; i < 4; i++)
		none[i] = place;
	none[0].terminal = 0;
	none[1].session = 0;
	none[2].leader_start = 0;
	none[3].pid_namespace = 0;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(proof_of_session(&p, &none[i], place.real_uid), -EINVAL);
	/* su: somebody else's terminal */
	assert_int_equal(proof_of_session(&p, &place, place.real_uid + 1), -EINVAL);
	assert_int_equal(proof_of_session(&p, &place, 0), -EINVAL);
	assert_int_equal(p.kind, PROOF_NONE);
}

static void none_equals_none(void **state)
{
	const struct proof none = {0};
	struct proof key = {0};

	(void)state;
	assert_int_equal(proof_of_key(&key, ED25519), 0);
	assert_false(proof_equal(&none, &none));
	assert_false(proof_equal(&none, &key));
	/* the same digest of another kind is none either */
	struct proof session = key;

	session.kind = PROOF_SESSION;
	assert_false(proof_equal(&session, &key));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys),   cmocka_unit_test(no_keys),   cmocka_unit_test(sizes),
		cmocka_unit_test(places), cmocka_unit_test(no_places), cmocka_unit_test(none_equals_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
