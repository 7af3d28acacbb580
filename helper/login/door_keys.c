/* SPDX-License-Identifier: MIT */
/* Holds the keys of robots and CI systems. From the network they come, and grow old, as those of a provider do. */
#include "helper/login/door_keys.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "helper/base/file.h"
#include "helper/base/json.h"
#include "helper/jose/jwk_write.h"
#include "helper/login/context.h"
#include "helper/login/service_account.h"
#include "helper/oauth/dialect.h"

#define FILE_MAX (256u * 1024u)

struct source {
	struct provider_settings settings; /* its texts are the section's */
	struct provider *provider;
};

struct file {
	struct jwk_set *keys;
	struct stat seen; /* of the file that they are from */
};

struct door {
	struct file file;
	struct source robot;
	struct source workload;
};

struct door_keys {
	const struct service_accounts *services;
	struct door *doors; /* one for each account, in the same order */
};

static int add_source(struct source *s, struct login_context *ctx, const struct service_account *account, char *issuer,
		      char *jwks_uri)
{
	const struct login_provider *lp = login_provider_of_issuer(ctx, account->issuer);

	if (issuer == NULL || lp == NULL)
		return 0;
	s->settings = (struct provider_settings){
		.name = account->name,
		.issuer = issuer,
		.jwks_uri = jwks_uri,
		.dialect = dialect_find("generic"),
		.has_keys_only = true,
		/* Who signs for robots need not have the provider's authority; the way out of this network is the same. */
		.fetch = {.name = account->name,
			  .ca_file = account->jwks_ca_file,
			  .proxy = provider_settings(lp->provider)->fetch.proxy,
			  .allow_loopback_http = provider_settings(lp->provider)->fetch.allow_loopback_http},
	};
	return provider_new(&s->provider, &s->settings, ctx->event, ctx->fetch);
}

int door_keys_new(struct door_keys **ret, struct login_context *ctx)
{
	LK_CLEANUP(door_keys_freep) struct door_keys *d = calloc(1, sizeof(*d));
	int r = 0;

	if (d == NULL)
		return -ENOMEM;
	d->services = ctx->services;
	d->doors = calloc(ctx->services->n + 1, sizeof(*d->doors));
	if (d->doors == NULL)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < ctx->services->n; i++) {
		const struct service_account *s = &ctx->services->accounts[i];

		r = add_source(&d->doors[i].robot, ctx, s, s->assertion_jwks_uri, s->assertion_jwks_uri);
		if (r == 0)
			r = add_source(&d->doors[i].workload, ctx, s, s->workload_issuer, NULL);
	}
	if (r < 0)
		return r;
	*ret = LK_STEAL(d);
	return 0;
}

void door_keys_free(struct door_keys *d)
{
	if (d == NULL)
		return;
	for (size_t i = 0; d->doors != NULL && i < d->services->n; i++) {
		provider_free(d->doors[i].robot.provider);
		provider_free(d->doors[i].workload.provider);
		jwk_set_free(d->doors[i].file.keys);
	}
	free(d->doors);
	free(d);
}

static struct door *door_of(struct door_keys *d, const struct service_account *s)
{
	return &d->doors[s - d->services->accounts];
}

struct provider *door_keys_of_robot(struct door_keys *d, const struct service_account *s)
{
	return door_of(d, s)->robot.provider;
}

struct provider *door_keys_of_workload(struct door_keys *d, const struct service_account *s)
{
	return door_of(d, s)->workload.provider;
}

static bool is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static int parse(struct jwk_set **ret, const struct buf *text)
{
	const char *start = text->data != NULL ? text->data : "";

	start += strspn(start, " \t\r\n");
	return *start == '{' ? jwk_set_parse(ret, text->data, text->len)
			     : jwk_set_from_pem(ret, start, text->len - (size_t)(start - text->data));
}

static const char *parse_fault(int r)
{
	return r == -ENOKEY  ? "it has no key that can be used"
	       : r == -E2BIG ? "it has too many keys"
			     : "it is neither a JWK Set nor public keys and certificates in PEM";
}

/* Where it changes between the look at it and the reading, the next look finds another one and reads it again. */
static int read_keys(struct file *f, const char *path, const struct stat *now, char *why)
{
	LK_CLEANUP(buf_done) struct buf text = {0};
	struct jwk_set *keys = NULL;
	int r = file_read(&text, path, FILE_OWNER_ROOT, FILE_READABLE, FILE_MAX);

	if (r < 0) {
		(void)snprintf(why, OAUTH_DETAIL_MAX, "assertion_keys: %s", strerrordesc_np(-r));
		return r == -ENOMEM ? r : -EBADMSG;
	}
	r = text.len == 0 ? -ENOKEY : parse(&keys, &text);
	if (r < 0) {
		(void)snprintf(why, OAUTH_DETAIL_MAX, "assertion_keys: %s", parse_fault(r));
		return r == -ENOMEM ? r : -EBADMSG;
	}
	f->keys = keys;
	f->seen = *now;
	return 0;
}

int door_keys_of_file(struct door_keys *d, const struct service_account *s, const struct jwk_set **ret, char *why)
{
	struct file *f = &door_of(d, s)->file;
	struct stat now;
	int r = 0;

	if (s->assertion_keys == NULL)
		return -ENOENT;
	if (lstat(s->assertion_keys, &now) < 0) {
		(void)snprintf(why, OAUTH_DETAIL_MAX, "assertion_keys: %s", strerrordesc_np(errno));
		jwk_set_free(LK_STEAL(f->keys));
		return -EBADMSG;
	}
	if (f->keys == NULL || !is_same_file(&f->seen, &now)) {
		jwk_set_free(LK_STEAL(f->keys));
		r = read_keys(f, s->assertion_keys, &now, why);
	}
	if (r == 0)
		*ret = f->keys;
	return r;
}
