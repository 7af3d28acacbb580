/* SPDX-License-Identifier: MIT */
/*
 * Keeps a name and a number for people whom a directory names. The directory's word makes nobody an owner: who signs in is
 * judged as if none of this were here, and finds the number that was kept. Never touches an account that is somebody's.
 */
#include "helper/accounts/expected.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "helper/accounts/accounts_internal.h"

/* The facts of such an account say where it comes from; those of its first sign-in replace them. Compared as they are,
 * since nobody else writes them. */
static const char listed[] = "{\"directory\":true}";
static const char withdrawn[] = "{\"directory\":false}";

static bool has_facts(const struct account *a, const char *facts)
{
	return a->state == ACCOUNT_EXPECTED && strcmp(a->facts, facts) == 0;
}

bool accounts_is_from_directory(const struct account *a)
{
	return has_facts(a, listed) || has_facts(a, withdrawn);
}

bool accounts_is_withdrawn(const struct account *a)
{
	return has_facts(a, withdrawn);
}

/* Whose the account would be is not known any more either: the directory may give the identity another name. */
static int withdraw(struct accounts *a, struct account *known, struct expected_counts *counts)
{
	int r = account_set_text(&known->facts, withdrawn);

	if (r < 0)
		return r;
	free(LK_STEAL(known->subject));
	r = store_expect(a->store, known);
	if (r == 0)
		counts->n_withdrawn++;
	return r;
}

/* --- one person --------------------------------------------------------------------------------------------------- */

/* Does this person have an account already, or will have one, under another name? Return: 0 no, 1 yes, negative errno. */
static int has_other_account(struct accounts *a, const char *issuer, const struct expected_person *p,
			     struct expected_counts *counts)
{
	LK_CLEANUP(account_freep) struct account *other = NULL;
	int r;

	if (!p->subject)
		return 0;
	r = store_find_identity(a->store, issuer, p->subject, &other);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (strcmp(other->name, p->name) == 0)
		return 0;
	return accounts_is_from_directory(other) ? withdraw(a, other, counts) : 1;
}

static bool is_same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static int update_known(struct accounts *a, struct account *known, const char *provider,
			const struct expected_person *p, struct expected_counts *counts)
{
	struct account before = *known;
	bool was_withdrawn = accounts_is_withdrawn(known);
	bool is_same;
	int r;

	/* on copies, so that what was can be compared with what is */
	known->subject = p->subject ? strdup(p->subject) : NULL;
	known->provider = strdup(provider);
	known->facts = strdup(listed);
	known->gecos = NULL;
	r = account_set_gecos(&known->gecos, p->gecos);
	if (!known->provider || !known->facts || (p->subject && !known->subject))
		r = -ENOMEM;
	is_same = r == 0 && is_same_text(before.subject, known->subject) &&
		  is_same_text(before.provider, known->provider) && is_same_text(before.gecos, known->gecos) &&
		  !was_withdrawn;
	free(before.subject);
	free(before.provider);
	free(before.facts);
	free(before.gecos);
	if (r < 0 || is_same)
		return r;
	r = store_expect(a->store, known);
	if (r == 0 && was_withdrawn)
		counts->n_new++;
	else if (r == 0)
		counts->n_changed++;
	return r;
}

static int make_new(struct accounts *a, const char *provider, const char *issuer, const struct expected_person *p,
		    int64_t now_s, struct expected_counts *counts)
{
	LK_CLEANUP(account_freep) struct account *made = NULL;
	uint32_t uid;
	int r;

	r = store_find_retired(a->store, p->name, &uid);
	if (r != -ENOENT)
		return r == 0 ? ACCOUNT_NAME_RETIRED : r;
	r = accounts_choose_uid(a, p->name, issuer, &uid);
	if (r != 0)
		return r;
	r = accounts_compose(a, p->name, issuer, uid, &made);
	if (r < 0)
		return r;
	made->state = ACCOUNT_EXPECTED;
	made->created_s = now_s;
	free(LK_STEAL(made->subject));
	if (p->subject)
		r = account_set_text(&made->subject, p->subject);
	if (r == 0)
		r = account_set_text(&made->provider, provider);
	if (r == 0)
		r = account_set_gecos(&made->gecos, p->gecos);
	if (r == 0)
		r = account_set_text(&made->facts, listed);
	if (r == 0)
		r = store_insert(a->store, made);
	if (r == 0)
		counts->n_new++;
	return r;
}

