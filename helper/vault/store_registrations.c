/* SPDX-License-Identifier: MIT */
/* This host's own registrations, sealed, in and out of the database. */
#include "helper/vault/store_registrations.h"

#include <errno.h>

#include "helper/base/clock.h"
#include "helper/vault/store_internal.h"

/* As in the statement that seals anew. */
static struct row_owner owner_of(const char *issuer, const char *provider)
{
	return (struct row_owner){.uid = 1, .issuer = issuer, .subject = provider};
}

static int bind(sqlite3_stmt *statement, const char *issuer, const char *provider)
{
	int r = store_bind_text(statement, 1, issuer);

	return r < 0 ? r : store_bind_text(statement, 2, provider);
}

int store_put_registration(struct store *s, const char *issuer, const char *provider, const struct secret *text)
{
	LK_CLEANUP(store_rest) sqlite3_stmt *statement = s->statements[STATEMENT_PUT_REGISTRATION];
	LK_CLEANUP(sealed_done) struct sealed sealed = {.bytes = NULL};
	const struct row_owner owner = owner_of(issuer, provider);
	int r = store_seal(s, SEAL_REGISTRATION, &owner, text, &sealed);

	if (r == 0)
		r = bind(statement, issuer, provider);
	if (r == 0)
		r = store_bind_sealed(statement, 3, &sealed);
	if (r == 0)
		r = store_bind_int(statement, 5, clock_realtime_s());
	return r < 0 ? r : store_write(s, STATEMENT_PUT_REGISTRATION);
}

int store_find_registration(struct store *s, const char *issuer, const char *provider, struct secret **ret)
{
	LK_CLEANUP(store_rest) sqlite3_stmt *statement = s->statements[STATEMENT_FIND_REGISTRATION];
	const struct row_owner owner = owner_of(issuer, provider);
	int r = bind(statement, issuer, provider);

	if (r == 0)
		r = store_row(statement);
	return r < 0 ? r : store_unseal(s, SEAL_REGISTRATION, &owner, statement, 0, ret);
}

int store_drop_registration(struct store *s, const char *issuer, const char *provider)
{
	LK_CLEANUP(store_rest) sqlite3_stmt *statement = s->statements[STATEMENT_DROP_REGISTRATION];
	int r = bind(statement, issuer, provider);

	return r < 0 ? r : store_write(s, STATEMENT_DROP_REGISTRATION);
}
