/* SPDX-License-Identifier: MIT */
/*
 * Puts the parts together in the order of the layers. What cannot be brought up keeps the helper from starting: half a
 * helper would answer wrongly, none makes the modules say "unavailable" and lets local accounts pass.
 */
#include "helper/daemon/manager.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include <systemd/sd-daemon.h>

#include "helper/accounts/getent.h"
#include "helper/base/clock.h"
#include "helper/base/worker.h"
#include "helper/daemon/dispatch.h"
#include "helper/daemon/enrolment.h"
#include "helper/daemon/resolver.h"
#include "helper/daemon/vault_keys.h"
#include "helper/oauth/signer.h"
#include "helper/protocol/server.h"
#include "helper/login/log.h"
#include "helper/login/pushes.h"
#include "helper/login/recheck.h"
#include "helper/login/service_binding.h"
#include "helper/login/sign_out.h"
#include "helper/login/token_cache.h"
#include "helper/oauth/signer.h"

#define CODE_ADDRESSES_MAX 4096u
#define REFUSALS_BURST 3u         /* lines in the log that one uid can cause at once, */
#define REFUSALS_REFILL_MS 60000u /* then one in so much time */
#define REFUSALS_UIDS_MAX 256u
#define KEY_MAKER_QUEUE_MAX 8u
#define KEY_MAKER_PATIENCE_MS 5000u
#define READY_USEC (UINT64_C(5) * 1000 * 1000)

/* Who waits for this service may look people up: the map is there by then, or it is known that it will be late. */
static void tell_ready(struct manager *m)
{
	m->ready_deadline = sd_event_source_disable_unref(m->ready_deadline);
	if (!m->is_ready)
		(void)sd_notify(0, "READY=1");
	m->is_ready = true;
}

static int on_ready_deadline(sd_event_source *source, uint64_t usec, void *userdata)
{
	(void)source;
	(void)usec;
	tell_ready(userdata);
	return 0;
}

static void on_first_publish(void *userdata, int error, const char *detail)
{
	struct manager *m = userdata;
	const char *example;
	size_t n;

	m->first_publish = NULL;
	m->login.is_map_current = error == 0 && m->login.map_changes == m->first_changes;
	if (error != 0)
		log_line(LOG_WARNING, "the map could not be published: %s", detail);
	n = publisher_left_off(m->publisher, &example);
	if (n != 0)
		log_line(LOG_WARNING,
			 "%zu accounts (one is %s) stay off the map: their name or number is a local or reserved one, "
			 "or their number or home lies outside what [accounts] has now",
			 n, example);
	tell_ready(m);
}

static int add_providers(struct manager *m)
{
	m->login_providers = calloc(m->config->n_providers + 1, sizeof(*m->login_providers));
	if (m->login_providers == NULL)
		return -ENOMEM;

	for (size_t i = 0; i < m->config->n_providers; i++) {
		struct provider_config *p = &m->config->providers[i];
		struct login_provider *lp = &m->login_providers[i];
		int r;

		p->settings.signer = m->signer;
		r = provider_new(&lp->provider, &p->settings, m->event, m->fetch);
		if (r < 0)
			return r;
		lp->names = &p->names;
		lp->title = p->title;
		lp->gecos_claim = p->gecos_claim;
		lp->uid_claim = p->uid_claim;
		lp->gid_claim = p->gid_claim;
		lp->tokens = &p->tokens;
		m->login.n_providers = i + 1;
	}
	return 0;
}

/* What an administrator can do about a store that would not open. */
static const char *store_fault_text(int error)
{
	switch (error) {
	case -EUCLEAN:
		return "it is damaged; restore it, or move it away to begin anew";
	case -EPROTONOSUPPORT:
		return "it is of a newer release";
	case -ESTALE:
		return "it is older than its mark (restored from a backup?); remove the .mark file beside it to accept "
		       "that";
	case -EBUSY:
		return "another latchkeyd has it open";
	case -EPERM:
		return "it or its folder does not belong to this user, or others can open it";
	default:
		return strerror(-error);
	}
}

