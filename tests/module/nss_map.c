/* SPDX-License-Identifier: MIT */
/* Makes maps for the tests of the NSS module and hands them to latchkey-root as latchkeyd would.
 *	nss_map make FILE < description    lines "user|NAME|UID|GID|GECOS|HOME|SHELL", "local|NAME|UID|GID",
 *	                                   "group|NAME|GID|MEMBER,MEMBER" and, of a group of /etc/group,
 *	                                   "session-group|NAME|MEMBER,MEMBER"
 *	nss_map publish SOCKET FILE        prints the status, the serial and the reason */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "helper/accounts/map_writer.h"
#include "helper/base/buf.h"
#include "nss_module/publish_format.h"

#define MEMBERS_MAX 100000

static int fail(const char *what)
{
	(void)fprintf(stderr, "%s: %s\n", what, strerrordesc_np(errno));
	return 1;
}

static int add_user(struct map_writer *w, char **rest)
{
	const char *name = strsep(rest, "|");
	const char *uid = strsep(rest, "|");
	const char *gid = strsep(rest, "|");
	struct map_user u = {.name = name};

	u.gecos = strsep(rest, "|");
	u.home = strsep(rest, "|");
	u.shell = strsep(rest, "|");
	if (u.shell == NULL)
		return -EINVAL;
	u.uid = (uint32_t)strtoul(uid, NULL, 10);
	u.gid = (uint32_t)strtoul(gid, NULL, 10);
	return map_writer_add_user(w, &u);
}

static int add_local(struct map_writer *w, char **rest)
{
	const char *name = strsep(rest, "|");
	const char *uid = strsep(rest, "|");
	const char *gid = strsep(rest, "|");

	struct map_user u = {.name = name, .gecos = "", .home = "", .shell = "", .is_local = true};

	if (gid == NULL)
		return -EINVAL;
	u.uid = (uint32_t)strtoul(uid, NULL, 10);
	u.gid = (uint32_t)strtoul(gid, NULL, 10);
	return map_writer_add_user(w, &u);
}

static int add_group(struct map_writer *w, char **rest)
{
	static const char *members[MEMBERS_MAX + 1];
	const char *gid;
	struct map_group g = {.name = strsep(rest, "|"), .members = members};
	char *list;
	size_t n = 0;

	gid = strsep(rest, "|");
	list = strsep(rest, "|");
	if (gid == NULL)
		return -EINVAL;
	g.gid = (uint32_t)strtoul(gid, NULL, 10);
	while (list != NULL && *list != '\0' && n < MEMBERS_MAX)
		members[n++] = strsep(&list, ",");
	members[n] = NULL;
	return map_writer_add_group(w, &g);
}

static void add_session_group(struct buf *groups, char **rest)
{
	const char *name = strsep(rest, "|");
	char *list = strsep(rest, "|");

	buf_append(groups, name, strlen(name) + 1);
	while (list != NULL && *list != '\0') {
		const char *member = strsep(&list, ",");

		buf_append(groups, member, strlen(member) + 1);
	}
	buf_append(groups, "", 1);
}

static int make(const char *path)
{
	LK_CLEANUP(buf_done) struct buf session_groups = {.data = NULL};
	LK_CLEANUP(map_writer_freep) struct map_writer *w = NULL;
	char *line = NULL;
	size_t room = 0;
	void *bytes;
	size_t len;
	FILE *out;
	ssize_t n;
	int r = map_writer_new(&w);

	buf_init(&session_groups, 1u << 20);
	while (r == 0 && (n = getline(&line, &room, stdin)) > 0) {
		char *rest = line;
		const char *kind;

		line[strcspn(line, "\n")] = '\0';
		kind = strsep(&rest, "|");
		if (strcmp(kind, "session-group") == 0)
			add_session_group(&session_groups, &rest);
		else
			r = strcmp(kind, "user") == 0    ? add_user(w, &rest)
			    : strcmp(kind, "local") == 0 ? add_local(w, &rest)
							 : add_group(w, &rest);
	}
	free(line);
	if (r == 0)
		r = buf_fault(&session_groups);
	map_writer_set_local_groups(w, session_groups.data, session_groups.len);
	if (r == 0)
		r = map_writer_finish(w, &bytes, &len);
	if (r < 0) {
		errno = -r;
		return fail("cannot make the map");
	}
	out = fopen(path, "we");
	if (out == NULL || fwrite(bytes, 1, len, out) != len || fclose(out) != 0)
		return fail(path);
	free(bytes);
	return 0;
}

static int sealed_copy(const char *path, uint64_t *ret_size)
{
	int fd = memfd_create("map", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int from = open(path, O_RDONLY | O_CLOEXEC);
	char block[65536];
	ssize_t n;

	if (fd < 0 || from < 0)
		return -1;
	*ret_size = 0;
	while ((n = read(from, block, sizeof(block))) > 0) {
		if (write(fd, block, (size_t)n) != n)
			return -1;
		*ret_size += (uint64_t)n;
	}
	(void)close(from);
	return fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0 ? -1 : fd;
}

static int publish(const char *socket_path, const char *path)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	struct publish_question q = {.magic = PUBLISH_MAGIC, .verb = PUBLISH_MAP};
	struct publish_answer a;
	struct iovec v = {.iov_base = &q, .iov_len = sizeof(q)};
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control = {.room = {0}};
	struct msghdr m = {
		.msg_iov = &v,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	int memfd = sealed_copy(path, &q.size);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (memfd < 0 || strlen(socket_path) >= sizeof(to.sun_path))
		return fail(path);
	memcpy(to.sun_path, socket_path, strlen(socket_path) + 1);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&to, sizeof(to)) < 0)
		return fail(socket_path);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &memfd, sizeof(memfd));
	if (sendmsg(fd, &m, MSG_NOSIGNAL) < 0)
		return fail("send");
	if (recv(fd, &a, sizeof(a), MSG_WAITALL) != (ssize_t)sizeof(a) || a.magic != PUBLISH_MAGIC)
		return fail("no answer");
	a.reason[sizeof(a.reason) - 1] = '\0';
	(void)printf("%u %llu %s\n", a.status, (unsigned long long)a.serial, a.reason);
	(void)close(fd);
	(void)close(memfd);
	return a.status == PUBLISH_DONE ? 0 : 3;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "make") == 0)
		return make(argv[2]);
	if (argc == 4 && strcmp(argv[1], "publish") == 0)
		return publish(argv[2], argv[3]);
	return 2;
}
