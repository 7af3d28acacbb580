/* SPDX-License-Identifier: MIT */
/* Root's own file in root's own folder; read strictly all the same, since what it names is written to. */
#include "helper/setup/record_list.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "helper/base/json.h"
#include "helper/base/text.h"

#define VERSION 1
#define UNIT_MAX 128u

static bool is_hash(const char *text)
{
	return strlen(text) == RECORD_HASH_SIZE - 1 && strspn(text, "0123456789abcdef") == RECORD_HASH_SIZE - 1;
}

/* An absolute path without a way up. */
static bool is_path(const char *text)
{
	return text[0] == '/' && text[1] != '\0' && strstr(text, "//") == NULL && strstr(text, "/.") == NULL;
}

static int read_hashes(struct record_file *f, const struct json_object *o)
{
	struct json_object *list;

	if (json_read_array(o, "ours", RECORD_CONTENTS_MAX, &list) != 0)
		return -EBADMSG;
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *item = json_object_array_get_idx(list, i);

		if (!json_object_is_type(item, json_type_string) || !is_hash(json_object_get_string(item)))
			return -EBADMSG;
		memcpy(f->ours[f->n_ours++], json_object_get_string(item), RECORD_HASH_SIZE);
	}
	return 0;
}

static int read_file(struct record *r, const struct json_object *o)
{
	struct record_file *f = &r->files[r->n];
	const char *path;
	int64_t mode, uid, gid;

	*f = (struct record_file){.path = NULL};
	if (json_read_string(o, "path", PATH_MAX - 1, &path) != 0 || !is_path(path) ||
	    json_read_bool(o, "existed", &f->existed) != 0 || json_read_bool(o, "had_folder", &f->had_folder) != 0 ||
	    json_read_bool(o, "secret", &f->is_secret) != 0 || json_read_int(o, "mode", 0, 07777, &mode) != 0 ||
	    json_read_int(o, "uid", 0, UINT32_MAX - 1, &uid) != 0 ||
	    json_read_int(o, "gid", 0, UINT32_MAX - 1, &gid) != 0 || read_hashes(f, o) != 0)
		return -EBADMSG;
	f->was = (struct replace_owner){(mode_t)mode, (uid_t)uid, (gid_t)gid};
	f->path = strdup(path);
	if (f->path == NULL)
		return -ENOMEM;
	r->n++;
	return 0;
}

static int read_unit(struct record *r, struct json_object *item)
{
	const char *name = json_object_is_type(item, json_type_string) ? json_object_get_string(item) : "";

	if (name[0] == '\0' || name[0] == '-' || strlen(name) > UNIT_MAX)
		return -EBADMSG;
	r->units[r->n_units] = strdup(name);
	if (r->units[r->n_units] == NULL)
		return -ENOMEM;
	r->n_units++;
	return 0;
}

int record_list_parse(struct record *r, const char *text, size_t len)
{
	LK_CLEANUP(json_object_putp) struct json_object *o = NULL;
	struct json_object *files;
	struct json_object *units;
	int64_t version;
	int e = json_parse(&o, text, len);

	if (e < 0)
		return e == -ENOMEM ? e : -EBADMSG;
	if (json_read_int(o, "version", VERSION, VERSION, &version) != 0 ||
	    json_read_array(o, "files", CHANGES_MAX, &files) != 0 ||
	    json_read_array(o, "units", RECORD_UNITS_MAX, &units) != 0)
		return -EBADMSG;
	for (size_t i = 0; e == 0 && i < json_object_array_length(files); i++)
		e = read_file(r, json_object_array_get_idx(files, i));
	for (size_t i = 0; e == 0 && i < json_object_array_length(units); i++)
		e = read_unit(r, json_object_array_get_idx(units, i));
	return e;
}

static void write_string(struct buf *out, const char *text)
{
	json_write_string(out, text, strlen(text));
}

static void write_file(const struct record_file *f, struct buf *out)
{
	buf_append_text(out, "{\"path\":");
	write_string(out, f->path);
	buf_printf(out, ",\"existed\":%s,\"had_folder\":%s,\"secret\":%s,\"mode\":%u,\"uid\":%u,\"gid\":%u,\"ours\":[",
		   f->existed ? "true" : "false", f->had_folder ? "true" : "false", f->is_secret ? "true" : "false",
		   f->was.mode, f->was.uid, f->was.gid);
	for (size_t i = 0; i < f->n_ours; i++)
		buf_printf(out, "%s\"%s\"", i > 0 ? "," : "", f->ours[i]);
	buf_append_text(out, "]}");
}

int record_list_write(const struct record *r, struct buf *out)
{
	buf_printf(out, "{\"version\":%d,\n\"files\":[\n", VERSION);
	for (size_t i = 0; i < r->n; i++) {
		write_file(&r->files[i], out);
		buf_append_text(out, i + 1 < r->n ? ",\n" : "\n");
	}
	buf_append_text(out, "],\n\"units\":[");
	for (size_t i = 0; i < r->n_units; i++) {
		buf_append_text(out, i > 0 ? "," : "");
		write_string(out, r->units[i]);
	}
	buf_append_text(out, "]}\n");
	return buf_fault(out);
}
