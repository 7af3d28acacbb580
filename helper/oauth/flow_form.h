/* SPDX-License-Identifier: MIT */
#pragma once

#include "helper/oauth/flow.h"
#include "helper/oauth/form.h"

/* Parameters that the requests of several flows share. */

/** flow_form_add_acr_values() - OpenID Connect Core section 3.1.2.1; nothing where none are asked for */
void flow_form_add_acr_values(struct form *form, const struct flow_request *request);

/** flow_form_add_max_age() - the same; 0 is sent too: sign in anew (SU-02) */
void flow_form_add_max_age(struct form *form, const struct flow_request *request);
