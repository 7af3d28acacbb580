/* SPDX-License-Identifier: MIT */
#pragma once

#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Generations of the map: @n people u0, u1, ... and, where there is anybody, PEOPLE_GROUPS groups. The generation is in
 * every field of a record that can carry it, so that half a record shows.
 */

#define PEOPLE_GROUPS 8u
#define PEOPLE_MEMBERS 160u /* the first so many are in a group each, another one in each generation */
#define PEOPLE_MAX 200000u

struct people_user {
	char name[16];
	char gecos[128];
	char home[48];
	char shell[32];
	uint32_t uid;
	uint32_t gid;
};

void people_user(struct people_user *ret, uint64_t generation, uint32_t i);
uint32_t people_uid(uint64_t generation, uint32_t i);
uint32_t people_gid(uint64_t generation, uint32_t group);

/** people_group_of() - the group that user @i is a member of, or -1 */
int people_group_of(uint64_t generation, uint64_t n, uint32_t i);

/** people_generation() - what a record says that it is of; 0 where it says nothing */
uint64_t people_generation(const struct passwd *pw);

/** people_is_user() / people_is_group() / people_is_private_group() - is it the record, whole */
bool people_is_user(const struct passwd *pw, uint64_t generation, uint32_t i);
bool people_is_group(const struct group *gr, uint64_t generation, uint64_t n, uint32_t group);
bool people_is_private_group(const struct group *gr, uint64_t generation, uint32_t i);

/** people_map() - the bytes of a generation with @n people, for free(); made by the writer that latchkeyd uses */
void *people_map(uint64_t generation, uint64_t n, size_t *ret_len);
