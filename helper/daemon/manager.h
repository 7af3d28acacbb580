/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdint.h>

#include <systemd/sd-event.h>

#include "helper/daemon/config.h"
#include "helper/jose/signing_key.h"
#include "helper/login/attempt.h"
#include "helper/login/break_glass.h"
#include "helper/login/directory_sync.h"
#include "helper/login/door_keys.h"
#include "helper/login/event_stream.h"
#include "helper/login/expel.h"
#include "helper/login/pins.h"
#include "helper/login/remember.h"

/* Everything that one running helper consists of, made in the order of the layers and released in reverse. */

struct server;
struct resolver;
struct sign_outs;
struct signer;
struct vault_keys;
struct enrolments;
struct worker;

struct manager_paths {
	const char *store;
	const char *credentials; /* folder of the service manager's, or NULL */
	const char *fetch_socket;
	const char *root_socket;
};

/* Descriptors that the service manager passed; owned by the manager after manager_new(). */
struct manager_sockets {
	int varlink; /* listening stream socket */
	int resolve; /* listening seqpacket socket, or -1 */
};

struct manager {
	sd_event *event;
	struct config *config;
	struct fetch_client *fetch;
	struct signer *signer;
	struct store *store;
	struct vault_keys *vault_keys;
	char *keys_folder; /* of the private keys that this host has made */
	struct worker *key_maker;
	struct sign_outs *sign_outs;
	struct enrolments *enrolments;
	struct localdb *local;
	struct accounts *accounts;
	struct publisher *publisher;
	struct sources *sources;
	struct login_provider *login_providers;
	struct directory_sync *directories[CONFIG_PROVIDERS_MAX]; /* by provider; NULL where it has none */
	struct event_stream *event_streams[CONFIG_PROVIDERS_MAX]; /* the same */
	struct pushes *pushes;
	struct limits *codes;
	struct remember *approvals;
	struct break_glasses *break_glasses;
	struct pins *pins;
	struct limits *refusals; /* lines in the log about calls that were not permitted, by uid */
	struct expel_settings expel;
	struct expulsions *expulsions;
	struct rechecks *rechecks;
	struct door_keys *door_keys;
	struct token_cache *token_cache;
	struct signing_places key_places;
	struct login_context login;
	struct server *server;
	struct resolver *resolver;
	struct publish_wait *first_publish;
	uint64_t first_changes; /* when it was asked for */
	struct service_binding *service_binding;
	sd_event_source *ready_deadline; /* for whoever waits for the map */
	bool is_ready;
	uint64_t started_ms;
};

/**
 * manager_new() - bring everything up
 * @config: taken over, also on failure
 * Logs what failed. Return: 0, negative errno.
 */
int manager_new(struct manager **ret, struct config *config, const struct manager_paths *paths,
		const struct manager_sockets *sockets);

/** manager_run() - serve until SIGTERM or SIGINT. Return: 0, negative errno. */
int manager_run(struct manager *m);
void manager_free(struct manager *m);
LK_DEFINE_CLEANUP(struct manager *, manager_free);
