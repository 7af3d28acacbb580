/* SPDX-License-Identifier: MIT */
/*
 * Where every decision of the helper becomes one line. It must never block a login for long, never print a secret and
 * never let foreign text start a line of its own.
 */
#include "helper/login/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <syslog.h>
#include <unistd.h>

#include <systemd/sd-journal.h>

#include "helper/base/text.h"

#define LINE_MAX_BYTES 1024u
#define FIELD_MAX_BYTES 320u

static bool log_to_journal;

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
}

/* One write(), so that lines of several processes on one descriptor do not mix. */
static void write_stderr(int priority, const char *text)
{
	char line[LINE_MAX_BYTES + 32];
	int n;

	n = snprintf(line, sizeof(line), "<%d>latchkeyd: %s\n", priority, text);
	if (n > 0)
		(void)!write(STDERR_FILENO, line, (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1);
}

void log_line(int priority, const char *format, ...)
{
	char raw[LINE_MAX_BYTES];
	char clean[LINE_MAX_BYTES];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(raw, sizeof(raw), format, args);
	va_end(args);
	text_sanitise(clean, sizeof(clean), raw, strlen(raw), false);

	if (!log_to_journal || sd_journal_send("MESSAGE=%s", clean, "PRIORITY=%i", priority, NULL) < 0)
		write_stderr(priority, clean);
}

struct field {
	char text[FIELD_MAX_BYTES];
};

#define FIELDS_MAX 12u /* nine below, message and priority, one to spare */

struct line {
	struct field fields[FIELDS_MAX];
	struct iovec iov[FIELDS_MAX];
	int n;
	char message[LINE_MAX_BYTES];
	size_t len;
};

static void line_add_message(struct line *l, const char *key, const char *clean)
{
	int n;

	n = snprintf(l->message + l->len, sizeof(l->message) - l->len, "%s%s=%s%s%s", l->len > 0 ? " " : "", key,
		     strchr(clean, ' ') != NULL ? "\"" : "", clean, strchr(clean, ' ') != NULL ? "\"" : "");
	if (n > 0)
		l->len += (size_t)n;
	if (l->len >= sizeof(l->message))
		l->len = sizeof(l->message) - 1;
}

static void line_add(struct line *l, const char *journal_key, const char *key, const char *value)
{
	char clean[FIELD_MAX_BYTES - 32];
	struct field *f;

	if (value == NULL || (size_t)l->n >= FIELDS_MAX)
		return;

	text_sanitise(clean, sizeof(clean), value, strlen(value), false);
	/* A quote inside would end our own quoting early. */
	for (char *p = clean; *p != '\0'; p++)
		if (*p == '"')
			*p = '\'';

	line_add_message(l, key, clean);
	f = &l->fields[l->n];
	(void)snprintf(f->text, sizeof(f->text), "%s=%s", journal_key, clean);
	l->iov[l->n] = (struct iovec){.iov_base = f->text, .iov_len = strlen(f->text)};
	l->n++;
}

void log_decision(const struct log_decision *d)
{
	struct line l = {.n = 0};
	char message[LINE_MAX_BYTES + 16];
	char priority[16];
	char uid[16];
	int n;

	line_add(&l, "LATCHKEY_DECISION", "decision", d->what);
	line_add(&l, "LATCHKEY_RESULT", "result", d->result);
	line_add(&l, "LATCHKEY_USER", "user", d->user != NULL ? d->user : "(unknown)");
	if (d->uid != 0) {
		(void)snprintf(uid, sizeof(uid), "%u", d->uid);
		line_add(&l, "LATCHKEY_UID", "uid", uid);
	}
	line_add(&l, "LATCHKEY_SERVICE", "service", d->service);
	line_add(&l, "LATCHKEY_SOURCE", "from", d->source);
	line_add(&l, "LATCHKEY_PROVIDER", "provider", d->provider);
	line_add(&l, "LATCHKEY_SUBJECT", "subject", d->subject);
	line_add(&l, "LATCHKEY_DETAIL", "detail", d->detail);

	if (!log_to_journal) {
		write_stderr(d->priority, l.message);
		return;
	}
	(void)snprintf(message, sizeof(message), "MESSAGE=%s", l.message);
	(void)snprintf(priority, sizeof(priority), "PRIORITY=%d", d->priority);
	n = l.n;
	l.iov[n++] = (struct iovec){.iov_base = message, .iov_len = strlen(message)};
	l.iov[n++] = (struct iovec){.iov_base = priority, .iov_len = strlen(priority)};
	if (sd_journal_sendv(l.iov, n) < 0)
		write_stderr(d->priority, l.message);
}