/* Return: 0, an enum account_outcome > 0 or -EEXIST for what is somebody else's, other negative errno. */
static int expect(struct accounts *a, const char *provider, const char *issuer, const struct expected_person *p,
		  int64_t now_s, struct expected_counts *counts)
{
	LK_CLEANUP(account_freep) struct account *known = NULL;
	int r;

	if (!name_is_valid(p->name, true, true) || (p->subject && (!p->subject[0] || strlen(p->subject) > SUBJECT_MAX)))
		return ACCOUNT_NAME_TAKEN;
	if (accounts_is_local(a, p->name))
		return ACCOUNT_NAME_LOCAL;
	r = store_find_name(a->store, p->name, &known);
	if (r < 0 && r != -ENOENT)
		return r;
	if (known && known->state == ACCOUNT_ACTIVE && strcmp(known->issuer, issuer) == 0)
		return 0; /* has signed in: nothing is to be expected */
	if (known && (!accounts_is_from_directory(known) || strcmp(known->issuer, issuer) != 0))
		return ACCOUNT_NAME_TAKEN;
	r = has_other_account(a, issuer, p, counts);
	if (r != 0)
		return r < 0 ? r : ACCOUNT_NAME_TAKEN;
	return known ? update_known(a, known, provider, p, counts) : make_new(a, provider, issuer, p, now_s, counts);
}

int accounts_expect(struct accounts *a, const char *provider, const char *issuer, const struct expected_person *people,
		    size_t n, int64_t now_s, struct expected_counts *counts)
{
	struct expected_counts so_far = *counts;
	int r;

	if (issuer[0] == '\0' || strlen(issuer) > ISSUER_MAX)
		return -EINVAL;
	r = localdb_refresh(a->local);
	if (r == 0)
		r = store_batch_begin(a->store);
	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < n; i++) {
		r = expect(a, provider, issuer, &people[i], now_s, &so_far);
		if (r > 0 || r == -EEXIST) {
			so_far.n_refused++;
			r = 0;
		}
	}
	r = store_batch_end(a->store, r);
	if (r == 0)
		*counts = so_far;
	return r;
}

/* --- who is named no more ----------------------------------------------------------------------------------------- */

struct walk {
	struct accounts *accounts;
	char *cursor;
	size_t n_seen;
	expected_keep_fn keep;
	void *userdata;
	char (*names)[NAME_MAX_LEN + 1]; /* to be withdrawn: the store cannot be written while it is walked through */
	size_t n_names;
};

static int look_at(void *userdata, const struct account *account)
{
	struct walk *w = userdata;

	if (strlen(account->name) > NAME_MAX_LEN)
		return -EUCLEAN;
	w->n_seen++;
	memcpy(w->cursor, account->name, strlen(account->name) + 1);
	if (accounts_is_from_directory(account) && !accounts_is_withdrawn(account) && !w->keep(w->userdata, account))
		memcpy(w->names[w->n_names++], account->name, strlen(account->name) + 1);
	return 0;
}

static int withdraw_names(struct walk *w, struct expected_counts *counts)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < w->n_names; i++) {
		LK_CLEANUP(account_freep) struct account *known = NULL;

		r = store_find_name(w->accounts->store, w->names[i], &known);
		if (r == 0)
			r = withdraw(w->accounts, known, counts);
	}
	return r;
}

int accounts_withdraw(struct accounts *a, char *cursor, size_t limit, expected_keep_fn keep, void *userdata,
		      struct expected_counts *counts)
{
	struct walk w = {.accounts = a, .cursor = cursor, .keep = keep, .userdata = userdata};
	char after[NAME_MAX_LEN + 1];
	struct expected_counts so_far = *counts;
	int r;

	w.names = calloc(limit, sizeof(*w.names));
	if (!w.names)
		return -ENOMEM;
	memcpy(after, cursor, sizeof(after));
	r = store_each(a->store, after[0] != '\0' ? after : NULL, limit, look_at, &w);
	if (r == 0 && w.n_names > 0) {
		r = store_batch_begin(a->store);
		if (r == 0)
			r = store_batch_end(a->store, withdraw_names(&w, &so_far));
	}
	free(w.names);
	if (r < 0)
		return r;
	*counts = so_far;
	return w.n_seen == limit;
}
