/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>

/* Kills a process at its n-th system call, before the kernel does it: what kill -9 leaves behind, at every point where it makes a
 * difference to a file. */

/** killer_begin() - called by the victim: its system calls count from here on */
void killer_begin(void);

/**
 * killer_run() - run @victim in a child, and kill it
 * @n: at the system call with this number, 0 is the first
 * Return: true it was killed, false it had ended before and well.
 */
bool killer_run(void (*victim)(void *userdata), void *userdata, unsigned n);
