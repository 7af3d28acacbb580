/* SPDX-License-Identifier: MIT */
/*
 * Turns the text of one value into what the program works with, or says why not. Each value is judged by itself here;
 * how values fit together is judged when all are there.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/base/text.h"
#include "helper/daemon/config_internal.h"
#include "helper/jose/jwk.h"
#include "helper/oauth/dialect.h"
#include "helper/oauth/token_type.h"

#define TITLE_SIZE 65u
#define HOME_MAX 255u
#define DOMAIN_MAX 253u

int config_refuse(char *why, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, CONFIG_WHY_MAX, format, args);
	va_end(args);
	return -EINVAL;
}

static void *field_of(const struct config_target *t, const struct config_key *key)
{
	return (unsigned char *)t->base + key->offset;
}

static int store_text(const struct config_target *t, const struct config_key *key, const char *value)
{
	char *copy = strdup(value);

	if (!copy)
		return -ENOMEM;
	*(char **)field_of(t, key) = copy;
	return 0;
}

static bool is_printable_ascii(const char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			return false;
	return true;
}

int config_set_text(const struct config_target *t, const struct config_key *key, const char *value, char *why)
{
	if (strlen(value) > key->max)
		return config_refuse(why, "%s is longer than %u bytes", key->name, key->max);
	if (!is_printable_ascii(value))
		return config_refuse(why, "%s has characters other than printable ASCII", key->name);
	return store_text(t, key, value);
}

int config_set_title(const struct config_target *t, const struct config_key *key, const char *value, char *why)
{
	char clean[TITLE_SIZE];

	text_sanitise(clean, sizeof(clean), value, strlen(value), true);
	if (strcmp(clean, value) != 0)
		return config_refuse(why, "%s has characters that cannot be shown, or more than %u bytes", key->name,
				     TITLE_SIZE - 1);
	return store_text(t, key, value);
}

/* Absolute, and the shortest way to write it: no "//", "/./", "/../" and no '/' at the end. */
static bool is_plain_path(const char *path)
{
	if (path[0] != '/' || !is_printable_ascii(path) || strchr(path, ':'))
		return false;
	while (*path == '/') {
		size_t len = strcspn(path + 1, "/");

		if (len == 0 || (len == 1 && path[1] == '.') || (len == 2 && path[1] == '.' && path[2] == '.'))
			return false;
		path += 1 + len;
	}
	return true;
}

int config_set_path(const struct config_target *t, const struct config_key *key, const char *value, char *why)
{
	if (strlen(value) > key->max)
		return config_refuse(why, "%s is longer than %u bytes", key->name, key->max);
	if (!is_plain_path(value))
		return config_refuse(why, "%s must be an absolute path without ':', '.', '..' or empty parts",
				     key->name);
	return store_text(t, key, value);
}

/* Folders whose content belongs to the system: somebody's home below would hand it to that person. */
static bool is_system_folder(const char *path)
{
	static const char *const folders[] = {"/bin/",     "/boot/",      "/dev/",       "/etc/",
					      "/lib/",     "/lib32/",     "/lib64/",     "/proc/",
					      "/root/",    "/run/",       "/sbin/",      "/sys/",
					      "/tmp/",     "/usr/",       "/var/cache/", "/var/log/",
					      "/var/run/", "/var/spool/", "/var/tmp/",   "/var/lib/latchkey/"};

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		if (text_has_prefix(path, folders[i]))
			return true;
	return false;
}

int config_set_home(const struct config_target *t, const struct config_key *key, const char *value, char *why)
{
	size_t placeholders = 0, len = strlen(value);

	for (const char *p = strchr(value, '%'); p; p = strchr(p + 2, '%')) {
		if (p[1] != 'u')
			return config_refuse(why, "home knows %%u, the account's name, and no other '%%'");
		placeholders++;
	}
	if (placeholders == 0)
		return config_refuse(why, "home must contain %%u, the account's name: two people would share a folder");
	if (len + placeholders * (NAME_MAX_LEN - 2) > HOME_MAX)
		return config_refuse(why, "home could be longer than %u bytes", HOME_MAX);
	if (!is_plain_path(value))
		return config_refuse(why, "home must be an absolute path without ':', '.', '..' or empty parts");
	if (strchr(value + 1, '/') == NULL || memchr(value, '%', (size_t)(strchr(value + 1, '/') - value)))
		return config_refuse(why, "home must lie in a folder below /");
	if (is_system_folder(value))
		return config_refuse(why, "home lies in a folder of the system");
	return store_text(t, key, value);
}

int config_set_bool(const struct config_target *t, const struct config_key *key, const char *value, char *why)
{
	bool yes = strcmp(value, "yes") == 0;

	if (!yes && strcmp(value, "no") != 0)
		return config_refuse(why, "%s must be yes or no", key->name);
	*(bool *)field_of(t, key) = yes;
	return 0;
}

