/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where this program runs: the login session and terminal that an approval can be remembered for. All of it is the
 * kernel's word; nothing that a user could set is read. */
struct place {
	uint32_t real_uid;
	uint32_t login_uid;     /* of the audit session; UINT32_MAX: none */
	uint32_t audit_session; /* UINT32_MAX: none */
	uint32_t terminal;      /* device number of the controlling terminal */
	int32_t leader;         /* of the session */
	uint64_t leader_start;  /* clock ticks since boot */
	uint64_t pid_namespace;
};

/**
 * place_find() - of the process that calls
 * Return: true; false where there is no controlling terminal, the leader of the session has ended, or /proc cannot be read:
 * then nothing is remembered, as sudo does it.
 */
bool place_find(struct place *ret);

/* What counts of a line of /proc/PID/stat, proc(5). */
struct place_stat {
	int32_t session;
	uint32_t terminal; /* 0: none */
	uint64_t start;
};

/** place_parse_stat() - @text: NUL-terminated. The program's name in it may hold anything. Return: 0, -EBADMSG. */
int place_parse_stat(struct place_stat *ret, const char *text);
