/* SPDX-License-Identifier: MIT */
/* Reads what a transmitter answers; what the tokens say is judged elsewhere, one by one. */
#include "helper/oauth/event_reply.h"

#include <errno.h>
#include <string.h>

#include "helper/base/json.h"
#include "helper/jose/jws.h"
#include "helper/jose/token_claims.h"

static bool sets_are_good(struct json_object *sets)
{
	if (json_object_object_length(sets) > (int)EVENT_REPLY_SETS_MAX)
		return false;
	json_object_object_foreach(sets, id, token)
	{
		if (!token_claims_is_plain(id, EVENT_REPLY_ID_MAX) || !json_object_is_type(token, json_type_string) ||
		    json_object_get_string_len(token) < 1 || json_object_get_string_len(token) > (int)JWS_MAX_BYTES)
			return false;
	}
	return true;
}

int event_reply_parse(struct event_reply *ret, const char *text, size_t len)
{
	LK_CLEANUP(json_object_putp) struct json_object *o = NULL;
	struct json_object *sets = NULL;
	struct json_object *more = NULL;
	int r = json_parse(&o, text, len);

	if (r < 0)
		return r == -ENOMEM ? r : -EBADMSG;
	if (!json_object_is_type(o, json_type_object))
		return -EBADMSG;
	/* section 2.4: "sets" must be there, and may be empty */
	if (!json_object_object_get_ex(o, "sets", &sets) || !json_object_is_type(sets, json_type_object) ||
	    !sets_are_good(sets))
		return -EBADMSG;
	if (json_object_object_get_ex(o, "moreAvailable", &more) && !json_object_is_type(more, json_type_boolean))
		return -EBADMSG;
	ret->sets = json_object_get(sets);
	ret->has_more = more != NULL && json_object_get_boolean(more) != 0;
	return 0;
}

void event_reply_done(struct event_reply *r)
{
	json_object_put(r->sets);
	r->sets = NULL;
}
