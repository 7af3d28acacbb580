/* SPDX-License-Identifier: MIT */
/* "latchkey forget NAME": removes an account and says what remains of it. */
#include "helper/cli/verbs.h"

#include "helper/cli/question.h"
#include "helper/cli/render.h"
#include "helper/protocol/names.h"

enum command_exit verb_forget(const struct command *c)
{
	LK_CLEANUP(varlink_reply_done) struct varlink_reply reply = {0};
	struct json_object *account;
	char name[256], uid[24], home[512];
	enum command_exit status;

	status = question_ask_about(c, METHOD_FORGET_ACCOUNT, &reply, &account);
	if (status != COMMAND_OK)
		return status;

	if (c->arguments.json) {
		render_json(c->out, account);
		(void)fputc('\n', c->out);
		return COMMAND_OK;
	}
	render_member_text(c, name, sizeof(name), account, "name");
	render_member_text(c, uid, sizeof(uid), account, "uid");
	render_member_text(c, home, sizeof(home), account, "home");
	(void)fprintf(c->out, "Forgot %s. The name and UID %s are never given to anybody else; %s was left alone.\n",
		      name, uid, home);
	return COMMAND_OK;
}
