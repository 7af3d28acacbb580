/* SPDX-License-Identifier: MIT */
/* Judges discovery documents. A document counts as a whole or not at all, and only for the issuer that was configured,
 * byte by byte; must never guess what a provider may have meant. */
#include "helper/oauth/metadata.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/base/buf.h"
#include "helper/base/json.h"
#include "helper/base/text.h"
#include "helper/oauth/uri.h"

#define TENANT_TEMPLATE "{tenantid}"
#define ALIASES "mtls_endpoint_aliases"

static int refuse(char *why, const char *what, const char *fault)
{
	char text[OAUTH_DETAIL_MAX];

	if (snprintf(text, sizeof(text), "%s %s", what, fault) < 0)
		text[0] = '\0';
	text_sanitise(why, OAUTH_DETAIL_MAX, text, strlen(text), false);
	return -EBADMSG;
}

int metadata_url(char **ret, const char *issuer, enum metadata_place place)
{
	LK_CLEANUP(buf_done) struct buf url = {0};
	struct uri u;
	size_t len = strlen(issuer);

	if (uri_parse(&u, issuer) < 0 || u.has_query || u.has_fragment)
		return -EBADMSG;
	if (issuer[len - 1] == '/')
		len--;
	buf_init(&url, URI_MAX * 2);
	if (place == METADATA_OPENID) {
		buf_append(&url, issuer, len);
		buf_append_text(&url, "/.well-known/openid-configuration");
	} else {
		buf_append(&url, issuer, u.path_at < len ? u.path_at : len);
		buf_append_text(&url, "/.well-known/oauth-authorization-server");
		if (u.path_at < len)
			buf_append(&url, issuer + u.path_at, len - u.path_at);
	}
	*ret = buf_steal(&url);
	return *ret != NULL ? 0 : -ENOMEM;
}

/* Entra prints "https://host/{tenantid}/v2.0" in the documents that stand for many tenants. */
static size_t many_tenants_segment(const char *issuer, size_t path_at)
{
	static const char *const words[] = {"/common", "/organizations"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t len = strlen(words[i]);

		if (strncmp(issuer + path_at, words[i], len) == 0 &&
		    (issuer[path_at + len] == '/' || issuer[path_at + len] == '\0'))
			return len;
	}
	return 0;
}

int metadata_token_issuer(char **ret, bool *ret_is_template, const struct provider_settings *s)
{
	LK_CLEANUP(buf_done) struct buf issuer = {0};
	size_t segment_len = 0;
	struct uri u;

	if (s->dialect->issuer_is_template && uri_parse(&u, s->issuer) == 0)
		segment_len = many_tenants_segment(s->issuer, u.path_at);
	buf_init(&issuer, URI_MAX * 2);
	if (segment_len > 0) {
		buf_append(&issuer, s->issuer, u.path_at);
		buf_append_text(&issuer, "/" TENANT_TEMPLATE);
		buf_append_text(&issuer, s->issuer + u.path_at + segment_len);
	} else {
		buf_append_text(&issuer, s->issuer);
	}
	*ret = buf_steal(&issuer);
	if (*ret == NULL)
		return -ENOMEM;
	*ret_is_template = segment_len > 0;
	return 0;
}

bool metadata_is_needed(const struct provider_settings *s)
{
	bool has_keys = s->jwks_uri != NULL || s->jwks_file != NULL || !s->dialect->has_id_token;

	if (s->has_keys_only)
		return !has_keys;
	return s->dialect->has_discovery &&
	       !(s->device_authorization_endpoint != NULL && s->token_endpoint != NULL && has_keys);
}

/* An address in place of a name is how a document would point at machines inside; only the issuer's own may be one. */
static const char *endpoint_fault(const struct provider_settings *s, const char *text)
{
	const char *fault = uri_endpoint_fault(text, s->fetch.allow_loopback_http);
	struct uri u, issuer;

	if (fault != NULL)
		return fault;
	if (uri_parse(&u, text) < 0 || uri_parse(&issuer, s->issuer) < 0)
		return "is not a URL that can be used";
	if (u.is_address && strcmp(u.host, issuer.host) != 0 && !(u.is_loopback && s->fetch.allow_loopback_http))
		return "is an address instead of a name";
	return NULL;
}

static int check_endpoint(const struct provider_settings *s, const char *name, struct json_object *value, char *why)
{
	const char *fault;

	if (value == NULL || (!text_has_suffix(name, "_endpoint") && strcmp(name, "jwks_uri") != 0))
		return 0;
	if (!json_object_is_type(value, json_type_string))
		return refuse(why, name, "is not a text");
	fault = endpoint_fault(s, json_object_get_string(value));
	return fault != NULL ? refuse(why, name, fault) : 0;
}

/* @document: the whole, or the mtls_endpoint_aliases within it */
static int check_endpoints(const struct provider_settings *s, struct json_object *document, char *why)
{
	struct json_object_iterator at = json_object_iter_begin(document);
	struct json_object_iterator end = json_object_iter_end(document);

	for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at)) {
		int r = check_endpoint(s, json_object_iter_peek_name(&at), json_object_iter_peek_value(&at), why);

		if (r < 0)
			return r;
	}
	return 0;
}

/* RFC 8705 section 5: where a client that shows a certificate is to go instead. Return: 0, -ENOENT, -EBADMSG. */
static int read_aliases(struct json_object **ret, struct json_object *document, char *why)
{
	int r = json_read_object(document, ALIASES, ret);

	return r == -EBADMSG ? refuse(why, ALIASES, "is not an object") : r;
}

