/* SPDX-License-Identifier: MIT */
/*
 * "latchkey audit": reads the audit file of latchkeyd and asks nobody, so that it can also be read when the helper is down,
 * or on another machine. The file belongs to the service's user, who may have been taken over: nothing in it is believed,
 * followed or waited for, and whatever is not an event is counted and never printed.
 */
#include "helper/cli/audit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "helper/base/clock.h"
#include "helper/base/ini.h"
#include "helper/base/json.h"
#include "helper/base/text.h"
#include "helper/cli/render.h"
#include "helper/cli/verbs.h"

#define CONFIG_PATH "/etc/latchkey/latchkey.conf"
#define LINE_MAX_BYTES 16384u /* the helper writes at most half of it */
#define TIME_LEN 20u          /* "2026-11-26T01:20:15Z" */
#define WORD_MAX 512u
#define DAYS_MAX 36500u

struct reading {
	const struct command *command;
	char since[TIME_LEN + 1]; /* "" or a time, or a beginning of one; they compare as texts */
	uint64_t n_damaged;
};

/* --- which file ---------------------------------------------------------------------------------------------------- */

static int take_path(void *userdata, const char *section, const char *key, const char *value, char *why,
		     size_t why_size)
{
	char **path = userdata;

	(void)why;
	(void)why_size;
	if (strcmp(section, "latchkey") != 0 || strcmp(key, "audit_file") != 0)
		return 0;
	free(*path);
	*path = strdup(value);
	return *path != NULL ? 0 : -ENOMEM;
}

static enum command_exit open_path(const struct command *c, const char *path, FILE **ret)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return command_fail(c, COMMAND_FAILED, "%s: %s", path, strerror(errno));
	*ret = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? fdopen(fd, "r") : NULL;
	if (*ret != NULL)
		return COMMAND_OK;
	(void)close(fd);
	return command_fail(c, COMMAND_FAILED, "%s is no regular file", path);
}

static enum command_exit open_file(const struct command *c, FILE **ret)
{
	struct ini_fault fault = {.text = ""};
	char *path = NULL;
	enum command_exit status;

	if (c->arguments.file != NULL && strcmp(c->arguments.file, "-") == 0) {
		*ret = stdin;
		return COMMAND_OK;
	}
	if (c->arguments.file != NULL)
		return open_path(c, c->arguments.file, ret);
	if (ini_read_tree(CONFIG_PATH, take_path, &path, &fault) < 0)
		status = command_fail(c, COMMAND_FAILED, "%s", fault.text);
	else if (path == NULL)
		status = command_fail(c, COMMAND_FAILED,
				      "there is no audit_file in " CONFIG_PATH
				      "; the journal has the events: journalctl -t latchkeyd");
	else
		status = open_path(c, path, ret);
	free(path);
	return status;
}

/* --- since when ---------------------------------------------------------------------------------------------------- */

static void format_time(char out[TIME_LEN + 1], int64_t seconds)
{
	time_t when = (time_t)seconds;
	struct tm tm;

	if (gmtime_r(&when, &tm) == NULL || strftime(out, TIME_LEN + 1, "%Y-%m-%dT%H:%M:%SZ", &tm) != TIME_LEN)
		out[0] = '\0';
}

/* Is @text like @form, where '0' stands for any digit, as far as it goes? */
static bool has_form(const char *text, const char *form)
{
	for (; *text; text++, form++)
		if (*form == '0' ? *text < '0' || *text > '9' : *text != *form)
			return false;
	return true;
}

static bool is_time(const char *text)
{
	return strlen(text) == TIME_LEN && has_form(text, "0000-00-00T00:00:00Z");
}

/* Return: 0, -EINVAL. */
static int read_since(char out[TIME_LEN + 1], const char *text)
{
	static const struct {
		char unit;
		unsigned seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
	size_t len = strlen(text);
	char number[16];
	uint64_t n;

	if (is_time(text) || (len == strlen("2026-11-26") && has_form(text, "0000-00-00"))) {
		memcpy(out, text, len + 1);
		return 0;
	}
	if (len < 2 || len > sizeof(number))
		return -EINVAL;
	memcpy(number, text, len - 1);
	number[len - 1] = '\0';
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (text[len - 1] != units[i].unit || text_to_u64(&n, number, DAYS_MAX * 86400u / units[i].seconds) < 0)
			continue;
		format_time(out, clock_realtime_s() - (int64_t)n * units[i].seconds);
		return 0;
	}
	return -EINVAL;
}

/* --- the lines ----------------------------------------------------------------------------------------------------- */

