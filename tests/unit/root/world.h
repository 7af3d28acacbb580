/* SPDX-License-Identifier: MIT */
#pragma once

#include <stddef.h>

#include "helper/root/check.h"
#include "nss_module/map_view.h"
#include "tests/unit/nss_module/sample.h"

/* A sample map and what it is judged by. */
struct world {
	struct settings *settings;
	struct locals *locals;
	unsigned char *bytes;
	size_t len;
	struct map_view v;
};

struct settings *settings_of(const char *text);

/** world_init() - @settings: the configuration beside the sections of the two groups that the sample has */
void world_init(struct world *w, const char *settings);
void world_done(struct world *w);
int judge(struct world *w, char *why);
struct map_user person(const char *name, uint32_t uid);
struct map_header *header_of(struct world *w);

/* Changes a sound map into one that must not be published; its checksum is made to fit afterwards. */
typedef void (*lie_fn)(struct world *w);

/** refuse_lies() - each of them is refused, with a reason that a log can hold */
void refuse_lies(const lie_fn *lies, size_t n);
