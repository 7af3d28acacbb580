/* SPDX-License-Identifier: MIT */
/*
 * Keeps this host's own registrations. What a provider gives is in the store before it is used, so that whoever is killed has
 * the present one or none; what was good before stays in memory until the helper ends, since requests under way point to it.
 */
#include "helper/daemon/enrolment.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "helper/base/clock.h"
#include "helper/base/json.h"
#include "helper/daemon/enrolment_key.h"
#include "helper/login/log.h"
#include "helper/oauth/registrar.h"
#include "helper/vault/store_registrations.h"

#define USEC UINT64_C(1000000)
#define RETRY_S 600       /* after a renewal that failed */
#define RETRY_STORE_S 30  /* while the disk is full */
#define TIMER_MAX_S 86400 /* then it looks again: clocks are set */

struct former {
	struct former *next;
	char *client_id;
	struct secret *client_secret;
	struct signing_key *key;
};

struct enrolment_wait {
	struct enrolment *enrolment;
	enrolment_done_fn done;
	void *userdata;
};

struct enrolment {
	struct enrolments *all;
	struct provider_config *config;
	struct provider *provider;
	enum client_auth wanted;      /* by root; what the provider makes of it is in the settings */
	struct registration *now;     /* NULL: none */
	struct registration *unsaved; /* the provider gave it, and the store has not taken it */
	struct signing_key *key;
	enum enrolment_action action; /* of the registrar */
	struct registrar *registrar;
	struct enrolment_wait *wait;
	bool is_gone; /* the provider knows it no more: nothing is renewed */
	sd_event_source *timer;
};

struct enrolments {
	struct manager *manager;
	char *credentials;
	struct former *former;
	size_t n;
	struct enrolment list[CONFIG_PROVIDERS_MAX];
};

/* --- what counts --------------------------------------------------------------------------------------------------- */

static int retire(struct enrolment *e)
{
	struct provider_settings *s = &e->config->settings;
	struct former *old = calloc(1, sizeof(*old));

	if (old == NULL)
		return -ENOMEM;
	*old = (struct former){.next = e->all->former,
			       .client_id = s->client_id,
			       .client_secret = s->client_secret,
			       .key = s->client_key};
	e->all->former = old;
	s->client_id = NULL;
	s->client_secret = NULL;
	s->client_key = NULL;
	return 0;
}

/* From here on requests are made as @r says; NULL: as nobody. Return: 0, -ENOMEM and nothing has changed. */
static int use(struct enrolment *e, const struct registration *r)
{
	LK_CLEANUP(secret_freep) struct secret *secret = NULL;
	struct provider_settings *s = &e->config->settings;
	char *id = strdup(r != NULL ? r->client_id : "");
	int e_r = id != NULL ? 0 : -ENOMEM;

	if (e_r == 0 && r != NULL && r->client_secret != NULL)
		e_r = secret_copy(&secret, secret_data(r->client_secret), secret_len(r->client_secret));
	if (e_r == 0)
		e_r = retire(e);
	if (e_r < 0) {
		free(id);
		return e_r;
	}
	s->client_id = id;
	s->client_secret = LK_STEAL(secret);
	if (r == NULL)
		return 0;
	s->client_auth = r->client_auth;
	if (r->client_auth == CLIENT_AUTH_PRIVATE_KEY_JWT)
		s->client_key = signing_key_ref(e->key);
	return 0;
}

/* The key is there or is made; nothing is done where no assertion is wanted. Return: 0, or a result for signing_text(). */
static int take_key(struct enrolment *e, enum client_auth method, bool may_make)
{
	struct signing_key *k = NULL;
	int r;

	if (method != CLIENT_AUTH_PRIVATE_KEY_JWT || e->key != NULL)
		return 0;
	r = enrolment_key(&k, e->config->client_key, e->config->client_key_algorithm, CONFIG_KEYS_FOLDER,
			  e->all->credentials, may_make);
	if (r == 0)
		e->key = k;
	return r;
}

