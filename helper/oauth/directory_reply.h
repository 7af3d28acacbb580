/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "helper/base/cleanup.h"
#include "helper/oauth/directory_kind.h"

/* What a directory says of people, read page by page into one list. */

#define DIRECTORY_NAME_MAX 256u
#define DIRECTORY_TITLE_MAX 127u

struct directory_person {
	char *name;    /* for the name rule, as the claim of a token would be */
	char *id;      /* in the directory */
	char *subject; /* as the identity at a sign-in will have it, or NULL where the directory cannot say */
	char *title;   /* full name, or NULL */
};

struct directory_listing {
	struct directory_person *people;
	size_t n;
	size_t room;
	size_t n_skipped; /* without a name or id that can be used, or two people of one name */
	size_t n_locked;  /* who cannot sign in there */
};

void directory_listing_free(struct directory_listing *l);
LK_DEFINE_CLEANUP(struct directory_listing *, directory_listing_free);

/** directory_listing_finish() - the last page was read: sorts by name, drops who was listed twice, and leaves out names that
 *  two people have, since nobody could say whose the account is */
void directory_listing_finish(struct directory_listing *l);

/* How people are to be read. */
struct directory_rule {
	const struct directory_kind *kind;
	const char *subject_member; /* NULL: subjects are not known */
	const char *tenant;         /* put before the subject with a '/', or NULL */
	size_t people_max;          /* in the whole list */
};

struct directory_page {
	size_t n;      /* entries, also those that were left out */
	int64_t total; /* in all, as the page says; -1: it does not */
	char *next;    /* the link to the next page as it was sent, or NULL; release with free() */
};

/**
 * directory_page_parse() - append the people of one page to @l
 * @why: reason in ASCII, static, set for every result but 0 and -ENOMEM; @l is of no use any more then
 * An entry that is no object, or a member that the kind names with a wrong type in the page itself, refuses the page. A
 * person without a usable name or id is left out and counted: somebody else's odd name must not keep out all others.
 * Return: 0, -EBADMSG, -E2BIG more than people_max or a page beyond JSON_MAX_BYTES, -ENOMEM.
 */
int directory_page_parse(struct directory_page *ret, struct directory_listing *l, const char **why,
			 const struct directory_rule *rule, const char *body, size_t len);

/** directory_error_text() - what an error reply says of itself: "tooMany: the text", or "" where it cannot be read; the
 *  caller sanitises */
void directory_error_text(char *out, size_t size, const struct directory_kind *kind, const char *body, size_t len);
