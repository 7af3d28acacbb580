/* SPDX-License-Identifier: MIT */
/* Finds the map that is published now and lets a lookup run on it: compare the epoch, map the file anew where it has
 * moved, run, and run again where the mapping was exchanged meanwhile. Never waits for another thread, never unmaps
 * what somebody could be reading, keeps no descriptor open, and keeps errno. */
#include "nss_module/map_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define ATTEMPTS 4
#define RANGE_MIN ((size_t)1 << 20)
#define MAPPING_SECTION 3u

/* In memory that a forked child finds zeroed: the thread that was in a section does not exist there. */
struct map_reader_page {
	atomic_flag sections[4];
};

bool map_reader_enter(struct map_reader *r, unsigned int which)
{
	struct map_reader_page *page = atomic_load_explicit(&r->page, memory_order_acquire);
	struct map_reader_page *other = NULL;

	if (page == NULL) {
		page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1,
			    0);
		if (page == MAP_FAILED)
			return false;
		/* Without it (before Linux 4.14) a child of a threaded process may map the file for each lookup. */
		(void)madvise(page, sizeof(*page), MADV_WIPEONFORK);
		if (!atomic_compare_exchange_strong(&r->page, &other, page)) {
			(void)munmap(page, sizeof(*page));
			page = other;
		}
	}
	return !atomic_flag_test_and_set_explicit(&page->sections[which], memory_order_acquire);
}

void map_reader_leave(struct map_reader *r, unsigned int which)
{
	struct map_reader_page *page = atomic_load_explicit(&r->page, memory_order_acquire);

	atomic_flag_clear_explicit(&page->sections[which], memory_order_release);
}

/* --- files -------------------------------------------------------------------------------------------------------- */

