/* SPDX-License-Identifier: MIT */
#pragma once

#include <grp.h>
#include <pwd.h>
#include <shadow.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/module/torture/torture.h"

/* Lookups by every entry point, in two ways, and the judgement of what they say. */

#define ASK_OFTEN 100u /* the people who are asked for most */

enum said {
	SAID_FOUND,
	SAID_NOT_FOUND,
	SAID_ELSE, /* cannot say now, or no map */
};

struct way {
	const char *name;
	enum said (*user_by_name)(const char *name, struct passwd *pw, char *buffer, size_t size);
	enum said (*user_by_uid)(uid_t uid, struct passwd *pw, char *buffer, size_t size);
	enum said (*shadow_by_name)(const char *name, struct spwd *sp, char *buffer, size_t size);
	enum said (*group_by_name)(const char *name, struct group *gr, char *buffer, size_t size);
	enum said (*group_by_gid)(gid_t gid, struct group *gr, char *buffer, size_t size);
	/* at most @max; @primary is among them with glibc */
	int (*groups_of)(const char *name, gid_t primary, gid_t *groups, int max);
};

extern const struct way way_glibc;  /* the public functions, with the service fixed to latchkey */
extern const struct way way_direct; /* the module's own entry points, by dlsym() */

/** ask_init() - fixes the service and finds the entry points of @module */
void ask_init(const char *module);

/** ask_counter() - the epoch as it is now. Return: 0 before anything was published. */
uint64_t ask_counter(void);

/* One reader's memory between lookups. */
struct asker {
	struct torture *t;
	const struct way *way;
	uint64_t random;
	uint32_t last_uid; /* of a record that was found */
	uint32_t last_i;
	uint64_t last_generation;
	bool may_allocate;
};

/** ask_something() - one lookup of a random kind, judged */
void ask_something(struct asker *a);

/** ask_user() - one lookup by name of user @i, judged */
void ask_user(struct asker *a, uint32_t i);

/** ask_everybody() - all three enumerations from start to end, judged; for one thread at a time */
void ask_everybody(struct asker *a);
