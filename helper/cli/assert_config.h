/* SPDX-License-Identifier: MIT */
#pragma once

#include <stddef.h>

/* What "latchkey assert" presents, and to whom: from options, the environment and a small file, in that order. */

#define ASSERT_CONFIG_MAX (64u * 1024u)
#define ASSERT_WHY_MAX 640u

struct assert_config {
	char *key; /* as in helper/jose/signing_key.h; NULL where a token of a file is presented */
	char *algorithm;
	char *issuer;
	char *subject;
	/* of a host's own section alone, since what is presented is good for that host: */
	char *host;       /* what it calls itself; NULL: as ssh calls it */
	char *audience;   /* NULL: host */
	char *token_file; /* with a workload's ID token, in place of a key */
};

/**
 * assert_config_read() - [assert] of the file, and over it the [host NAME] section for @host
 * @path: NULL: $LATCHKEY_ASSERT_CONFIG, else latchkey/assert.conf below $XDG_CONFIG_HOME or ~/.config, which need not be there
 * @host: as ssh calls it; NULL: there is none, and no [host] section counts
 * @ret:  release with assert_config_done(), also on failure
 * @why:  ASSERT_WHY_MAX bytes, filled on failure
 * The file is root's or the caller's, and nobody else can write to it.
 * Return: 0, -EINVAL, -ENOMEM.
 */
int assert_config_read(struct assert_config *ret, const char *path, const char *host, char *why);
void assert_config_done(struct assert_config *c);

/** assert_config_parse() - the same of a text. @name: for messages. */
int assert_config_parse(struct assert_config *ret, const char *name, const char *text, size_t len, const char *host,
			char *why);