static void on_group_fault(void *userdata, const char *group, const char *why)
{
	(void)userdata;
	log_line(LOG_WARNING, "[group %s] counts for nothing: %s", group, why);
}

static int add_keys(struct manager *m, const struct manager_paths *paths)
{
	const char *slash = strrchr(paths->store, '/');

	if (asprintf(&m->keys_folder, "%.*s/keys", slash != NULL ? (int)(slash - paths->store) : 0, paths->store) < 0) {
		m->keys_folder = NULL;
		return -ENOMEM;
	}
	return worker_new(&m->key_maker, m->event, KEY_MAKER_QUEUE_MAX);
}

static int add_accounts(struct manager *m, const struct manager_paths *paths)
{
	static const struct sources_settings sources = {
		.nsswitch = NSSWITCH_PATH, .getent = GETENT_PATH, .deadline_ms = SOURCES_DEADLINE_MS};
	int r;

	r = store_open(&m->store, paths->store);
	if (r < 0) {
		log_line(LOG_ERR, "%s cannot be used: %s", paths->store, store_fault_text(r));
		return r;
	}
	r = vault_keys_new(&m->vault_keys, m->event, m->store, paths->credentials, paths->store);
	if (r < 0)
		return r;
	r = localdb_new(&m->local, "");
	if (r < 0)
		return r;
	r = accounts_new(&m->accounts, &m->config->accounts, m->store, m->local);
	if (r < 0)
		return r;
	r = accounts_settle_groups(m->accounts, clock_realtime_s(), on_group_fault, NULL);
	if (r < 0)
		log_line(LOG_WARNING, "groups could not be given their numbers: %s", strerror(-r));
	r = sources_new(&m->sources, m->event, &sources);
	if (r < 0)
		return r;
	return publisher_new(&m->publisher, m->event, &m->config->accounts, m->store, paths->root_socket);
}

static void fill_login(struct manager *m)
{
	struct login_context *l = &m->login;

	l->event = m->event;
	l->fetch = m->fetch;
	l->store = m->store;
	l->local = m->local;
	l->accounts = m->accounts;
	l->publisher = m->publisher;
	l->sources = m->sources;
	l->access = &m->config->access;
	l->services = &m->config->services;
	l->providers = m->login_providers;
	l->host = m->config->host;
	l->pushes = m->pushes;
	l->codes = m->codes;
	l->approvals = m->approvals;
	l->break_glasses = m->break_glasses;
	l->pins = m->pins;
	l->pending_max = m->config->limits.attempts;
}

static int add_expulsions(struct manager *m, const struct manager_paths *paths)
{
	int r;

	m->expel = (struct expel_settings){
		.is_on = m->config->end_sessions,
		.grace_s = m->config->end_sessions_grace_s,
		.root_socket = paths->root_socket,
		.term_ms = EXPEL_TERM_MS,
		.kill_ms = EXPEL_KILL_MS,
		.quiet_ms = EXPEL_QUIET_MS,
	};
	r = expulsions_new(&m->expulsions, &m->login, &m->expel);
	if (r < 0)
		return r;
	m->login.expulsions = m->expulsions;
	return expulsions_resume(m->expulsions);
}

static int add_rechecks(struct manager *m)
{
	const struct recheck_settings settings = {
		.min_s = m->config->background_recheck_min_s,
		.max_s = m->config->background_recheck_max_s,
		.unused_s = m->config->revoke_unused_s,
		.users_folder = RECHECK_USERS_FOLDER,
	};
	int r = rechecks_new(&m->rechecks, &m->login, &settings);

	m->login.rechecks = m->rechecks;
	return r;
}