/* --- renewal in time ----------------------------------------------------------------------------------------------- */

static void plan(struct enrolment *e);
static void plan_in(struct enrolment *e, int64_t wait_s);

static int save(struct enrolment *e)
{
	const struct provider_settings *s = &e->config->settings;
	LK_CLEANUP(secret_freep) struct secret *text = NULL;
	int r = registration_encode(&text, e->unsaved);

	if (r == 0)
		r = store_put_registration(e->all->manager->store, s->issuer, s->name, text);
	if (r == 0)
		r = use(e, e->unsaved);
	if (r < 0)
		return r;
	registration_free(e->now);
	e->now = LK_STEAL(e->unsaved);
	e->is_gone = false;
	return 0;
}

static int renew(struct enrolment *e);

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct enrolment *e = userdata;

	(void)source;
	(void)usec;
	e->timer = sd_event_source_disable_unref(e->timer);
	if (e->unsaved != NULL) {
		if (save(e) == 0)
			log_line(LOG_NOTICE, "[provider %s]: the new registration of this host is stored",
				 e->config->settings.name);
	} else if (e->registrar == NULL && e->now != NULL && registration_renew_at_s(e->now) <= clock_realtime_s()) {
		if (renew(e) < 0)
			plan_in(e, RETRY_S);
		return 0;
	}
	plan(e);
	return 0;
}

static void plan_in(struct enrolment *e, int64_t wait_s)
{
	e->timer = sd_event_source_disable_unref(e->timer);
	if (wait_s < 1)
		wait_s = 1;
	if (wait_s > TIMER_MAX_S)
		wait_s = TIMER_MAX_S;
	if (sd_event_add_time_relative(e->all->manager->event, &e->timer, CLOCK_BOOTTIME, (uint64_t)wait_s * USEC, USEC,
				       on_timer, e) < 0)
		log_line(LOG_WARNING, "[provider %s]: the client's secret is not renewed: out of memory",
			 e->config->settings.name);
}

static void plan(struct enrolment *e)
{
	int64_t at_s;

	if (e->unsaved != NULL) {
		plan_in(e, RETRY_STORE_S);
		return;
	}
	at_s = e->now != NULL && e->now->uri != NULL && !e->is_gone ? registration_renew_at_s(e->now) : 0;
	if (at_s != 0)
		plan_in(e, at_s - clock_realtime_s());
}

static bool renews_within(const struct enrolment *e, int64_t wait_s)
{
	int64_t at_s = e->now->uri != NULL ? registration_renew_at_s(e->now) : 0;

	return at_s != 0 && at_s - clock_realtime_s() < wait_s;
}

/* --- the three actions --------------------------------------------------------------------------------------------- */

static void tell(struct enrolment *e, const char *fault)
{
	struct enrolment_wait *w = LK_STEAL(e->wait);

	if (w == NULL)
		return;
	w->done(w->userdata, fault, fault == NULL ? e->config->settings.client_id : "");
	free(w);
}

static void on_orphan_ended(void *userdata, enum registrar_outcome outcome, const struct oauth_result *result,
			    struct registration *registration)
{
	struct enrolment *e = userdata;

	(void)registration;
	registrar_free(LK_STEAL(e->registrar));
	if (outcome != REGISTRAR_DONE)
		log_line(LOG_WARNING,
			 "[provider %s]: client %s was registered and is used by nobody; end it at the provider: %s",
			 e->config->settings.name, e->unsaved->client_id, result->detail);
	registration_free(LK_STEAL(e->unsaved));
	tell(e, "what the provider gave could not be stored; the log says why");
}

