/* SPDX-License-Identifier: MIT */
/*
 * Reads configuration files through libinih and says file and line of every fault. A gate looks at each line before
 * libinih does, because libinih cuts long lines and names, joins indented lines, drops what follows " ;" or "]" and
 * goes on after errors, all without a word. Must never pass on a value that reads differently from what was written.
 */
#include "helper/base/ini.h"

#include <dirent.h>
#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "helper/base/buf.h"
#include "helper/base/file.h"
#include "helper/base/text.h"

#define FILE_MAX 262144u
#define SECTION_MAX 49u /* libinih keeps 50 bytes with the NUL */
#define WHY_MAX 384u
#define BLANKS " \t"

struct reading {
	const char *name; /* for faults */
	const char *p, *end;
	unsigned long line;
	bool in_section;
	unsigned long empty_section; /* line of a section that has no key so far, or 0 */
	ini_key_fn on_key;
	void *userdata;
	struct ini_fault *fault;
	int r; /* the first fault ends the reading */
};

static int fault_at(struct reading *rd, int r, const char *why)
{
	char clean[WHY_MAX];

	text_sanitise(clean, sizeof(clean), why, strlen(why), true);
	(void)snprintf(rd->fault->text, sizeof(rd->fault->text), "%.120s:%lu: %s", rd->name, rd->line, clean);
	rd->r = r;
	return r;
}

static int fault_in(struct ini_fault *fault, int r, const char *path, const char *why)
{
	(void)snprintf(fault->text, sizeof(fault->text), "%.200s: %s", path, why);
	return r;
}

