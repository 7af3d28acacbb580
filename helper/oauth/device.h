/* SPDX-License-Identifier: MIT */
#pragma once

#include "helper/oauth/flow.h"

/*
 * The device authorization grant, RFC 8628, and the dialects of it. Asks for a code at once, and polls until an end or until
 * the provider's or the caller's lifetime is over, whichever comes first. How old a sign-in may be, and of which class it is
 * to be, is told where the dialect's device endpoint takes it; RFC 8628 knows no such parameter (SU-07), so it is the
 * answer that counts.
 */
extern const struct flow_kind device_flow_kind;
