/* SPDX-License-Identifier: MIT */
#pragma once

#include "helper/base/cleanup.h"

/* The helper's log: the journal with fields where there is one, else lines on stderr with a priority prefix. Foreign
 * text passes the sanitiser; codes, tokens, headers and bodies are never handed to it. */

enum log_target {
	LOG_TARGET_AUTO = 0,
	LOG_TARGET_JOURNAL,
	LOG_TARGET_STDERR
};

/** log_open() - LOG_TARGET_AUTO takes the journal when systemd connected stderr to it */
void log_open(enum log_target target);

/** log_line() - one line at a syslog priority; the formatted text is cut at 1 KiB and sanitised */
void log_line(int priority, const char *format, ...) LK_PRINTF(2, 3);

/**
 * log_event() - a line with fields of the journal's (audit.h makes both)
 * @line: cut at 1 KiB and sanitised
 * @fields: "NAME=value\n" for each; sanitised already
 */
void log_event(int priority, const char *line, const char *fields);
