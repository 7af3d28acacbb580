/* SPDX-License-Identifier: MIT */
/* Fetches metadata, then keys. What arrives replaces what was there only after it was found good as a whole; a failure
 * of either is noted and leaves the older one in use. */
#include "helper/oauth/provider_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "helper/base/clock.h"
#include "helper/base/file.h"
#include "helper/base/json.h"
#include "helper/oauth/error.h"
#include "helper/oauth/request.h"

#define LOAD_TIMEOUT_MS 10000u

static int load_keys(struct provider *p);
static void on_metadata(void *userdata, enum fetch_outcome outcome, const struct fetch_reply *reply,
			const char *detail);

static int load_metadata(struct provider *p, enum metadata_place place)
{
	LK_CLEANUP(secret_free_stringp) char *url = NULL;
	int r = metadata_url(&url, p->settings->issuer, place);

	if (r == -EBADMSG) {
		oauth_result_set(&p->failure, OAUTH_CLIENT_REFUSED, "issuer is not a URL that can be used");
		return 1;
	}
	if (r < 0)
		return r;
	p->place = place;
	p->load = PROVIDER_LOAD_METADATA;
	return request_get(p->fetch, p->settings, url, "application/json", NULL, LOAD_TIMEOUT_MS, on_metadata, p,
			   &p->call);
}

static int use_metadata(struct provider *p, struct json_object *document)
{
	struct metadata_endpoints endpoints;
	char why[OAUTH_DETAIL_MAX];
	int r = metadata_endpoints(&endpoints, p->settings, document, why);

	if (r == -EBADMSG)
		oauth_result_set(&p->failure, OAUTH_CLIENT_REFUSED, "endpoints: %s", why);
	if (r < 0)
		return r;
	metadata_endpoints_done(&p->endpoints);
	p->endpoints = endpoints;
	p->has_endpoints = true;
	p->metadata_ms = clock_monotonic_ms();
	return 0;
}

static void read_metadata(struct provider *p, const struct fetch_reply *reply)
{
	LK_CLEANUP(json_object_putp) struct json_object *document = NULL;
	char why[OAUTH_DETAIL_MAX];
	int r;

	if (reply->status != 200) {
		oauth_result_from_status(&p->failure, "discovery", reply->status);
		return;
	}
	r = provider_metadata_check(&document, p->settings, reply->body, reply->body_len, why);
	if (r == -EBADMSG)
		oauth_result_set(&p->failure, OAUTH_BAD_REPLY, "discovery: %s", why);
	else if (r == 0)
		r = use_metadata(p, document);
	if (r == -ENOMEM)
		oauth_result_set(&p->failure, OAUTH_NO_MEMORY, "discovery");
}

static void on_metadata(void *userdata, enum fetch_outcome outcome, const struct fetch_reply *reply, const char *detail)
{
	struct provider *p = userdata;
	int r;

	p->call = NULL;
	if (outcome != FETCH_DONE) {
		oauth_result_from_fetch(&p->failure, "discovery", outcome, detail);
	} else {
		provider_note_date(p, reply->date_s);
		if (reply->status == 404 && p->place == METADATA_OPENID) {
			if (load_metadata(p, METADATA_RFC8414) == 0)
				return;
			oauth_result_set(&p->failure, OAUTH_NO_MEMORY, "discovery");
		} else {
			read_metadata(p, reply);
		}
	}
	r = load_keys(p);
	if (r < 0)
		oauth_result_set(&p->failure, OAUTH_NO_MEMORY, "keys");
	if (r != 0)
		provider_load_done(p);
}

static void use_keys(struct provider *p, const char *text, size_t len)
{
	struct jwk_set *keys = NULL;
	int r = jwk_set_parse(&keys, text, len);

	if (r == -ENOKEY) {
		oauth_result_set(&p->failure, OAUTH_BAD_REPLY, "keys: none that can be used");
	} else if (r == -ENOMEM) {
		oauth_result_set(&p->failure, OAUTH_NO_MEMORY, "keys");
	} else if (r < 0) {
		oauth_result_set(&p->failure, OAUTH_BAD_REPLY, "keys: not a JWK set that can be used");
	} else {
		jwk_set_free(p->keys);
		p->keys = keys;
		p->keys_ms = clock_monotonic_ms();
	}
}

static void on_keys(void *userdata, enum fetch_outcome outcome, const struct fetch_reply *reply, const char *detail)
{
	struct provider *p = userdata;

	p->call = NULL;
	if (outcome != FETCH_DONE) {
		oauth_result_from_fetch(&p->failure, "keys", outcome, detail);
	} else {
		provider_note_date(p, reply->date_s);
		if (reply->status == 200)
			use_keys(p, reply->body, reply->body_len);
		else
			oauth_result_from_status(&p->failure, "keys", reply->status);
	}
	provider_load_done(p);
}

static void load_keys_of_file(struct provider *p)
{
	LK_CLEANUP(buf_done) struct buf text = {0};
	int r = file_read(&text, p->settings->jwks_file, FILE_OWNER_ROOT, FILE_READABLE, JSON_MAX_BYTES);

	if (r < 0)
		oauth_result_set(&p->failure, OAUTH_CLIENT_REFUSED, "jwks_file %s: %s", p->settings->jwks_file,
				 strerrorname_np(-r));
	else
		use_keys(p, text.data != NULL ? text.data : "", text.len);
}

/* Return: 0 under way, 1 nothing to fetch, -ENOMEM. */
static int load_keys(struct provider *p)
{
	int r;

	if (!p->settings->dialect->has_id_token || (!p->forces_keys && provider_keys_are_younger(p, PROVIDER_FRESH_MS)))
		return 1;
	if (p->settings->jwks_file != NULL) {
		load_keys_of_file(p);
		return 1;
	}
	if (!p->has_endpoints)
		return 1;
	p->load = PROVIDER_LOAD_KEYS;
	r = request_get(p->fetch, p->settings, p->endpoints.jwks, "application/jwk-set+json, application/json", NULL,
			LOAD_TIMEOUT_MS, on_keys, p, &p->call);
	return r < 0 ? -ENOMEM : 0;
}

int provider_load_start(struct provider *p)
{
	int r;

	p->failure = (struct oauth_result){.outcome = OAUTH_DONE};
	if (metadata_is_needed(p->settings) && !provider_metadata_is_younger(p, PROVIDER_FRESH_MS)) {
		r = load_metadata(p, METADATA_OPENID);
	} else {
		r = metadata_is_needed(p->settings) ? 0 : use_metadata(p, NULL);
		if (r == 0)
			r = load_keys(p);
		else if (r == -EBADMSG)
			r = 1;
	}
	if (r == 0)
		return 0;
	p->load = PROVIDER_LOAD_NONE;
	p->forces_keys = false;
	if (p->failure.outcome != OAUTH_DONE)
		p->failed_ms = clock_monotonic_ms();
	return r < 0 ? -ENOMEM : 1;
}
