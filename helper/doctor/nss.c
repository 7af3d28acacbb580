/* SPDX-License-Identifier: MIT */
/* Does a program find accounts of Latchkey: the module, the order of sources, and no cache in front of them. */
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "helper/base/text.h"
#include "helper/doctor/checks.h"
#include "helper/doctor/places.h"
#include "helper/doctor/read.h"

#define MODULE "libnss_latchkey.so.2"
#define NSSWITCH "/etc/nsswitch.conf"
#define NSCD_CONF "/etc/nscd.conf"
#define FILE_BYTES_MAX 65536u
#define WORDS_MAX 64u

static void say_file(struct doctor *d, const char *path, const char *shown)
{
	struct stat st;

	if (stat(path, &st) == 0 && (st.st_uid != 0 || (st.st_mode & 022) != 0)) {
		doctor_say(d, DOCTOR_FAULT, "%s can be written by others than root: they are in every process", shown);
		doctor_mend_by(d, "chown root:root %s && chmod 0644 %s", shown, shown);
	} else {
		doctor_say(d, DOCTOR_GOOD, "%s", shown);
	}
}

/* As the loader finds it, for every process. */
static void look_by_loader(struct doctor *d)
{
	void *module = dlopen(MODULE, RTLD_NOW | RTLD_LOCAL);
	void *entry = module ? dlsym(module, "_nss_latchkey_getpwnam_r") : NULL;
	Dl_info info;

	if (entry && dladdr(entry, &info) != 0) {
		say_file(d, info.dli_fname, info.dli_fname);
		return;
	}
	doctor_say(d, DOCTOR_FAULT, "the loader does not find " MODULE);
	doctor_mend(d, "install libnss-latchkey (it belongs into %s), then: ldconfig", place_libraries);
}

void check_nss_module(struct doctor *d)
{
	const char *const folders[] = {place_libraries, "/usr/lib64", "/usr/lib", "/lib"};

	if (d->is_machine) {
		look_by_loader(d);
		return;
	}
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		char path[PATH_MAX], full[PATH_MAX];

		(void)snprintf(path, sizeof(path), "%s/" MODULE, folders[i]);
		doctor_path(d, full, path);
		if (access(full, F_OK) == 0) {
			say_file(d, full, path);
			return;
		}
	}
	doctor_say(d, DOCTOR_FAULT, "there is no " MODULE);
	doctor_mend(d, "install libnss-latchkey");
}

/* --- nsswitch.conf ----------------------------------------------------------------------------------------------------- */

struct sources {
	bool has_line;
	bool has_latchkey;
	bool has_files_after; /* files or compat behind latchkey */
	bool is_cut_off;      /* an action before latchkey ends every search */
};

/* An action that ends the search where nothing was found: "[NOTFOUND=return]", "[!UNAVAIL=return]". */
static bool ends_search(const char *action)
{
	return strcasestr(action, "=return") && (strcasestr(action, "NOTFOUND=return") || strchr(action, '!'));
}

static void take_sources(struct sources *s, char *words)
{
	char *rest = NULL;

	for (char *w = strtok_r(words, " \t", &rest); w; w = strtok_r(NULL, " \t", &rest)) {
		if (strcmp(w, "latchkey") == 0)
			s->has_latchkey = true;
		else if (s->has_latchkey && (strcmp(w, "files") == 0 || strcmp(w, "compat") == 0))
			s->has_files_after = true;
		else if (!s->has_latchkey && w[0] == '[' && ends_search(w))
			s->is_cut_off = true;
	}
}

static void read_sources(struct sources *ret, const char *text, const char *database)
{
	char line[1024];

	*ret = (struct sources){0};
	while (read_line(&text, line, sizeof(line))) {
		char *colon = strchr(line, ':');

		if (!colon)
			continue;
		*colon = '\0';
		while (colon > line && (colon[-1] == ' ' || colon[-1] == '\t'))
			*--colon = '\0';
		if (strcmp(line, database) != 0)
			continue;
		ret->has_line = true;
		take_sources(ret, line + strlen(line) + 1 + strspn(line + strlen(line) + 1, " \t:"));
	}
}

