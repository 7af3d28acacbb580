/* SPDX-License-Identifier: MIT */
/*
 * The provider's last word, and root's. A refusal beats both: being out of reach afterwards overrules nothing.
 */
#include "helper/login/offline.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "helper/login/break_glass.h"
#include "helper/login/standing.h"

#define SERVICE_SSHD "sshd"

static bool is_open(struct login_context *ctx, const struct account *account, char *detail)
{
	struct break_glass b;

	if (!break_glass_find(ctx->break_glasses, account->name, &b))
		return false;
	(void)snprintf(detail, OFFLINE_DETAIL_MAX, "BREAK-GLASS by %s: %s", b.created_by, b.reason);
	return true;
}

bool offline_has_break_glass(struct login_context *ctx, const struct account *account, char *detail)
{
	struct standing_view standing;

	return standing_read(ctx, account, &standing) == 0 && standing.state != STANDING_REFUSED &&
	       is_open(ctx, account, detail);
}

enum offline_basis offline_basis(struct login_context *ctx, const struct account *account,
				 const struct access_policy *policy, char *detail)
{
	struct standing_view standing;

	if (standing_read(ctx, account, &standing) < 0 || standing.state == STANDING_REFUSED)
		return OFFLINE_NO;
	if (standing.state == STANDING_GOOD && policy->offline_max_age_s > 0 && standing.age_s >= 0 &&
	    standing.age_s <= (int64_t)policy->offline_max_age_s) {
		(void)snprintf(detail, OFFLINE_DETAIL_MAX,
			       "offline: the provider cannot be asked, its last yes is %" PRId64 " s old",
			       standing.age_s);
		return OFFLINE_LAST_WORD;
	}
	return is_open(ctx, account, detail) ? OFFLINE_BREAK_GLASS : OFFLINE_NO;
}

void offline_note_use(enum offline_basis basis, const struct audit_event *granted)
{
	struct audit_event e = *granted;

	if (basis != OFFLINE_BREAK_GLASS)
		return;
	e.kind = AUDIT_BREAK_GLASS;
	e.priority = LOG_ALERT;
	e.result = "used";
	audit_write(&e);
}

bool offline_takes_pin(const struct access_policy *policy, const char *service, const char *source,
		       enum offline_basis basis)
{
	bool is_from_network = (source != NULL && source[0] != '\0') || strcmp(service, SERVICE_SSHD) == 0;

	if (is_from_network)
		return policy->offline_pin && policy->service != NULL;
	return policy->offline_pin || basis == OFFLINE_BREAK_GLASS;
}