/* Before the first publication: whom no directory names any more is off that map already. */
static int add_directories(struct manager *m)
{
	const char *issuers[CONFIG_PROVIDERS_MAX + 1] = {NULL};
	size_t n = 0;
	int r;

	for (size_t i = 0; i < m->config->n_providers; i++)
		if (m->config->providers[i].directory.kind != NULL)
			issuers[n++] = m->config->providers[i].settings.issuer;
	r = directory_sync_end_others(m->accounts, issuers);
	for (size_t i = 0; r == 0 && i < m->config->n_providers; i++) {
		const struct directory_settings *settings = &m->config->providers[i].directory;

		if (settings->kind != NULL)
			r = directory_sync_new(&m->directories[i], &m->login, &m->login_providers[i], settings);
	}
	return r;
}

static int add_event_streams(struct manager *m)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < m->config->n_providers; i++)
		if (m->config->providers[i].events.endpoint != NULL)
			r = event_stream_new(&m->event_streams[i], &m->login, &m->login_providers[i],
					     &m->config->providers[i].events);
	return r;
}

static int publish_first(struct manager *m)
{
	m->first_changes = m->login.map_changes;
	return publisher_request(m->publisher, on_first_publish, m, &m->first_publish);
}

static void on_services_bound(void *userdata)
{
	struct manager *m = userdata;

	service_binding_free(LK_STEAL(m->service_binding));
	if (publish_first(m) < 0)
		tell_ready(m);
}

/* Service accounts are on the first map. */
static int add_services(struct manager *m)
{
	int r = service_binding_start(&m->service_binding, &m->login, on_services_bound, m);

	return r == 1 ? publish_first(m) : r;
}

static int add_event(struct manager *m)
{
	sigset_t signals;
	int r;

	r = sd_event_new(&m->event);
	if (r < 0)
		return r;
	if (sigemptyset(&signals) < 0 || sigaddset(&signals, SIGTERM) < 0 || sigaddset(&signals, SIGINT) < 0 ||
	    sigaddset(&signals, SIGCHLD) < 0 || sigprocmask(SIG_BLOCK, &signals, NULL) < 0)
		return -errno;
	r = sd_event_add_signal(m->event, NULL, SIGTERM, NULL, NULL);
	if (r < 0)
		return r;
	r = sd_event_add_signal(m->event, NULL, SIGINT, NULL, NULL);
	if (r < 0)
		return r;
	/* C15: answers systemd's watchdog from the loop itself, so a stuck loop is restarted and a slow provider is not. */
	r = sd_event_set_watchdog(m->event, 1);
	return r < 0 ? r : 0;
}

static int add_sockets(struct manager *m, const struct manager_sockets *sockets)
{
	const struct server_limits limits = {.connections_per_uid = m->config->limits.connections_per_uid};
	int r;

	r = server_new(&m->server, m->event, sockets->varlink, &limits, dispatch_call, m);
	if (r < 0) {
		if (sockets->resolve >= 0)
			(void)close(sockets->resolve);
		return r;
	}
	if (sockets->resolve < 0)
		return 0;
	return resolver_new(&m->resolver, m->event, sockets->resolve, &m->login);
}