/* A first registration that cannot be kept is of no use to anybody: it goes again. */
static void end_orphan(struct enrolment *e)
{
	struct oauth_result nothing = {.outcome = OAUTH_CLIENT_REFUSED};
	const struct provider_settings *s = &e->config->settings;

	/* Where memory was out after it was stored. */
	(void)store_drop_registration(e->all->manager->store, s->issuer, s->name);
	if (e->unsaved->uri == NULL ||
	    registrar_end(&e->registrar, e->provider, e->all->manager->fetch, e->unsaved, on_orphan_ended, e) < 0)
		on_orphan_ended(e, REGISTRAR_REFUSED, &nothing, NULL);
}

static void note_differences(const struct enrolment *e)
{
	const struct provider_settings *s = &e->config->settings;
	const char *scope;

	if (e->now->uri == NULL)
		log_line(LOG_WARNING, "[provider %s]: the provider lets nobody change this registration (RFC 7592)",
			 s->name);
	if (json_read_string(e->now->reply, "scope", 4096, &scope) == 0 && s->scope != NULL &&
	    strcmp(scope, s->scope) != 0)
		log_line(LOG_NOTICE, "[provider %s]: the provider has registered other scopes than were asked for",
			 s->name);
}

static void on_registered(struct enrolment *e, struct registration *registration)
{
	const char *name = e->config->settings.name;
	int r;

	registration_free(e->unsaved);
	e->unsaved = registration;
	r = save(e);
	if (r == 0) {
		log_line(LOG_NOTICE, "[provider %s]: this host is client %s, %s", name, e->now->client_id,
			 e->action == ENROLMENT_BEGIN ? "enrolled" : "renewed");
		note_differences(e);
		/* A provider that gives a secret which has ended is not asked without a pause. */
		if (e->action == ENROLMENT_RENEW && renews_within(e, RETRY_S))
			plan_in(e, RETRY_S);
		else
			plan(e);
		tell(e, NULL);
		return;
	}
	log_line(LOG_ERR, "[provider %s]: the registration of client %s cannot be stored: %s", name,
		 registration->client_id, strerror(-r));
	if (e->action == ENROLMENT_BEGIN) {
		end_orphan(e);
		return;
	}
	/* The provider has dropped the old ones: the new ones are tried again until they are stored. */
	plan(e);
	tell(e, "what the provider gave could not be stored; it is tried again, and the log says why");
}

/* REG-10: whoever does not know it any more, or never lets a client go, will not hear of it again. */
static void on_ended(struct enrolment *e, enum registrar_outcome outcome, const char *detail)
{
	const struct provider_settings *s = &e->config->settings;
	bool is_over = outcome == REGISTRAR_DONE || outcome == REGISTRAR_GONE || outcome == REGISTRAR_NOT_SUPPORTED;
	int r;

	if (!is_over) {
		plan(e);
		tell(e, detail);
		return;
	}
	if (outcome == REGISTRAR_NOT_SUPPORTED)
		log_line(LOG_WARNING, "[provider %s]: the provider ends no registration; client %s stays there",
			 s->name, e->now->client_id);
	r = store_drop_registration(e->all->manager->store, s->issuer, s->name);
	if (r == 0)
		r = use(e, NULL);
	if (r < 0) {
		log_line(LOG_ERR, "[provider %s]: the registration has ended and stays in the store: %s", s->name,
			 strerror(-r));
		tell(e, "the registration has ended and could not be dropped here; the log says why");
		return;
	}
	log_line(LOG_NOTICE, "[provider %s]: client %s has ended", s->name, e->now->client_id);
	registration_free(LK_STEAL(e->now));
	tell(e, NULL);
}

static void on_failed(struct enrolment *e, enum registrar_outcome outcome, const char *detail)
{
	const char *name = e->config->settings.name;

	if (outcome == REGISTRAR_GONE) {
		/* REG-09 */
		e->is_gone = true;
		log_line(LOG_ERR,
			 "[provider %s]: the provider knows the registration of this host no more: \"latchkey enroll "
			 "--delete\", then enrol again: %s",
			 name, detail);
	} else {
		log_line(LOG_WARNING, "[provider %s]: registration failed: %s", name, detail);
	}
	tell(e, detail);
	if (e->now != NULL && e->now->uri != NULL && !e->is_gone && registration_renew_at_s(e->now) != 0)
		plan_in(e, registration_renew_at_s(e->now) > clock_realtime_s()
				   ? registration_renew_at_s(e->now) - clock_realtime_s()
				   : RETRY_S);
}

