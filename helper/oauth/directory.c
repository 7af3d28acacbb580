/* SPDX-License-Identifier: MIT */
/* Walks through the pages of a directory. A link to the next page is followed only below the configured base, since the
 * host's token goes with it; what ends early, late or empty is a failure as a whole. */
#include "helper/oauth/directory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "helper/base/buf.h"
#include "helper/base/clock.h"
#include "helper/oauth/client_credentials.h"
#include "helper/oauth/error.h"
#include "helper/oauth/form.h"
#include "helper/oauth/request.h"
#include "helper/oauth/uri.h"

#define PAGE_TIMEOUT_MS 20000u
#define RETRY_MS 5000u
#define RETRY_AFTER_MAX_S 120u

struct directory {
	struct provider *provider;
	sd_event *event;
	struct fetch_client *fetch;
	const struct directory_settings *settings;
	struct provider_settings client; /* the provider's, with the client that reads the directory; owns nothing */
	struct client_credentials *token;
	char *base; /* below which links may lead */

	/* One run. */
	directory_done_fn done; /* NULL: none is under way */
	void *userdata;
	struct fetch_call *call;
	sd_event_source *timer;
	struct directory_listing *listing;
	char *url;   /* of the page that is asked for */
	size_t seen; /* entries so far */
	unsigned n_pages;
	unsigned n_retries;
	uint32_t retry_after_s;
	bool has_renewed; /* a token was refused, and another one was asked for */
	uint64_t ends_ms;
};

int directory_default_url(char **ret, const struct directory_kind *kind, const char *issuer)
{
	const char *part = kind->issuer_part != NULL ? strstr(issuer, kind->issuer_part) : NULL;
	LK_CLEANUP(buf_done) struct buf url = {0};

	*ret = NULL;
	if (part == NULL && kind->default_url == NULL)
		return 0;
	buf_init(&url, URI_MAX);
	if (part != NULL) {
		buf_append(&url, issuer, (size_t)(part - issuer));
		buf_append_text(&url, kind->issuer_into);
		buf_append_text(&url, part + strlen(kind->issuer_part));
	} else {
		buf_append_text(&url, kind->default_url);
	}
	*ret = buf_steal(&url);
	return *ret != NULL ? 0 : -ENOMEM;
}

int directory_tenant(char **ret, const struct provider_settings *s)
{
	static const char hex[] = "0123456789abcdefABCDEF-";
	const char *path;
	struct uri uri;
	size_t len;

	*ret = NULL;
	if (s->dialect->tenant_claim == NULL || uri_parse(&uri, s->issuer) < 0)
		return 0;
	path = s->issuer + uri.path_at;
	len = path[0] == '/' ? strcspn(path + 1, "/?") : 0;
	/* "common", "organizations" and "{tenantid}" stand for many; a directory's own id is a GUID */
	if (len != 36 || strspn(path + 1, hex) != len)
		return 0;
	*ret = strndup(path + 1, len);
	return *ret != NULL ? 0 : -ENOMEM;
}

/* The same method as for people, who are asked for by a client without a secret perhaps, or by one with a key. Anew for each run,
 * since a client that was enrolled can change. */
static void take_client(struct directory *d)
{
	d->client = *provider_settings(d->provider);
	if (d->settings->client_id != NULL) {
		d->client.client_id = d->settings->client_id;
		d->client.client_secret = NULL;
	}
	if (d->settings->client_secret != NULL) {
		d->client.client_secret = d->settings->client_secret;
		if (d->client.client_auth != CLIENT_AUTH_POST)
			d->client.client_auth = CLIENT_AUTH_BASIC;
	}
}

int directory_new(struct directory **ret, struct provider *p, sd_event *event, struct fetch_client *fetch,
		  const struct directory_settings *settings)
{
	LK_CLEANUP(directory_freep) struct directory *d = calloc(1, sizeof(*d));
	int r;

	if (d == NULL)
		return -ENOMEM;
	d->provider = p;
	d->event = event;
	d->fetch = fetch;
	d->settings = settings;
	take_client(d);
	r = uri_join(&d->base, settings->url, "");
	if (r == 0)
		r = client_credentials_new(&d->token, p, fetch, &d->client,
					   settings->scope != NULL ? settings->scope : settings->kind->default_scope);
	if (r < 0)
		return r;
	*ret = LK_STEAL(d);
	return 0;
}

static void run_drop(struct directory *d)
{
	client_credentials_cancel(d->token);
	fetch_cancel(LK_STEAL(d->call));
	d->timer = sd_event_source_disable_unref(d->timer);
	directory_listing_free(LK_STEAL(d->listing));
	free(LK_STEAL(d->url));
	d->done = NULL;
}

void directory_free(struct directory *d)
{
	if (d == NULL)
		return;
	if (d->token != NULL)
		run_drop(d);
	client_credentials_free(d->token);
	free(d->base);
	free(d);
}

/* --- the end of a run --------------------------------------------------------------------------------------------- */

