/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "helper/accounts/map_writer.h"
#include "nss_module/map_view.h"

/* The map that the tests of its readers and its judge share: three people (one whose record does not fit its slot, one
 * who is in no group), two groups, and two groups of /etc/group that sessions are to have. */

#define SAMPLE_ALICE UINT32_C(0x70000001)
#define SAMPLE_BOB UINT32_C(0x70000002)
#define SAMPLE_CAROL UINT32_C(0x70000003)
#define SAMPLE_DEVS UINT32_C(0x70001001)
#define SAMPLE_OPS UINT32_C(0x70001002)
/* The text that ends the last group is the literal's own NUL. */
#define SAMPLE_LOCAL "docker\0alice\0bob\0\0lab\0bob\0"
#define SAMPLE_LONG_GECOS                                                                                              \
	"Robert Long, whose full name and office and telephone number do not fit into the slot of a user, not at all"

static inline void sample_must(int r)
{
	if (r != 0) {
		(void)fprintf(stderr, "the sample map cannot be made: %d\n", r);
		abort();
	}
}

static inline struct map_writer *sample_writer(void)
{
	static const char *const devs[] = {"alice", "bob", NULL};
	static const char *const ops[] = {"bob", NULL};
	static const char local[] = SAMPLE_LOCAL;
	struct map_writer *w = NULL;

	sample_must(map_writer_new(&w));
	map_writer_set_local_groups(w, local, sizeof(local));
	sample_must(map_writer_add_user(w, &(struct map_user){.name = "alice",
							      .uid = SAMPLE_ALICE,
							      .gid = SAMPLE_ALICE,
							      .gecos = "Alice Example",
							      .home = "/home/alice",
							      .shell = "/bin/bash"}));
	sample_must(map_writer_add_user(w, &(struct map_user){.name = "bob",
							      .uid = SAMPLE_BOB,
							      .gid = SAMPLE_BOB,
							      .gecos = SAMPLE_LONG_GECOS,
							      .home = "/home/bob",
							      .shell = "/bin/sh"}));
	sample_must(map_writer_add_user(w, &(struct map_user){.name = "carol.c",
							      .uid = SAMPLE_CAROL,
							      .gid = SAMPLE_DEVS,
							      .gecos = "",
							      .home = "/home/carol.c",
							      .shell = "/bin/sh"}));
	sample_must(map_writer_add_group(w, &(struct map_group){.name = "devs", .gid = SAMPLE_DEVS, .members = devs}));
	sample_must(map_writer_add_group(w, &(struct map_group){.name = "ops", .gid = SAMPLE_OPS, .members = ops}));
	return w;
}

static inline void *sample_map(size_t *ret_len)
{
	struct map_writer *w = sample_writer();
	void *bytes = NULL;

	sample_must(map_writer_finish(w, &bytes, ret_len));
	map_writer_free(w);
	return bytes;
}

/* Makes a changed header pass as whole: what is behind it is then the only thing that can be found wrong. */
static inline void sample_reseal(void *bytes)
{
	struct map_header h;

	memcpy(&h, bytes, sizeof(h));
	h.checksum = map_checksum(&h);
	memcpy(bytes, &h, sizeof(h));
}

/* @n users u0, u1, ... with uids from 0x70000000 on; every tenth is in the group "tenth". */
static inline void *sample_many(uint32_t n, size_t *ret_len)
{
	struct map_writer *w = NULL;
	const char **members = calloc(n / 10 + 2, sizeof(*members));
	char(*names)[16] = calloc(n, sizeof(*names));
	void *bytes = NULL;
	char home[64];
	size_t m = 0;

	if (members == NULL || names == NULL)
		abort();
	sample_must(map_writer_new(&w));
	for (uint32_t i = 0; i < n; i++) {
		struct map_user u = {.name = names[i], .gecos = "One of many", .home = home, .shell = "/bin/sh"};

		(void)snprintf(names[i], sizeof(names[i]), "u%u", (unsigned int)i);
		(void)snprintf(home, sizeof(home), "/home/u%u", (unsigned int)i);
		u.uid = UINT32_C(0x70000000) + i;
		u.gid = u.uid;
		sample_must(map_writer_add_user(w, &u));
		if (i % 10 == 0)
			members[m++] = names[i];
	}
	if (m > 0)
		sample_must(map_writer_add_group(
			w, &(struct map_group){.name = "tenth", .gid = UINT32_C(0x7F000000), .members = members}));
	sample_must(map_writer_finish(w, &bytes, ret_len));
	map_writer_free(w);
	free((void *)members);
	free(names);
	return bytes;
}