static void on_done(void *userdata, enum registrar_outcome outcome, const struct oauth_result *result,
		    struct registration *registration)
{
	struct enrolment *e = userdata;
	struct oauth_result copy = *result;

	registrar_free(LK_STEAL(e->registrar));
	if (e->action == ENROLMENT_END)
		on_ended(e, outcome, copy.detail);
	else if (outcome == REGISTRAR_DONE)
		on_registered(e, registration);
	else
		on_failed(e, outcome, copy.detail);
}

static bool is_used(const struct config *c, enum flow_method method)
{
	for (size_t i = 0; i < c->access.n_policies; i++)
		for (size_t k = 0; k < c->access.policies[i].n_methods; k++)
			if (c->access.policies[i].methods[k] == method)
				return true;
	return false;
}

static int send_wish(struct enrolment *e, const struct secret *initial_token)
{
	const struct config *c = e->all->manager->config;
	LK_CLEANUP(buf_done) struct buf jwks = {0};
	struct registration_wish wish = {
		.host = c->host,
		.client_auth = e->now != NULL ? e->now->client_auth : e->wanted,
		.uses_ciba = is_used(c, FLOW_CIBA),
		.uses_client_credentials = e->config->directory.kind != NULL && e->config->directory.client_id == NULL,
	};
	const struct directory_settings *directory = &e->config->directory;
	int r;

	if (wish.uses_client_credentials)
		wish.own_scope = directory->scope != NULL ? directory->scope : directory->kind->default_scope;
	r = take_key(e, wish.client_auth, e->now == NULL);

	if (r == 0 && wish.client_auth == CLIENT_AUTH_PRIVATE_KEY_JWT) {
		r = enrolment_key_jwks(&jwks, e->key, e->config->client_key, CONFIG_KEYS_FOLDER);
		wish.jwks = jwks.data;
		wish.algorithm = signing_key_algorithm(e->key);
	}
	if (r != 0) {
		log_line(LOG_ERR, "[provider %s]: client_key %s: %s", e->config->settings.name, e->config->client_key,
			 signing_text(r));
		return -EKEYREJECTED;
	}
	if (e->now != NULL)
		return registrar_update(&e->registrar, e->provider, e->all->manager->fetch, &wish, e->now, on_done, e);
	return registrar_register(&e->registrar, e->provider, e->all->manager->fetch, &wish, initial_token, on_done, e);
}

static int renew(struct enrolment *e)
{
	e->action = ENROLMENT_RENEW;
	return send_wish(e, NULL);
}

static const char *obstacle(const struct enrolment *e, enum enrolment_action action)
{
	if (e == NULL)
		return "the provider's section does not say client = enrolled";
	if (e->registrar != NULL || e->unsaved != NULL)
		return "another change of this registration is under way";
	if (action == ENROLMENT_BEGIN)
		return e->now != NULL ? "this host is enrolled already: renew it, or delete it first" : NULL;
	if (e->now == NULL)
		return "this host is not enrolled";
	return e->now->uri == NULL ? "the provider lets nobody change this registration (RFC 7592): end it there"
				   : NULL;
}

static struct enrolment *find(struct enrolments *all, size_t provider)
{
	for (size_t i = 0; i < all->n; i++)
		if (all->list[i].config == &all->manager->config->providers[provider])
			return &all->list[i];
	return NULL;
}

