/* SPDX-License-Identifier: MIT */
/* Owners and modes along the way, sockets, units, and room to write. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <unistd.h>

#include "helper/doctor/checks.h"

#define ROOM_FAULT (1024u * 1024u)
#define ROOM_NOTE (64u * 1024u * 1024u)
#define FILES_FAULT 16u

enum owner {
	OWNER_ROOT,
	OWNER_HELPER,
};

struct place {
	const char *path;
	mode_t kind;
	mode_t mode;
	enum owner owner;
	const char *unit; /* that makes it where it is missing */
};

static const char *name_of(enum owner owner)
{
	return owner == OWNER_ROOT ? "root" : "latchkey";
}

static void say_missing(struct doctor *d, const struct place *p)
{
	doctor_say(d, DOCTOR_FAULT, "%s is missing", p->path);
	if (p->unit)
		doctor_mend_by(d, "systemctl restart %s", p->unit);
	else
		doctor_mend_by(d, "install -d -o %s -g %s -m %04o %s", name_of(p->owner), name_of(p->owner),
			       (unsigned)p->mode, p->path);
}

/* What others than the owner must be able to do, and must not. */
static bool mode_is_wrong(const struct place *p, mode_t mode)
{
	mode_t forbidden = S_ISDIR(p->kind) && (p->mode & 077) == 0 ? 077 : 022;

	if (S_ISSOCK(p->kind))
		return (mode & 0777) != p->mode;
	return (p->mode & ~mode) != 0 || (mode & forbidden) != 0;
}

/* Return: it is as it must be. */
static bool look_at(struct doctor *d, const struct place *p)
{
	uid_t owner = p->owner == OWNER_ROOT ? 0 : d->helper_uid;
	char path[PATH_MAX];
	struct stat st;

	doctor_path(d, path, p->path);
	if (lstat(path, &st) < 0) {
		if (errno != ENOENT && errno != ENOTDIR)
			doctor_say(d, DOCTOR_UNSEEN, "%s: %s", p->path, strerror(errno));
		else
			say_missing(d, p);
		return false;
	}
	if ((st.st_mode & S_IFMT) != p->kind) {
		doctor_say(d, DOCTOR_FAULT, "%s is no %s", p->path, S_ISDIR(p->kind) ? "folder" : "socket");
		doctor_mend(d, "remove it, and let %s make it again",
			    p->unit ? p->unit : "systemd-tmpfiles --create latchkey.conf");
		return false;
	}
	if (p->owner == OWNER_HELPER && owner == 0)
		return true; /* "service-users" says that there is no such user */
	if (st.st_uid != owner) {
		doctor_say(d, DOCTOR_FAULT, "%s belongs to uid %u and not to %s", p->path, st.st_uid,
			   name_of(p->owner));
		doctor_mend_by(d, "chown %s:%s %s", name_of(p->owner), name_of(p->owner), p->path);
		return false;
	}
	if (mode_is_wrong(p, st.st_mode)) {
		doctor_say(d, DOCTOR_FAULT, "%s has the mode %04o and not %04o", p->path,
			   (unsigned)(st.st_mode & 07777), (unsigned)p->mode);
		doctor_mend_by(d, "chmod %04o %s", (unsigned)p->mode, p->path);
		return false;
	}
	return true;
}

void check_folders(struct doctor *d)
{
	static const struct place places[] = {
		{"/run/latchkey", S_IFDIR, 0755, OWNER_ROOT, NULL},
		{"/var/lib/latchkey", S_IFDIR, 0711, OWNER_ROOT, NULL},
		{"/var/lib/latchkey/private", S_IFDIR, 0700, OWNER_HELPER, NULL},
		{"/var/lib/latchkey/nss", S_IFDIR, 0755, OWNER_ROOT, NULL},
	};
	/* The first one is made anew by each boot: elsewhere it says nothing. */
	size_t first = d->is_machine ? 0 : 1;

	for (size_t i = first; i < sizeof(places) / sizeof(places[0]); i++)
		(void)look_at(d, &places[i]);
	if (!doctor_said(d))
		doctor_say(d, DOCTOR_GOOD, "owners and modes of /run/latchkey and /var/lib/latchkey are right");
}

