/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdint.h>

#include <curl/curl.h>

#include "helper/base/cleanup.h"
#include "helper/fetch/client.h"
#include "helper/fetch/url.h"

/* One HTTP request and its reply as a libcurl easy handle: every option that keeps it safe is set here. */

#define EXCHANGE_SHARED_BYTES_MAX (32u * 1024u * 1024u)

struct exchange;

/** exchange_global_init() - once in the process, before the first exchange. Return: 0, -ENOMEM, -ENOSYS for a libcurl
 *                           that would block on names or lacks TLS. */
int exchange_global_init(void);

/**
 * exchange_new() - ready to be added to a multi handle
 * @request: must outlive it
 * @url:     taken over on success
 * @timeout_ms: what is left of the request's time
 * @shared_bytes: counts the body bytes that all exchanges hold together, at most EXCHANGE_SHARED_BYTES_MAX
 * @detail: set for -EKEYREJECTED, printable and static
 * Return: 0; -EKEYREJECTED the profile's certificate or key is of no use; -ENOMEM; -ENOSYS.
 */
int exchange_new(struct exchange **ret, const struct fetch_request *request, struct url *url, uint32_t timeout_ms,
		 size_t *shared_bytes, const char **detail);
void exchange_free(struct exchange *x);
LK_DEFINE_CLEANUP(struct exchange *, exchange_free);

CURL *exchange_handle(struct exchange *x);
void exchange_set_owner(struct exchange *x, void *owner);
/** exchange_owner() - of a handle that the multi handle reports */
void *exchange_owner(CURL *handle);

/**
 * exchange_result() - after the transfer has ended
 * @code:      libcurl's verdict
 * @ret_reply: for FETCH_DONE only; valid as long as @x
 * @detail:    WIRE_DETAIL_MAX + 1 bytes, printable ASCII, "" for FETCH_DONE
 */
enum fetch_outcome exchange_result(struct exchange *x, CURLcode code, struct fetch_reply *ret_reply, char *detail);
