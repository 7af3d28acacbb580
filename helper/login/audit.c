/* SPDX-License-Identifier: MIT */
/*
 * Where every decision of the helper becomes one event: for a person who reads the log, for a search in the journal, and for
 * a program that reads the audit file. All three say the same in the same words. It must never print a secret, and
 * never let foreign text start a line or a member of its own.
 */
#include "helper/login/audit.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#include "helper/base/buf.h"
#include "helper/base/clock.h"
#include "helper/base/text.h"
#include "helper/login/audit_file.h"
#include "helper/login/log.h"

#define LINE_MAX_BYTES 8192u
#define VALUE_MAX 288u

/* The ids are those of packaging/latchkey.catalog, which explains each to an administrator. */
static const struct {
	const char *word;
	const char *message_id;
} kinds[AUDIT_KINDS] = {
	[AUDIT_ATTEMPT] = {"attempt", "316dd7f95dfd4296b2071f3bce384b8e"},
	[AUDIT_SIGN_IN] = {"sign-in", "7c26c5b7dba740a388ab1dadfab61ea5"},
	[AUDIT_ACCOUNT] = {"account", "a656a186250c48a9b6db6456a88f1f95"},
	[AUDIT_REFRESH] = {"refresh", "634c47002b954c6a9df8b69bb046c8ba"},
	[AUDIT_TOKEN] = {"token", "2ba40486069f45798f04eed6891dc19c"},
	[AUDIT_REVOCATION] = {"revocation", "eba79eb36ec74ff8ab8570fa74a5a236"},
	[AUDIT_SESSION_END] = {"session-end", "96fb8c7700b145ea873e750c7ea309df"},
	[AUDIT_APPROVAL] = {"approval", "9006703d0c1e4b1186b8b7f3860cf828"},
	[AUDIT_PIN] = {"pin", "81c805864ecc4a85bf39033f91f3e3b3"},
	[AUDIT_BREAK_GLASS] = {"break-glass", "27a7a7c5cbac459cbc6ae8651f45a3bf"},
	[AUDIT_FORGET] = {"forget", "e57a15a6e0484b6fa37664a1166cea3c"},
	[AUDIT_IMPORT] = {"import", "e57a15a6e0484b6fa37664a1166cea3c"},
	[AUDIT_RENAME] = {"rename", "e57a15a6e0484b6fa37664a1166cea3c"},
	[AUDIT_MOVE] = {"move", "e57a15a6e0484b6fa37664a1166cea3c"},
	[AUDIT_RELEASE] = {"release", "e57a15a6e0484b6fa37664a1166cea3c"},
	[AUDIT_CALL] = {"call", "864d3282610d4c56a9c7a799900caea3"},
	[AUDIT_GAP] = {"gap", "9f6c810cf78d486799b3721233959100"},
};

static struct audit_file *file;
static bool file_is_required;
static bool file_is_failing;
static uint64_t file_missed; /* events since then */

/* The same facts three times: words of one line, fields of the journal, members of a JSON object. */
struct audit_text {
	struct buf line;
	struct buf fields;
	struct buf json;
};

static void audit_text_done(struct audit_text *t)
{
	buf_done(&t->line);
	buf_done(&t->fields);
	buf_done(&t->json);
}

static void add_json(struct buf *json, const char *name, const char *clean, bool is_number)
{
	buf_printf(json, ",\"%s\":%s", name, is_number ? clean : "\"");
	if (is_number)
		return;
	/* It is printable ASCII without a quote by now. */
	for (const char *p = clean; *p != '\0'; p++) {
		if (*p == '\\')
			buf_append(json, "\\", 1);
		buf_append(json, p, 1);
	}
	buf_append(json, "\"", 1);
}

static void add_value(struct audit_text *t, const char *field, const char *word, const char *value, bool is_number)
{
	char clean[VALUE_MAX];
	const char *quote;

	if (value == NULL || value[0] == '\0')
		return;
	text_sanitise(clean, sizeof(clean), value, strlen(value), false);
	/* a quote inside would end our own quoting early */
	for (char *p = clean; *p != '\0'; p++)
		if (*p == '"')
			*p = '\'';

	quote = strchr(clean, ' ') != NULL ? "\"" : "";
	buf_printf(&t->line, "%s%s=%s%s%s", t->line.len > 0 ? " " : "", word, quote, clean, quote);
	buf_printf(&t->fields, "%s=%s\n", field, clean);
	add_json(&t->json, word, clean, is_number);
}

static void add(struct audit_text *t, const char *field, const char *word, const char *value)
{
	add_value(t, field, word, value, false);
}

