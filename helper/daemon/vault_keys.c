/* SPDX-License-Identifier: MIT */
/*
 * Holds the keys and lets go of old ones. An older key stays, in its file too, until nothing that opens is sealed by it any
 * more; a fault on the way leaves both, and the next start goes on.
 */
#include "helper/daemon/vault_keys.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "helper/login/log.h"
#include "helper/vault/seal_keys.h"
#include "helper/vault/store_reseal.h"
#include "helper/vault/store_tokens.h"

#define ROWS_AT_A_TIME 64u

struct vault_keys {
	sd_event *event;
	struct store *store;
	struct seal *seal;
	sd_event_source *work;
	struct reseal reseal;
	bool is_credential;
	char *credentials; /* or NULL */
	char *folder;
	struct seal_places places;
};

static const char *fault_text(int error)
{
	switch (error) {
	case -EPERM:
		return "it does not belong to this user, or others can open it";
	case -EUCLEAN:
		return "there is no key in it";
	case -EACCES:
		return "this user may not look there";
	case -ELOOP:
	case -EINVAL:
		return "it is no file";
	default:
		return strerror(-error);
	}
}

static void say_what_was_found(const struct vault_keys *v, const struct seal_found *found)
{
	if (found->credential != 0 && found->credential != -ENOENT)
		log_line(LOG_ERR, "credential " SEAL_CREDENTIAL " cannot be used: %s; nothing is kept of sign-ins (%s)",
			 fault_text(found->credential), v->places.credentials);
	else if (found->file != 0 && found->file != -ENOENT)
		log_line(v->is_credential ? LOG_WARNING : LOG_ERR, "%s/" SEAL_FILE " cannot be used: %s%s", v->folder,
			 fault_text(found->file), v->is_credential ? "" : "; nothing is kept of sign-ins");
	if (found->is_file_new)
		log_line(LOG_NOTICE, "a new key for what is kept of sign-ins lies in %s/" SEAL_FILE, v->folder);
}

/* All is sealed by the first key. */
static void settle(struct vault_keys *v)
{
	struct seal *settled = NULL;
	int r;

	if (v->reseal.n_unreadable > 0)
		log_line(
			LOG_WARNING,
			"what was kept of %zu sign-ins is sealed by a key that is not here: those people sign in again",
			v->reseal.n_unreadable);
	if (seal_n_keys(v->seal) < 2)
		return;
	r = seal_keys_settle(&settled, v->seal, v->is_credential, &v->places);
	if (r < 0) {
		log_line(LOG_WARNING, "an older key stays in %s/" SEAL_FILE ": %s", v->folder, strerror(-r));
		return;
	}
	store_use_seal(v->store, settled);
	seal_free(v->seal);
	v->seal = settled;
	log_line(LOG_NOTICE, "all that is kept of sign-ins is sealed by the new key; the old one is gone");
}

static int on_work(sd_event_source *source, void *userdata)
{
	struct vault_keys *v = userdata;
	int r = store_reseal(v->store, &v->reseal, ROWS_AT_A_TIME);

	if (r == 1 && sd_event_source_set_enabled(source, SD_EVENT_ONESHOT) >= 0)
		return 0;
	v->work = sd_event_source_unref(v->work);
	if (r == 0)
		settle(v);
	else
		log_line(LOG_WARNING, "the older key stays until the next start, for not all could be sealed anew: %s",
			 strerror(r < 0 ? -r : EIO));
	return 0;
}

/* Also where no older key is at hand: to know whether something is there that none opens. */
static int begin_work(struct vault_keys *v)
{
	int r;

	if (!seal_key_id(v->seal))
		return 0;
	reseal_init(&v->reseal);
	r = sd_event_add_defer(v->event, &v->work, on_work, v);
	if (r >= 0)
		r = sd_event_source_set_priority(v->work, SD_EVENT_PRIORITY_IDLE);
	return r < 0 ? r : 0;
}

static int fill(struct vault_keys *v, const char *credentials, const char *store_path)
{
	const char *slash = strrchr(store_path, '/');
	struct seal_found found;
	int r;

	v->folder = strndup(store_path, slash ? (size_t)(slash - store_path) : 0);
	v->credentials = credentials ? strdup(credentials) : NULL;
	if (!v->folder || (credentials && !v->credentials))
		return -ENOMEM;
	v->places = (struct seal_places){.credentials = v->credentials, .folder = v->folder};
	r = seal_keys_load(&v->seal, &found, &v->places);
	if (r < 0)
		return r;
	v->is_credential = found.credential == 0;
	say_what_was_found(v, &found);
	store_use_seal(v->store, v->seal);
	return begin_work(v);
}

int vault_keys_new(struct vault_keys **ret, sd_event *event, struct store *store, const char *credentials,
		   const char *store_path)
{
	LK_CLEANUP(vault_keys_freep) struct vault_keys *v = calloc(1, sizeof(*v));
	int r;

	if (!v)
		return -ENOMEM;
	v->event = sd_event_ref(event);
	v->store = store;
	r = fill(v, credentials, store_path);
	if (r < 0)
		return r;
	*ret = LK_STEAL(v);
	return 0;
}

int vault_keys_turn(struct vault_keys *v)
{
	struct seal *turned = NULL;
	int r;

	if (v->is_credential)
		return -EPERM;
	if (!seal_key_id(v->seal))
		return -ENOKEY;
	if (v->work)
		return -EBUSY;
	r = seal_keys_turn(&turned, v->seal, &v->places);
	if (r < 0)
		return r;
	store_use_seal(v->store, turned);
	seal_free(v->seal);
	v->seal = turned;
	return begin_work(v);
}

void vault_keys_free(struct vault_keys *v)
{
	if (!v)
		return;
	store_use_seal(v->store, NULL);
	sd_event_source_unref(v->work);
	seal_free(v->seal);
	sd_event_unref(v->event);
	free(v->credentials);
	free(v->folder);
	free(v);
}
