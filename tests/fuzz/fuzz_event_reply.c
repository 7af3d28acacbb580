/* SPDX-License-Identifier: MIT */
/* The answer of an event stream: what is accepted is within its bounds. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "helper/oauth/event_reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct event_reply reply = {.sets = NULL};
	char *text = malloc(len + 1);

	if (text == NULL)
		return 0;
	if (len > 0)
		memcpy(text, data, len);
	text[len] = '\0';
	if (event_reply_parse(&reply, text, len) == 0) {
		if (json_object_object_length(reply.sets) > (int)EVENT_REPLY_SETS_MAX)
			abort();
		json_object_object_foreach(reply.sets, id, token)
		{
			if (strlen(id) < 1 || strlen(id) > EVENT_REPLY_ID_MAX ||
			    !json_object_is_type(token, json_type_string))
				abort();
		}
	} else if (reply.sets != NULL) {
		abort();
	}
	event_reply_done(&reply);
	free(text);
	return 0;
}
