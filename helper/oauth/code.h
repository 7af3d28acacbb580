/* SPDX-License-Identifier: MIT */
#pragma once

#include "helper/oauth/flow.h"

/*
 * The authorization code flow, RFC 6749 section 4.1, with PKCE (RFC 7636, S256 always), pushed where the provider takes that
 * (RFC 9126), and its answer held against RFC 9207. The browser is on another machine than this host, so what it ends
 * at is pasted back. Needs settings.redirect_uri, registered at the provider.
 */

extern const struct flow_kind code_flow_kind;
