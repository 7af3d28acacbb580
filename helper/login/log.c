/* SPDX-License-Identifier: MIT */
/*
 * Where every decision of the helper becomes one line. It must never wait for whoever reads the log, never print a
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
#define VALUE_MAX 288u

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

/* The same facts twice: words of one line, and fields that a search in the journal can name. */
struct decision {
	struct buf message;
	struct buf fields;
};

static void decision_done(struct decision *d)
{
	buf_done(&d->message);
	buf_done(&d->fields);
}

static void decision_add(struct decision *d, const char *field, const char *word, const char *value)
{
	char clean[VALUE_MAX];
	const char *quote;

	if (value == NULL)
		return;
	text_sanitise(clean, sizeof(clean), value, strlen(value), false);
	/* a quote inside would end our own quoting early */
	for (char *p = clean; *p != '\0'; p++)
		if (*p == '"')
			*p = '\'';

	quote = strchr(clean, ' ') != NULL ? "\"" : "";
	buf_printf(&d->message, "%s%s=%s%s%s", d->message.len > 0 ? " " : "", word, quote, clean, quote);
	buf_printf(&d->fields, "%s=%s\n", field, clean);
}

void log_decision(const struct log_decision *d)
{
	LK_CLEANUP(decision_done) struct decision line = {.message = {0}};
	char message[MESSAGE_MAX];
	char uid[16];

	buf_init(&line.message, ENTRY_MAX);
	buf_init(&line.fields, ENTRY_MAX);
	decision_add(&line, "LATCHKEY_DECISION", "decision", d->what);
	decision_add(&line, "LATCHKEY_RESULT", "result", d->result);
	decision_add(&line, "LATCHKEY_USER", "user", d->user != NULL ? d->user : "(unknown)");
	if (d->uid != 0) {
		(void)snprintf(uid, sizeof(uid), "%u", d->uid);
		decision_add(&line, "LATCHKEY_UID", "uid", uid);
	}
	decision_add(&line, "LATCHKEY_SERVICE", "service", d->service);
	decision_add(&line, "LATCHKEY_SOURCE", "from", d->source);
	decision_add(&line, "LATCHKEY_PROVIDER", "provider", d->provider);
	decision_add(&line, "LATCHKEY_SUBJECT", "subject", d->subject);
	decision_add(&line, "LATCHKEY_DETAIL", "detail", d->detail);
	if (buf_fault(&line.message) < 0 || buf_fault(&line.fields) < 0) {
		log_message(d->priority, "a decision could not be written: out of memory", "");
		return;
	}
	text_sanitise(message, sizeof(message), line.message.data, line.message.len, false);
	log_message(d->priority, message, line.fields.data);
}