/* The callee may free @d: nobody touches it after this. */
static void finish(struct directory *d, const struct oauth_result *result, struct directory_listing *listing)
{
	struct oauth_result copy = *result;
	directory_done_fn done = d->done;
	void *userdata = d->userdata;

	oauth_result_hide(&copy, client_credentials_token(d->token));
	run_drop(d);
	done(userdata, &copy, listing);
}

static void fail(struct directory *d, enum oauth_outcome outcome, const char *why)
{
	struct oauth_result result;

	oauth_result_set(&result, outcome, "directory: %s", why);
	finish(d, &result, NULL);
}

/* The only place that says OAUTH_DONE. A directory that names nobody is broken, or this host may not see anybody: neither
 * is a reason to forget people. */
static void complete(struct directory *d)
{
	directory_listing_finish(d->listing);
	if (d->listing->n == 0)
		fail(d, OAUTH_BAD_REPLY, "it names nobody who could sign in");
	else
		finish(d, &(struct oauth_result){.outcome = OAUTH_DONE}, LK_STEAL(d->listing));
}

/* --- pages -------------------------------------------------------------------------------------------------------- */

static void ask_page(struct directory *d);
static void fail_later(struct directory *d, const struct oauth_result *result, uint32_t retry_after_s);

static void append_encoded(struct buf *out, const char *template, const char *filter)
{
	const char *place = strstr(template, "{}");

	if (place == NULL || filter == NULL) {
		buf_append_text(out, template);
		return;
	}
	buf_append(out, template, (size_t)(place - template));
	/* form_encode() has '+' for a blank, which a path and a strict server read as a plus */
	for (const char *p = filter; *p != '\0'; p++) {
		if (*p == ' ')
			buf_append_text(out, "%20");
		else
			form_encode(out, p, 1);
	}
	buf_append_text(out, place + 2);
}

/* The page that begins behind what was seen. Return: 0, -ENOMEM, -E2BIG. */
static int page_url(struct directory *d)
{
	const struct directory_kind *kind = d->settings->kind;
	const char *template = d->settings->filter != NULL ? kind->filtered : kind->everybody;
	LK_CLEANUP(buf_done) struct buf url = {0};

	buf_init(&url, URI_MAX);
	buf_append_text(&url, d->base);
	append_encoded(&url, template, d->settings->filter != NULL ? d->settings->filter : "");
	if (kind->start_parameter != NULL)
		buf_printf(&url, "%s%s=%zu", strchr(template, '?') != NULL ? "&" : "?", kind->start_parameter,
			   d->seen + kind->first);
	buf_printf(&url, "&%s=%u", kind->count_parameter, kind->page_size);
	if (buf_fault(&url) < 0)
		return buf_fault(&url);
	free(d->url);
	d->url = buf_steal(&url);
	return d->url != NULL ? 0 : -ENOMEM;
}

/* Return: 0 there is a next page, 1 this was the last one, -EBADMSG with @why, -ENOMEM, -E2BIG. */
static int next_page(struct directory *d, struct directory_page *page, const char **why)
{
	const struct directory_kind *kind = d->settings->kind;

	d->seen += page->n;
	if (kind->start_parameter == NULL) {
		if (page->next == NULL)
			return 1;
		*why = "the link to the next page leads elsewhere";
		if (!uri_is_below(page->next, d->base))
			return -EBADMSG;
		*why = "the link to the next page leads to the same page";
		if (strcmp(page->next, d->url) == 0)
			return -EBADMSG;
		free(d->url);
		d->url = LK_STEAL(page->next);
		return 0;
	}
	if (kind->total_member != NULL) {
		if (d->seen >= (size_t)page->total)
			return 1;
		*why = "the list ends before the number of people that it names";
		if (page->n == 0)
			return -EBADMSG;
	} else if (page->n == 0) {
		return 1; /* only this says so: a short page may be a server's own limit */
	}
	return page_url(d);
}

static void use_page(struct directory *d, const struct fetch_reply *reply)
{
	const struct directory_rule rule = {
		.kind = d->settings->kind,
		.subject_member = d->settings->subject_member,
		.tenant = d->settings->tenant,
		.people_max = d->settings->people_max,
	};
	struct directory_page page = {0};
	const char *why = "";
	int r = directory_page_parse(&page, d->listing, &why, &rule, reply->body, reply->body_len);

	if (r == 0) {
		r = next_page(d, &page, &why);
		free(page.next);
	}
	if (r == -ENOMEM)
		fail(d, OAUTH_NO_MEMORY, "out of memory");
	else if (r < 0)
		fail(d, OAUTH_BAD_REPLY, why);
	else if (r == 1)
		complete(d);
	else
		ask_page(d);
}

