/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdint.h>

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

/* One decision about one person. NULL where something is not known. */
struct log_decision {
	int priority;
	const char *what;   /* "sign-in", "account" */
	const char *result; /* "granted" or a reason of names.h */
	const char *user;   /* NULL for a name that nobody has proved: it may be a password typed in the wrong place */
	const char *service;
	const char *source; /* client address */
	const char *provider;
	const char *subject;
	uint32_t uid; /* 0: none */
	const char *detail;
};

/** log_decision() - one line for each decision, with journal fields LATCHKEY_* */
void log_decision(const struct log_decision *d);