static int check_issuer(const struct provider_settings *s, struct json_object *document, char *why)
{
	LK_CLEANUP(secret_free_stringp) char *expected = NULL;
	const char *issuer;
	bool is_template = false;
	int r = metadata_token_issuer(&expected, &is_template, s);

	if (r < 0)
		return r;
	if (json_read_string(document, "issuer", URI_MAX, &issuer) < 0)
		return refuse(why, "issuer", "is missing or not a text");
	if (strcmp(issuer, expected) != 0) {
		char text[OAUTH_DETAIL_MAX];

		if (snprintf(text, sizeof(text), "is '%s', configured is '%s'", issuer, expected) < 0)
			text[0] = '\0';
		return refuse(why, "issuer", text);
	}
	if (is_template && (s->tenants == NULL || s->tenants[0] == NULL))
		return refuse(why, "issuer", "stands for many tenants, and none is configured as allowed");
	return 0;
}

int provider_metadata_check(struct json_object **ret, const struct provider_settings *s, const char *text, size_t len,
			    char *why)
{
	LK_CLEANUP(json_object_putp) struct json_object *document = NULL;
	LK_CLEANUP(metadata_endpoints_done) struct metadata_endpoints endpoints = {0};
	struct json_object *aliases = NULL;
	int r = json_parse(&document, text, len);

	if (r == -ENOMEM)
		return r;
	if (r < 0 || !json_object_is_type(document, json_type_object))
		return refuse(why, "document", "is not a JSON object");
	r = check_issuer(s, document, why);
	if (r == 0)
		r = check_endpoints(s, document, why);
	if (r == 0)
		r = read_aliases(&aliases, document, why);
	if (r == 0)
		r = check_endpoints(s, aliases, why);
	if (r == -ENOENT)
		r = 0;
	if (r == 0)
		r = metadata_endpoints(&endpoints, s, document, why);
	if (r == 0)
		*ret = LK_STEAL(document);
	return r;
}

void metadata_endpoints_done(struct metadata_endpoints *e)
{
	free(e->device);
	free(e->ciba);
	free(e->token);
	free(e->userinfo);
	free(e->jwks);
	free(e->authorization);
	free(e->pushed_authorization);
	free(e->introspection);
	free(e->revocation);
	free(e->registration);
	*e = (struct metadata_endpoints){0};
}

struct source {
	const char *setting;
	const char *member;
	const char *path;
};

/* ML-02: a client that shows a certificate goes where it is asked for. */
static bool read_member(const struct provider_settings *s, struct json_object *document, const char *name,
			const char **ret)
{
	struct json_object *aliases;

	if (s->client_auth == CLIENT_AUTH_MTLS && json_read_object(document, ALIASES, &aliases) == 0 &&
	    json_read_string(aliases, name, URI_MAX, ret) == 0)
		return true;
	return json_read_string(document, name, URI_MAX, ret) == 0;
}

static int choose(char **ret, const struct provider_settings *s, struct json_object *document,
		  const struct source *source, char *why)
{
	const char *text, *fault;
	int r;

	if (source->setting != NULL) {
		*ret = strdup(source->setting);
		r = *ret != NULL ? 0 : -ENOMEM;
	} else if (read_member(s, document, source->member, &text)) {
		*ret = strdup(text);
		r = *ret != NULL ? 0 : -ENOMEM;
	} else if (source->path != NULL) {
		r = uri_join(ret, s->issuer, source->path);
	} else {
		return 0;
	}
	if (r < 0)
		return r;
	fault = endpoint_fault(s, *ret);
	return fault != NULL ? refuse(why, source->member, fault) : 0;
}

int metadata_endpoints(struct metadata_endpoints *ret, const struct provider_settings *s, struct json_object *document,
		       char *why)
{
	LK_CLEANUP(metadata_endpoints_done) struct metadata_endpoints e = {0};
	const struct dialect *d = s->dialect;
	const struct {
		char **target;
		struct source source;
	} wanted[] = {
		{&e.device, {s->device_authorization_endpoint, "device_authorization_endpoint", d->device_path}},
		{&e.ciba,
		 {s->backchannel_authentication_endpoint, "backchannel_authentication_endpoint", d->ciba_path}},
		{&e.token, {s->token_endpoint, "token_endpoint", d->token_path}},
		{&e.userinfo, {s->userinfo_endpoint, "userinfo_endpoint", d->userinfo_path}},
		{&e.jwks, {s->jwks_uri, "jwks_uri", d->jwks_path}},
		{&e.authorization, {s->authorization_endpoint, "authorization_endpoint", d->authorization_path}},
		{&e.pushed_authorization, {NULL, "pushed_authorization_request_endpoint", NULL}},
		{&e.introspection, {s->introspection_endpoint, "introspection_endpoint", NULL}},
		{&e.revocation, {s->revocation_endpoint, "revocation_endpoint", d->revocation_path}},
		{&e.registration, {s->registration_endpoint, "registration_endpoint", NULL}},
	};

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		int r = choose(wanted[i].target, s, document, &wanted[i].source, why);

		if (r < 0)
			return r;
	}
	if (document != NULL &&
	    json_read_bool(document, "authorization_response_iss_parameter_supported", &e.sends_issuer) != 0)
		e.sends_issuer = false;
	if (e.token == NULL && !s->has_keys_only)
		return refuse(why, "token_endpoint", "is missing");
	if (e.jwks == NULL && s->jwks_file == NULL && d->has_id_token)
		return refuse(why, "jwks_uri", "is missing");
	if (e.userinfo == NULL && !d->has_id_token)
		return refuse(why, "userinfo_endpoint", "is missing");
	*ret = e;
	e = (struct metadata_endpoints){0};
	return 0;
}
