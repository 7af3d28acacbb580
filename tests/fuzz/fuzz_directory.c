/* SPDX-License-Identifier: MIT */
/* Pages of people: who is taken has a name, an id and texts within their limits, nobody twice under one name, and never
 * more than were allowed. The first byte chooses the directory's row, the second what a subject is made of. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "helper/base/json.h"
#include "helper/oauth/directory_reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PEOPLE_MAX 8u

static void check_text(const char *text, size_t max)
{
	if (text[0] == '\0' || strlen(text) > max)
		abort();
}

static void check_visible(const char *text)
{
	check_text(text, 255);
	for (const char *p = text; *p != '\0'; p++) {
		if (*p < 0x21 || *p > 0x7e)
			abort();
	}
}

static void check_people(const struct directory_listing *l, const struct directory_rule *rule)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct directory_person *p = &l->people[i];

		check_text(p->name, DIRECTORY_NAME_MAX);
		check_visible(p->id);
		if (p->title != NULL)
			check_text(p->title, DIRECTORY_TITLE_MAX);
		if (p->subject == NULL)
			continue;
		check_visible(p->subject);
		if (rule->subject_member == NULL)
			abort();
		if (rule->tenant != NULL && (strncmp(p->subject, "tenant/", 7) != 0 || strchr(p->subject + 7, '/')))
			abort();
		if (i > 0 && strcmp(l->people[i - 1].name, p->name) >= 0)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct directory_rule rule = {.people_max = PEOPLE_MAX};
	struct directory_page page = {0};
	struct directory_listing *l;
	const char *why = "";
	char text[64];
	int r;

	if (size < 2)
		return 0;
	rule.kind = directory_kind_at(data[0] % 3);
	rule.subject_member = data[1] % 4 == 0 ? NULL : data[1] % 4 == 1 ? "externalId" : "id";
	rule.tenant = data[1] % 4 == 3 ? "tenant" : NULL;
	l = calloc(1, sizeof(*l));
	if (l == NULL)
		return 0;
	r = directory_page_parse(&page, l, &why, &rule, (const char *)data + 2, size - 2);
	if (l->n > PEOPLE_MAX || (r < 0 && r != -ENOMEM && why[0] == '\0') || (r < 0 && page.next != NULL))
		abort();
	if (r == 0 && (l->n + l->n_skipped + l->n_locked != page.n || page.total < -1))
		abort();
	directory_listing_finish(l);
	check_people(l, &rule);
	directory_error_text(text, sizeof(text), rule.kind, (const char *)data + 2, size - 2);
	if (strlen(text) >= sizeof(text))
		abort();
	free(page.next);
	directory_listing_free(l);
	return 0;
}
