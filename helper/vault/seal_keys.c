/* SPDX-License-Identifier: MIT */
/*
 * Reads and writes the keys. A file is written under another name, synced, and then given its own: whoever is killed in
 * between has the old one. The first is never written over one that is there.
 */
#include "helper/vault/seal_keys.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include <openssl/rand.h>

#include "helper/base/file.h"

#define TEMPORARY SEAL_FILE ".new"

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

static int write_all(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, bytes, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		bytes += n;
		len -= (size_t)n;
	}
	return 0;
}

static int write_temporary(int folder, const struct buf *text)
{
	int fd, r;

	if (unlinkat(folder, TEMPORARY, 0) < 0 && errno != ENOENT)
		return -errno;
	fd = openat(folder, TEMPORARY, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	r = write_all(fd, text->data, text->len);
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	if (close(fd) < 0 && r == 0)
		r = -errno;
	return r;
}

static int put_in_place(int folder, bool is_first)
{
	if (!is_first)
		return renameat(folder, TEMPORARY, folder, SEAL_FILE) < 0 ? -errno : 0;
	return linkat(folder, TEMPORARY, folder, SEAL_FILE, 0) < 0 || unlinkat(folder, TEMPORARY, 0) < 0 ? -errno : 0;
}

/* @is_first: there is no file, and one that has come meanwhile stays */
static int write_keys(const struct seal *k, size_t n, const char *folder_path, bool is_first)
{
	LK_CLEANUP(buf_done) struct buf text = {.max = SEAL_TEXT_MAX};
	int folder, r;

	r = seal_write_text(k, n, &text);
	if (r < 0)
		return r;
	folder = open(folder_path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (folder < 0)
		return -errno;
	r = write_temporary(folder, &text);
	if (r == 0)
		r = put_in_place(folder, is_first);
	if (r < 0)
		(void)unlinkat(folder, TEMPORARY, 0);
	else if (fsync(folder) < 0)
		r = -errno;
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
	int folder = open(folder_path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int r = 0;

	if (folder < 0)
		return -errno;
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
