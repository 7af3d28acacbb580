/* SPDX-License-Identifier: MIT */
/* Reads pages of people. What is taken is copied and bounded; nothing of it decides who gets in, and whose subject is not
 * beyond doubt has none. Must never take half a page. */
#include "helper/oauth/directory_reply.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json_pointer.h>

#include "helper/base/json.h"
#include "helper/base/text.h"
#include "helper/jose/id_token.h"
#include "helper/oauth/reply.h"

#define NEXT_MAX 4096u
#define TOTAL_MAX 100000000
#define ERROR_TEXT_MAX 4096u

static void person_done(struct directory_person *p)
{
	free(p->name);
	free(p->id);
	free(p->subject);
	free(p->title);
}

void directory_listing_free(struct directory_listing *l)
{
	if (l == NULL)
		return;
	for (size_t i = 0; i < l->n; i++)
		person_done(&l->people[i]);
	free(l->people);
	free(l);
}

static int by_name(const void *a, const void *b)
{
	const struct directory_person *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order != 0 ? order : strcmp(x->id, y->id);
}

void directory_listing_finish(struct directory_listing *l)
{
	size_t kept = 0;

	if (l->n > 1)
		qsort(l->people, l->n, sizeof(*l->people), by_name);
	for (size_t i = 0, end; i < l->n; i = end) {
		bool is_one_person = true;

		for (end = i + 1; end < l->n && strcmp(l->people[end].name, l->people[i].name) == 0; end++)
			is_one_person &= strcmp(l->people[end].id, l->people[i].id) == 0;
		for (size_t j = i + 1; j < end; j++)
			person_done(&l->people[j]);
		if (is_one_person) {
			l->people[kept++] = l->people[i];
		} else {
			person_done(&l->people[i]);
			l->n_skipped += end - i;
		}
	}
	l->n = kept;
}

/* --- members ------------------------------------------------------------------------------------------------------ */

static struct json_object *member(struct json_object *o, const char *name)
{
	struct json_object *value = NULL;

	if (name[0] == '/')
		return json_pointer_get(o, name, &value) == 0 ? value : NULL;
	return json_object_object_get_ex(o, name, &value) ? value : NULL;
}

/* A text of 1 to @max bytes without a zero byte, or NULL. */
static const char *text_member(struct json_object *o, const char *name, size_t max)
{
	struct json_object *value = member(o, name);
	size_t len;

	if (!json_object_is_type(value, json_type_string))
		return NULL;
	len = (size_t)json_object_get_string_len(value);
	return len > 0 && len <= max ? json_object_get_string(value) : NULL;
}

static const char *id_of(struct json_object *o, const char *name)
{
	const char *id = text_member(o, name, ID_TOKEN_SUBJECT_MAX);

	return id != NULL && reply_is_visible(id) ? id : NULL;
}

static int copy(char **ret, const char *text)
{
	*ret = strdup(text);
	return *ret != NULL ? 0 : -ENOMEM;
}

/* As oauth/identity.c makes it of a token: "tenant/id", where neither part has a '/'. */
static int read_subject(char **ret, const struct directory_rule *rule, struct json_object *o)
{
	const char *id = rule->subject_member != NULL ? id_of(o, rule->subject_member) : NULL;
	char subject[ID_TOKEN_SUBJECT_MAX + 1];
	int n;

	if (id == NULL)
		return 0;
	if (rule->tenant == NULL)
		return copy(ret, id);
	n = strchr(id, '/') == NULL ? snprintf(subject, sizeof(subject), "%s/%s", rule->tenant, id) : -1;
	return n > 0 && (size_t)n < sizeof(subject) ? copy(ret, subject) : 0;
}

static int read_title(char **ret, const struct directory_kind *kind, struct json_object *o)
{
	char title[DIRECTORY_TITLE_MAX + 1] = "";
	size_t len = 0;

	for (size_t i = 0; i < DIRECTORY_TITLES && kind->titles[i] != NULL; i++) {
		const char *part = text_member(o, kind->titles[i], DIRECTORY_TITLE_MAX);
		int n;

		if (part == NULL)
			continue;
		if (len > 0 && !kind->joins_titles)
			break;
		n = snprintf(title + len, sizeof(title) - len, "%s%s", len > 0 ? " " : "", part);
		if (n < 0 || (size_t)n >= sizeof(title) - len)
			return 0; /* half a name is none */
		len += (size_t)n;
	}
	return len > 0 ? copy(ret, title) : 0;
}

static bool is_active(const struct directory_kind *kind, struct json_object *o)
{
	struct json_object *value = member(o, kind->active_member);

	/* SC-05: missing means active. What is no truth value at all is not taken for a yes. */
	return value == NULL || (json_object_is_type(value, json_type_boolean) && json_object_get_boolean(value));
}

/* --- people ------------------------------------------------------------------------------------------------------- */

