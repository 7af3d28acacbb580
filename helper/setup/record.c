/* SPDX-License-Identifier: MIT */
/* What files were and what we made of them. Contents lie beside the list, each in a file of its own; of secrets only the hash
 * of ours is kept, and what was there before. */
#include "helper/setup/record.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "helper/base/file.h"
#include "helper/setup/record_list.h"

#define STATE_FOLDER "/var/lib/latchkey"

static const struct replace_owner root_only = {.mode = 0600};

void record_done(struct record *r)
{
	for (size_t i = 0; i < r->n; i++)
		free(r->files[i].path);
	for (size_t i = 0; i < r->n_units; i++)
		free(r->units[i]);
	r->n = r->n_units = 0;
}

static int hash_of(char out[RECORD_HASH_SIZE], const struct buf *content)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	if (EVP_Digest(content->data ? content->data : "", content->len, digest, &len, EVP_sha256(), NULL) != 1 ||
	    len * 2 + 1 != RECORD_HASH_SIZE)
		return -ENOMEM;
	for (unsigned i = 0; i < len; i++)
		(void)snprintf(out + (size_t)i * 2, 3, "%02x", digest[i]);
	return 0;
}

static size_t find(const struct record *r, const char *path)
{
	size_t i = 0;

	while (i < r->n && strcmp(r->files[i].path, path) != 0)
		i++;
	return i;
}

static bool has_hash(const struct record_file *f, const char *hash)
{
	for (size_t i = 0; i < f->n_ours; i++) {
		if (strcmp(f->ours[i], hash) == 0)
			return true;
	}
	return false;
}

/* Where a content of @path lies: '/' cannot stand in a name. NULL without memory. */
static char *content_path(const struct record *r, const char *path, const char *kind)
{
	size_t start = strlen(r->root) + strlen(RECORD_FOLDER) + 1;
	char *out;

	if (asprintf(&out, "%s" RECORD_FOLDER "/%s.%s", r->root, path + 1, kind) < 0)
		return NULL;
	for (char *p = strchr(out + start, '/'); p != NULL; p = strchr(p, '/'))
		*p = '%';
	return out;
}

static int write_content(const struct record *r, const char *path, const char *kind, const struct buf *content)
{
	char *name = content_path(r, path, kind);
	int e = name != NULL ? replace_file(name, content->data ? content->data : "", content->len, &root_only)
			     : -ENOMEM;

	free(name);
	return e;
}

/* Appended to @out, which the caller has initialised. */
static int read_content(const struct record *r, const char *path, const char *kind, struct buf *out)
{
	LK_CLEANUP(buf_done) struct buf content = {0};
	char *name = content_path(r, path, kind);
	int e = name != NULL ? file_read(&content, name, FILE_OWNER_ROOT, FILE_PRIVATE, CHANGE_BYTES_MAX) : -ENOMEM;

	free(name);
	if (e < 0)
		return e;
	buf_append(out, content.data, content.len);
	return buf_fault(out);
}

static void remove_content(const struct record *r, const char *path, const char *kind)
{
	char *name = content_path(r, path, kind);

	if (name != NULL)
		(void)replace_remove(name);
	free(name);
}

/* --- the list ------------------------------------------------------------------------------------------------------- */

int record_load(struct record *ret, const char *root)
{
	LK_CLEANUP(buf_done) struct buf text = {0};
	char *path = changes_path(root, RECORD_FOLDER "/record.json");
	int e;

	*ret = (struct record){.root = root};
	e = path != NULL ? file_read(&text, path, FILE_OWNER_ROOT, FILE_PRIVATE, CHANGE_BYTES_MAX) : -ENOMEM;
	free(path);
	if (e == -ENOENT || e == -ENOTDIR)
		return 0;
	return e < 0 ? e : record_list_parse(ret, text.data ? text.data : "", text.len);
}

static int make_folders(const struct record *r)
{
	char *state = changes_path(r->root, STATE_FOLDER);
	char *folder = changes_path(r->root, RECORD_FOLDER);
	int e = state != NULL && folder != NULL ? 0 : -ENOMEM;

	/* As tmpfiles makes it; what lies below has rights of its own. */
	if (e == 0)
		e = replace_make_folder(state, 0711);
	if (e >= 0)
		e = replace_make_folder(folder, 0700);
	free(state);
	free(folder);
	return e < 0 ? e : 0;
}

