/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Lists of number ranges, as root's configuration writes them. */

#define ID_RANGES_MAX 64u

struct id_range {
	uint32_t first;
	uint32_t last;
};

struct id_ranges {
	struct id_range *ranges;
	size_t n;
};

/**
 * id_ranges_add() - "1000-59999 70000": ranges and single numbers, separated by blanks, behind those that are there
 * @min: no number below it
 * Return: 0, -EINVAL no such text, or a number below @min or above 2,147,483,647, -E2BIG above ID_RANGES_MAX, -ENOMEM;
 * then nothing was added.
 */
int id_ranges_add(struct id_ranges *r, const char *text, uint32_t min);

bool id_ranges_have(const struct id_ranges *r, uint32_t id);
void id_ranges_done(struct id_ranges *r);
