/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdint.h>

#include "nss_module/map_reader.h"

/** put_generation() - a map in which alice's full name says which one it is, with @n other people */
void put_generation(const char *folder, unsigned int generation, uint32_t n);

struct question {
	unsigned int generation;
};

/** ask_alice() - the lookup itself, for map_reader_ask() with a struct question */
int ask_alice(void *userdata, const struct map_view *v);

/** generation_of() - the generation that is found now, a negative errno of the reader, -1000 where alice is missing */
int generation_of(struct map_reader *r);

/** reader_of() - a fresh reader of @folder that trusts this user's files */
struct map_reader reader_of(const char *folder);

unsigned int count_fds(void);

/** count_mappings() - how many mappings of this process name @folder */
unsigned int count_mappings(const char *folder);
