/* SPDX-License-Identifier: MIT */
/* What every verb answers with. */
#include "helper/root/answer.h"

#include <stdio.h>
#include <string.h>

#include "helper/base/text.h"

int answer_with(struct publish_answer *a, enum publish_status status, const char *reason)
{
	a->magic = PUBLISH_MAGIC;
	a->status = (uint32_t)status;
	text_sanitise(a->reason, sizeof(a->reason), reason, strlen(reason), false);
	return (int)status;
}

int answer_error(struct publish_answer *a, const char *what, int error)
{
	char text[200];

	(void)snprintf(text, sizeof(text), "%s: %s", what, strerrordesc_np(-error));
	return answer_with(a, PUBLISH_FAILED, text);
}