/* SC-03, SC-08, SC-09: what the provider says is for the administrator; what to do hangs on the status alone. */
static void judge_status(struct directory *d, const struct fetch_reply *reply)
{
	char text[OAUTH_DETAIL_MAX];
	struct oauth_result result;

	directory_error_text(text, sizeof(text), d->settings->kind, reply->body, reply->body_len);
	switch (reply->status) {
	case 401:
		if (!d->has_renewed) {
			d->has_renewed = true;
			client_credentials_drop(d->token);
			ask_page(d);
			return;
		}
		oauth_result_set(&result, OAUTH_CLIENT_REFUSED,
				 "directory: HTTP 401, this host's token is not accepted");
		break;
	case 403:
		oauth_result_set(&result, OAUTH_PROVIDER_REFUSED,
				 "directory: HTTP 403, this host may not read it%s%.120s", text[0] != '\0' ? ": " : "",
				 text);
		break;
	case 429:
	case 500:
	case 502:
	case 503:
	case 504:
		oauth_result_from_status(&result, "directory", reply->status);
		fail_later(d, &result, reply->retry_after_s);
		return;
	default:
		if (text[0] != '\0')
			oauth_result_set(&result, OAUTH_PROVIDER_REFUSED, "directory: HTTP %u, %.150s", reply->status,
					 text);
		else
			oauth_result_from_status(&result, "directory", reply->status);
		break;
	}
	finish(d, &result, NULL);
}

static void on_page(void *userdata, enum fetch_outcome outcome, const struct fetch_reply *reply, const char *detail)
{
	struct directory *d = userdata;
	struct oauth_result result;

	d->call = NULL;
	if (outcome == FETCH_DONE) {
		provider_note_date(d->provider, reply->date_s);
		if (reply->status == 200)
			use_page(d, reply);
		else
			judge_status(d, reply);
		return;
	}
	oauth_result_from_fetch(&result, "directory", outcome, detail);
	if (result.outcome == OAUTH_UNREACHABLE)
		fail_later(d, &result, 0);
	else
		finish(d, &result, NULL);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct directory *d = userdata;

	(void)source;
	(void)usec;
	d->timer = sd_event_source_disable_unref(d->timer);
	ask_page(d);
	return 0;
}

/* Another try of the same page, if there is one left. */
static void fail_later(struct directory *d, const struct oauth_result *result, uint32_t retry_after_s)
{
	uint64_t wait_ms = (uint64_t)retry_after_s * 1000;

	d->retry_after_s = retry_after_s;
	if (wait_ms < RETRY_MS)
		wait_ms = RETRY_MS;
	if (d->n_retries == DIRECTORY_RETRIES_MAX || retry_after_s > RETRY_AFTER_MAX_S ||
	    clock_monotonic_ms() + wait_ms >= d->ends_ms ||
	    sd_event_add_time_relative(d->event, &d->timer, CLOCK_MONOTONIC, wait_ms * 1000, 0, on_timer, d) < 0) {
		finish(d, result, NULL);
		return;
	}
	d->n_retries++;
}

static void on_token(void *userdata, const struct oauth_result *result)
{
	struct directory *d = userdata;

	if (result->outcome == OAUTH_DONE)
		ask_page(d);
	else if (result->outcome == OAUTH_UNREACHABLE || result->outcome == OAUTH_THROTTLED)
		fail_later(d, result, 0);
	else
		finish(d, result, NULL);
}

static void ask_page(struct directory *d)
{
	int r;

	if (clock_monotonic_ms() >= d->ends_ms) {
		fail(d, OAUTH_UNREACHABLE, "it takes longer than 15 minutes to list");
		return;
	}
	r = client_credentials_prepare(d->token, on_token, d);
	if (r == 0)
		return;
	if (r == 1 && d->n_pages >= DIRECTORY_PAGES_MAX) {
		fail(d, OAUTH_BAD_REPLY, "it has too many pages");
		return;
	}
	if (r == 1) {
		d->n_pages++;
		r = request_get(d->fetch, &d->client, d->url, d->settings->kind->accept,
				client_credentials_token(d->token), PAGE_TIMEOUT_MS, on_page, d, &d->call);
	}
	if (r < 0)
		fail(d, OAUTH_NO_MEMORY, "the request cannot be made");
}

static int on_begin(sd_event_source *source, void *userdata)
{
	struct directory *d = userdata;

	(void)source;
	d->timer = sd_event_source_disable_unref(d->timer);
	ask_page(d);
	return 0;
}

int directory_start(struct directory *d, directory_done_fn done, void *userdata)
{
	take_client(d);
	int r;

	if (d->done != NULL)
		return -EBUSY;
	d->seen = 0;
	d->n_pages = 0;
	d->n_retries = 0;
	d->retry_after_s = 0;
	d->has_renewed = false;
	d->ends_ms = clock_monotonic_ms() + DIRECTORY_RUN_MAX_MS;
	d->listing = calloc(1, sizeof(*d->listing));
	r = d->listing != NULL ? page_url(d) : -ENOMEM;
	/* from the loop, so that nobody is called from within this call */
	if (r == 0 && sd_event_add_defer(d->event, &d->timer, on_begin, d) < 0)
		r = -ENOMEM;
	if (r < 0) {
		run_drop(d);
		return -ENOMEM;
	}
	d->done = done;
	d->userdata = userdata;
	return 0;
}

uint32_t directory_retry_after_s(const struct directory *d)
{
	return d->retry_after_s;
}
