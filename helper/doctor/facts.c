/* SPDX-License-Identifier: MIT */
/* A few keys of root's configuration, without a judgement: that is latchkeyd's. */
#include "helper/doctor/facts.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/base/ini.h"
#include "helper/base/text.h"

#define SERVICE_ACCOUNT "service-account "

static int keep(char **to, const char *value)
{
	free(*to);
	return text_copy(to, value);
}

static struct facts_service_account *account_of(struct facts *f, const char *name)
{
	for (size_t i = 0; i < f->n_accounts; i++)
		if (strcmp(f->accounts[i].name, name) == 0)
			return &f->accounts[i];
	if (f->n_accounts == FACTS_SERVICE_ACCOUNTS_MAX || text_copy(&f->accounts[f->n_accounts].name, name) < 0)
		return NULL;
	return &f->accounts[f->n_accounts++];
}

static int take_account_key(struct facts *f, const char *name, const char *key, const char *value)
{
	struct facts_service_account *a = account_of(f, name);

	if (!a)
		return 0;
	if (strcmp(key, "key") == 0)
		return keep(&a->key, value);
	return strcmp(key, "assertion_keys") == 0 ? keep(&a->assertion_keys, value) : 0;
}

static int take_key(void *userdata, const char *section, const char *key, const char *value, char *why, size_t why_size)
{
	struct facts *f = userdata;

	(void)why;
	(void)why_size;
	if (text_has_prefix(section, SERVICE_ACCOUNT))
		return take_account_key(f, section + strlen(SERVICE_ACCOUNT), key, value);
	if (strcmp(section, "latchkey") == 0 && strcmp(key, "audit_file") == 0)
		return keep(&f->audit_file, value);
	if (strcmp(section, "latchkey") == 0 && strcmp(key, "audit_required") == 0)
		f->is_audit_required = strcmp(value, "yes") == 0;
	if (strcmp(section, "accounts") == 0 && strcmp(key, "home") == 0)
		return keep(&f->home, value);
	return 0;
}

int facts_read(struct facts *ret, const char *root, const char *path)
{
	struct facts f = {0};
	struct ini_fault fault = {.text = ""};
	char full[PATH_MAX];
	int r;

	(void)snprintf(full, sizeof(full), "%s%s", root, path);
	r = ini_read_tree(full, take_key, &f, &fault);
	if (r != -ENOMEM)
		r = f.home ? 0 : text_copy(&f.home, "/home/%u");
	if (r < 0) {
		facts_done(&f);
		return r;
	}
	*ret = f;
	return 0;
}

void facts_done(struct facts *f)
{
	free(f->audit_file);
	free(f->home);
	for (size_t i = 0; i < f->n_accounts; i++) {
		free(f->accounts[i].name);
		free(f->accounts[i].key);
		free(f->accounts[i].assertion_keys);
	}
	*f = (struct facts){0};
}
