/* SPDX-License-Identifier: MIT */
/* Asks about a few groups at a time, one request after the other, until all were asked about. Must never follow an address
 * that a token brought along (ID-19), nor make a member of somebody by a reply that nobody asked for (I13). */
#include "helper/oauth/group_check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "helper/base/clock.h"
#include "helper/base/json.h"
#include "helper/base/text.h"
#include "helper/oauth/error.h"
#include "helper/oauth/request.h"

#define REQUEST_TIMEOUT_MS 10000u
#define ID_LEN 36u /* 8-4-4-4-12 */

static const char endpoint[] = "groups";

struct group_check {
	struct provider *provider;
	struct fetch_client *fetch;
	struct secret *access_token;
	char **ids;
	size_t n_ids;
	size_t at; /* ids before it have been asked about, or are being */
	size_t n_asked;
	struct json_object *found;
	uint64_t deadline_ms;
	struct fetch_call *call;
	group_check_done_fn done;
	void *userdata;
};

void group_check_free(struct group_check *c)
{
	if (c == NULL)
		return;
	fetch_cancel(c->call);
	secret_free(c->access_token);
	text_free_list(c->ids);
	json_object_put(c->found);
	free(c);
}

/* Overage as Entra tells it: of the implicit flow by a mark, else by a pointer to elsewhere, which is not followed. */
bool group_check_is_needed(const struct provider_settings *s, struct json_object *claims, const char *group_claim)
{
	struct json_object *value = NULL;
	const char *source;
	bool has_groups = false;

	if (s->dialect->group_check_url == NULL || json_object_object_get_ex(claims, group_claim, &value))
		return false;
	if (json_read_bool(claims, "hasgroups", &has_groups) == 0 && has_groups)
		return true;
	return json_object_object_get_ex(claims, "_claim_names", &value) &&
	       json_read_string(value, group_claim, JSON_MAX_BYTES, &source) == 0;
}

/* The callee may free the check: nobody touches it after this. */
static void finish(struct group_check *c, const struct oauth_result *result)
{
	struct oauth_result copy = *result;

	oauth_result_hide(&copy, c->access_token);
	c->done(c->userdata, &copy, copy.outcome == OAUTH_DONE ? c->found : NULL);
}

static void finish_with(struct group_check *c, enum oauth_outcome outcome, const char *detail)
{
	struct oauth_result result;

	oauth_result_set(&result, outcome, "%s: %s", endpoint, detail);
	finish(c, &result);
}

static int refuse(struct oauth_result *result, const char *why)
{
	oauth_result_set(result, OAUTH_BAD_REPLY, "%s: %s", endpoint, why);
	return 1;
}

static bool has_id(const char *const *ids, size_t n, const char *id)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(ids[i], id) == 0)
			return true;
	return false;
}

int group_check_parse(struct json_object *found, struct oauth_result *result, const char *const *asked, size_t n_asked,
		      const char *body, size_t len)
{
	LK_CLEANUP(json_object_putp) struct json_object *o = NULL;
	struct json_object *values = NULL;
	int r = json_parse(&o, body, len);

	if (r == -ENOMEM)
		return r;
	if (r < 0 || json_read_array(o, "value", n_asked, &values) != 0)
		return refuse(result, "not a list of what was asked for");
	for (size_t i = 0; i < json_object_array_length(values); i++) {
		struct json_object *value = json_object_array_get_idx(values, i);

		if (!json_object_is_type(value, json_type_string))
			return refuse(result, "something else than an id in the list");
		if (!has_id(asked, n_asked, json_object_get_string(value)))
			continue;
		if (json_object_array_add(found, json_object_get(value)) < 0) {
			json_object_put(value);
			return -ENOMEM;
		}
	}
	return 0;
}

static int ask_next(struct group_check *c);

static void judge(struct group_check *c, const struct fetch_reply *reply)
{
	struct oauth_result result;
	int r;

	if (reply->status != 200) {
		oauth_result_from_status(&result, endpoint, reply->status);
		finish(c, &result);
		return;
	}
	r = group_check_parse(c->found, &result, (const char *const *)c->ids + c->at, c->n_asked, reply->body,
			      reply->body_len);
	if (r < 0) {
		finish_with(c, OAUTH_NO_MEMORY, "reply");
		return;
	}
	if (r > 0) {
		finish(c, &result);
		return;
	}
	c->at += c->n_asked;
	(void)ask_next(c);
}

