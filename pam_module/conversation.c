/* SPDX-License-Identifier: MIT */
/* The caller's conversation function, behind four verbs. Never keeps or reads an answer. */

#include "pam_module/conversation.h"

#include <security/pam_ext.h>
#include <string.h>

#include "helper/base/secret.h"
#include "helper/base/text.h"

#define REFUSAL_MAX 1000u

int conversation_show(pam_handle_t *pamh, const char *text)
{
	return pam_prompt(pamh, PAM_TEXT_INFO, NULL, "%s", text);
}

void conversation_refuse(pam_handle_t *pamh, const char *text)
{
	char shown[REFUSAL_MAX];

	text_sanitise(shown, sizeof(shown), text, strlen(text), false);
	pam_prompt(pamh, PAM_ERROR_MSG, NULL, "%s", shown);
}

int conversation_wait_for_enter(pam_handle_t *pamh, const char *text)
{
	LK_CLEANUP(secret_free_stringp) char *answer = NULL;

	return pam_prompt(pamh, PAM_PROMPT_ECHO_OFF, &answer, "%s", text);
}

int conversation_ask(pam_handle_t *pamh, const char *text, bool echo, char **typed)
{
	char shown[REFUSAL_MAX];

	text_sanitise(shown, sizeof(shown), text, strlen(text), false);
	return pam_prompt(pamh, echo ? PAM_PROMPT_ECHO_ON : PAM_PROMPT_ECHO_OFF, typed, "%s: ", shown);
}
