/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdint.h>

/* The one question that the NSS module asks the helper, over a SEQPACKET socket: may this unknown name have an answer
 * before its first login? Fixed sizes, host byte order, libc only: it runs inside sshd before anybody has proved
 * anything. Both records are zero where unused. A change of layout changes the magic. */

#define RESOLVE_SOCKET_PATH "/run/latchkey/resolve"
#define RESOLVE_MAGIC UINT32_C(0x314b4c52) /* "RLK1" */
#define RESOLVE_TIMEOUT_MS 2000

enum resolve_status {
	RESOLVE_FOUND = 1,
	RESOLVE_NOT_FOUND = 2, /* also for every refusal: the caller must not learn which */
};

struct resolve_question {
	uint32_t magic;
	uint32_t family;     /* AF_INET, AF_INET6, or 0 where there is no client */
	uint8_t address[16]; /* network order; IPv4 in the first four bytes */
	char name[64];       /* NUL-terminated */
};

struct resolve_answer {
	uint32_t magic;
	uint32_t status;
	uint32_t uid;
	uint32_t gid;
	char name[64];
	char gecos[128];
	char home[256];
	char shell[128];
};

_Static_assert(sizeof(struct resolve_question) == 88, "a record that crosses processes");
_Static_assert(sizeof(struct resolve_answer) == 592, "a record that crosses processes");