static int make_room(struct directory_listing *l)
{
	size_t room = l->room == 0 ? 64 : l->room * 2;
	struct directory_person *grown;

	if (l->n < l->room)
		return 0;
	grown = reallocarray(l->people, room, sizeof(*grown));
	if (grown == NULL)
		return -ENOMEM;
	l->people = grown;
	l->room = room;
	return 0;
}

static int read_person(struct directory_listing *l, const struct directory_rule *rule, struct json_object *o)
{
	const char *name = text_member(o, rule->kind->name_member, DIRECTORY_NAME_MAX);
	const char *id = id_of(o, rule->kind->id_member);
	struct directory_person *p;
	int r;

	if (name == NULL || id == NULL) {
		l->n_skipped++;
		return 0;
	}
	if (!is_active(rule->kind, o)) {
		l->n_locked++;
		return 0;
	}
	if (l->n == rule->people_max)
		return -E2BIG;
	r = make_room(l);
	if (r < 0)
		return r;
	p = &l->people[l->n++]; /* counted first, so that it is released whatever happens */
	*p = (struct directory_person){0};
	r = copy(&p->name, name);
	if (r == 0)
		r = copy(&p->id, id);
	if (r == 0)
		r = read_subject(&p->subject, rule, o);
	if (r == 0)
		r = read_title(&p->title, rule->kind, o);
	return r;
}

static int read_list(struct directory_listing *l, const struct directory_rule *rule, struct json_object *list,
		     const char **why)
{
	size_t n = json_object_array_length(list);

	for (size_t i = 0; i < n; i++) {
		struct json_object *o = json_object_array_get_idx(list, i);
		int r;

		if (!json_object_is_type(o, json_type_object)) {
			*why = "an entry is not an object";
			return -EBADMSG;
		}
		r = read_person(l, rule, o);
		if (r == -E2BIG)
			*why = "it has more people than directory_max";
		if (r < 0)
			return r;
	}
	return 0;
}

/* --- the page ----------------------------------------------------------------------------------------------------- */

/* SC-02: where there is nobody, the list may be missing; then the total must say so. */
static int find_list(struct json_object **ret, const struct directory_kind *kind, struct json_object *page,
		     int64_t total)
{
	int r;

	if (kind->list_member == NULL) {
		*ret = page;
		return json_object_is_type(page, json_type_array) ? 0 : -EBADMSG;
	}
	r = json_read_array(page, kind->list_member, JSON_MAX_BYTES, ret);
	if (r == -ENOENT && total == 0) {
		*ret = NULL;
		return 0;
	}
	return r < 0 ? -EBADMSG : 0;
}

static int read_total(int64_t *ret, const struct directory_kind *kind, struct json_object *page)
{
	*ret = -1;
	if (kind->total_member == NULL)
		return 0;
	return json_read_int(page, kind->total_member, 0, TOTAL_MAX, ret) < 0 ? -EBADMSG : 0;
}

static int read_next(char **ret, const struct directory_kind *kind, struct json_object *page)
{
	const char *next;
	int r;

	*ret = NULL;
	if (kind->next_member == NULL)
		return 0;
	r = json_read_string(page, kind->next_member, NEXT_MAX, &next);
	if (r == -ENOENT)
		return 0;
	return r < 0 ? -EBADMSG : copy(ret, next);
}

int directory_page_parse(struct directory_page *ret, struct directory_listing *l, const char **why,
			 const struct directory_rule *rule, const char *body, size_t len)
{
	LK_CLEANUP(json_object_putp) struct json_object *page = NULL;
	struct json_object *list;
	int64_t total;
	int r = json_parse(&page, body, len);

	*why = r == -E2BIG ? "a page has more than 256 KiB" : "a page is not JSON as it should be";
	if (r < 0)
		return r;
	*why = "a page does not say how many people there are";
	r = read_total(&total, rule->kind, page);
	if (r < 0)
		return r;
	*why = "a page has no list of people";
	r = find_list(&list, rule->kind, page, total);
	if (r < 0)
		return r;
	if (list != NULL) {
		r = read_list(l, rule, list, why);
		if (r < 0)
			return r;
	}
	*why = "the link to the next page cannot be read";
	r = read_next(&ret->next, rule->kind, page);
	if (r < 0)
		return r;
	ret->total = total;
	ret->n = list != NULL ? json_object_array_length(list) : 0;
	return 0;
}

void directory_error_text(char *out, size_t size, const struct directory_kind *kind, const char *body, size_t len)
{
	LK_CLEANUP(json_object_putp) struct json_object *o = NULL;
	const char *word, *text;

	out[0] = '\0';
	if (json_parse(&o, body, len) < 0 || !json_object_is_type(o, json_type_object))
		return;
	word = text_member(o, kind->errors[0], ERROR_TEXT_MAX);
	text = text_member(o, kind->errors[1], ERROR_TEXT_MAX);
	(void)snprintf(out, size, "%s%s%s", word != NULL ? word : "", word != NULL && text != NULL ? ": " : "",
		       text != NULL ? text : "");
}