int enrolment_start(struct enrolment_wait **ret, struct enrolments *all, size_t provider, enum enrolment_action action,
		    const struct secret *initial_token, enrolment_done_fn done, void *userdata, const char **fault)
{
	struct enrolment *e = find(all, provider);
	struct enrolment_wait *w;
	int r;

	*fault = obstacle(e, action);
	if (*fault != NULL)
		return -EINVAL;
	w = calloc(1, sizeof(*w));
	if (w == NULL)
		return -ENOMEM;
	*w = (struct enrolment_wait){.enrolment = e, .done = done, .userdata = userdata};
	e->action = action;
	e->timer = sd_event_source_disable_unref(e->timer);
	if (action == ENROLMENT_END)
		r = registrar_end(&e->registrar, e->provider, all->manager->fetch, e->now, on_done, e);
	else
		r = send_wish(e, initial_token);
	if (r < 0) {
		free(w);
		plan(e);
		*fault = "the client's key cannot be used; the log says why";
		return r == -EKEYREJECTED ? -EINVAL : r;
	}
	e->wait = w;
	*ret = w;
	return 0;
}

void enrolment_leave(struct enrolment_wait *w)
{
	if (w == NULL)
		return;
	w->enrolment->wait = NULL;
	free(w);
}

/* --- start and end ------------------------------------------------------------------------------------------------- */

/* Whatever is wrong with what is stored: the host starts, and nobody can sign in by this provider. */
static void load(struct enrolment *e)
{
	const struct provider_settings *s = &e->config->settings;
	LK_CLEANUP(secret_freep) struct secret *text = NULL;
	int r = store_find_registration(e->all->manager->store, s->issuer, s->name, &text);

	if (r == -ENOENT) {
		log_line(LOG_WARNING, "[provider %s]: this host is not enrolled yet: \"latchkey enroll\"", s->name);
		return;
	}
	if (r == 0)
		r = registration_decode(&e->now, s, text);
	if (r == 0) {
		r = take_key(e, e->now->client_auth, false);
		if (r != 0)
			log_line(LOG_ERR, "[provider %s]: client_key %s: %s", s->name, e->config->client_key,
				 signing_text(r));
	}
	if (r == 0)
		r = use(e, e->now);
	if (r != 0)
		log_line(LOG_ERR, "[provider %s]: the registration of this host cannot be used; enrol again", s->name);
	plan(e);
}

int enrolments_new(struct enrolments **ret, struct manager *m, const char *credentials)
{
	struct enrolments *all = calloc(1, sizeof(*all));

	if (all == NULL)
		return -ENOMEM;
	*ret = all;
	all->manager = m;
	if (credentials != NULL) {
		all->credentials = strdup(credentials);
		if (all->credentials == NULL)
			return -ENOMEM;
	}
	for (size_t i = 0; i < m->config->n_providers; i++) {
		struct enrolment *e = &all->list[all->n];

		if (!m->config->providers[i].settings.is_enrolled)
			continue;
		all->n++;
		e->all = all;
		e->config = &m->config->providers[i];
		e->provider = m->login_providers[i].provider;
		e->wanted = e->config->settings.client_auth;
		load(e);
	}
	return 0;
}

void enrolments_stop(struct enrolments *all)
{
	for (size_t i = 0; all != NULL && i < all->n; i++) {
		registrar_free(LK_STEAL(all->list[i].registrar));
		all->list[i].timer = sd_event_source_disable_unref(all->list[i].timer);
	}
}

void enrolments_free(struct enrolments *all)
{
	if (all == NULL)
		return;
	enrolments_stop(all);
	for (size_t i = 0; i < all->n; i++) {
		free(all->list[i].wait);
		registration_free(all->list[i].now);
		registration_free(all->list[i].unsaved);
		signing_key_unref(all->list[i].key);
	}
	while (all->former != NULL) {
		struct former *old = all->former;

		all->former = old->next;
		free(old->client_id);
		secret_free(old->client_secret);
		signing_key_unref(old->key);
		free(old);
	}
	free(all->credentials);
	free(all);
}
