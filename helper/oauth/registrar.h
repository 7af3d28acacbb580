/* SPDX-License-Identifier: MIT */
#pragma once

#include "helper/oauth/registration.h"

/* Registers this host at a provider, changes what is registered, and ends it: one request each, never repeated by itself. */

enum registrar_outcome {
	REGISTRAR_DONE = 0,
	REGISTRAR_NOT_SUPPORTED, /* no endpoint for it, or 405 (REG-10) */
	REGISTRAR_GONE,          /* 401 at the registration's own URL: there is no such client any more (REG-09) */
	REGISTRAR_REFUSED,       /* the provider will not have it so, or not with this token */
	REGISTRAR_BAD_REPLY,     /* it was done perhaps, and this host cannot use the answer */
	REGISTRAR_UNREACHABLE,   /* no answer; it was done perhaps */
};

/** @registration: for REGISTRAR_DONE but after an end; the callee's */
typedef void (*registrar_done_fn)(void *userdata, enum registrar_outcome outcome, const struct oauth_result *result,
				  struct registration *registration);

struct registrar;

/**
 * registrar_register() - RFC 7591 section 3
 * @initial_token: or NULL where the provider wants none (REG-01)
 * @done:          runs once from the event loop, never from within
 * Return: 0, -EINVAL as registration_request(), -ENOMEM.
 */
int registrar_register(struct registrar **ret, struct provider *p, struct fetch_client *fetch,
		       const struct registration_wish *wish, const struct secret *initial_token, registrar_done_fn done,
		       void *userdata);

/** registrar_update() - RFC 7592 section 2.2; @old has a URI and stays the caller's. Return: as registrar_register(). */
int registrar_update(struct registrar **ret, struct provider *p, struct fetch_client *fetch,
		     const struct registration_wish *wish, const struct registration *old, registrar_done_fn done,
		     void *userdata);

/** registrar_end() - RFC 7592 section 2.3; the same. Return: 0, -ENOMEM. */
int registrar_end(struct registrar **ret, struct provider *p, struct fetch_client *fetch,
		  const struct registration *old, registrar_done_fn done, void *userdata);

/** registrar_free() - @done will not run; what was sent may be done all the same. Accepts NULL. */
void registrar_free(struct registrar *r);
LK_DEFINE_CLEANUP(struct registrar *, registrar_free);
