/* SPDX-License-Identifier: MIT */
/* Nothing is remembered yet, so nothing that is remembered lets anybody in. */
#include "helper/login/standing.h"

#include <errno.h>

int standing_read(struct login_context *ctx, const struct account *account, struct standing_view *ret)
{
	(void)ctx;
	(void)account;
	*ret = (struct standing_view){.state = STANDING_UNKNOWN, .age_s = INT64_MAX};
	return 0;
}

int standing_refuse(struct login_context *ctx, const struct account *account, const char *why)
{
	(void)ctx;
	(void)account;
	(void)why;
	return -ENOSYS;
}
