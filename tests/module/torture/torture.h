/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the writer and the readers of the torture test share, in memory that forked children share too. */

#define TORTURE_UID_MIN UINT32_C(0x70000000)
#define TORTURE_UID_MAX UINT32_C(0x7FFFFFFE)
#define TORTURE_READERS 64u
#define TORTURE_RING 4096u

struct torture {
	_Atomic uint64_t started; /* newest generation that any file could hold */
	_Atomic uint64_t n_of[TORTURE_RING];
	_Atomic uint64_t
		of_serial[TORTURE_RING]; /* the generation that a publication carries, noted before it is sent */
	_Atomic uint64_t damage;         /* odd while the files are not what latchkey-root made */
	_Atomic bool is_over;
	_Atomic uint64_t wrong;
	char what[512]; /* the first that was wrong */
	_Atomic uint64_t alive[TORTURE_READERS];
	_Atomic uint64_t found;
	_Atomic uint64_t missing;
	_Atomic uint64_t forks;
	_Atomic uint64_t cancelled;
	_Atomic uint64_t loads;
	_Atomic uint64_t walks; /* whole enumerations */
};

/** torture_wrong() - note a fault; the first one's text is kept */
void torture_wrong(struct torture *t, const char *format, ...) __attribute__((__format__(__printf__, 2, 3)));

/** torture_must() - what the test itself needs; ends the program with the errno's text */
void torture_must(bool ok, const char *what);

/** torture_namespace() - be root in a mount namespace with a /var/lib of its own */
void torture_namespace(void);

/** torture_random() - xorshift; @state must not be 0 */
static inline uint64_t torture_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}