static void judge_sources(struct doctor *d, const char *database, const struct sources *s)
{
	if (!s->has_line) {
		doctor_say(d, DOCTOR_FAULT, NSSWITCH " has no line for %s", database);
		doctor_mend_by(d, "printf '%s: files latchkey\\n' >> " NSSWITCH, database);
	} else if (!s->has_latchkey) {
		doctor_say(d, DOCTOR_FAULT, NSSWITCH ": %s does not name latchkey", database);
		doctor_mend_by(d, "sed -i -E 's/^([[:space:]]*%s:[^#]*[^#[:space:]])/\\1 latchkey/' " NSSWITCH,
			       database);
	} else if (s->is_cut_off) {
		doctor_say(d, DOCTOR_FAULT, NSSWITCH ": %s ends its search before it comes to latchkey", database);
		doctor_mend_by(d,
			       "sed -i -E '/^[[:space:]]*%s:/{s/[[:space:]]latchkey//;s/(files|compat)/\\1 "
			       "latchkey/}' " NSSWITCH,
			       database);
	} else if (s->has_files_after) {
		doctor_say(d, DOCTOR_NOTE, NSSWITCH ": %s asks latchkey before the machine's own files", database);
		doctor_mend_by(d,
			       "sed -i -E '/^[[:space:]]*%s:/{s/[[:space:]]latchkey//;s/(files|compat)/\\1 "
			       "latchkey/}' " NSSWITCH,
			       database);
	}
}

void check_nsswitch(struct doctor *d)
{
	LK_CLEANUP(buf_done) struct buf text = {0};
	struct sources s;
	int r = read_text(&text, d->root, NSSWITCH, FILE_BYTES_MAX);

	if (r == -EPERM) {
		doctor_say(d, DOCTOR_FAULT, NSSWITCH " can be written by others than root");
		doctor_mend_by(d, "chown root:root " NSSWITCH " && chmod 0644 " NSSWITCH);
		return;
	}
	if (r < 0) {
		doctor_say(d, DOCTOR_FAULT, NSSWITCH ": %s", strerror(-r));
		doctor_mend_by(d, "printf 'passwd: files latchkey\\ngroup: files latchkey\\nshadow: files\\n"
				  "hosts: files dns\\n' > " NSSWITCH);
		return;
	}
	read_sources(&s, text.data, "passwd");
	judge_sources(d, "passwd", &s);
	read_sources(&s, text.data, "group");
	judge_sources(d, "group", &s);
	read_sources(&s, text.data, "initgroups");
	if (s.has_line)
		judge_sources(d, "initgroups", &s);
	if (!doctor_said(d))
		doctor_say(d, DOCTOR_GOOD, "passwd and group ask the files first, then latchkey");
}

/* --- nscd -------------------------------------------------------------------------------------------------------------- */

static bool nscd_runs(const struct doctor *d)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/var/run/nscd/socket"};
	bool runs;
	int fd;

	if (!d->is_machine)
		return false;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	runs = fd >= 0 && (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 || errno == EAGAIN);
	if (fd >= 0)
		(void)close(fd);
	return runs;
}

static bool is_cached(const char *text, const char *database)
{
	char line[512], word[64], of[64], value[64];
	bool cached = false;

	while (read_line(&text, line, sizeof(line)))
		if (sscanf(line, "%63s %63s %63s", word, of, value) == 3 && strcmp(word, "enable-cache") == 0 &&
		    strcmp(of, database) == 0)
			cached = strcasecmp(value, "no") != 0;
	return cached;
}

void check_nscd(struct doctor *d)
{
	static const char *const databases[] = {"passwd", "group"};
	LK_CLEANUP(buf_done) struct buf text = {0};
	int r = read_text(&text, d->root, NSCD_CONF, FILE_BYTES_MAX);
	bool runs = nscd_runs(d);

	if (r < 0 && !runs) {
		doctor_say(d, DOCTOR_GOOD, "there is none");
		return;
	}
	if (r < 0) {
		doctor_say(d, DOCTOR_UNSEEN, "nscd runs, and " NSCD_CONF " cannot be read: %s", strerror(-r));
		return;
	}
	for (size_t i = 0; i < sizeof(databases) / sizeof(databases[0]); i++) {
		if (!is_cached(text.data, databases[i]))
			continue;
		doctor_say(d, runs ? DOCTOR_FAULT : DOCTOR_NOTE,
			   "nscd%s keeps answers for %s: a stranger's name would be known to everybody for ten minutes",
			   runs ? "" : ", once it runs,", databases[i]);
		doctor_mend_by(
			d,
			"sed -i -E 's/^([[:space:]]*enable-cache[[:space:]]+%s[[:space:]]+)yes/\\1no/' " NSCD_CONF "%s",
			databases[i], runs ? " && systemctl restart nscd" : "");
	}
	if (!doctor_said(d))
		doctor_say(d, DOCTOR_GOOD, "nscd keeps neither passwd nor group");
}
