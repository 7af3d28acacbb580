/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdint.h>

/* What latchkeyd and latchkey-root say to each other: one question, which for PUBLISH_MAP has a sealed memfd beside it
 * (SCM_RIGHTS), and one answer, over a stream socket that root made. Fixed sizes, host byte order; unused bytes are zero. */

#define PUBLISH_MAGIC UINT32_C(0x31504b4c) /* "LKP1" */

enum publish_verb {
	PUBLISH_MAP = 1,
	/* One stroke each against everything that a person of the published map runs; the answer says what it found. */
	END_SESSION = 2,     /* logind and SIGTERM */
	END_SESSION_NOW = 3, /* logind and SIGKILL */
};

enum publish_status {
	PUBLISH_DONE = 1,
	PUBLISH_REFUSED = 2,    /* the map is not what root's configuration allows, or the uid is nobody's of the map */
	PUBLISH_FAILED = 3,     /* the system failed; asking again may help */
	END_SESSION_STRUCK = 4, /* processes were there, and are on their way out perhaps: ask again */
};

struct publish_question {
	uint32_t magic;
	uint32_t verb;
	union {
		uint64_t size; /* of the map, as the memfd has it */
		uint64_t uid;  /* whose sessions end */
	};
};

struct publish_answer {
	uint32_t magic;
	uint32_t status;
	union {
		uint64_t serial;  /* of what is published now */
		uint64_t n_found; /* processes of that uid, before the stroke */
	};
	char reason[240]; /* ASCII, NUL-terminated */
};

_Static_assert(sizeof(struct publish_question) == 16, "a record that crosses processes");
_Static_assert(sizeof(struct publish_answer) == 256, "a record that crosses processes");
