/* SPDX-License-Identifier: MIT */
/* No token is kept yet, so there is nothing to ask with: whoever asks hears just that. */
#include "helper/login/recheck.h"

#include <stdlib.h>

void recheck_free(struct recheck *r)
{
	free(r);
}

static const struct recheck_result nothing_kept = {
	.outcome = RECHECK_NO_TOKEN,
	.detail = "no token is kept of this account",
};

int recheck_start(struct recheck **ret, struct login_context *ctx, const struct account *account, uint32_t max_age_s,
		  recheck_done_fn done, void *userdata)
{
	(void)ret;
	(void)ctx;
	(void)account;
	(void)max_age_s;
	done(userdata, &nothing_kept);
	return 1;
}

int recheck_token_start(struct recheck **ret, struct login_context *ctx, const struct account *account,
			const struct recheck_token_request *request, recheck_token_fn done, void *userdata)
{
	(void)ret;
	(void)ctx;
	(void)account;
	(void)request;
	done(userdata, &nothing_kept, NULL, 0);
	return 1;
}

int recheck_kept(struct login_context *ctx, const struct account *account, const struct token_set *tokens,
		 struct json_object *claims)
{
	(void)ctx;
	(void)account;
	(void)tokens;
	(void)claims;
	return 0;
}

int recheck_forget(struct login_context *ctx, const struct account *account)
{
	(void)ctx;
	(void)account;
	return 0;
}
