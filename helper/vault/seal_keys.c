/* SPDX-License-Identifier: MIT */
/*
 * Reads and writes the keys. A file is written under another name, synced, and then given its own: whoever is killed in
 * between has the old one. The first is never written over one that is there.
 */
#include "helper/vault/seal_keys.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include <openssl/rand.h>

#include "helper/base/file.h"
#include "helper/base/file_write.h"

#define TEMPORARY SEAL_FILE ".new" /* file_write() has it under this name */

/* What the service manager puts there is root's, and readable for this user by an access list: its mask looks like a group's
 * right to read. */
static int read_keys(struct seal *k, const char *folder, const char *name, enum file_privacy privacy)
{
	LK_CLEANUP(buf_done) struct buf text = {.max = 0};
	char path[PATH_MAX];
	int r;

	if (snprintf(path, sizeof(path), "%s/%s", folder, name) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	r = file_read(&text, path, FILE_OWNER_ROOT_OR_SELF, privacy, SEAL_TEXT_MAX);
	if (r == 0)
		r = seal_add_text(k, text.data ? text.data : "", text.len);
	return r == -E2BIG ? -EUCLEAN : r;
}

/* @is_first: there is no file, and one that has come meanwhile stays */
static int write_keys(const struct seal *k, size_t n, const char *folder_path, bool is_first)
{
	LK_CLEANUP(buf_done) struct buf text = {.max = SEAL_TEXT_MAX};
	int folder, r;

	r = seal_write_text(k, n, &text);
	if (r < 0)
		return r;
	folder = file_open_folder(folder_path);
	if (folder < 0)
		return folder;
	r = file_write(folder, SEAL_FILE, text.data, text.len, is_first ? FILE_NEW : FILE_INSTEAD);
	(void)close(folder);
	return r;
}

static int add_new_key(struct seal *k)
{
	unsigned char key[SEAL_KEY_SIZE];
	int r = RAND_priv_bytes(key, sizeof(key)) == 1 ? 0 : -EIO;

	if (r == 0)
		r = seal_add_key(k, key);
	secret_wipe(key, sizeof(key));
	return r;
}

/* A first key counts only when it is in the file: what it seals must open after the next start too. */
static int make_first_key(struct seal **k, const char *folder)
{
	LK_CLEANUP(seal_freep) struct seal *made = NULL;
	int r = seal_new(&made);

	if (r == 0)
		r = add_new_key(made);
	if (r == 0)
		r = write_keys(made, 1, folder, true);
	if (r < 0)
		return r;
	seal_free(*k);
	*k = LK_STEAL(made);
	return 0;
}

int seal_keys_load(struct seal **ret, struct seal_found *found, const struct seal_places *places)
{
	LK_CLEANUP(seal_freep) struct seal *k = NULL, *from_file = NULL;
	int r = seal_new(&k);

	if (r == 0)
		r = seal_new(&from_file);
	if (r < 0)
		return r;
	*found = (struct seal_found){.credential = -ENOENT};
	if (places->credentials)
		found->credential = read_keys(k, places->credentials, SEAL_CREDENTIAL, FILE_READABLE);
	found->file = read_keys(from_file, places->folder, SEAL_FILE, FILE_PRIVATE);

	if (found->credential == 0 && found->file == 0) {
		found->file = seal_add_all(k, from_file, SEAL_KEYS_MAX);
	} else if (found->credential == -ENOENT && found->file == 0) {
		seal_free(k);
		k = LK_STEAL(from_file);
	} else if (found->credential == -ENOENT && found->file == -ENOENT) {
		found->file = make_first_key(&k, places->folder);
		found->is_file_new = found->file == 0;
	} else if (found->credential != 0) {
		/* A part of them may have been read. */
		seal_free(LK_STEAL(k));
		r = seal_new(&k);
	}
	if (r == 0)
		*ret = LK_STEAL(k);
	return r;
}

int seal_keys_turn(struct seal **ret, const struct seal *old, const struct seal_places *places)
{
	LK_CLEANUP(seal_freep) struct seal *k = NULL;
	int r = seal_new(&k);

	if (r == 0)
		r = add_new_key(k);
	if (r == 0)
		r = seal_add_all(k, old, SEAL_KEYS_MAX);
	if (r == 0)
		r = write_keys(k, SEAL_KEYS_MAX, places->folder, false);
	if (r == 0)
		*ret = LK_STEAL(k);
	return r;
}

static int remove_file(const char *folder_path)
{
	int folder = file_open_folder(folder_path);
	int r = 0;

	if (folder < 0)
		return folder;
	if ((unlinkat(folder, TEMPORARY, 0) < 0 && errno != ENOENT) ||
	    (unlinkat(folder, SEAL_FILE, 0) < 0 && errno != ENOENT) || fsync(folder) < 0)
		r = -errno;
	(void)close(folder);
	return r;
}

int seal_keys_settle(struct seal **ret, const struct seal *old, bool is_credential, const struct seal_places *places)
{
	LK_CLEANUP(seal_freep) struct seal *k = NULL;
	int r = seal_new(&k);

	if (r == 0)
		r = seal_add_all(k, old, 1);
	if (r == 0)
		r = is_credential ? remove_file(places->folder) : write_keys(k, 1, places->folder, false);
	if (r == 0)
		*ret = LK_STEAL(k);
	return r;
}
