/* SPDX-License-Identifier: MIT */
/* One file each: how it is, how it shall be, and the way from one to the other. */
#include "helper/setup/change.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "helper/base/secret.h"

#define CHUNK 4096u
#define DEFAULT_MODE 0644u

static void change_free(struct change *ch)
{
	if (ch == NULL)
		return;
	buf_done(&ch->before);
	buf_done(&ch->after);
	free(ch->path);
	free(ch);
}

void changes_done(struct changes *c)
{
	for (size_t i = 0; i < c->n; i++)
		change_free(c->list[i]);
	c->n = 0;
}

void changes_drop(struct changes *c)
{
	change_free(c->list[--c->n]);
}

char *changes_path(const char *root, const char *path)
{
	char *out;

	return asprintf(&out, "%s%s", root, path) < 0 ? NULL : out;
}

static int read_all(struct buf *out, int fd)
{
	char chunk[CHUNK];
	ssize_t n;
	int r = 0;

	while (r == 0 && (n = read(fd, chunk, sizeof(chunk))) != 0) {
		if (n < 0 && errno != EINTR)
			r = -errno;
		else if (n > 0)
			buf_append(out, chunk, (size_t)n);
		if (r == 0)
			r = buf_fault(out);
	}
	secret_wipe(chunk, sizeof(chunk));
	return r;
}

/* By root, on the system's own files: what they are allowed to be is not judged here, but nothing is followed. */
static int read_now(struct change *ch, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	int r;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	r = fstat(fd, &st) < 0 ? -errno : 0;
	if (r == 0 && !S_ISREG(st.st_mode))
		r = -EINVAL;
	if (r == 0)
		r = read_all(&ch->before, fd);
	(void)close(fd);
	if (r < 0)
		return r;
	ch->existed = true;
	ch->was = (struct replace_owner){st.st_mode & 07777, st.st_uid, st.st_gid};
	ch->owner = ch->was;
	return 0;
}

static struct change *change_new(const char *path, const char *reason)
{
	struct change *ch = calloc(1, sizeof(*ch));

	if (ch == NULL)
		return NULL;
	ch->path = strdup(path);
	ch->reason = reason;
	ch->stays = true;
	ch->owner = (struct replace_owner){.mode = DEFAULT_MODE};
	buf_init(&ch->before, CHANGE_BYTES_MAX);
	buf_init(&ch->after, CHANGE_BYTES_MAX);
	if (ch->path == NULL) {
		change_free(ch);
		return NULL;
	}
	return ch;
}

int changes_read(struct changes *c, const char *path, const char *reason, struct change **ret)
{
	struct change *ch;
	char *real;
	int r;

	if (c->n == CHANGES_MAX)
		return -ENOSPC;
	ch = change_new(path, reason);
	real = changes_path(c->root, path);
	r = ch == NULL || real == NULL ? -ENOMEM : read_now(ch, real);
	free(real);
	if (r < 0) {
		change_free(ch);
		return r;
	}
	c->list[c->n++] = ch;
	*ret = ch;
	return 0;
}

static bool is_other_content(const struct change *ch)
{
	return ch->before.len != ch->after.len ||
	       (ch->after.len > 0 && memcmp(ch->before.data, ch->after.data, ch->after.len) != 0);
}

static bool is_other_owner(const struct change *ch)
{
	return ch->was.mode != ch->owner.mode || ch->was.uid != ch->owner.uid || ch->was.gid != ch->owner.gid;
}

bool change_is_needed(const struct change *ch)
{
	if (ch->existed != ch->stays)
		return true;
	return ch->stays && (is_other_content(ch) || (ch->is_exact && is_other_owner(ch)));
}

int change_keep(struct change *ch)
{
	ch->stays = ch->existed;
	ch->owner = ch->was;
	buf_done(&ch->after);
	buf_init(&ch->after, CHANGE_BYTES_MAX);
	buf_append(&ch->after, ch->before.data, ch->before.len);
	return buf_fault(&ch->after);
}

size_t changes_count(const struct changes *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n; i++)
		n += change_is_needed(c->list[i]);
	return n;
}

static int print_content(FILE *out, const struct change *ch, const struct diff_style *style)
{
	const struct diff_text before = {ch->existed ? ch->path : "/dev/null", ch->before.data ? ch->before.data : "",
					 ch->before.len};
	const struct diff_text after = {ch->stays ? ch->path : "/dev/null", ch->after.data ? ch->after.data : "",
					ch->after.len};

	return diff_print(out, &before, &after, style);
}

int change_print(FILE *out, const struct change *ch, const struct diff_style *style)
{
	int r = 0;

	if (!change_is_needed(ch))
		return 0;
	if (ch->is_secret)
		(void)fprintf(out, "%s %s: a secret; its content is not shown\n", ch->stays ? "+++" : "---", ch->path);
	else
		r = print_content(out, ch, style);
	if (ch->stays && ch->is_exact && (!ch->existed || is_other_owner(ch)))
		(void)fprintf(out, "    mode %04o, owner %u:%u\n", ch->owner.mode, ch->owner.uid, ch->owner.gid);
	return r;
}

/* Of the folders that a package would bring, the last may be missing. */
static int make_folder_of(const char *path)
{
	char folder[PATH_MAX];
	const char *name = strrchr(path, '/');
	int r;

	if (name == NULL || (size_t)(name - path) >= sizeof(folder))
		return -ENAMETOOLONG;
	memcpy(folder, path, (size_t)(name - path));
	folder[name - path] = '\0';
	r = folder[0] == '\0' ? 1 : replace_make_folder(folder, 0755);
	return r < 0 ? r : 0;
}

static int put(const struct changes *c, const struct change *ch, bool stays, const struct buf *content,
	       const struct replace_owner *owner)
{
	char *path = changes_path(c->root, ch->path);
	int r = path != NULL ? 0 : -ENOMEM;

	if (r == 0 && stays) {
		r = make_folder_of(path);
		if (r == 0)
			r = replace_file(path, content->data ? content->data : "", content->len, owner);
	} else if (r == 0) {
		r = replace_remove(path);
	}
	free(path);
	return r;
}

int change_apply(const struct changes *c, const struct change *ch)
{
	return change_is_needed(ch) ? put(c, ch, ch->stays, &ch->after, &ch->owner) : 0;
}

int change_revert(const struct changes *c, const struct change *ch)
{
	return change_is_needed(ch) ? put(c, ch, ch->existed, &ch->before, &ch->was) : 0;
}
