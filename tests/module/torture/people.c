/* SPDX-License-Identifier: MIT */
/* What every generation of the map says, for the writer who makes it and for the readers who judge by it. */
#include "tests/module/torture/people.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/accounts/map_writer.h"
#include "tests/module/torture/torture.h"

#define UIDS_EACH (UINT32_C(1) << 18)
#define GIDS (TORTURE_UID_MIN + (UINT32_C(1) << 27))
#define FILLER                                                                                                         \
	"a full name that is long enough for some of these people to need more room than a slot has, and a little "    \
	"more"

uint32_t people_uid(uint64_t generation, uint32_t i)
{
	return TORTURE_UID_MIN + (uint32_t)(generation % 256) * UIDS_EACH + i;
}

uint32_t people_gid(uint64_t generation, uint32_t group)
{
	return GIDS + (uint32_t)(generation % 256) * PEOPLE_GROUPS + group;
}

int people_group_of(uint64_t generation, uint64_t n, uint32_t i)
{
	return i < n && i < PEOPLE_MEMBERS ? (int)((i + generation) % PEOPLE_GROUPS) : -1;
}

void people_user(struct people_user *ret, uint64_t generation, uint32_t i)
{
	int filler = (int)((generation * 7 + i * 13) % (sizeof(FILLER) - 32));

	(void)snprintf(ret->name, sizeof(ret->name), "u%u", i);
	(void)snprintf(ret->gecos, sizeof(ret->gecos), "g%llu u%u %.*s", (unsigned long long)generation, i, filler,
		       FILLER);
	(void)snprintf(ret->home, sizeof(ret->home), "/home/g%llu/u%u", (unsigned long long)generation, i);
	(void)snprintf(ret->shell, sizeof(ret->shell), "/bin/s%llu", (unsigned long long)generation);
	ret->uid = people_uid(generation, i);
	/* Half of them have a private group. */
	ret->gid = i % 2 == 0 ? ret->uid : people_gid(generation, i % PEOPLE_GROUPS);
}

uint64_t people_generation(const struct passwd *pw)
{
	return pw->pw_gecos != NULL && pw->pw_gecos[0] == 'g' ? strtoull(pw->pw_gecos + 1, NULL, 10) : 0;
}

bool people_is_user(const struct passwd *pw, uint64_t generation, uint32_t i)
{
	struct people_user u;

	people_user(&u, generation, i);
	return strcmp(pw->pw_name, u.name) == 0 && strcmp(pw->pw_passwd, "x") == 0 && pw->pw_uid == u.uid &&
	       pw->pw_gid == u.gid && strcmp(pw->pw_gecos, u.gecos) == 0 && strcmp(pw->pw_dir, u.home) == 0 &&
	       strcmp(pw->pw_shell, u.shell) == 0;
}

bool people_is_group(const struct group *gr, uint64_t generation, uint64_t n, uint32_t group)
{
	char name[16];
	size_t member = 0;

	(void)snprintf(name, sizeof(name), "grp%u", group);
	if (strcmp(gr->gr_name, name) != 0 || gr->gr_gid != people_gid(generation, group))
		return false;
	for (uint32_t i = 0; i < n && i < PEOPLE_MEMBERS; i++) {
		if (people_group_of(generation, n, i) != (int)group)
			continue;
		(void)snprintf(name, sizeof(name), "u%u", i);
		if (gr->gr_mem[member] == NULL || strcmp(gr->gr_mem[member], name) != 0)
			return false;
		member++;
	}
	return gr->gr_mem[member] == NULL;
}

bool people_is_private_group(const struct group *gr, uint64_t generation, uint32_t i)
{
	char name[16];

	(void)snprintf(name, sizeof(name), "u%u", i);
	return i % 2 == 0 && strcmp(gr->gr_name, name) == 0 && gr->gr_gid == people_uid(generation, i) &&
	       gr->gr_mem[0] == NULL;
}

static void add_user(struct map_writer *w, uint64_t generation, uint32_t i)
{
	struct people_user u;

	people_user(&u, generation, i);
	torture_must(map_writer_add_user(w, &(struct map_user){.name = u.name,
							       .uid = u.uid,
							       .gid = u.gid,
							       .gecos = u.gecos,
							       .home = u.home,
							       .shell = u.shell}) == 0,
		     "a user of the map");
}

static void add_group(struct map_writer *w, uint64_t generation, uint64_t n, uint32_t group)
{
	char names[PEOPLE_MEMBERS][16];
	const char *members[PEOPLE_MEMBERS + 1];
	struct map_group g = {.gid = people_gid(generation, group), .members = members};
	char name[16];
	size_t count = 0;

	for (uint32_t i = 0; i < n && i < PEOPLE_MEMBERS; i++) {
		if (people_group_of(generation, n, i) != (int)group)
			continue;
		(void)snprintf(names[count], sizeof(names[count]), "u%u", i);
		members[count] = names[count];
		count++;
	}
	members[count] = NULL;
	(void)snprintf(name, sizeof(name), "grp%u", group);
	g.name = name;
	torture_must(map_writer_add_group(w, &g) == 0, "a group of the map");
}

void *people_map(uint64_t generation, uint64_t n, size_t *ret_len)
{
	struct map_writer *w = NULL;
	void *bytes = NULL;

	torture_must(map_writer_new(&w) == 0, "a map");
	for (uint32_t i = 0; i < n; i++)
		add_user(w, generation, i);
	for (uint32_t group = 0; n > 0 && group < PEOPLE_GROUPS; group++)
		add_group(w, generation, n, group);
	torture_must(map_writer_finish(w, &bytes, ret_len) == 0, "a map");
	map_writer_free(w);
	return bytes;
}
