/* SPDX-License-Identifier: MIT */
#pragma once

#include "helper/oauth/flow.h"

/*
 * OpenID Connect Client-Initiated Backchannel Authentication, poll mode: the provider asks a person whom this host already
 * knows, on that person's own device; nothing is to be typed or opened. The request names the person by what a sign-in has
 * proved before, never by what somebody typed (CB-02).
 *
 * A provider that cannot ask that person (unknown_user_id) looks like one whose person says no after a while: there is a
 * challenge, and then OAUTH_DENIED with the truth in the detail (CB-15).
 */
extern const struct flow_kind ciba_flow_kind;

#define CIBA_LIFETIME_S 120u /* a request cannot be taken back, so none is asked to live for longer (CB-16) */