static void add_time(struct buf *json)
{
	time_t now = (time_t)clock_realtime_s();
	char text[32] = "";
	struct tm tm;

	if (gmtime_r(&now, &tm) == NULL || strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		text[0] = '\0';
	buf_printf(json, "{\"time\":\"%s\"", text);
}

static int compose(struct audit_text *t, const struct audit_event *e)
{
	char uid[16];
	int r;

	buf_init(&t->line, LINE_MAX_BYTES);
	buf_init(&t->fields, LINE_MAX_BYTES);
	buf_init(&t->json, LINE_MAX_BYTES);
	add_time(&t->json);
	buf_printf(&t->fields, "MESSAGE_ID=%s\n", kinds[e->kind].message_id);
	add(t, "LATCHKEY_DECISION", "decision", kinds[e->kind].word);
	add(t, "LATCHKEY_RESULT", "result", e->result);
	add(t, "LATCHKEY_USER", "user", e->user != NULL ? e->user : "(unknown)");
	if (e->uid != 0) {
		(void)snprintf(uid, sizeof(uid), "%" PRIu32, e->uid);
		add_value(t, "LATCHKEY_UID", "uid", uid, true);
	}
	add(t, "LATCHKEY_SERVICE", "service", e->service);
	add(t, "LATCHKEY_SOURCE", "from", e->source);
	add(t, "LATCHKEY_PROVIDER", "provider", e->provider);
	add(t, "LATCHKEY_SUBJECT", "subject", e->subject);
	add(t, "LATCHKEY_REFERENCE", "reference", e->reference);
	add(t, "LATCHKEY_CAUSE", "cause", e->cause);
	add(t, "LATCHKEY_DETAIL", "detail", e->detail);
	buf_append_text(&t->json, "}\n");
	r = buf_fault(&t->line);
	if (r == 0)
		r = buf_fault(&t->fields);
	return r == 0 ? buf_fault(&t->json) : r;
}

/* Said once: a full disk must not fill the journal as well. */
static void note_fault(int error)
{
	if (!file_is_failing)
		log_line(LOG_ERR, "events are missing from the audit file from now on: %s%s", strerror(-error),
			 file_is_required ? "; nobody is let in" : "");
	file_is_failing = true;
}

/* How many are missing stands in the file itself, at the place where they are. Return: 0, negative errno. */
static int close_gap(void)
{
	LK_CLEANUP(audit_text_done) struct audit_text t = {.line = {0}};
	char detail[64];
	int r;

	if (file_missed == 0) {
		file_is_failing = false;
		return 0;
	}
	(void)snprintf(detail, sizeof(detail), "%" PRIu64 " events could not be written", file_missed);
	const struct audit_event e = {
		.kind = AUDIT_GAP, .priority = LOG_WARNING, .result = "missing", .detail = detail};

	r = compose(&t, &e);
	if (r == 0)
		r = audit_file_append(file, t.json.data, t.json.len);
	if (r < 0)
		return r;
	file_is_failing = false;
	file_missed = 0;
	log_event(e.priority, t.line.data, t.fields.data);
	return 0;
}

static int write_file(const struct audit_text *t)
{
	int r;

	if (file == NULL)
		return 0;
	r = close_gap();
	if (r == 0)
		r = audit_file_append(file, t->json.data, t->json.len);
	if (r < 0) {
		note_fault(r);
		file_missed++;
	}
	return file_is_required ? r : 0;
}

int audit_admit(const struct audit_event *e)
{
	LK_CLEANUP(audit_text_done) struct audit_text t = {.line = {0}};
	int r;

	r = compose(&t, e);
	if (r < 0) {
		log_line(e->priority, "an event could not be written: out of memory");
		return file_is_required ? r : 0;
	}
	r = write_file(&t);
	if (r < 0)
		return r;
	log_event(e->priority, t.line.data, t.fields.data);
	return 0;
}

void audit_write(const struct audit_event *e)
{
	LK_CLEANUP(audit_text_done) struct audit_text t = {.line = {0}};

	if (compose(&t, e) < 0) {
		log_line(e->priority, "an event could not be written: out of memory");
		return;
	}
	log_event(e->priority, t.line.data, t.fields.data);
	(void)write_file(&t);
}

int audit_open(const char *path, bool is_required)
{
	int r;

	audit_close();
	if (path == NULL)
		return 0;
	file_is_required = is_required;
	r = audit_file_new(&file, path, is_required);
	if (r < 0)
		return r;
	r = audit_file_append(file, "", 0);
	if (r < 0)
		note_fault(r);
	return 0;
}

void audit_close(void)
{
	audit_file_free(file);
	file = NULL;
	file_is_required = false;
	file_is_failing = false;
	file_missed = 0;
}