int config_set_number(const struct config_target *t, const struct config_key *key, const char *value, char *why)
{
	uint64_t number;

	if (text_to_u64(&number, value, key->max) < 0 || number < key->min)
		return config_refuse(why, "%s must be a number from %u to %u", key->name, key->min, key->max);
	*(uint32_t *)field_of(t, key) = (uint32_t)number;
	return 0;
}

/* "90", "90s", "15m", "12h" */
int config_set_seconds(const struct config_target *t, const struct config_key *key, const char *value, char *why)
{
	size_t digits = strspn(value, "0123456789");
	uint64_t number = 0, unit = 1;
	char text[16] = "";

	if (strcmp(value + digits, "m") == 0)
		unit = 60;
	else if (strcmp(value + digits, "h") == 0)
		unit = 3600;
	else if (value[digits] != '\0' && strcmp(value + digits, "s") != 0)
		digits = 0;
	if (digits < sizeof(text))
		memcpy(text, value, digits);
	if (text_to_u64(&number, text, UINT32_MAX) < 0 || number * unit < key->min || number * unit > key->max)
		return config_refuse(why, "%s must be a time from %us to %us, as in 90s, 15m or 12h", key->name,
				     key->min, key->max);
	*(uint32_t *)field_of(t, key) = (uint32_t)(number * unit);
	return 0;
}

static size_t count_words(char *const *list)
{
	size_t n = 0;

	while (list && list[n])
		n++;
	return n;
}

/* Moves @more's words behind those of *@list. */
static int append_words(char ***list, char **more)
{
	size_t n = count_words(*list), n_more = count_words(more);
	char **joined;

	if (n + n_more > CONFIG_WORDS_MAX)
		return -E2BIG;
	joined = reallocarray(*list, n + n_more + 1, sizeof(*joined));
	if (!joined)
		return -ENOMEM;
	memcpy(joined + n, more, (n_more + 1) * sizeof(*joined));
	*list = joined;
	return 0;
}

/* Splits, has each word judged, and adds them to the field. @describe: what a good word is */
static int set_list(const struct config_target *t, const struct config_key *key, const char *value, char *why,
		    bool (*is_good)(const char *word), const char *describe)
{
	char **words = NULL;
	int r = text_split(&words, value, CONFIG_WORDS_MAX);

	if (r == -E2BIG)
		return config_refuse(why, "%s has more than %u words", key->name, CONFIG_WORDS_MAX);
	if (r < 0)
		return r;
	for (size_t i = 0; words[i]; i++) {
		if (is_good(words[i]))
			continue;
		r = config_refuse(why, "%s: '%.64s' is not %s", key->name, words[i], describe);
		text_free_list(words);
		return r;
	}
	r = append_words((char ***)field_of(t, key), words);
	if (r < 0) {
		text_free_list(words);
		return r == -E2BIG ? config_refuse(why, "%s has more than %u words", key->name, CONFIG_WORDS_MAX) : r;
	}
	free(words);
	return 0;
}

static bool is_word(const char *word)
{
	return strlen(word) <= 256 && text_is_utf8(word, strlen(word));
}

/* As a claim can have it: longer ones, and other characters, would never be found equal. */
static bool is_class(const char *word)
{
	return strlen(word) <= 255 && is_printable_ascii(word);
}

static bool is_name(const char *word)
{
	return name_is_valid(word, true, true);
}

static bool is_domain(const char *word)
{
	size_t len = strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.");

	return len > 0 && len <= DOMAIN_MAX && word[len] == '\0' && word[0] != '.' && word[len - 1] != '.' &&
	       !strstr(word, "..");
}

static bool is_subject(const char *word)
{
	const char *colon = strchr(word, ':');

	return colon && colon != word && colon[1] != '\0' && strlen(colon + 1) <= 255;
}

static bool is_token_type(const char *word)
{
	return token_type_uri(word) != NULL;
}

int config_set_token_type(const struct config_target *t, const struct config_key *key, const char *value, char *why)
{
	if (!is_token_type(value))
		return config_refuse(why, "%s must be access-token, id-token, jwt, saml1 or saml2", key->name);
	return config_set_text(t, key, value, why);
}

int config_set_token_types(const struct config_target *t, const struct config_key *key, const char *value, char *why)
{
	return set_list(t, key, value, why, is_token_type, "access-token, id-token, jwt, saml1 or saml2");
}

int config_set_words(const struct config_target *t, const struct config_key *key, const char *value, char *why)
{
	return set_list(t, key, value, why, is_word, "a word of at most 256 bytes");
}

int config_set_classes(const struct config_target *t, const struct config_key *key, const char *value, char *why)
{
	return set_list(t, key, value, why, is_class, "a word of at most 255 ASCII characters");
}

