/* SPDX-License-Identifier: MIT */
/* Parameters that the requests of several flows share. */
#include "helper/oauth/flow_form.h"

#include <inttypes.h>
#include <stdio.h>

#include "helper/base/buf.h"

void flow_form_add_acr_values(struct form *form, const struct flow_request *request)
{
	LK_CLEANUP(buf_done) struct buf values = {0};

	if (request->acr_values == NULL)
		return;
	buf_init(&values, FORM_MAX);
	for (char *const *value = request->acr_values; *value != NULL; value++) {
		if (value != request->acr_values)
			buf_append_text(&values, " ");
		buf_append_text(&values, *value);
	}
	form_add(form, "acr_values", values.data);
	if (form->fault == 0)
		form->fault = buf_fault(&values);
}

void flow_form_add_max_age(struct form *form, const struct flow_request *request)
{
	char number[16];

	if (!request->has_max_age)
		return;
	(void)snprintf(number, sizeof(number), "%" PRIu32, request->max_age_s);
	form_add(form, "max_age", number);
}
