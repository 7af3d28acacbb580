/* SPDX-License-Identifier: MIT */
#pragma once

#include "helper/daemon/config.h"

/* What the files of the configuration reader share; nobody else includes this. */

#define CONFIG_POLICIES_MAX 64u
#define CONFIG_WORDS_MAX 1024u /* in one list */
#define CONFIG_WHY_MAX 256u

/* A configuration in the making. */
struct config_draft {
	struct config *config;
	uint64_t seen_latchkey; /* bit n: key n of the section's table was there */
	uint64_t seen_accounts;
	uint64_t seen_limits;
	uint64_t seen_provider[CONFIG_PROVIDERS_MAX];
	uint64_t seen_policy[CONFIG_POLICIES_MAX];
	uint64_t seen_group[GROUP_RULES_MAX];
	uint64_t seen_local_account[LOCAL_ACCOUNTS_MAX];
	uint64_t seen_service_account[SERVICE_ACCOUNTS_MAX];
	char *secret_files[CONFIG_PROVIDERS_MAX];
	char *directory_secret_files[CONFIG_PROVIDERS_MAX];
	bool has_directory_subject[CONFIG_PROVIDERS_MAX];
	char *events_token_files[CONFIG_PROVIDERS_MAX];
	bool has_client_auth[CONFIG_PROVIDERS_MAX];
	char *client_keys[CONFIG_PROVIDERS_MAX]; /* for private_key_jwt */
	enum jws_algorithm client_key_algorithms[CONFIG_PROVIDERS_MAX];
	bool allow_dot;
	bool allow_at;
};

/* Where a value goes: the struct that the offset of its key counts from. */
struct config_target {
	struct config_draft *draft;
	void *base;
	size_t index; /* of the provider, policy, group, local or service account */
};

struct config_key {
	const char *name;
	/** sets one value; 0, -EINVAL with @why, -ENOMEM */
	int (*set)(const struct config_target *t, const struct config_key *key, const char *value, char *why);
	size_t offset;
	uint32_t min; /* of numbers */
	uint32_t max;
	bool is_list; /* may be given several times: libinih ends lines at 200 bytes */
};

/** config_take_key() - an ini_key_fn: one line of the file; @userdata is the draft */
int config_take_key(void *userdata, const char *section, const char *key, const char *value, char *why,
		    size_t why_size);

/** config_take() - one line of a section whose @table and place are known; @seen: bits of the keys that were there */
int config_take(const struct config_target *t, const struct config_key *table, uint64_t *seen, const char *section,
		const char *name, const char *value, char *why);

/** config_take_local_account() - one line of [local-account NAME] */
int config_take_local_account(struct config_draft *d, const char *section, const char *key, const char *value,
			      char *why);

/** config_take_service_account() - one line of [service-account NAME] */
int config_take_service_account(struct config_draft *d, const char *section, const char *key, const char *value,
				char *why);

/** config_is_section_name() - fit for the second word of a section's head, and for a PAM service */
bool config_is_section_name(const char *name);

/** config_refuse() - writes @why (CONFIG_WHY_MAX bytes) and yields -EINVAL */
int config_refuse(char *why, const char *format, ...) LK_PRINTF(2, 3);

/* Setters for the tables. */
int config_set_text(const struct config_target *t, const struct config_key *key, const char *value, char *why);
int config_set_title(const struct config_target *t, const struct config_key *key, const char *value, char *why);
int config_set_path(const struct config_target *t, const struct config_key *key, const char *value, char *why);
int config_set_home(const struct config_target *t, const struct config_key *key, const char *value, char *why);
int config_set_bool(const struct config_target *t, const struct config_key *key, const char *value, char *why);
int config_set_number(const struct config_target *t, const struct config_key *key, const char *value, char *why);
int config_set_seconds(const struct config_target *t, const struct config_key *key, const char *value, char *why);
int config_set_words(const struct config_target *t, const struct config_key *key, const char *value, char *why);
int config_set_ranges(const struct config_target *t, const struct config_key *key, const char *value, char *why);
int config_set_names(const struct config_target *t, const struct config_key *key, const char *value, char *why);
int config_set_access_domains(const struct config_target *t, const struct config_key *key, const char *value,
			      char *why);
int config_set_domains(const struct config_target *t, const struct config_key *key, const char *value, char *why);
int config_set_subjects(const struct config_target *t, const struct config_key *key, const char *value, char *why);
int config_set_networks(const struct config_target *t, const struct config_key *key, const char *value, char *why);
/** config_add_networks() - parses the words of @value and adds them to the list */
int config_add_networks(struct network **list, size_t *n, const struct config_key *key, const char *value, char *why);
int config_set_log(const struct config_target *t, const struct config_key *key, const char *value, char *why);
int config_set_characters(const struct config_target *t, const struct config_key *key, const char *value, char *why);
int config_set_dialect(const struct config_target *t, const struct config_key *key, const char *value, char *why);
int config_set_client_auth(const struct config_target *t, const struct config_key *key, const char *value, char *why);
int config_set_client(const struct config_target *t, const struct config_key *key, const char *value, char *why);
int config_set_client_key(const struct config_target *t, const struct config_key *key, const char *value, char *why);
int config_set_client_key_algorithm(const struct config_target *t, const struct config_key *key, const char *value,
				    char *why);
