/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "helper/base/cleanup.h"

#define OWNERSHIP_NAME_MAX 63u /* what the NSS module's question can carry */
#define OWNERSHIP_OTHER 1      /* not ours: the next PAM module may know it */

/* What NSS says about an account of ours: sshd keeps it for the whole session. */
struct owned_account {
	char *name;
	char *home;
	char *shell;
	uid_t uid;
	gid_t gid;
};

/**
 * ownership_find() - is this name ours
 * @ret:      set only on 0, release with owned_account_done()
 * @name:     as the application gave it; NULL and every name outside [A-Za-z0-9_][A-Za-z0-9._@+-]{0,62} are not ours
 * @min,@max: our uids
 *
 * Ours is a name that /etc/passwd lacks and for which getpwnam answers with one of our uids: on the map, or a
 * placeholder before the first sign-in. The helper is not asked.
 *
 * Return: 0 ours; OWNERSHIP_OTHER; -EUCLEAN a record that cannot be used; other negative errno when it cannot be told,
 * which must never be taken for OWNERSHIP_OTHER: the stack would let an account of ours pass as somebody else's.
 */
int ownership_find(struct owned_account *ret, const char *name, uid_t min, uid_t max);
void owned_account_done(struct owned_account *a);

/** ownership_name_is_plain() - the grammar above: wider than the helper's, narrow enough for logs and messages */
bool ownership_name_is_plain(const char *name);

/** ownership_text_has_name() - has this passwd text a line for @name */
bool ownership_text_has_name(const char *text, size_t len, const char *name);
