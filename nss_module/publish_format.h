/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdint.h>

/* What latchkeyd and latchkey-root say to each other: one question with a sealed memfd beside it (SCM_RIGHTS), one
 * answer, over a stream socket that root made. Fixed sizes, host byte order; unused bytes are zero. */

#define PUBLISH_MAGIC UINT32_C(0x31504b4c) /* "LKP1" */

enum publish_verb {
	PUBLISH_MAP = 1,
};

enum publish_status {
	PUBLISH_DONE = 1,
	PUBLISH_REFUSED = 2, /* the map is not what root's configuration allows */
	PUBLISH_FAILED = 3,  /* the system failed; asking again may help */
};

struct publish_question {
	uint32_t magic;
	uint32_t verb;
	uint64_t size; /* of the map, as the memfd has it */
};

struct publish_answer {
	uint32_t magic;
	uint32_t status;
	uint64_t serial;  /* of what is published now */
	char reason[240]; /* ASCII, NUL-terminated */
};

_Static_assert(sizeof(struct publish_question) == 16, "a record that crosses processes");
_Static_assert(sizeof(struct publish_answer) == 256, "a record that crosses processes");
