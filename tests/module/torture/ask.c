/* SPDX-License-Identifier: MIT */
/* A lookup is right if its answer is a whole record of one generation, or the lack of one, and that generation is not
 * older than the counter was when the lookup began (L17). While files are damaged on purpose it is right if it ends and
 * gives out no id below the floor. */
#include "tests/module/torture/ask.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "nss_module/map_format.h"
#include "tests/module/torture/people.h"

#define NAMES 400u /* people who are asked for; beyond, the records are there for the size */
#define WINDOW_MAX 256u

static const struct map_epoch *epoch;

/* What was true when a lookup began. */
struct moment {
	uint64_t least;
	uint64_t damage;
};

uint64_t ask_counter(void)
{
	if (epoch == NULL) {
		int fd = open(MAP_DIRECTORY "/" MAP_EPOCH_NAME, O_RDONLY | O_CLOEXEC);
		void *p = fd >= 0 ? mmap(NULL, MAP_EPOCH_BYTES, PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;

		if (fd >= 0)
			(void)close(fd);
		if (p == MAP_FAILED)
			return 0;
		epoch = p;
	}
	return atomic_load(&epoch->counter);
}

static struct moment moment_now(struct torture *t)
{
	struct moment m = {.damage = atomic_load(&t->damage)};

	m.least = atomic_load(&t->of_serial[ask_counter() % TORTURE_RING]);
	return m;
}

static bool is_strict(const struct torture *t, const struct moment *m)
{
	return m->damage % 2 == 0 && atomic_load(&t->damage) == m->damage;
}

static uint64_t size_of(const struct torture *t, uint64_t generation)
{
	return atomic_load(&t->n_of[generation % TORTURE_RING]);
}

/* Could some generation that this lookup may have seen lack person @i, or be another one than @but. */
static bool may_lack(const struct torture *t, const struct moment *m, uint64_t i, uint64_t but)
{
	uint64_t newest = atomic_load(&t->started);

	if (newest - m->least >= WINDOW_MAX)
		return true;
	for (uint64_t g = m->least; g <= newest; g++) {
		if (size_of(t, g) <= i || (but != 0 && g % 256 != but % 256))
			return true;
	}
	return false;
}

static void count(struct torture *t, enum said said)
{
	if (said == SAID_FOUND)
		atomic_fetch_add_explicit(&t->found, 1, memory_order_relaxed);
	else
		atomic_fetch_add_explicit(&t->missing, 1, memory_order_relaxed);
}

static void judge_user(struct asker *a, const struct moment *m, enum said said, const struct passwd *pw, uint32_t i,
		       uint64_t but)
{
	struct torture *t = a->t;
	uint64_t newest = atomic_load(&t->started);
	uint64_t generation;

	count(t, said);
	if (said == SAID_FOUND && (pw->pw_uid < TORTURE_UID_MIN || pw->pw_gid < TORTURE_UID_MIN))
		torture_wrong(t, "%s: uid %u, gid %u", a->way->name, pw->pw_uid, pw->pw_gid);
	if (!is_strict(t, m))
		return;
	if (said != SAID_FOUND) {
		if (said == SAID_ELSE || !may_lack(t, m, i, but))
			torture_wrong(t, "%s: u%u is missing (%d) in %llu to %llu", a->way->name, i, (int)said,
				      (unsigned long long)m->least, (unsigned long long)newest);
		return;
	}
	generation = people_generation(pw);
	if (generation < m->least || generation > newest || size_of(t, generation) <= i ||
	    !people_is_user(pw, generation, i)) {
		torture_wrong(t, "%s: %s:%u:%u:%s:%s:%s for u%u in %llu to %llu", a->way->name, pw->pw_name, pw->pw_uid,
			      pw->pw_gid, pw->pw_gecos, pw->pw_dir, pw->pw_shell, i, (unsigned long long)m->least,
			      (unsigned long long)newest);
		return;
	}
	a->last_uid = pw->pw_uid;
	a->last_i = i;
	a->last_generation = generation;
}

void ask_user(struct asker *a, uint32_t i)
{
	struct moment m = moment_now(a->t);
	char buffer[1024];
	char name[16];
	struct passwd pw;

	(void)snprintf(name, sizeof(name), "u%u", i);
	judge_user(a, &m, a->way->user_by_name(name, &pw, buffer, sizeof(buffer)), &pw, i, 0);
}

static void ask_uid(struct asker *a)
{
	struct moment m = moment_now(a->t);
	char buffer[1024];
	struct passwd pw;
	uint32_t i = a->last_i;

	if (a->last_uid != 0)
		judge_user(a, &m, a->way->user_by_uid(a->last_uid, &pw, buffer, sizeof(buffer)), &pw, i,
			   a->last_generation);
}

static void ask_shadow(struct asker *a, uint32_t i)
{
	struct moment m = moment_now(a->t);
	char buffer[256];
	char name[16];
	struct spwd sp;
	enum said said;

	(void)snprintf(name, sizeof(name), "u%u", i);
	said = a->way->shadow_by_name(name, &sp, buffer, sizeof(buffer));
	if (!is_strict(a->t, &m))
		return;
	if (said == SAID_FOUND ? strcmp(sp.sp_namp, name) != 0 || strcmp(sp.sp_pwdp, "*") != 0
			       : said == SAID_ELSE || !may_lack(a->t, &m, i, 0))
		torture_wrong(a->t, "%s: shadow of u%u", a->way->name, i);
}

/* Is it the group @group, or for @group = PEOPLE_GROUPS the private one of @i, in a generation that may be seen. */
static bool group_is_right(const struct torture *t, const struct moment *m, const struct group *gr, uint32_t group,
			   uint32_t i)
{
	uint64_t newest = atomic_load(&t->started);

	for (uint64_t g = m->least; g <= newest; g++) {
		if (group < PEOPLE_GROUPS ? size_of(t, g) > 0 && people_is_group(gr, g, size_of(t, g), group)
					  : size_of(t, g) > i && people_is_private_group(gr, g, i))
			return true;
	}
	return false;
}

static void judge_group(struct asker *a, const struct moment *m, enum said said, const struct group *gr, uint32_t group,
			uint32_t i, uint64_t but)
{
	count(a->t, said);
	if (said == SAID_FOUND && gr->gr_gid < TORTURE_UID_MIN)
		torture_wrong(a->t, "%s: gid %u", a->way->name, gr->gr_gid);
	if (!is_strict(a->t, m))
		return;
	if (said == SAID_FOUND ? !group_is_right(a->t, m, gr, group, i)
			       : said == SAID_ELSE || !may_lack(a->t, m, group < PEOPLE_GROUPS ? 0 : i, but))
		torture_wrong(a->t, "%s: group %u of u%u (%d): %s:%u:%s in %llu to %llu", a->way->name, group, i,
			      (int)said, said == SAID_FOUND ? gr->gr_name : "", said == SAID_FOUND ? gr->gr_gid : 0,
			      said == SAID_FOUND && gr->gr_mem[0] != NULL ? gr->gr_mem[0] : "",
			      (unsigned long long)m->least, (unsigned long long)atomic_load(&a->t->started));
}

static void ask_group(struct asker *a, uint32_t group, uint32_t i, bool by_gid)
{
	struct moment m = moment_now(a->t);
	char buffer[4096];
	char name[16];
	struct group gr;
	uint64_t but = by_gid ? a->last_generation : 0;
	gid_t gid = group < PEOPLE_GROUPS ? people_gid(but, group) : people_uid(but, i);

	if (group < PEOPLE_GROUPS)
		(void)snprintf(name, sizeof(name), "grp%u", group);
	else
		(void)snprintf(name, sizeof(name), "u%u", i);
	judge_group(a, &m,
		    by_gid ? a->way->group_by_gid(gid, &gr, buffer, sizeof(buffer))
			   : a->way->group_by_name(name, &gr, buffer, sizeof(buffer)),
		    &gr, group, i, but);
}

/* All of one generation's: that one group, or none. */
static bool groups_are_right(const struct torture *t, const struct moment *m, const gid_t *groups, int n, uint32_t i)
{
	uint64_t newest = atomic_load(&t->started);

	if (newest - m->least >= WINDOW_MAX)
		return true;
	for (uint64_t g = m->least; g <= newest; g++) {
		int group = people_group_of(g, size_of(t, g), i);

		if (group < 0 ? n == 0 : n == 1 && groups[0] == people_gid(g, (uint32_t)group))
			return true;
	}
	return false;
}

static void ask_groups_of(struct asker *a, uint32_t i)
{
	const gid_t primary = 12345;
	struct moment m = moment_now(a->t);
	char name[16];
	gid_t groups[64];
	int n;
	int others = 0;

	(void)snprintf(name, sizeof(name), "u%u", i);
	n = a->way->groups_of(name, primary, groups, 64);
	for (int k = 0; k < n; k++) {
		if (groups[k] != primary)
			groups[others++] = groups[k];
	}
	for (int k = 0; k < others; k++) {
		if (groups[k] < TORTURE_UID_MIN)
			torture_wrong(a->t, "%s: u%u is in group %u", a->way->name, i, groups[k]);
	}
	if (is_strict(a->t, &m) && (n < 0 || !groups_are_right(a->t, &m, groups, others, i)))
		torture_wrong(a->t, "%s: u%u is in %d groups", a->way->name, i, others);
}

void ask_something(struct asker *a)
{
	uint64_t random = torture_random(&a->random);
	uint32_t i = (uint32_t)(random >> 16) % ((random >> 48) % 8 == 0 ? NAMES : ASK_OFTEN);
	uint32_t group = (uint32_t)(random >> 8) % PEOPLE_GROUPS;

	switch (random % 8) {
	case 0:
	case 1:
		ask_user(a, i);
		break;
	case 2:
		ask_uid(a);
		break;
	case 3:
		ask_shadow(a, i);
		break;
	case 4:
		ask_group(a, group, 0, false);
		break;
	case 5:
		ask_group(a, PEOPLE_GROUPS, i & ~1u, (random & 256) != 0 && a->last_generation != 0);
		break;
	case 6:
		if (a->last_generation != 0)
			ask_group(a, group, 0, true);
		break;
	default:
		if (a->may_allocate)
			ask_groups_of(a, i);
		break;
	}
}

/* --- enumeration -------------------------------------------------------------------------------------------------- */

/* Every entry of one map that was published when it began, whatever came meanwhile. */
static void walk_users(struct asker *a)
{
	struct moment m = moment_now(a->t);
	uint64_t generation = 0;
	uint64_t n = 0;
	char buffer[1024];
	struct passwd pw;
	struct passwd *user;

	setpwent();
	while (getpwent_r(&pw, buffer, sizeof(buffer), &user) == 0) {
		uint64_t of = people_generation(&pw);

		generation = n == 0 ? of : generation;
		n++;
		if (is_strict(a->t, &m) && (of != generation || of < m.least ||
					    !people_is_user(&pw, of, (uint32_t)strtoul(pw.pw_name + 1, NULL, 10))))
			torture_wrong(a->t, "enumeration of %llu from %llu on: %s of %llu",
				      (unsigned long long)generation, (unsigned long long)m.least, pw.pw_name,
				      (unsigned long long)of);
	}
	endpwent();
	if (is_strict(a->t, &m) && (n == 0 ? !may_lack(a->t, &m, 0, 0) : n != size_of(a->t, generation)))
		torture_wrong(a->t, "enumeration of %llu: %llu of %llu people", (unsigned long long)generation,
			      (unsigned long long)n, (unsigned long long)size_of(a->t, generation));
}

/* Is there a generation that may be seen with exactly that many entries. */
static void judge_count(struct asker *a, const struct moment *m, const char *what, uint64_t n, bool is_groups)
{
	uint64_t newest = atomic_load(&a->t->started);
	bool is_right = newest - m->least >= WINDOW_MAX;

	for (uint64_t g = m->least; !is_right && g <= newest; g++) {
		uint64_t people = size_of(a->t, g);

		is_right = n == (is_groups ? (people + 1) / 2 + (people > 0 ? PEOPLE_GROUPS : 0) : people);
	}
	if (is_strict(a->t, m) && !is_right)
		torture_wrong(a->t, "enumeration of %s: %llu entries", what, (unsigned long long)n);
}

static void walk_groups(struct asker *a)
{
	struct moment m = moment_now(a->t);
	static char buffer[8192];
	uint64_t n = 0;
	struct group gr;
	struct group *group;

	setgrent();
	while (getgrent_r(&gr, buffer, sizeof(buffer), &group) == 0)
		n++;
	endgrent();
	judge_count(a, &m, "groups", n, true);
}

static void walk_shadow(struct asker *a)
{
	struct moment m = moment_now(a->t);
	char buffer[256];
	uint64_t n = 0;
	struct spwd sp;
	struct spwd *entry;

	setspent();
	while (getspent_r(&sp, buffer, sizeof(buffer), &entry) == 0)
		n++;
	endspent();
	judge_count(a, &m, "shadow", n, false);
}

void ask_everybody(struct asker *a)
{
	walk_users(a);
	walk_groups(a);
	walk_shadow(a);
	atomic_fetch_add(&a->t->walks, 1);
}