static bool all_in(const char *text, size_t len, const char *others)
{
	for (size_t i = 0; i < len; i++) {
		char ch = text[i];

		if ((ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9'))
			continue;
		if (ch == '\0' || !strchr(others, ch))
			return false;
	}
	return true;
}

static size_t trimmed_len(const char *line, size_t len)
{
	while (len > 0 && (line[len - 1] == ' ' || line[len - 1] == '\t'))
		len--;
	return len;
}

/* Nobody is told of a section without keys, yet its writer meant something: an empty [access sudo] would let [access]
 * govern sudo. */
static int check_last_section(struct reading *rd)
{
	if (rd->empty_section == 0)
		return 0;
	rd->line = rd->empty_section;
	return fault_at(rd, -EINVAL, "a section without a key");
}

static int check_section_line(struct reading *rd, const char *line, size_t len)
{
	int r = check_last_section(rd);

	if (r < 0)
		return r;
	if (line[len - 1] != ']')
		return fault_at(rd, -EINVAL, "a section line must end in ']'");
	if (len - 2 == 0 || len - 2 > SECTION_MAX || !all_in(line + 1, len - 2, " _.@:/-"))
		return fault_at(rd, -EINVAL, "a section's name has 1 to 49 letters, digits, blanks and _ . @ : / -");
	rd->in_section = true;
	rd->empty_section = rd->line;
	return 0;
}

/* libinih ends a value at " ;" and keeps " #"; either may be what the writer did not mean. */
static bool has_inline_comment(const char *value, size_t len)
{
	for (size_t i = 1; i < len; i++) {
		if ((value[i] == ';' || value[i] == '#') && (value[i - 1] == ' ' || value[i - 1] == '\t'))
			return true;
	}
	return false;
}

static int check_key_line(struct reading *rd, const char *line, size_t len)
{
	const char *equals = memchr(line, '=', len);
	size_t key_len;

	if (!equals)
		return fault_at(rd, -EINVAL, "expected 'key = value', a [section] or a comment");
	key_len = trimmed_len(line, (size_t)(equals - line));
	if (key_len == 0 || !all_in(line, key_len, "_.-"))
		return fault_at(rd, -EINVAL, "a key consists of letters, digits and _ . -");
	if (!rd->in_section)
		return fault_at(rd, -EINVAL, "a key must stand below a [section]");
	if (has_inline_comment(equals, len - (size_t)(equals - line)))
		return fault_at(rd, -EINVAL, "a comment needs a line of its own");
	rd->empty_section = 0;
	return 0;
}

static bool has_control(const char *line, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char ch = (unsigned char)line[i];

		if ((ch < 0x20 && ch != '\t') || ch == 0x7F)
			return true;
	}
	return false;
}

static int check_line(struct reading *rd, const char *line, size_t len)
{
	if (!text_is_utf8(line, len))
		return fault_at(rd, -EINVAL, "bytes that are not UTF-8");
	if (has_control(line, len))
		return fault_at(rd, -EINVAL, "a control character or NUL");

	len = trimmed_len(line, len);
	if (len == 0 || line[strspn(line, BLANKS)] == '#' || line[strspn(line, BLANKS)] == ';')
		return 0;
	if (line[0] == ' ' || line[0] == '\t')
		return fault_at(rd, -EINVAL, "an indented line (a value cannot go on over several lines)");
	if (line[0] == '[')
		return check_section_line(rd, line, len);
	return check_key_line(rd, line, len);
}

/* fgets() for libinih: one line from memory into @out, or NULL at the end or after a fault. */
static char *next_line(char *out, int size, void *stream)
{
	struct reading *rd = stream;
	const char *newline;
	size_t len, next;

	if (rd->r < 0 || rd->p == rd->end)
		return NULL;

	rd->line++;
	newline = memchr(rd->p, '\n', (size_t)(rd->end - rd->p));
	len = newline ? (size_t)(newline - rd->p) : (size_t)(rd->end - rd->p);
	next = newline ? len + 1 : len;
	if (len > 0 && rd->p[len - 1] == '\r')
		len--;

	if (len + 1 > (size_t)size) {
		char why[64];

		(void)snprintf(why, sizeof(why), "a line of %zu bytes, the most is %d", len, size - 1);
		(void)fault_at(rd, -EINVAL, why);
		return NULL;
	}
	memcpy(out, rd->p, len);
	out[len] = '\0';
	rd->p += next;
	return check_line(rd, out, len) < 0 ? NULL : out;
}

/* Returns 1 to go on, as libinih has it. */
static int take_key(void *userdata, const char *section, const char *key, const char *value)
{
	struct reading *rd = userdata;
	char why[WHY_MAX] = "";
	int r;

	r = rd->on_key(rd->userdata, section, key, value, why, sizeof(why));
	if (r < 0)
		(void)fault_at(rd, r, why[0] ? why : strerrordesc_np(-r));
	return 1;
}

int ini_read_text(const char *name, const char *text, size_t len, ini_key_fn on_key, void *userdata,
		  struct ini_fault *fault)
{
	struct reading rd = {
		.name = name,
		.p = text,
		.end = text + len,
		.on_key = on_key,
		.userdata = userdata,
		.fault = fault,
	};
	int r;

	r = ini_parse_stream(next_line, &rd, take_key, &rd);
	if (rd.r < 0)
		return rd.r;
	if (r == -2)
		return fault_in(fault, -ENOMEM, name, "out of memory");
	/* The gate and libinih disagree: what it would have skipped must not pass for read. */
	if (r != 0) {
		rd.line = r > 0 ? (unsigned long)r : 0;
		return fault_at(&rd, -EINVAL, "cannot be read");
	}
	return check_last_section(&rd);
}

static const char *file_trouble(int r)
{
	switch (r) {
	case -EPERM:
		return "must belong to root and be writable by root only";
	case -ELOOP:
		return "is a symbolic link";
	case -EINVAL:
		return "is not a regular file";
	case -E2BIG:
		return "is larger than 256 KiB";
	default:
		return strerrordesc_np(-r);
	}
}

static int read_one(const char *path, ini_key_fn on_key, void *userdata, struct ini_fault *fault)
{
	LK_CLEANUP(buf_done) struct buf text = {0};
	int r;

	r = file_read(&text, path, FILE_OWNER_ROOT, FILE_READABLE, FILE_MAX);
	if (r < 0)
		return fault_in(fault, r, path, file_trouble(r));
	return ini_read_text(path, text.data ? text.data : "", text.len, on_key, userdata, fault);
}

static int is_conf_file(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && text_has_suffix(entry->d_name, ".conf");
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int check_folder(const char *path, struct ini_fault *fault)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? -ENOENT : fault_in(fault, -errno, path, strerrordesc_np(errno));
	if (!S_ISDIR(st.st_mode))
		return fault_in(fault, -EINVAL, path, "is not a directory");
	if (st.st_uid != 0 || (st.st_mode & (S_IWGRP | S_IWOTH)))
		return fault_in(fault, -EPERM, path, file_trouble(-EPERM));
	return 0;
}

static int read_entry(const char *folder, const char *name, ini_key_fn on_key, void *userdata, struct ini_fault *fault)
{
	char *path;
	int r;

	if (asprintf(&path, "%s/%s", folder, name) < 0)
		return fault_in(fault, -ENOMEM, folder, "out of memory");
	r = read_one(path, on_key, userdata, fault);
	free(path);
	return r;
}

static int read_folder(const char *folder, ini_key_fn on_key, void *userdata, struct ini_fault *fault)
{
	struct dirent **entries = NULL;
	int n, r = 0;

	r = check_folder(folder, fault);
	if (r < 0)
		return r == -ENOENT ? 0 : r;

	n = scandir(folder, &entries, is_conf_file, by_bytes);
	if (n < 0)
		return fault_in(fault, -errno, folder, strerrordesc_np(errno));

	for (int i = 0; i < n; i++) {
		if (r == 0)
			r = read_entry(folder, entries[i]->d_name, on_key, userdata, fault);
		free(entries[i]);
	}
	free(entries);
	return r;
}

int ini_read_tree(const char *path, ini_key_fn on_key, void *userdata, struct ini_fault *fault)
{
	char *folder;
	int r;

	r = read_one(path, on_key, userdata, fault);
	if (r < 0)
		return r;

	if (asprintf(&folder, "%s.d", path) < 0)
		return fault_in(fault, -ENOMEM, path, "out of memory");
	r = read_folder(folder, on_key, userdata, fault);
	free(folder);
	return r;
}
