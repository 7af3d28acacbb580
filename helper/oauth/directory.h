/* SPDX-License-Identifier: MIT */
#pragma once

#include <systemd/sd-event.h>

#include "helper/oauth/directory_reply.h"
#include "helper/oauth/provider.h"

/* Lists the people of a directory with the host's own token: SCIM 2.0 (RFC 7644 section 3.4.2) and what speaks otherwise,
 * as directory_kind.h has it. One request at a time; all or nothing. */

#define DIRECTORY_PEOPLE_MAX 100000u
#define DIRECTORY_PAGES_MAX 8192u
#define DIRECTORY_RUN_MAX_MS (15u * 60u * 1000u)
#define DIRECTORY_RETRIES_MAX 5u /* in one run */

/* Filled by the configuration; every string owned by whoever owns the struct. NULL where not configured. */
struct directory_settings {
	const struct directory_kind *kind; /* NULL: no directory */
	char *url;                         /* the base, without a '/' at its end */
	char *client_id;                   /* NULL: the provider's, and its secret unless there is one here */
	struct secret *client_secret;
	char *scope; /* of the host's token */
	char *filter;
	const char *subject_member; /* which member is the subject of tokens, NULL: none */
	char *tenant;               /* as in struct directory_rule */
	uint32_t refresh_s;
	uint32_t people_max; /* at most DIRECTORY_PEOPLE_MAX */
};

/** directory_default_url() - the base that kind and issuer lead to; *ret NULL where they lead to none. Return: 0, -ENOMEM. */
int directory_default_url(char **ret, const struct directory_kind *kind, const char *issuer);

/** directory_tenant() - the tenant of an issuer like https://host/TENANT/v2.0, where the dialect has tenants; *ret NULL else,
 *  or where the issuer stands for more than one. Return: 0, -ENOMEM. */
int directory_tenant(char **ret, const struct provider_settings *s);

struct directory;

/** @listing: for OAUTH_DONE only, complete and with somebody in it; the callee's to free */
typedef void (*directory_done_fn)(void *userdata, const struct oauth_result *result, struct directory_listing *listing);

/** directory_new() - everything must outlive it. Return: 0, -ENOMEM. */
int directory_new(struct directory **ret, struct provider *p, sd_event *event, struct fetch_client *fetch,
		  const struct directory_settings *settings);
void directory_free(struct directory *d);
LK_DEFINE_CLEANUP(struct directory *, directory_free);

/**
 * directory_start() - read the whole list
 * @done: runs once, from the event loop, within DIRECTORY_RUN_MAX_MS and the time of one request; may free @d
 * A page that cannot be had is asked for again, later, a few times; a listing that ends before the total that it names, or
 * that has nobody, is a failure.
 * Return: 0, -EBUSY while the last one is under way, -ENOMEM.
 */
int directory_start(struct directory *d, directory_done_fn done, void *userdata);

/** directory_retry_after_s() - how long the server wanted to be left alone when the last run failed; 0: it did not say */
uint32_t directory_retry_after_s(const struct directory *d);