int record_save(const struct record *r)
{
	LK_CLEANUP(buf_done) struct buf text = {0};
	char *path = changes_path(r->root, RECORD_FOLDER "/record.json");
	int e = path != NULL ? make_folders(r) : -ENOMEM;

	buf_init(&text, CHANGE_BYTES_MAX);
	if (e == 0)
		e = record_list_write(r, &text);
	if (e == 0)
		e = replace_file(path, text.data, text.len, &root_only);
	free(path);
	return e;
}

/* --- states --------------------------------------------------------------------------------------------------------- */

/* A file that could not be compared counts as changed: nobody's work is lost then. */
static bool is_before(const struct record *r, const struct record_file *f, const struct change *ch)
{
	LK_CLEANUP(buf_done) struct buf before = {0};

	if (!f->existed || !ch->existed)
		return f->existed == ch->existed;
	buf_init(&before, CHANGE_BYTES_MAX);
	return read_content(r, f->path, "before", &before) == 0 && before.len == ch->before.len &&
	       (before.len == 0 || memcmp(before.data, ch->before.data, before.len) == 0);
}

enum record_state record_state(const struct record *r, const struct change *ch)
{
	size_t i = find(r, ch->path);
	char hash[RECORD_HASH_SIZE];

	if (i == r->n)
		return RECORD_UNKNOWN;
	if (is_before(r, &r->files[i], ch))
		return RECORD_BEFORE;
	if (ch->existed && hash_of(hash, &ch->before) == 0 && has_hash(&r->files[i], hash))
		return RECORD_OURS;
	return RECORD_CHANGED;
}

int record_before(const struct record *r, const char *path, struct buf *out)
{
	size_t i = find(r, path);

	return i == r->n || !r->files[i].existed ? -ENOENT : read_content(r, path, "before", out);
}

/* --- before a change ------------------------------------------------------------------------------------------------ */

static int add(struct record *r, const char *path)
{
	if (r->n == CHANGES_MAX)
		return -ENOSPC;
	r->files[r->n] = (struct record_file){.path = strdup(path)};
	return r->files[r->n].path != NULL ? (int)r->n++ : -ENOMEM;
}

static bool has_folder(const struct record *r, const char *path)
{
	char *real = changes_path(r->root, path);
	bool is_there = true;

	if (real != NULL) {
		*strrchr(real, '/') = '\0';
		is_there = real[0] == '\0' || access(real, F_OK) == 0;
	}
	free(real);
	return is_there;
}

/* The content before is on the disk before the list says so: whoever is killed in between has a list that fits the file. */
static int begin_anew(struct record *r, struct record_file *f, const struct change *ch)
{
	int e = ch->existed ? write_content(r, ch->path, "before", &ch->before) : 0;

	f->existed = ch->existed;
	f->was = ch->was;
	f->had_folder = has_folder(r, ch->path);
	f->is_secret = ch->is_secret;
	f->n_ours = 0;
	return e;
}

static int add_hash(struct record_file *f, const struct buf *content)
{
	char hash[RECORD_HASH_SIZE];
	int e = hash_of(hash, content);

	if (e < 0 || has_hash(f, hash))
		return e;
	if (f->n_ours == RECORD_CONTENTS_MAX)
		memmove(f->ours[0], f->ours[1], sizeof(f->ours[0]) * --f->n_ours);
	memcpy(f->ours[f->n_ours++], hash, sizeof(hash));
	return 0;
}

int record_note(struct record *r, const struct change *ch)
{
	enum record_state state = record_state(r, ch);
	int e = make_folders(r);
	int at;

	if (e < 0)
		return e;
	at = state == RECORD_UNKNOWN ? add(r, ch->path) : (int)find(r, ch->path);
	if (at < 0)
		return at;
	/* Of a file that somebody has changed since, that is what the undoing brings back. */
	if (state == RECORD_UNKNOWN || state == RECORD_CHANGED)
		e = begin_anew(r, &r->files[at], ch);
	if (e == 0 && !ch->is_secret)
		e = write_content(r, ch->path, "after", &ch->after);
	return e < 0 ? e : add_hash(&r->files[at], &ch->after);
}

int record_note_unit(struct record *r, const char *unit)
{
	for (size_t i = 0; i < r->n_units; i++) {
		if (strcmp(r->units[i], unit) == 0)
			return 0;
	}
	if (r->n_units == RECORD_UNITS_MAX)
		return -ENOSPC;
	r->units[r->n_units] = strdup(unit);
	if (r->units[r->n_units] == NULL)
		return -ENOMEM;
	r->n_units++;
	return 0;
}

