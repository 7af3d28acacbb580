/* SPDX-License-Identifier: MIT */
#pragma once

#include <stddef.h>

#include "helper/base/buf.h"

#define PROGRAM_OUTPUT_MAX (256u * 1024u)
#define PROGRAM_TIMEOUT_MS 20000u

/**
 * program_run() - run one of the machine's programs and take what it writes
 * @argv:   its path first; NULL-terminated
 * @output: of both of its streams, NUL-terminated where there is any; initialised here, release with buf_done()
 * Without descriptors, with an environment of two lines, killed after PROGRAM_TIMEOUT_MS or more than PROGRAM_OUTPUT_MAX bytes.
 * Return: its exit status; -ENOENT there is no such program; -ETIMEDOUT; -E2BIG; -EINTR a signal ended it; negative errno.
 */
int program_run(const char *const *argv, struct buf *output);
