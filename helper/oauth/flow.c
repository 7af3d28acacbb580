/* SPDX-License-Identifier: MIT */
/* The table of interactive flows. */
#include "helper/oauth/flow.h"

#include <errno.h>
#include <string.h>

#include "helper/oauth/ciba.h"
#include "helper/oauth/code.h"
#include "helper/oauth/device.h"

const struct flow_kind *flow_kind(enum flow_method method)
{
	static const struct flow_kind *const kinds[FLOW_METHODS] = {
		[FLOW_DEVICE] = &device_flow_kind,
		[FLOW_CIBA] = &ciba_flow_kind,
		[FLOW_CODE] = &code_flow_kind,
	};

	return kinds[method];
}

int flow_find(enum flow_method *ret, const char *name)
{
	for (enum flow_method m = FLOW_DEVICE; m < FLOW_METHODS; m++) {
		if (strcmp(flow_kind(m)->name, name) == 0) {
			*ret = m;
			return 0;
		}
	}
	return -ENOENT;
}

int flow_start(struct flow **ret, enum flow_method method, struct provider *p, sd_event *event,
	       struct fetch_client *fetch, const struct flow_request *request, const struct flow_events *events,
	       void *userdata)
{
	int r;

	if (request->lifetime_s == 0 || flow_kind(method)->fault(p, request) != NULL)
		return -EINVAL;
	r = flow_kind(method)->start(ret, p, event, fetch, request, events, userdata);
	if (r < 0)
		return r == -EINVAL ? -EINVAL : -ENOMEM;
	return 0;
}

bool flow_asks(enum flow_method method)
{
	return flow_kind(method)->answer != NULL;
}

void flow_answer(struct flow *f, const char *text, size_t len)
{
	f->kind->answer(f, text, len);
}

void flow_free(struct flow *f)
{
	if (f != NULL)
		f->kind->free(f);
}