/* --- the way back --------------------------------------------------------------------------------------------------- */

static int plan_undo(const struct record *r, const struct record_file *f, struct changes *c, bool *kept)
{
	struct change *ch;
	int e = changes_read(c, f->path, "", &ch);

	if (e < 0)
		return e;
	ch->is_secret = f->is_secret;
	*kept = record_state(r, ch) == RECORD_CHANGED;
	if (*kept)
		return change_keep(ch);
	ch->stays = f->existed;
	ch->is_exact = f->existed;
	ch->owner = f->was;
	return f->existed ? read_content(r, f->path, "before", &ch->after) : 0;
}

int record_undo(const struct record *r, struct changes *ret, bool kept[CHANGES_MAX])
{
	int e = 0;

	for (size_t i = r->n; e == 0 && i-- > 0;)
		e = plan_undo(r, &r->files[i], ret, &kept[r->n - 1 - i]);
	return e;
}

int record_print_changed(const struct record *r, const struct change *ch, FILE *out, const struct diff_style *style)
{
	LK_CLEANUP(buf_done) struct buf ours = {0};
	int e;

	if (ch->is_secret)
		return 0;
	buf_init(&ours, CHANGE_BYTES_MAX);
	e = read_content(r, ch->path, "after", &ours);
	if (e < 0)
		return e;
	return diff_print(out, &(struct diff_text){"as set-up left it", ours.data ? ours.data : "", ours.len},
			  &(struct diff_text){"as it is now", ch->before.data ? ch->before.data : "", ch->before.len},
			  style);
}

void record_drop(struct record *r, const char *path)
{
	size_t i = find(r, path);

	if (i == r->n)
		return;
	remove_content(r, path, "before");
	remove_content(r, path, "after");
	free(r->files[i].path);
	memmove(&r->files[i], &r->files[i + 1], sizeof(r->files[i]) * (r->n - i - 1));
	r->n--;
}

static void remove_folder_of(const struct record *r, const struct record_file *f)
{
	char *real = changes_path(r->root, f->path);

	if (real != NULL && !f->had_folder) {
		*strrchr(real, '/') = '\0';
		replace_remove_folder(real);
	}
	free(real);
}

/* Also what was left there by one that was killed. */
static int forget_all(const struct record *r)
{
	char *folder = changes_path(r->root, RECORD_FOLDER);
	char *list = changes_path(r->root, RECORD_FOLDER "/record.json");
	int e = folder != NULL && list != NULL ? replace_remove(list) : -ENOMEM;
	DIR *dir = e == 0 ? opendir(folder) : NULL;
	const struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		if (entry->d_type == DT_REG)
			(void)unlinkat(dirfd(dir), entry->d_name, 0);
	}
	if (dir != NULL)
		(void)closedir(dir);
	if (e == 0)
		replace_remove_folder(folder);
	free(list);
	free(folder);
	return e;
}

int record_forget(struct record *r)
{
	struct record left = {.root = r->root, .n_units = r->n_units};
	struct changes now = {.root = r->root};
	size_t gone[CHANGES_MAX];
	size_t n_gone = 0;
	int e = 0;

	memcpy(left.units, r->units, sizeof(left.units));
	for (size_t i = 0; e == 0 && i < r->n; i++) {
		struct change *ch;

		e = changes_read(&now, r->files[i].path, "", &ch);
		if (e == 0 && record_state(r, ch) == RECORD_BEFORE)
			gone[n_gone++] = i;
		else
			left.files[left.n++] = r->files[i];
	}
	changes_done(&now);
	for (size_t i = 0; e == 0 && i < n_gone; i++)
		remove_folder_of(r, &r->files[gone[i]]);
	if (e < 0)
		return e;
	if (left.n == 0 && left.n_units == 0)
		return forget_all(r);
	/* The contents go last: without them the list could not be read. */
	e = record_save(&left);
	for (size_t i = 0; e == 0 && i < n_gone; i++) {
		remove_content(r, r->files[gone[i]].path, "before");
		remove_content(r, r->files[gone[i]].path, "after");
	}
	return e;
}

void record_clean(const struct record *r)
{
	for (size_t i = 0; i < r->n; i++) {
		char *real = changes_path(r->root, r->files[i].path);

		if (real != NULL)
			replace_clean(real);
		free(real);
	}
}
