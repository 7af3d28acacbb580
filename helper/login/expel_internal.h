/* SPDX-License-Identifier: MIT */
#pragma once

#include <sys/queue.h>

#include "helper/login/context.h"
#include "helper/login/expel.h"

/* Shared by expel.c and expel_resume.c. */

struct expulsion;

TAILQ_HEAD(expulsion_list, expulsion);

struct expulsions {
	struct login_context *ctx;
	const struct expel_settings *settings;
	struct expulsion_list list;
	size_t n;
	sd_event_source *resume; /* the next row of the store, at the start */
	uint32_t resumed_uid;    /* the last one */
};
