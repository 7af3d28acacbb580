/* SPDX-License-Identifier: MIT */
/* Which kind of credential it is, by what it says of itself; then that kind alone judges it. */
#include "helper/login/presented.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/base/json.h"
#include "helper/base/secret.h"
#include "helper/base/text.h"
#include "helper/jose/jws.h"
#include "helper/login/presented_kinds.h"
#include "helper/protocol/names.h"

#define ISSUER_MAX 2048u

/* In the order in which they are asked: what says whose it is comes first, what may be anything last. */
static const struct presented_kind *const kinds[] = {
	&presented_kind_workload,
	&presented_kind_assertion,
	&presented_kind_exchange,
	&presented_kind_access_token,
};

struct presented {
	struct presented_request request;
	struct secret *text;
	const struct presented_kind *kind;
	void *job;
};

void presented_refuse(struct presented_result *ret, const char *reason, const char *format, ...)
{
	char text[2 * OAUTH_DETAIL_MAX];
	va_list arguments;

	va_start(arguments, format);
	if (vsnprintf(text, sizeof(text), format, arguments) < 0)
		text[0] = '\0';
	va_end(arguments);
	ret->reason = reason;
	text_sanitise(ret->detail, sizeof(ret->detail), text, strlen(text), false);
}

static const struct presented_kind *kind_of(const struct presented_request *r)
{
	LK_CLEANUP(json_object_putp) struct json_object *claims = NULL;
	LK_CLEANUP(jws_done) struct jws jws = {0};
	struct presented_look look = {.header = NULL};

	if (jws_decode(&jws, r->text, r->len) == 0) {
		look.header = jws.header;
		if (json_parse(&claims, jws.payload, jws.payload_len) == 0 &&
		    json_object_is_type(claims, json_type_object)) {
			look.claims = claims;
			if (json_read_string(claims, "iss", ISSUER_MAX, &look.issuer) != 0)
				look.issuer = NULL;
		}
	}
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if ((r->account->accepts & kinds[i]->flag) != 0 && kinds[i]->recognises(r, &look))
			return kinds[i];
	return NULL;
}

void presented_free(struct presented *p)
{
	if (p == NULL)
		return;
	if (p->job != NULL)
		p->kind->free(p->job);
	secret_free(p->text);
	free(p);
}

int presented_start(struct presented **ret, const struct presented_request *r, presented_done_fn done, void *userdata)
{
	LK_CLEANUP(presented_freep) struct presented *p = calloc(1, sizeof(*p));
	struct presented_result refused = {.reason = NULL};
	int result;

	if (p == NULL || secret_copy(&p->text, r->text, r->len) < 0)
		return -ENOMEM;
	p->request = *r;
	p->request.text = secret_data(p->text);
	p->kind = kind_of(&p->request);
	if (p->kind == NULL) {
		presented_refuse(&refused, REASON_NOT_BELIEVED, "it is nothing that this account accepts");
		done(userdata, &refused);
		return 1;
	}
	result = p->kind->start(&p->job, &p->request, done, userdata);
	if (result == 0)
		*ret = LK_STEAL(p);
	return result;
}