/* As the user @uid, whom the listener expects. Return: 0; -ECONNREFUSED nobody listens; other negative errno. */
static int knock(const char *path, int kind, uid_t uid)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd, r;

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	fd = socket(AF_UNIX, kind | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	r = seteuid(uid) < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ? -errno : 0;
	if (seteuid(0) < 0)
		r = -errno;
	(void)close(fd);
	return r == -EAGAIN ? 0 : r;
}

void check_sockets(struct doctor *d)
{
	static const struct {
		struct place place;
		int kind;
	} sockets[] = {
		{{"/run/latchkey/io.latchkey", S_IFSOCK, 0666, OWNER_ROOT, "latchkey.socket"}, SOCK_STREAM},
		{{"/run/latchkey/resolve", S_IFSOCK, 0666, OWNER_ROOT, "latchkey-resolve.socket"}, SOCK_SEQPACKET},
		{{"/run/latchkey/fetch", S_IFSOCK, 0600, OWNER_HELPER, "latchkey-fetch.socket"}, SOCK_STREAM},
		{{"/run/latchkey/root", S_IFSOCK, 0600, OWNER_HELPER, "latchkey-root.socket"}, SOCK_STREAM},
	};

	if (!d->is_machine) {
		doctor_say(d, DOCTOR_UNSEEN, "nothing runs below %s", d->root);
		return;
	}
	for (size_t i = 0; i < sizeof(sockets) / sizeof(sockets[0]); i++) {
		const struct place *p = &sockets[i].place;

		if (look_at(d, p) &&
		    knock(p->path, sockets[i].kind, p->owner == OWNER_ROOT ? 0 : d->helper_uid) == -ECONNREFUSED) {
			doctor_say(d, DOCTOR_FAULT, "nobody listens at %s", p->path);
			doctor_mend_by(d, "systemctl restart %s", p->unit);
		}
	}
	if (!doctor_said(d))
		doctor_say(d, DOCTOR_GOOD, "all four are there, with the right owners and modes");
}

/* --- configuration ----------------------------------------------------------------------------------------------------- */

static void look_at_file(struct doctor *d, const char *path, mode_t kind)
{
	char full[PATH_MAX];
	struct stat st;

	doctor_path(d, full, path);
	if (lstat(full, &st) < 0) {
		if (kind == S_IFREG) {
			doctor_say(d, DOCTOR_FAULT, "%s: %s", path, strerror(errno));
			doctor_mend(d, "latchkey setup writes one; the sample is packaging/latchkey.conf");
		}
		return;
	}
	if ((st.st_mode & S_IFMT) != kind) {
		doctor_say(d, DOCTOR_FAULT, "%s is no %s", path, kind == S_IFREG ? "regular file" : "folder");
		doctor_mend(d, "latchkeyd reads no links: put there what it leads to");
		return;
	}
	if (st.st_uid != 0) {
		doctor_say(d, DOCTOR_FAULT, "%s belongs to uid %u: only root may decide who gets in", path, st.st_uid);
		doctor_mend_by(d, "chown root:root %s", path);
	}
	if ((st.st_mode & 022) != 0) {
		doctor_say(d, DOCTOR_FAULT, "%s can be written by others than root", path);
		doctor_mend_by(d, "chmod go-w %s", path);
	}
	if ((st.st_mode & 004) == 0 && st.st_gid == 0) {
		doctor_say(d, DOCTOR_FAULT, "%s cannot be read by the user latchkey", path);
		doctor_mend_by(d, "chmod %s %s", kind == S_IFREG ? "a+r" : "a+rx", path);
	}
}

void check_configuration_files(struct doctor *d)
{
	look_at_file(d, "/etc/latchkey", S_IFDIR);
	look_at_file(d, DOCTOR_CONFIG, S_IFREG);
	look_at_file(d, DOCTOR_CONFIG ".d", S_IFDIR);
	if (!doctor_said(d))
		doctor_say(d, DOCTOR_GOOD, "root alone can write in /etc/latchkey");
}

