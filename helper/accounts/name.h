/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* From a claim to a local name, by an explicit rule, and which names can be ours at all. */

#define NAME_MAX_LEN 32u

struct name_rule {
	char *claim;          /* top-level member, or a JSON pointer when it starts with '/' */
	char **strip_domains; /* "@example.com" is cut off where the domain is in this list; any other '@' refuses */
	char *prefix;         /* added; NULL: none */
	char *suffix;         /* added; NULL: none */
	bool allow_dot;
	bool allow_at;
};

/**
 * name_is_valid() - does it fit [a-z_][a-z0-9_-]{0,31}, with '.' and '@' inside only if allowed
 * A name of digits, "." and ".." never fit.
 */
bool name_is_valid(const char *name, bool allow_dot, bool allow_at);

/** name_is_reserved() - built-in list of names that are never a person's, wherever they are missing locally
 *  (root, nobody, sshd, systemd-*, _apt, sudo, wheel, docker, ...) or in @more (NULL-terminated, may be NULL) */
bool name_is_reserved(const char *name, char *const *more);

/** name_fits_rule() - could this rule ever produce this name (prefix, suffix, grammar); nothing is asked */
bool name_fits_rule(const char *name, const struct name_rule *rule);

/**
 * name_from_claim() - apply the rule to a claim's text
 * @out: NAME_MAX_LEN + 1 bytes, NUL-terminated; set only on 0
 * No case folding, no Unicode (I2, I3): what does not fit is refused.
 * Return: 0, -EINVAL with @why (ASCII, 128 bytes) filled.
 */
int name_from_claim(char *out, const char *claim, size_t len, const struct name_rule *rule, char *why);
