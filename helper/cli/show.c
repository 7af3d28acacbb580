/* SPDX-License-Identifier: MIT */
/* "latchkey show NAME": all that is known of one account. */
#include "helper/cli/verbs.h"

#include "helper/cli/question.h"
#include "helper/cli/render.h"
#include "helper/protocol/names.h"

enum command_exit verb_show(const struct command *c)
{
	LK_CLEANUP(varlink_reply_done) struct varlink_reply reply = {0};
	struct json_object *account;
	enum command_exit status;

	status = question_ask_about(c, METHOD_SHOW_ACCOUNT, &reply, &account);
	if (status != COMMAND_OK)
		return status;

	if (c->arguments.json) {
		render_json(c->out, account);
		(void)fputc('\n', c->out);
	} else {
		render_account(c, account);
	}
	return COMMAND_OK;
}
