/* SPDX-License-Identifier: MIT */
/* Asks /proc about this process and the leader of its session. A process id alone comes again; with the time at which the
 * leader began it does not. sudo's own record of who has authenticated goes by terminal, session and that time too. */

#include "pam_module/place.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "helper/base/cleanup.h"
#include "helper/base/text.h"

#define STAT_MAX 1024u
#define FIELD_STATE 3 /* the first one behind the program's name */
#define FIELD_SESSION 6
#define FIELD_TERMINAL 7
#define FIELD_START 22

static void close_descriptor(const int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

/* A folder that is called /proc is one only if the kernel made it. Return: descriptor or -1. */
static int open_proc(void)
{
	int fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct statfs fs;

	if (fd >= 0 && (fstatfs(fd, &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC)) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

static bool read_text(int proc, const char *path, char *text, size_t size)
{
	LK_CLEANUP(close_descriptor) int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);

	if (n <= 0)
		return false;
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return true;
}

/* A kernel without audit has no such file, and says what one with it says of a session that has none. */
static bool read_audit(int proc, const char *path, uint32_t *ret)
{
	char text[32];
	uint64_t n = UINT32_MAX;

	if (faccessat(proc, path, F_OK, 0) == 0 &&
	    (!read_text(proc, path, text, sizeof(text)) || text_to_u64(&n, text, UINT32_MAX) != 0))
		return false;
	*ret = (uint32_t)n;
	return true;
}

static int take_field(struct place_stat *s, int field, const char *word)
{
	uint64_t n = 0;

	if (field != FIELD_SESSION && field != FIELD_TERMINAL && field != FIELD_START)
		return 0;
	if (text_to_u64(&n, word, field == FIELD_START ? UINT64_MAX : INT32_MAX) != 0)
		return -EBADMSG;
	if (field == FIELD_SESSION)
		s->session = (int32_t)n;
	else if (field == FIELD_TERMINAL)
		s->terminal = (uint32_t)n;
	else
		s->start = n;
	return 0;
}

int place_parse_stat(struct place_stat *ret, const char *text)
{
	const char *at = strrchr(text, ')'); /* of the name, which may hold brackets and blanks itself */
	struct place_stat s = {0};

	if (!at || at[1] != ' ')
		return -EBADMSG;
	at += 2;
	for (int field = FIELD_STATE; field <= FIELD_START; field++) {
		size_t len = strcspn(at, " \n");
		char word[24];

		if (len == 0 || len >= sizeof(word))
			return -EBADMSG;
		memcpy(word, at, len);
		word[len] = '\0';
		if (take_field(&s, field, word) < 0)
			return -EBADMSG;
		at += len;
		if (field < FIELD_START && *at++ != ' ')
			return -EBADMSG;
	}
	*ret = s;
	return 0;
}

static bool read_stat(int proc, const char *path, struct place_stat *ret)
{
	char text[STAT_MAX];

	return read_text(proc, path, text, sizeof(text)) && place_parse_stat(ret, text) == 0;
}

bool place_find(struct place *ret)
{
	LK_CLEANUP(close_descriptor) int proc = open_proc();
	struct place_stat self;
	struct place_stat leader;
	struct stat space;
	struct place p = {.real_uid = getuid(), .leader = getsid(0)};
	char path[32];

	if (proc < 0 || p.leader <= 0 || !read_stat(proc, "self/stat", &self) || self.session != p.leader ||
	    self.terminal == 0)
		return false;
	(void)snprintf(path, sizeof(path), "%d/stat", (int)p.leader);
	if (!read_stat(proc, path, &leader) || leader.session != p.leader || leader.terminal != self.terminal ||
	    leader.start == 0)
		return false;
	if (fstatat(proc, "self/ns/pid", &space, 0) < 0 || !read_audit(proc, "self/loginuid", &p.login_uid) ||
	    !read_audit(proc, "self/sessionid", &p.audit_session))
		return false;
	p.terminal = self.terminal;
	p.leader_start = leader.start;
	p.pid_namespace = space.st_ino;
	*ret = p;
	return true;
}
