/* SPDX-License-Identifier: MIT */
/* Reads the name of an actor. Must never take one of an inner "act" for the one who acts now. */
#include "helper/oauth/actor.h"

#include <stdio.h>
#include <string.h>

#include "helper/base/json.h"
#include "helper/base/text.h"

#define TEXT_MAX 2048u

void actor_read(char *out, const struct json_object *claims)
{
	static const char *const names[] = {"sub", "client_id"};
	struct json_object *act = NULL;
	const char *text;

	out[0] = '\0';
	if (json_read_object(claims, "act", &act) != 0)
		return;
	for (size_t i = 0; out[0] == '\0' && i < sizeof(names) / sizeof(names[0]); i++)
		if (json_read_string(act, names[i], TEXT_MAX, &text) == 0)
			text_sanitise(out, ACTOR_SIZE, text, strlen(text), false);
	if (out[0] == '\0')
		(void)snprintf(out, ACTOR_SIZE, "(unnamed)");
}