static void on_reply(void *userdata, enum fetch_outcome outcome, const struct fetch_reply *reply, const char *detail)
{
	struct group_check *c = userdata;
	struct oauth_result result;

	c->call = NULL;
	if (outcome != FETCH_DONE) {
		oauth_result_from_fetch(&result, endpoint, outcome, detail);
		finish(c, &result);
		return;
	}
	provider_note_date(c->provider, reply->date_s);
	judge(c, reply);
}

/* {"groupIds": [...]} */
static struct json_object *make_question(const struct group_check *c)
{
	LK_CLEANUP(json_object_putp) struct json_object *o = json_object_new_object();
	struct json_object *ids = json_object_new_array();

	if (o == NULL || ids == NULL || json_object_object_add(o, "groupIds", ids) < 0) {
		json_object_put(ids);
		return NULL;
	}
	for (size_t i = 0; i < c->n_asked; i++) {
		struct json_object *id = json_object_new_string(c->ids[c->at + i]);

		if (id == NULL || json_object_array_add(ids, id) < 0) {
			json_object_put(id);
			return NULL;
		}
	}
	return LK_STEAL(o);
}

/* Return: 0 under way, 1 done has run. */
static int ask_next(struct group_check *c)
{
	LK_CLEANUP(json_object_putp) struct json_object *question = NULL;
	const struct provider_settings *s = provider_settings(c->provider);
	const char *url = s->group_check_endpoint != NULL ? s->group_check_endpoint : s->dialect->group_check_url;
	uint64_t now_ms = clock_monotonic_ms();
	uint64_t left_ms = c->deadline_ms > now_ms ? c->deadline_ms - now_ms : 0;
	const struct oauth_result all_asked = {.outcome = OAUTH_DONE};

	if (c->at == c->n_ids) {
		finish(c, &all_asked);
		return 1;
	}
	if (left_ms == 0) {
		finish_with(c, OAUTH_UNREACHABLE, "no answer in time");
		return 1;
	}
	c->n_asked = c->n_ids - c->at < s->dialect->group_check_max ? c->n_ids - c->at : s->dialect->group_check_max;
	question = make_question(c);
	if (question == NULL || request_post_json(c->fetch, s, url, json_text(question), c->access_token,
						  left_ms < REQUEST_TIMEOUT_MS ? (uint32_t)left_ms : REQUEST_TIMEOUT_MS,
						  on_reply, c, &c->call) < 0) {
		finish_with(c, OAUTH_NO_MEMORY, "request");
		return 1;
	}
	return 0;
}

/* One id that is none makes Graph refuse the whole request. */
static bool is_id(const char *text)
{
	static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

	if (strlen(text) != ID_LEN)
		return false;
	for (size_t i = 0; i < ID_LEN; i++)
		if (shape[i] == '-' ? text[i] != '-' : strchr("0123456789abcdefABCDEF", text[i]) == NULL)
			return false;
	return true;
}

static int copy_ids(struct group_check *c, const char *const *ids)
{
	size_t n = 0;

	while (ids[n] != NULL)
		n++;
	c->ids = calloc(n + 1, sizeof(*c->ids));
	if (c->ids == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		if (!is_id(ids[i]))
			continue;
		c->ids[c->n_ids] = strdup(ids[i]);
		if (c->ids[c->n_ids] == NULL)
			return -ENOMEM;
		c->n_ids++;
	}
	return 0;
}

int group_check_start(struct group_check **ret, struct provider *p, struct fetch_client *fetch,
		      const struct secret *access_token, const char *const *ids, group_check_done_fn done,
		      void *userdata)
{
	LK_CLEANUP(group_check_freep) struct group_check *c = calloc(1, sizeof(*c));
	int r;

	if (c == NULL)
		return -ENOMEM;
	c->provider = p;
	c->fetch = fetch;
	c->done = done;
	c->userdata = userdata;
	c->deadline_ms = clock_monotonic_ms() + GROUP_CHECK_DEADLINE_MS;
	c->found = json_object_new_array();
	r = secret_copy(&c->access_token, secret_data(access_token), secret_len(access_token));
	if (r == 0)
		r = copy_ids(c, ids);
	if (r < 0 || c->found == NULL)
		return -ENOMEM;
	if (c->n_ids > GROUP_CHECK_IDS_MAX) {
		finish_with(c, OAUTH_CLIENT_REFUSED, "more ids are configured than can be asked about");
		return 1;
	}
	if (ask_next(c) == 1)
		return 1;
	*ret = LK_STEAL(c);
	return 0;
}
