/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "helper/base/cleanup.h"

#define OWNERSHIP_NAME_MAX 63u /* what the NSS module's question can carry */
#define OWNERSHIP_OTHER 1      /* not ours: the next PAM module may know it */

/* What NSS says about an account of ours: sshd keeps it for the whole session. */
struct owned_account {
	bool is_published; /* the name stands on the map: somebody has signed in by it, so it may be logged (threat R4) */
	bool is_local;     /* it stands in /etc/passwd, and root's configuration binds an identity to it */
	char *name;
	char *home;
	char *shell;
	uid_t uid;
	gid_t gid;
};

/**
 * ownership_find() - is this name ours
 * @ret:  set only on 0, release with owned_account_done()
 * @name: as the application gave it; NULL and every name outside [A-Za-z0-9_][A-Za-z0-9._@+-]{0,62} are not ours
 *
 * Ours is a name that stands on the published map, or for which getpwnam answers with an id of the map's range for new
 * accounts though it stands nowhere: a placeholder before the first sign-in. A line of /etc/passwd wins over both, unless
 * the map marks the name as a local account that an identity is bound to. The helper is not asked.
 *
 * What holds without a readable map:
 *   root, system accounts and all other names of /etc/passwd are not ours;
 *   an id of the default range is ours, since nobody else gives those out: the helper decides;
 *   any other name is not ours where no map was ever published, and cannot be told where the map is damaged.
 *
 * Return: 0 ours; OWNERSHIP_OTHER; -EUCLEAN a record that cannot be used; other negative errno when it cannot be told,
 * which must never be taken for OWNERSHIP_OTHER: the stack would let an account of ours pass as somebody else's.
 */
int ownership_find(struct owned_account *ret, const char *name);
void owned_account_done(struct owned_account *a);

/** owned_account_log_name() - the name as log_account() wants it */
const char *owned_account_log_name(const struct owned_account *a);

/** ownership_name_is_plain() - the grammar above: wider than the helper's, narrow enough for logs and messages */
bool ownership_name_is_plain(const char *name);

/** ownership_text_has_name() - has this passwd text a line for @name */
bool ownership_text_has_name(const char *text, size_t len, const char *name);
