/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "helper/cli/command.h"

/**
 * ask_line() - a question on the error output, and the line that is typed
 * @text: foreign; sanitised here
 * @echo: what is typed may be seen
 * @out:  the line without its end, NUL-terminated; the caller wipes it
 * Where standard input is no terminal the line is read as it is.
 * Return: 0, -ENODATA there was none, -E2BIG it does not fit, other negative errno.
 */
int ask_line(const struct command *c, const char *text, bool echo, char *out, size_t size);
