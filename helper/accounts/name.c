/* SPDX-License-Identifier: MIT */
/*
 * A claim's text becomes a local name here, or it does not. Nothing is folded, mapped or trimmed: two different claims
 * must never meet in one name, so what does not fit the grammar as it stands is refused. Knows nothing of who exists.
 */
#include "helper/accounts/name.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/accounts/name_reserved.h"
#include "helper/base/text.h"

#define WHY_SIZE 128u

/* Whole families: names that a package may add at any time. */
static const char *const reserved_prefixes[] = {"systemd-", "latchkey", "_", "debian-", "dbus-", "gdm-", "gnome-"};

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_inner(char c, bool allow_dot, bool allow_at)
{
	return is_lower(c) || (c >= '0' && c <= '9') || c == '_' || c == '-' || (allow_dot && c == '.') ||
	       (allow_at && c == '@');
}

bool name_is_valid(const char *name, bool allow_dot, bool allow_at)
{
	size_t len = strnlen(name, NAME_MAX_LEN + 1), n_at = 0;

	if (len == 0 || len > NAME_MAX_LEN || !(is_lower(name[0]) || name[0] == '_'))
		return false;
	for (size_t i = 1; i < len; i++) {
		if (!is_inner(name[i], allow_dot, allow_at))
			return false;
		n_at += name[i] == '@';
	}
	/* "alice." would pass for alice on a screen, and "a@b@c" has no one domain. */
	return n_at <= 1 && name[len - 1] != '.' && name[len - 1] != '@';
}

static int compare(const void *name, const void *entry)
{
	return strcmp(name, *(const char *const *)entry);
}

bool name_is_reserved(const char *name, char *const *more)
{
	/* Asked for each account of each publication. */
	if (bsearch(name, reserved, sizeof(reserved) / sizeof(reserved[0]), sizeof(reserved[0]), compare) != NULL)
		return true;
	for (size_t i = 0; i < sizeof(reserved_prefixes) / sizeof(reserved_prefixes[0]); i++)
		if (text_has_prefix(name, reserved_prefixes[i]))
			return true;
	return text_in_list(more, name);
}

static size_t length_of(const char *text)
{
	return text ? strlen(text) : 0;
}

bool name_fits_rule(const char *name, const struct name_rule *rule)
{
	size_t prefix = length_of(rule->prefix), suffix = length_of(rule->suffix), len;

	if (!name_is_valid(name, rule->allow_dot, rule->allow_at))
		return false;
	len = strlen(name);
	if (len <= prefix + suffix)
		return false;
	if (prefix > 0 && !text_has_prefix(name, rule->prefix))
		return false;
	if (suffix > 0 && !text_has_suffix(name, rule->suffix))
		return false;
	/* Where domains are stripped, what lies between prefix and suffix never holds one. */
	return !rule->strip_domains || !memchr(name + prefix, '@', len - prefix - suffix);
}

static int refuse(char *why, const char *reason)
{
	snprintf(why, WHY_SIZE, "%s", reason);
	return -EINVAL;
}

/* How much of the claim is the name: all of it, or what comes before a domain of the list. */
static int strip(const char *claim, size_t len, const struct name_rule *rule, size_t *ret_len, char *why)
{
	const char *at;
	size_t domain;

	if (!rule->strip_domains) {
		*ret_len = len;
		return 0;
	}

	/* A bare "alice" is refused too: it would be the same name as alice@ the domain, and perhaps another person. */
	at = memchr(claim, '@', len);
	if (!at)
		return refuse(why, "the claim has no domain, and strip_domains demands one");
	domain = len - (size_t)(at + 1 - claim);
	for (char **d = rule->strip_domains; *d; d++) {
		if (strlen(*d) == domain && memcmp(at + 1, *d, domain) == 0) {
			*ret_len = (size_t)(at - claim);
			return 0;
		}
	}
	return refuse(why, "the claim's domain is not in strip_domains");
}

int name_from_claim(char *out, const char *claim, size_t len, const struct name_rule *rule, char *why)
{
	size_t prefix = length_of(rule->prefix), suffix = length_of(rule->suffix), core;
	char name[NAME_MAX_LEN + 1] = "";
	int r;

	if (len == 0)
		return refuse(why, "the claim is empty");
	if (memchr(claim, '\0', len))
		return refuse(why, "the claim has a zero byte");
	r = strip(claim, len, rule, &core, why);
	if (r < 0)
		return r;
	if (core == 0)
		return refuse(why, "the claim has nothing before its domain");
	if (prefix > NAME_MAX_LEN || suffix > NAME_MAX_LEN || core > NAME_MAX_LEN ||
	    prefix + core + suffix > NAME_MAX_LEN)
		return refuse(why, "the name would be longer than 32 characters");

	if (prefix > 0)
		memcpy(name, rule->prefix, prefix);
	memcpy(name + prefix, claim, core);
	if (suffix > 0)
		memcpy(name + prefix + core, rule->suffix, suffix);
	if (!name_is_valid(name, rule->allow_dot, rule->allow_at))
		return refuse(why, "the name has a character that is not allowed, or not at its place");
	if (!name_fits_rule(name, rule))
		return refuse(why, "the name does not fit the rule that made it");

	memcpy(out, name, sizeof(name));
	return 0;
}
