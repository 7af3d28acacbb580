/* SPDX-License-Identifier: MIT */
/*
 * Where what the helper says becomes one line. It must never wait for whoever reads the log, never print a
 * secret and never let foreign text start a line of its own.
 */
#include "helper/login/log.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include "helper/base/buf.h"
#include "helper/base/text.h"

#define JOURNAL_SOCKET "/run/systemd/journal/socket"
#define MESSAGE_MAX 1024u
#define ENTRY_MAX 8192u

static bool log_to_journal;
static int journal_fd = -1;

void log_open(enum log_target target)
{
	switch (target) {
	case LOG_TARGET_JOURNAL:
		log_to_journal = true;
		break;
	case LOG_TARGET_STDERR:
		log_to_journal = false;
		break;
	case LOG_TARGET_AUTO:
		log_to_journal = getenv("JOURNAL_STREAM") != NULL;
		break;
	}
	if (log_to_journal && journal_fd < 0)
		journal_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

/* In one piece, so that lines of several processes on one descriptor do not mix. Dropped rather than waited for: under
 * systemd stderr is a socket of the journal's, and a reader that has stopped must not stop sign-ins (C13). */
static void write_stderr(int priority, const char *message)
{
	struct pollfd out = {.fd = STDERR_FILENO, .events = POLLOUT};
	char line[MESSAGE_MAX + 32];
	int len;

	len = snprintf(line, sizeof(line), "<%d>latchkeyd: %s\n", priority, message);
	if (len <= 0 || (size_t)len >= sizeof(line))
		return;
	if (send(STDERR_FILENO, line, (size_t)len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno == ENOTSOCK &&
	    poll(&out, 1, 0) == 1)
		(void)!write(STDERR_FILENO, line, (size_t)len);
}

/* The journal's native protocol: "FIELD=value" lines in one datagram (systemd.io/JOURNAL_NATIVE_PROTOCOL). libsystemd's
 * own call would wait for as long as the journal's queue is full (C13), and drops the entry in silence where there is no
 * journal. No value holds a line feed: all have passed the sanitiser. */
static bool send_journal(int priority, const char *message, const char *fields)
{
	const struct sockaddr_un journal = {.sun_family = AF_UNIX, .sun_path = JOURNAL_SOCKET};
	LK_CLEANUP(buf_done) struct buf entry = {0};

	buf_init(&entry, ENTRY_MAX);
	buf_printf(&entry, "MESSAGE=%s\nPRIORITY=%d\nSYSLOG_IDENTIFIER=latchkeyd\n%s", message, priority, fields);
	return journal_fd >= 0 && buf_fault(&entry) == 0 &&
	       sendto(journal_fd, entry.data, entry.len, MSG_DONTWAIT | MSG_NOSIGNAL, (const struct sockaddr *)&journal,
		      sizeof(journal)) >= 0;
}

static void log_message(int priority, const char *message, const char *fields)
{
	if (!log_to_journal || !send_journal(priority, message, fields))
		write_stderr(priority, message);
}

void log_line(int priority, const char *format, ...)
{
	char raw[MESSAGE_MAX];
	char clean[MESSAGE_MAX];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(raw, sizeof(raw), format, args);
	va_end(args);
	text_sanitise(clean, sizeof(clean), raw, strlen(raw), false);
	log_message(priority, clean, "");
}

void log_event(int priority, const char *line, const char *fields)
{
	char clean[MESSAGE_MAX];

	text_sanitise(clean, sizeof(clean), line, strlen(line), false);
	log_message(priority, clean, fields);
}
