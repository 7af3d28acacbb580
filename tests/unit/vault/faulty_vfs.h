/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>

/*
 * A file system for SQLite that fails where a test wants it to: the n-th write, sync or truncation from now on yields a
 * chosen error, and all that follow too. And one that forgets: what was written since the last sync of a file can be
 * taken back, as a power cut does.
 */

enum faulty_call {
	FAULTY_WRITE = 1,
	FAULTY_SYNC = 2,
	FAULTY_TRUNCATE = 4,
	FAULTY_READ = 8,
};

/** faulty_install() - stand before the default file system for all stores opened from now on */
void faulty_install(void);
void faulty_remove(void);

/** faulty_fail() - let @after calls of these kinds pass, then fail with SQLite's @error; 0 ends it */
void faulty_fail(int calls, unsigned after, int error);

/** faulty_kill() - the same, but the process dies by SIGKILL at that call */
void faulty_kill(int calls, unsigned after);

/** faulty_count() - calls of these kinds since faulty_fail() */
unsigned faulty_count(void);

/** faulty_power_cut() - undo in the files themselves what was not synced; the store must be abandoned, not closed */
void faulty_power_cut(void);
