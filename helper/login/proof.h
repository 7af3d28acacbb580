/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* What a caller has to show again where an approval is remembered: the key that its SSH connection has proved, or the login
 * session and terminal that it runs in. An address is none: many people share one. */

#define PROOF_DIGEST_SIZE 32u
#define PROOF_TEXT_MAX 64u

enum proof_kind {
	PROOF_NONE = 0,
	PROOF_KEY,
	PROOF_SESSION,
};

/* Where a program runs, as the PAM module reads it from the kernel. */
struct session_place {
	uint32_t real_uid;      /* of the program: who calls sudo */
	uint32_t login_uid;     /* of the audit session, UINT32_MAX where there is none */
	uint32_t audit_session; /* UINT32_MAX: none */
	uint32_t terminal;      /* device number of the controlling terminal */
	uint32_t session;       /* process id of the session's leader */
	uint64_t leader_start;  /* when that began, in clock ticks since boot: ids come again, both together do not */
	uint64_t pid_namespace; /* what the ids mean something in */
};

struct proof {
	enum proof_kind kind;
	uint8_t digest[PROOF_DIGEST_SIZE]; /* all of what must be the same */
	char text[PROOF_TEXT_MAX];         /* for people: the key's fingerprint, or the terminal */
};

/**
 * proof_of_key() - of "TYPE BASE64", as sshd writes a key or certificate in SSH_AUTH_INFO_0
 * @ret: set on 0 only
 * The same key is the same bytes: another certificate for the same key is another proof.
 * Return: 0, -EBADMSG no such text, or its type and what is encoded do not agree.
 */
int proof_of_key(struct proof *ret, const char *key);

/**
 * proof_of_session() - of a place whose program was started by @uid itself
 * @ret: set on 0 only
 * Return: 0; -EINVAL no terminal, no leader, or the program's real uid is another: su and login are asked by one person for
 * another.
 */
int proof_of_session(struct proof *ret, const struct session_place *place, uint32_t uid);

/** proof_equal() - two that are none are not equal */
bool proof_equal(const struct proof *a, const struct proof *b);