int config_set_ranges(const struct config_target *t, const struct config_key *key, const char *value, char *why)
{
	int r = id_ranges_add(field_of(t, key), value, ACCOUNTS_ID_FLOOR);

	if (r == -EINVAL)
		return config_refuse(why, "%s must be ranges like 1000-59999, of numbers from %u to %d", key->name,
				     ACCOUNTS_ID_FLOOR, INT32_MAX);
	return r == -E2BIG ? config_refuse(why, "%s has more than %u ranges", key->name, ID_RANGES_MAX) : r;
}

int config_set_names(const struct config_target *t, const struct config_key *key, const char *value, char *why)
{
	return set_list(t, key, value, why, is_name, "a possible account name");
}

static bool is_domain_of_somebody(const char *word)
{
	const char *colon = strchr(word, ':');

	return is_domain(colon ? colon + 1 : word);
}

int config_set_access_domains(const struct config_target *t, const struct config_key *key, const char *value, char *why)
{
	return set_list(t, key, value, why, is_domain_of_somebody,
			"a domain like example.com, or PROVIDER:example.com");
}

int config_set_domains(const struct config_target *t, const struct config_key *key, const char *value, char *why)
{
	return set_list(t, key, value, why, is_domain, "a domain like example.com");
}

int config_set_subjects(const struct config_target *t, const struct config_key *key, const char *value, char *why)
{
	return set_list(t, key, value, why, is_subject, "of the form PROVIDER:SUBJECT");
}

int config_add_networks(struct network **list, size_t *n, const struct config_key *key, const char *value, char *why)
{
	char **words = NULL;
	int r = text_split(&words, value, CONFIG_WORDS_MAX);

	for (size_t i = 0; r == 0 && words[i]; i++) {
		struct network *grown = reallocarray(*list, *n + 1, sizeof(**list));

		if (!grown) {
			r = -ENOMEM;
			break;
		}
		*list = grown;
		if (network_parse(&grown[*n], words[i]) < 0)
			r = config_refuse(why, "%s: '%.64s' is not a network like 10.0.0.0/8 or 2001:db8::/32",
					  key->name, words[i]);
		else
			(*n)++;
	}
	text_free_list(words);
	return r == -E2BIG ? config_refuse(why, "%s has more than %u words", key->name, CONFIG_WORDS_MAX) : r;
}

int config_set_networks(const struct config_target *t, const struct config_key *key, const char *value, char *why)
{
	struct access_policy *p = t->base;

	return config_add_networks(&p->before_start_networks, &p->n_before_start_networks, key, value, why);
}

int config_set_log(const struct config_target *t, const struct config_key *key, const char *value, char *why)
{
	static const struct {
		const char *word;
		enum log_target target;
	} words[] = {{"auto", LOG_TARGET_AUTO}, {"journal", LOG_TARGET_JOURNAL}, {"stderr", LOG_TARGET_STDERR}};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(value, words[i].word) == 0) {
			t->draft->config->log_target = words[i].target;
			return 0;
		}
	}
	return config_refuse(why, "%s must be auto, journal or stderr", key->name);
}

int config_set_characters(const struct config_target *t, const struct config_key *key, const char *value, char *why)
{
	for (; *value; value++) {
		if (*value == '.')
			t->draft->allow_dot = true;
		else if (*value == '@')
			t->draft->allow_at = true;
		else if (*value != ' ' && *value != '\t')
			return config_refuse(why, "%s can add '.' and '@' and nothing else", key->name);
	}
	return 0;
}

int config_set_dialect(const struct config_target *t, const struct config_key *key, const char *value, char *why)
{
	struct provider_config *p = t->base;

	p->settings.dialect = dialect_find(value);
	if (!p->settings.dialect)
		return config_refuse(why, "%s '%.32s' is not known", key->name, value);
	return 0;
}

int config_set_secret_file(const struct config_target *t, const struct config_key *key, const char *value, char *why)
{
	struct config_target into_draft = {.draft = t->draft, .base = &t->draft->secret_files[t->index]};

	return config_set_path(&into_draft, key, value, why);
}

int config_set_algorithms(const struct config_target *t, const struct config_key *key, const char *value, char *why)
{
	uint32_t *algorithms = field_of(t, key);
	char **words = NULL;
	int r = text_split(&words, value, JWS_ALGORITHMS);

	if (r == -E2BIG)
		return config_refuse(why, "%s has more words than there are algorithms", key->name);
	for (size_t i = 0; r == 0 && words[i]; i++) {
		enum jws_algorithm algorithm = jws_algorithm_from_name(words[i]);

		if (algorithm == JWS_NONE)
			r = config_refuse(why, "%s: '%.32s' is not RS, PS, ES with 256, 384, 512, or EdDSA", key->name,
					  words[i]);
		else
			*algorithms |= 1u << algorithm;
	}
	text_free_list(words);
	return r;
}
