/* SPDX-License-Identifier: MIT */
/* The question that every session must pass, with or without a sign-in before it. Nothing but the helper's plain yes is
 * one: no answer, a strange answer and a late answer refuse. */

#include "pam_module/account.h"

#include <json-c/json.h>
#include <syslog.h>

#include "helper/base/clock.h"
#include "helper/base/json.h"
#include "helper/base/reference.h"
#include "helper/protocol/names.h"
#include "pam_module/conversation.h"
#include "pam_module/helper.h"
#include "pam_module/log.h"
#include "pam_module/signin.h"
#include "pam_module/verdict.h"

/* Return: 0 or a verdict. */
static int ask(struct helper *h, struct varlink_reply *ret, pam_handle_t *pamh, const char *name)
{
	LK_CLEANUP(json_object_putp) struct json_object *request = helper_request(h, pamh, name);
	const char *reference = signin_reference(pamh, name);
	int r;

	if (!request || !helper_add(request, "signed_in", json_object_new_boolean(reference ? 1 : 0)) ||
	    !helper_add_text(request, "reference", reference, REFERENCE_LEN))
		return VERDICT_UNAVAILABLE;
	r = helper_call(h, METHOD_CHECK_ACCOUNT, request, false);
	if (r != 0)
		return r;
	return helper_next(h, ret, clock_monotonic_ms() + ACCOUNT_MS);
}

int account_check(pam_handle_t *pamh, const struct options *o, const struct owned_account *who)
{
	LK_CLEANUP(helper_done) struct helper helper = {.interrupt_fd = -1};
	LK_CLEANUP(varlink_reply_done) struct varlink_reply reply = {0};
	char said[HELPER_TEXT_MAX] = "";
	char detail[HELPER_DETAIL_MAX] = "";
	const char *text;
	struct caller caller;
	int code = PAM_PERM_DENIED;
	int r;

	caller_examine(&caller, pamh, o);
	r = helper_open(&helper, &caller);
	if (r == 0)
		r = ask(&helper, &reply, pamh, who->name);
	if (r == 0 && reply.error)
		r = (int)helper_judge(&reply, said, detail);
	if (r == 0) {
		code = PAM_SUCCESS;
		return code;
	}

	log_account(pamh, r == VERDICT_REFUSED ? LOG_NOTICE : LOG_ERR, owned_account_log_name(who),
		    verdict_log_text((enum verdict)r), detail[0] != '\0' ? detail : helper_fault(&helper));
	text = said[0] != '\0' ? said : verdict_text((enum verdict)r);
	if (text)
		conversation_refuse(pamh, text);
	code = verdict_account_code((enum verdict)r);
	return code;
}
