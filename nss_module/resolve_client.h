/* SPDX-License-Identifier: MIT */
#pragma once

#include <pwd.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "nss_module/resolve_format.h"

/* The one question of a login program about a name that the map does not hold. */

/** resolve_caller_may_ask() - is this process a login program of root: real and effective uid 0, not started with raised
 *  privileges, and its executable in the built-in list. No system call after the first time where it is not one. */
bool resolve_caller_may_ask(void);

enum resolve_program {
	RESOLVE_NOT_LOOKED,
	RESOLVE_LOGIN_PROGRAM,
	RESOLVE_OTHER_PROGRAM,
};

/* What is executed never changes within a process; who it runs as does. Written by resolve_caller_may_ask() alone. */
extern _Atomic int resolve_program;

/** resolve_is_other_program() - is it known that resolve_caller_may_ask() says no, whoever the process runs as */
static inline bool resolve_is_other_program(void)
{
	return atomic_load_explicit(&resolve_program, memory_order_relaxed) == RESOLVE_OTHER_PROGRAM;
}

/** resolve_program_is_listed() - the built-in list alone */
bool resolve_program_is_listed(const char *path);

/** resolve_name_is_possible() - could any configuration make such an account: [a-z_][a-z0-9_.@-]{0,31} */
bool resolve_name_is_possible(const char *name);

/** resolve_ask() - one attempt, at most RESOLVE_TIMEOUT_MS
 * @socket_path: absolute; its folder must belong to @owner and be closed to others, and @owner must have made the listener
 * @ret:  set only on 0, and checked: terminated, no ':' or control characters, absolute paths, the name that was asked
 * Return: 0, -ENOENT for no answer of any kind. errno and the descriptors of the process are as before. */
int resolve_ask(const char *socket_path, uid_t owner, const char *name, struct resolve_answer *ret);

/** resolve_answer_is_sound() - the check of resolve_ask() */
bool resolve_answer_is_sound(const struct resolve_answer *a, const char *name);
