/* SPDX-License-Identifier: MIT */
/* Maps that can be told apart, and a lookup that tells which one it was answered from. */
#include "tests/unit/nss_module/generations.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "nss_module/pack.h"
#include "tests/unit/nss_module/folder.h"
#include "tests/unit/nss_module/sample.h"

void put_generation(const char *folder, unsigned int generation, uint32_t n)
{
	struct map_writer *w = NULL;
	char text[64];
	void *bytes;
	size_t len;

	(void)snprintf(text, sizeof(text), "%u", generation);
	sample_must(map_writer_new(&w));
	sample_must(map_writer_add_user(w, &(struct map_user){.name = "alice",
							      .uid = SAMPLE_ALICE,
							      .gid = SAMPLE_ALICE,
							      .gecos = text,
							      .home = "/home/alice",
							      .shell = "/bin/sh"}));
	for (uint32_t i = 0; i < n; i++) {
		struct map_user u = {.name = text, .gecos = "", .home = "/home/x", .shell = "/bin/sh"};

		(void)snprintf(text, sizeof(text), "other%u", (unsigned int)i);
		u.uid = SAMPLE_OPS + i;
		u.gid = u.uid;
		sample_must(map_writer_add_user(w, &u));
	}
	sample_must(map_writer_finish(w, &bytes, &len));
	map_writer_free(w);
	folder_put(folder, MAP_NAME, bytes, len);
	free(bytes);
}

int ask_alice(void *userdata, const struct map_view *v)
{
	struct question *q = userdata;
	struct map_user_slot u;
	struct passwd pw;
	char buffer[1024];

	if (map_view_find_user(v, "alice", 5, &u) < 0 || pack_user(v, &u, &pw, buffer, sizeof(buffer)) != PACK_FOUND)
		return PACK_NOT_FOUND;
	q->generation = (unsigned int)strtoul(pw.pw_gecos, NULL, 10);
	return PACK_FOUND;
}

int generation_of(struct map_reader *r)
{
	struct question q;
	int result = map_reader_ask(r, ask_alice, &q);

	return result == PACK_FOUND ? (int)q.generation : result < 0 ? result : -1000;
}

struct map_reader reader_of(const char *folder)
{
	return (struct map_reader)MAP_READER_INIT(folder, geteuid());
}

unsigned int count_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned int n = 0;

	assert_non_null(d);
	while (readdir(d) != NULL)
		n++;
	(void)closedir(d);
	return n;
}

unsigned int count_mappings(const char *folder)
{
	FILE *f = fopen("/proc/self/maps", "re");
	char *line = NULL;
	size_t room = 0;
	unsigned int n = 0;

	assert_non_null(f);
	while (getline(&line, &room, f) > 0)
		n += strstr(line, folder) != NULL;
	free(line);
	(void)fclose(f);
	return n;
}