int config_set_certificate(const struct config_target *t, const struct config_key *key, const char *value, char *why);
int config_set_secret_file(const struct config_target *t, const struct config_key *key, const char *value, char *why);
int config_set_directory(const struct config_target *t, const struct config_key *key, const char *value, char *why);
int config_set_directory_secret_file(const struct config_target *t, const struct config_key *key, const char *value,
				     char *why);
int config_set_directory_subject(const struct config_target *t, const struct config_key *key, const char *value,
				 char *why);
int config_set_token_type(const struct config_target *t, const struct config_key *key, const char *value, char *why);
int config_set_token_types(const struct config_target *t, const struct config_key *key, const char *value, char *why);
int config_set_classes(const struct config_target *t, const struct config_key *key, const char *value, char *why);
int config_set_max_age(const struct config_target *t, const struct config_key *key, const char *value, char *why);
int config_set_methods(const struct config_target *t, const struct config_key *key, const char *value, char *why);
int config_set_algorithms(const struct config_target *t, const struct config_key *key, const char *value, char *why);

/** config_has_provider() - is there a [provider NAME] of this name, @len bytes of it */
bool config_has_provider(const struct config *c, const char *name, size_t len);

/** config_split_access() - words of [access] that name a provider go to the lists for its people alone
 *  Return: 0, -EINVAL with @why filled, -ENOMEM. */
int config_split_access(struct config *c, char *why);

/** config_check_groups() - the [group NAME] sections by themselves and against the providers
 *  Return: 0, -EINVAL with @why filled. */
int config_check_groups(struct config *c, char *why);

/** config_note_groups() - what to say aloud of them by themselves */
void config_note_groups(const struct config *c, config_note_fn note, void *userdata);

/** config_note_local_groups() - and beside the users and groups of the machine; @root: "" for this one */
void config_note_local_groups(const struct config *c, const char *root, config_note_fn note, void *userdata);

/** config_check_step_up() - what sections ask of a sign-in against what the providers can do
 *  Return: 0, -EINVAL with @why filled. */
int config_check_step_up(const struct config *c, char *why);

/** config_note_step_up() - what to say aloud of it */
void config_note_step_up(const struct config *c, config_note_fn note, void *userdata);

/** config_check_local_accounts() - the [local-account NAME] sections against the providers
 *  Return: 0, -EINVAL with @why filled. */
int config_check_local_accounts(struct config *c, char *why);

/** config_check_local_users() - and against /etc/passwd below @root ("" for this machine): root and the accounts of the
 *  system are refused (of services root alone), one that is not there is said aloud. Return: 0, -EINVAL with @why filled. */
int config_check_local_users(const struct config *c, const char *root, config_note_fn note, void *userdata, char *why);

/** config_check_service_accounts() - the [service-account NAME] sections by themselves and against the providers; fills in
 *  what was left open. Return: 0, -EINVAL with @why filled, -ENOMEM. */
int config_check_service_accounts(struct config *c, char *why);

/** config_check_service_tokens() - what such an account may present that this host cannot judge by itself */
int config_check_service_tokens(const struct service_account *s, const struct provider_settings *p, char *why);

/** config_note_service_accounts() - what to say aloud of them */
void config_note_service_accounts(const struct config *c, config_note_fn note, void *userdata);

/** config_check_events() - the same of its event stream's. Return: 0, -EINVAL with @why filled. */
int config_check_events(struct config_draft *d, size_t i, char *why);
int config_set_events_token_file(const struct config_target *t, const struct config_key *key, const char *value,
				 char *why);

/** config_check_client() - how this host proves itself: what goes with which method
 *  Return: 0, -EINVAL with @why, -ENOMEM. */
int config_check_client(struct config_draft *d, size_t i, char *why);

/** config_load_client_key() - for private_key_jwt, from where the section says. Return: 0, -EINVAL with @why, -ENOMEM. */
int config_load_client_key(struct config_draft *d, size_t i, char *why);

/** config_check_directory() - defaults and contradictions of a provider's directory keys, once the provider itself is good
 *  Return: 0, -EINVAL with @why, -ENOMEM. */
int config_check_directory(struct config_draft *d, size_t i, char *why);

/** config_check_home_base() - the folder of all homes below @root ("" for this machine) is root's alone, or not there yet
 *  Return: 0, -EINVAL with @why filled. */
int config_check_home_base(const struct config *c, const char *root, char *why);

/** config_note_shell() - what to say aloud of the shell */
void config_note_shell(const struct config *c, const char *root, config_note_fn note, void *userdata);

/** config_finish() - defaults, then what no single line can show: contradictions, gaps, and what to say aloud
 *  @why: reason with its section. Return: 0, -EINVAL, -ENOMEM. */
int config_finish(struct config_draft *d, config_note_fn note, void *userdata, char *why);