static bool owned_and_closed(const struct stat *st, uid_t owner)
{
	return st->st_uid == owner && (st->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

static int folder_open(const struct map_reader *r)
{
	struct stat st;
	int fd = open(r->directory, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOTDIR || errno == ELOOP ? -EPERM : -errno;
	if (fstat(fd, &st) < 0 || !owned_and_closed(&st, r->owner)) {
		(void)close(fd);
		return -EPERM;
	}
	return fd;
}

static int file_open(const struct map_reader *r, int folder, const char *name, struct stat *ret)
{
	/* Not to be held up by a FIFO, not to make a terminal ours. */
	int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	*ret = (struct stat){.st_size = 0};
	if (fd < 0)
		return errno == ELOOP || errno == EACCES ? -EPERM : -errno;
	if (fstat(fd, ret) < 0 || !S_ISREG(ret->st_mode) || !owned_and_closed(ret, r->owner)) {
		(void)close(fd);
		return -EPERM;
	}
	return fd;
}

/* Maps the file's bytes, at @where if that is given. */
static int file_map(const struct map_reader *r, int folder, const char *name, void *where, size_t room,
		    struct stat *ret_stat, void **ret)
{
	int fd = file_open(r, folder, name, ret_stat);
	size_t size;
	int e = 0;
	void *p;

	if (fd < 0)
		return fd;
	size = (size_t)ret_stat->st_size;
	if (size < sizeof(struct map_epoch) || size > MAP_MAX_BYTES) {
		(void)close(fd);
		return -EBADMSG;
	}
	if (where != NULL && size > room) {
		(void)close(fd);
		return -E2BIG;
	}
	p = mmap(where, size, PROT_READ, MAP_SHARED | (where != NULL ? MAP_FIXED : 0), fd, 0);
	if (p == MAP_FAILED)
		e = -errno;
	(void)close(fd);
	if (e == 0)
		*ret = p;
	return e;
}

/* --- a mapping of one's own --------------------------------------------------------------------------------------- */

int map_reader_open(const struct map_reader *r, struct map_view *ret)
{
	int saved = errno;
	struct stat st;
	int folder;
	int result;
	int cancel;
	void *p;

	(void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	folder = folder_open(r);
	result = folder;
	if (folder >= 0) {
		result = file_map(r, folder, MAP_NAME, NULL, 0, &st, &p);
		(void)close(folder);
	}
	if (result == 0 && !map_view_init(ret, p, (size_t)st.st_size)) {
		(void)munmap(p, (size_t)st.st_size);
		result = -EBADMSG;
	}
	(void)pthread_setcancelstate(cancel, NULL);
	errno = saved;
	return result;
}

void map_reader_close(struct map_view *v)
{
	union {
		const unsigned char *in;
		void *out;
	} base = {.in = v->base};

	if (v->base != NULL)
		(void)munmap(base.out, v->h.file_size);
	v->base = NULL;
}

static int ask_own(struct map_reader *r, map_reader_fn fn, void *userdata)
{
	struct map_view v;
	int result;
	int cancel;

	/* Cancelled in @fn, this thread would leave the mapping behind. */
	(void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	result = map_reader_open(r, &v);
	if (result == 0) {
		result = fn(userdata, &v);
		map_reader_close(&v);
	}
	(void)pthread_setcancelstate(cancel, NULL);
	return result;
}

/* --- the mapping that all threads share --------------------------------------------------------------------------- */

static size_t page_up(size_t n)
{
	size_t page = (size_t)getauxval(AT_PAGESZ);

	return (n + page - 1) / page * page;
}

/* Readable, holds nothing, costs address space only. */
static void *blank(void *where, size_t size)
{
	return mmap(where, size, PROT_READ,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (where != NULL ? MAP_FIXED : 0), -1, 0);
}

/* Twice what is needed, so that growth seldom needs another one. An outgrown range stays, blank: somebody may still
 * read there. Together these ranges are smaller than the last one. */
static int range_reserve(struct map_reader *r, size_t size)
{
	size_t want = page_up(size > RANGE_MIN / 2 ? size * 2 : RANGE_MIN);
	void *old = r->range;
	size_t old_size = r->range_size;
	void *p;

	if (old_size >= size)
		return 0;
	p = blank(NULL, want);
	if (p == MAP_FAILED) {
		want = page_up(size);
		p = blank(NULL, want);
	}
	if (p == MAP_FAILED)
		return -ENOMEM;
	/* A fork between these lines must not leave the child with a range that is not as long as it says. */
	r->range_size = 0;
	r->range_used = 0;
	atomic_thread_fence(memory_order_seq_cst);
	r->range = p;
	atomic_thread_fence(memory_order_seq_cst);
	r->range_size = want;
	(void)blank(old, old_size);
	return 0;
}

/* The first map of a process, which is mostly its last, makes do without a range around it. */
static int range_begin(struct map_reader *r, int fd, size_t size)
{
	void *p = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);

	if (p == MAP_FAILED)
		return -ENOMEM;
	r->range = p;
	r->range_used = page_up(size);
	atomic_thread_fence(memory_order_seq_cst);
	r->range_size = page_up(size);
	return 0;
}

/* The file at the place of the one before. */
static int range_put(struct map_reader *r, int fd, size_t size)
{
	int result = range_reserve(r, size);

	if (result < 0)
		return result;
	/* Never less than is used, wherever a fork comes between. */
	if (r->range_used < page_up(size))
		r->range_used = page_up(size);
	if (mmap(r->range, size, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED)
		return -ENOMEM;
	/* What is left of a longer file goes, so that it does not keep its blocks. */
	if (r->range_used > page_up(size)) {
		if (blank((unsigned char *)r->range + page_up(size), r->range_used - page_up(size)) != MAP_FAILED)
			r->range_used = page_up(size);
	}
	return 0;
}

static void view_store(struct map_reader_view *to, const struct map_view *v)
{
	atomic_store_explicit(&to->base, v->base, memory_order_relaxed);
	atomic_store_explicit(&to->seed, v->h.seed, memory_order_relaxed);
	atomic_store_explicit(&to->id_min, v->ids.min, memory_order_relaxed);
	atomic_store_explicit(&to->id_max, v->ids.max, memory_order_relaxed);
	atomic_store_explicit(&to->n_styles, v->h.n_styles, memory_order_relaxed);
	atomic_store_explicit(&to->user_slots, v->h.user_slots, memory_order_relaxed);
	atomic_store_explicit(&to->group_slots, v->h.group_slots, memory_order_relaxed);
	atomic_store_explicit(&to->uid_slots, v->h.uid_slots, memory_order_relaxed);
	atomic_store_explicit(&to->gid_slots, v->h.gid_slots, memory_order_relaxed);
	atomic_store_explicit(&to->users, v->h.users, memory_order_relaxed);
	atomic_store_explicit(&to->groups, v->h.groups, memory_order_relaxed);
	atomic_store_explicit(&to->uids, v->h.uids, memory_order_relaxed);
	atomic_store_explicit(&to->gids, v->h.gids, memory_order_relaxed);
	atomic_store_explicit(&to->user_tags, v->h.user_tags, memory_order_relaxed);
	atomic_store_explicit(&to->group_tags, v->h.group_tags, memory_order_relaxed);
	atomic_store_explicit(&to->data, v->h.data, memory_order_relaxed);
	atomic_store_explicit(&to->data_size, v->h.data_size, memory_order_relaxed);
}

/* The epoch is mapped once; where somebody replaced the file, the new one is mapped over it. */
static int epoch_map(struct map_reader *r, int folder)
{
	union {
		const struct map_epoch *in;
		void *out;
	} old = {.in = atomic_load_explicit(&r->epoch, memory_order_relaxed)};
	struct map_epoch content;
	struct stat st;
	int fd = file_open(r, folder, MAP_EPOCH_NAME, &st);
	void *p;

	if (fd < 0)
		return fd;
	if (old.in != NULL && r->epoch_device == st.st_dev && r->epoch_inode == st.st_ino) {
		(void)close(fd);
		return 0;
	}
	if (st.st_size != MAP_EPOCH_BYTES || pread(fd, &content, sizeof(content), 0) != (ssize_t)sizeof(content) ||
	    content.magic != MAP_EPOCH_MAGIC || content.version != MAP_VERSION) {
		(void)close(fd);
		return -EBADMSG;
	}
	p = mmap(old.out, MAP_EPOCH_BYTES, PROT_READ, MAP_SHARED | MAP_POPULATE | (old.in != NULL ? MAP_FIXED : 0), fd,
		 0);
	(void)close(fd);
	if (p == MAP_FAILED)
		return -ENOMEM;
	r->epoch_device = st.st_dev;
	r->epoch_inode = st.st_ino;
	atomic_store_explicit(&r->epoch, p, memory_order_release);
	return 0;
}

/* Runs between two odd steps of the sequence. */
static int exchange(struct map_reader *r, int fd, size_t size, struct map_view *ret)
{
	int result = r->range_size == 0 ? range_begin(r, fd, size) : range_put(r, fd, size);

	if (result == 0 && !map_view_init(ret, r->range, size)) {
		(void)blank(r->range, r->range_size);
		result = -EBADMSG;
	}
	return result;
}

/* The file as it is published now, or why there is none. */
static int map_exchange(struct map_reader *r, int folder, struct map_view *ret)
{
	struct stat st;
	int fd = file_open(r, folder, MAP_NAME, &st);
	int result;

	if (fd < 0)
		return fd;
	if ((uint64_t)st.st_size < sizeof(struct map_header) || (uint64_t)st.st_size > MAP_MAX_BYTES)
		result = -EBADMSG;
	else
		result = exchange(r, fd, (size_t)st.st_size, ret);
	(void)close(fd);
	return result;
}

/* Would the same answer come again until somebody publishes. */
static bool is_lasting(int result)
{
	return result == 0 || result == -ENOENT || result == -EPERM || result == -EBADMSG;
}

static int refresh_in(struct map_reader *r, int folder)
{
	struct map_view v = {.base = NULL};
	uint32_t sequence = atomic_load_explicit(&r->sequence, memory_order_relaxed);
	const struct map_epoch *epoch;
	uint64_t counter;
	int result;

	result = epoch_map(r, folder);
	if (result < 0)
		return result;
	epoch = atomic_load_explicit(&r->epoch, memory_order_relaxed);
	/* Before the file is opened: a publication after this is seen as a difference by the next lookup. */
	counter = atomic_load_explicit(&epoch->counter, memory_order_acquire);
	atomic_store_explicit(&r->sequence, sequence | 1, memory_order_seq_cst);
	atomic_thread_fence(memory_order_seq_cst);
	result = map_exchange(r, folder, &v);
	view_store(&r->view, &v);
	atomic_store_explicit(&r->absent, result, memory_order_relaxed);
	/* A passing fault must not be remembered: any other number makes the next lookup try again. */
	atomic_store_explicit(&r->opened_at, is_lasting(result) ? counter : counter - 1, memory_order_relaxed);
	atomic_store_explicit(&r->sequence, (sequence | 1) + 1, memory_order_release);
	return is_lasting(result) ? 0 : result;
}

/* Return: 0 the reader is up to date, or was a moment ago; -EBUSY another thread is at it; else why there is no map. */
static int refresh(struct map_reader *r)
{
	int saved = errno;
	int folder;
	int result;
	int cancel;

	/* Cancelled in open(), this thread would leave the section closed for ever. */
	(void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	result = -EBUSY;
	if (map_reader_enter(r, MAPPING_SECTION)) {
		folder = folder_open(r);
		result = folder;
		if (folder >= 0) {
			result = refresh_in(r, folder);
			(void)close(folder);
		}
		map_reader_leave(r, MAPPING_SECTION);
	}
	(void)pthread_setcancelstate(cancel, NULL);
	errno = saved;
	return result;
}

int map_reader_ask(struct map_reader *r, map_reader_fn fn, void *userdata)
{
	int result = 0;

	for (int i = 0; i < ATTEMPTS; i++) {
		result = map_reader_try(r, MAP_PART_ALL, fn, userdata);
		if (result == -ERESTART)
			continue;
		if (result != -EAGAIN)
			return result;
		result = refresh(r);
		if (result == -EBUSY)
			break;
		if (result < 0)
			return result;
	}
	return ask_own(r, fn, userdata);
}
