/* SPDX-License-Identifier: MIT */
/*
 * Judges by what is stored. Never asks the network, and never lets a forgotten account or one outside policy in.
 */
#include "helper/login/known_account.h"

#include <errno.h>
#include <string.h>

#include "helper/base/json.h"
#include "helper/base/text.h"
#include "helper/login/service_account.h"
#include "helper/protocol/names.h"

int known_account_find(struct login_context *ctx, const char *name, struct account **ret)
{
	int r;

	if (localdb_refresh(ctx->local) < 0)
		return -EIO;
	r = accounts_find_local(ctx->accounts, name, ret);
	if (r == -ENOENT && localdb_has_user(ctx->local, name))
		return r;
	return r == -ENOENT ? store_find_name(ctx->store, name, ret) : r;
}

const char *known_account_judge(struct login_context *ctx, const struct account *account, const char *service,
				const char **ret_detail)
{
	LK_CLEANUP(json_object_putp) struct json_object *facts = NULL;
	LK_CLEANUP(text_free_listp) char **groups = NULL;
	const struct access_policy *policy = access_policy_for(ctx->access, service);
	const struct login_provider *lp = login_provider_for(ctx, account->name);
	const struct service_account *robot = service_account_find(ctx, account->name);
	struct access_person person = {.name = account->name, .subject = account->subject};

	/* By the issuer: the name of a section may be another provider's by now. */
	if (lp == NULL) {
		*ret_detail = "the account's provider is not configured any more";
		return REASON_NOT_ALLOWED;
	}
	person.provider = provider_settings(lp->provider)->name;
	if (account->state != ACCOUNT_ACTIVE) {
		*ret_detail = account->state == ACCOUNT_EXPECTED ? "whoever it is kept for has not signed in yet"
								 : "the account was forgotten";
		return REASON_NOT_ALLOWED;
	}
	if (robot != NULL && !service_account_is(robot, account, ret_detail))
		return REASON_NOT_ALLOWED;
	if (robot != NULL) {
		*ret_detail = "services of the service account does not name this one";
		return service_account_may_open(robot, service) ? NULL : REASON_NOT_ALLOWED;
	}
	if (policy == NULL) {
		*ret_detail = "no access section lets anybody in";
		return REASON_NOT_ALLOWED;
	}
	if (json_parse(&facts, account->facts, strlen(account->facts)) < 0 ||
	    access_person_from_facts(&person, facts, &groups) < 0) {
		*ret_detail = "the stored facts cannot be read";
		return REASON_NO_STORE;
	}
	if (!access_allows(policy, &person)) {
		*ret_detail = "no grant of the access section fits";
		return REASON_NOT_ALLOWED;
	}
	return NULL;
}