static bool has_reference(const struct json_object *event, const char *key, const char *wanted)
{
	const char *value;

	return json_read_string(event, key, WORD_MAX, &value) == 0 && strcasecmp(value, wanted) == 0;
}

static bool is_wanted(const struct reading *r, const struct json_object *event, const char *when)
{
	const struct arguments *a = &r->command->arguments;
	const char *value;

	if (strcmp(when, r->since) < 0)
		return false;
	if (a->user != NULL && (json_read_string(event, "user", WORD_MAX, &value) != 0 || strcmp(value, a->user) != 0))
		return false;
	return a->reference == NULL || has_reference(event, "reference", a->reference) ||
	       has_reference(event, "cause", a->reference);
}

static void print_word(const struct command *c, const struct json_object *event, const char *before, const char *key,
		       const char *after)
{
	char text[RENDER_TEXT_MAX];
	const char *value;

	if (json_read_string(event, key, WORD_MAX, &value) != 0)
		return;
	text_sanitise(text, sizeof(text), value, strlen(value), c->utf8);
	(void)fprintf(c->out, "%s%s%s", before, text, after);
}

static void print_event(const struct command *c, const struct json_object *event, const char *when)
{
	char decision[64], result[64], user[64];

	render_member_text(c, decision, sizeof(decision), event, "decision");
	render_member_text(c, result, sizeof(result), event, "result");
	render_member_text(c, user, sizeof(user), event, "user");
	(void)fprintf(c->out, "%.10s %.8s  %-11s  %-14s  %-12s", when, when + strlen("2026-11-26T"), decision, result,
		      user);
	print_word(c, event, "  ", "service", "");
	print_word(c, event, " from ", "from", "");
	print_word(c, event, "  ", "reference", "");
	print_word(c, event, " asked under ", "cause", "");
	print_word(c, event, "  (", "detail", ")");
	(void)fputc('\n', c->out);
}

static void take_line(struct reading *r, const char *line, size_t len)
{
	LK_CLEANUP(json_object_putp) struct json_object *event = NULL;
	const char *when, *decision;

	if (json_parse(&event, line, len) < 0 || json_read_string(event, "time", TIME_LEN, &when) != 0 ||
	    !is_time(when) || json_read_string(event, "decision", WORD_MAX, &decision) != 0) {
		r->n_damaged++;
		return;
	}
	if (!is_wanted(r, event, when))
		return;
	if (r->command->arguments.json) {
		render_json(r->command->out, event);
		(void)fputc('\n', r->command->out);
	} else {
		print_event(r->command, event, when);
	}
}

/* A line that is too long is damaged as a whole; an empty one is what a line that was cut off may leave behind. */
static void end_line(struct reading *r, const char *line, size_t len)
{
	if (len > LINE_MAX_BYTES)
		r->n_damaged++;
	else if (len > 0)
		take_line(r, line, len);
}

static int read_lines(struct reading *r, FILE *f)
{
	char line[LINE_MAX_BYTES];
	size_t len = 0;
	int byte;

	errno = 0;
	while ((byte = getc(f)) != EOF) {
		if (byte == '\n') {
			end_line(r, line, len);
			len = 0;
		} else if (len < sizeof(line)) {
			line[len++] = (char)byte;
		} else {
			len = sizeof(line) + 1;
		}
	}
	if (len > 0)
		r->n_damaged++; /* the last one is being written, or was cut off */
	return ferror(f) ? -errno : 0;
}

enum command_exit audit_read(const struct command *c, FILE *f)
{
	struct reading r = {.command = c};
	int fault;

	if (c->arguments.since != NULL && read_since(r.since, c->arguments.since) < 0)
		return command_fail(c, COMMAND_MISUSE,
				    "--since is like 2026-11-26, 2026-11-26T01:20:15Z, 30m, 12h or 7d");
	fault = read_lines(&r, f);
	if (fault < 0)
		return command_fail(c, COMMAND_FAILED, "the file cannot be read to its end: %s", strerror(-fault));
	if (r.n_damaged > 0)
		(void)command_fail(c, COMMAND_OK,
				   "lines that are no events, because they were cut off or damaged: %llu",
				   (unsigned long long)r.n_damaged);
	return COMMAND_OK;
}

enum command_exit verb_audit(const struct command *c)
{
	enum command_exit status;
	FILE *f = NULL;

	status = open_file(c, &f);
	if (status == COMMAND_OK)
		status = audit_read(c, f);
	if (f != NULL && f != stdin)
		(void)fclose(f);
	return status;
}
