/* SPDX-License-Identifier: MIT */
#pragma once

#include <stddef.h>
#include <sys/types.h>

/* A person's processes: those that one of them could end, by the kernel's rule for kill(2), which goes by real and saved
 * uid. So a setuid program that the person started is one of them, and a daemon of root that reads a file in the person's
 * name (effective uid) is not. */

/**
 * processes_signal() - send @sig to all of them at once
 * One system call in the person's own name, which no fork escapes: the kernel holds its list of processes meanwhile, and a
 * process with a signal pending cannot fork. It cannot reach anybody else's process, whatever goes wrong with numbers here,
 * since the kernel checks each; it does reach what the person runs under other ids in user namespaces of the person's own.
 * @uid: from MAP_ID_FLOOR on
 * Return: 0, -EPERM where this process may not become somebody, other negative errno.
 */
int processes_signal(uid_t uid, int sig);

/**
 * processes_count() - how many are there now
 * A process whose first thread has ended while others live counts, one that has ended and waits for its parent does not.
 * Return: 0, negative errno: then nobody knows.
 */
int processes_count(uid_t uid, size_t *ret);