static int bring_up(struct manager *m, const struct manager_paths *paths, const struct manager_sockets *sockets)
{
	int r;

	r = add_event(m);
	if (r < 0)
		return r;
	r = fetch_client_new(&m->fetch, m->event, paths->fetch_socket);
	if (r < 0)
		return r;
	r = signer_new(&m->signer, m->event);
	if (r < 0)
		return r;
	r = add_accounts(m, paths);
	if (r < 0)
		return r;
	r = add_keys(m, paths);
	if (r < 0)
		return r;
	r = limits_new(&m->codes, m->config->limits.codes_per_address, m->config->limits.codes_refill_s * 1000,
		       CODE_ADDRESSES_MAX);
	if (r < 0)
		return r;
	r = pushes_new(&m->pushes);
	if (r < 0)
		return r;
	r = limits_new(&m->refusals, REFUSALS_BURST, REFUSALS_REFILL_MS, REFUSALS_UIDS_MAX);
	if (r < 0)
		return r;
	r = remember_new(&m->approvals);
	if (r < 0)
		return r;
	r = break_glasses_new(&m->break_glasses, m->event, m->store);
	if (r < 0)
		return r;
	r = pins_new(&m->pins, m->event, m->store);
	if (r < 0)
		return r;
	r = add_providers(m);
	if (r < 0)
		return r;
	r = enrolments_new(&m->enrolments, m, paths->credentials);
	if (r < 0)
		return r;
	fill_login(m);
	r = door_keys_new(&m->door_keys, &m->login);
	if (r < 0)
		return r;
	m->login.door_keys = m->door_keys;
	r = token_cache_new(&m->token_cache);
	if (r < 0)
		return r;
	m->login.token_cache = m->token_cache;
	m->key_places = (struct signing_places){.keys = m->keys_folder, .credentials = paths->credentials};
	m->login.key_places = &m->key_places;
	m->login.signer = m->signer;
	r = sign_outs_new(&m->sign_outs, &m->login);
	if (r < 0)
		return r;
	r = add_expulsions(m, paths);
	if (r < 0)
		return r;
	r = add_rechecks(m);
	if (r < 0)
		return r;
	r = add_directories(m);
	if (r < 0)
		return r;
	r = add_event_streams(m);
	if (r < 0)
		return r;
	r = add_services(m);
	if (r < 0)
		return r;
	return add_sockets(m, sockets);
}

int manager_new(struct manager **ret, struct config *config, const struct manager_paths *paths,
		const struct manager_sockets *sockets)
{
	LK_CLEANUP(manager_freep) struct manager *m = calloc(1, sizeof(*m));
	int r;

	if (m == NULL) {
		config_free(config);
		return -ENOMEM;
	}
	m->config = config;
	m->started_ms = clock_monotonic_ms();

	r = bring_up(m, paths, sockets);
	if (r < 0) {
		log_line(LOG_ERR, "cannot start: %s", strerror(-r));
		return r;
	}
	*ret = LK_STEAL(m);
	return 0;
}

int manager_run(struct manager *m)
{
	bool is_late = m->first_publish != NULL || m->service_binding != NULL;
	int r;

	if (!is_late || sd_event_add_time_relative(m->event, &m->ready_deadline, CLOCK_MONOTONIC, READY_USEC, 0,
						   on_ready_deadline, m) < 0)
		tell_ready(m);
	r = sd_event_loop(m->event);
	(void)sd_notify(0, "STOPPING=1");
	return r < 0 ? r : 0;
}

void manager_free(struct manager *m)
{
	if (m == NULL)
		return;
	server_free(m->server); /* first: ends every attempt while what it stands on is there */
	resolver_free(m->resolver);
	sign_outs_free(m->sign_outs);
	publish_wait_cancel(m->first_publish);
	service_binding_free(m->service_binding);
	sd_event_source_disable_unref(m->ready_deadline);
	rechecks_free(m->rechecks);
	expulsions_free(m->expulsions);
	for (size_t i = 0; i < m->login.n_providers; i++)
		event_stream_free(m->event_streams[i]);
	door_keys_free(m->door_keys);
	token_cache_free(m->token_cache);
	for (size_t i = 0; i < m->login.n_providers; i++)
		directory_sync_free(m->directories[i]);
	enrolments_stop(m->enrolments);
	for (size_t i = 0; i < m->login.n_providers; i++)
		provider_free(m->login_providers[i].provider);
	enrolments_free(m->enrolments);
	free(m->login_providers);
	pushes_free(m->pushes);
	limits_free(m->codes);
	remember_free(m->approvals);
	break_glasses_free(m->break_glasses);
	pins_free(m->pins);
	limits_free(m->refusals);
	publisher_free(m->publisher);
	sources_free(m->sources);
	accounts_free(m->accounts);
	localdb_free(m->local);
	vault_keys_free(m->vault_keys);
	worker_free(m->key_maker, KEY_MAKER_PATIENCE_MS);
	free(m->keys_folder);
	store_close(m->store);
	signer_free(m->signer); /* after everybody who waits for a signature */
	fetch_client_free(m->fetch);
	sd_event_unref(m->event);
	config_free(m->config);
	free(m);
}