/* --- units ------------------------------------------------------------------------------------------------------------- */

static bool is_there(const struct doctor *d, const char *folder, const char *name)
{
	char path[PATH_MAX], full[PATH_MAX];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	doctor_path(d, full, path);
	return lstat(full, &st) == 0;
}

static bool is_masked(const struct doctor *d, const char *unit)
{
	char path[PATH_MAX], full[PATH_MAX], target[32] = "";

	(void)snprintf(path, sizeof(path), "/etc/systemd/system/%s", unit);
	doctor_path(d, full, path);
	return readlink(full, target, sizeof(target) - 1) > 0 && strcmp(target, "/dev/null") == 0;
}

static bool is_installed(const struct doctor *d, const char *unit)
{
	return is_there(d, "/usr/lib/systemd/system", unit) || is_there(d, "/lib/systemd/system", unit) ||
	       is_there(d, "/etc/systemd/system", unit);
}

static bool is_wanted(const struct doctor *d, const char *unit)
{
	static const char *const folders[] = {
		"/etc/systemd/system/sockets.target.wants",
		"/etc/systemd/system/multi-user.target.wants",
		"/usr/lib/systemd/system/sockets.target.wants",
		"/usr/lib/systemd/system/multi-user.target.wants",
	};

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		if (is_there(d, folders[i], unit))
			return true;
	return false;
}

void check_units(struct doctor *d)
{
	static const char *const units[] = {"latchkey.socket", "latchkey-resolve.socket", "latchkey-fetch.socket",
					    "latchkey-root.socket", "latchkeyd.service"};

	if (!is_installed(d, "latchkeyd.service")) {
		doctor_say(d, DOCTOR_NOTE, "there is no unit latchkeyd.service: something else must start Latchkey");
		return;
	}
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (is_masked(d, units[i])) {
			doctor_say(d, DOCTOR_FAULT, "%s is masked", units[i]);
			doctor_mend_by(d, "systemctl unmask %s && systemctl enable --now %s", units[i], units[i]);
		} else if (!is_wanted(d, units[i])) {
			doctor_say(d, DOCTOR_NOTE, "%s is not enabled: after the next boot it is missing", units[i]);
			doctor_mend_by(d, "systemctl enable --now %s", units[i]);
		}
	}
	if (!doctor_said(d))
		doctor_say(d, DOCTOR_GOOD, "Latchkey starts with the machine");
}

/* --- room -------------------------------------------------------------------------------------------------------------- */

/* Return: is it there? */
static bool look_for_room(struct doctor *d, const char *path)
{
	char full[PATH_MAX];
	struct statvfs st;
	unsigned long long room;

	doctor_path(d, full, path);
	if (statvfs(full, &st) < 0)
		return false; /* "folders" says that it is missing */
	room = (unsigned long long)st.f_bavail * st.f_frsize;
	if (room < ROOM_FAULT || (st.f_files > 0 && st.f_favail < FILES_FAULT)) {
		doctor_say(d, DOCTOR_FAULT, "%s: the file system is full", path);
		doctor_mend(d, "make room there: nobody new can be stored");
	} else if (room < ROOM_NOTE) {
		doctor_say(d, DOCTOR_NOTE, "%s: %llu MiB are left", path, room >> 20);
		doctor_mend(d, "make room there");
	} else if ((st.f_flag & ST_RDONLY) != 0) {
		doctor_say(d, DOCTOR_FAULT, "%s: the file system is read-only", path);
		doctor_mend(d, "mount it for writing: nobody new can be stored");
	}
	return true;
}

void check_space(struct doctor *d)
{
	bool has_store = look_for_room(d, "/var/lib/latchkey/private");
	bool has_map = look_for_room(d, "/var/lib/latchkey/nss");

	if (!has_store || !has_map)
		doctor_say(d, DOCTOR_UNSEEN, "folders below /var/lib/latchkey are missing");
	if (!doctor_said(d))
		doctor_say(d, DOCTOR_GOOD, "there is room below /var/lib/latchkey");
}
