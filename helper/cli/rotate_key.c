/* SPDX-License-Identifier: MIT */
/* "latchkey rotate-key": a new key for what is kept of sign-ins. */
#include "helper/cli/verbs.h"

#include "helper/cli/question.h"
#include "helper/protocol/names.h"

enum command_exit verb_rotate_key(const struct command *c)
{
	LK_CLEANUP(varlink_reply_done) struct varlink_reply reply = {0};
	enum command_exit status = question_ask(c, METHOD_ROTATE_KEY, NULL, &reply);

	if (status != COMMAND_OK)
		return status;
	(void)fprintf(c->out, c->arguments.json
				      ? "{}\n"
				      : "A new key seals from now on. The old one goes when the log says so: all "
					"is sealed anew then.\n");
	return COMMAND_OK;
}
