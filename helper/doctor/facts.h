/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Of root's configuration what the checks go by. latchkeyd --check judges the whole of it. */

#define FACTS_SERVICE_ACCOUNTS_MAX 64u

struct facts_service_account {
	char *name;
	char *key;
	char *assertion_keys;
};

struct facts {
	char *audit_file;
	bool is_audit_required;
	char *home; /* never NULL after facts_read() */
	struct facts_service_account accounts[FACTS_SERVICE_ACCOUNTS_MAX];
	size_t n_accounts;
};

/** facts_read() - as far as the file at @path below @root can be read. Return: 0, also where it cannot; -ENOMEM. */
int facts_read(struct facts *ret, const char *root, const char *path);
void facts_done(struct facts *f);
