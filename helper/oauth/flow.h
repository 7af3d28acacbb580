/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <systemd/sd-event.h>

#include "helper/oauth/provider.h"
#include "helper/oauth/token.h"

/*
 * An interactive way to tokens: it starts, shows one challenge, and ends once. Each way is a file of its own that fills in a
 * struct flow_kind; nobody else asks which one it is, but for what a challenge holds.
 */

enum flow_method {
	FLOW_DEVICE = 0, /* RFC 8628: the person opens a page and enters a code */
	FLOW_CIBA,       /* OpenID Connect CIBA, poll mode: the provider asks on the person's own device */
	FLOW_CODE,       /* RFC 6749 section 4.1: the person opens a page and pastes back where it ends */
	FLOW_METHODS,
};

#define FLOW_USER_CODE_MAX 64u
#define FLOW_URI_MAX 2048u
#define FLOW_BINDING_MESSAGE_MAX 20u

/* What a person needs. Texts are "" where the method has none. */
struct flow_challenge {
	enum flow_method method;
	uint32_t expires_in_s;  /* for how long this flow waits */
	uint32_t outstanding_s; /* for how long the provider keeps the request, also when nobody waits any more */

	/* FLOW_CODE: verification_uri alone, made here. FLOW_DEVICE: exactly as received (DEV-09), checked for display: printable ASCII, https, no user info */
	char user_code[FLOW_USER_CODE_MAX + 1];
	char verification_uri[FLOW_URI_MAX + 1];
	char verification_uri_complete[FLOW_URI_MAX + 1]; /* "" when the provider has none */

	/* FLOW_CIBA: what the person's device shows as well (CB-03) */
	char binding_message[FLOW_BINDING_MESSAGE_MAX + 1];
};

/* What is asked for. Needed during the call only. */
struct flow_request {
	uint32_t lifetime_s;     /* the caller's own limit on the whole */
	const char *host;        /* that the person knows this machine by */
	const char *subject;     /* whose account it is, where that is known; NULL: nobody has signed in by it yet */
	const char *login_hint;  /* how the provider calls that person; NULL: by the subject */
	char *const *acr_values; /* NULL-terminated, in order of preference; NULL: none */
	bool has_max_age;
	uint32_t max_age_s; /* how long ago the person may have signed in at the provider */
};

struct flow;

/* Something that the person has to type. */
struct flow_question {
	const char *text;   /* one line of ASCII, without a blank at its end */
	bool echo;          /* what is typed may be seen */
	uint32_t timeout_s; /* the flow ends by itself then */
};

struct flow_events {
	/* once, when there is something to approve */
	void (*challenge)(void *userdata, const struct flow_challenge *challenge);
	/* of kinds with answer() only: goes on with flow_answer() */
	void (*ask)(void *userdata, const struct flow_question *question);
	/* once, at the end; for OAUTH_DONE @tokens holds the reply, which the callee now owns. The flow may be freed
	 * from within. */
	void (*done)(void *userdata, const struct oauth_result *result, struct token_set *tokens);
};

struct flow_kind {
	const char *name; /* as in the configuration and in a Challenge of io.latchkey */
	/** why this way cannot be gone with this provider and for this request, in words for the log; NULL: it can */
	const char *(*fault)(const struct provider *p, const struct flow_request *request);
	int (*start)(struct flow **ret, struct provider *p, sd_event *event, struct fetch_client *fetch,
		     const struct flow_request *request, const struct flow_events *events, void *userdata);
	/** what was typed to the last question, @len bytes; NULL: this way asks nothing. Events may run from within. */
	void (*answer)(struct flow *f, const char *text, size_t len);
	void (*free)(struct flow *f);
};

/* The head of every flow. */
struct flow {
	const struct flow_kind *kind;
};

/** flow_kind() - the row of a method; never NULL for one of the enum's */
const struct flow_kind *flow_kind(enum flow_method method);

/** flow_find() - the method of that name. Return: 0, -ENOENT. */
int flow_find(enum flow_method *ret, const char *name);

/**
 * flow_start() - begin; the provider must be ready
 * Return: 0, and events follow from the event loop; -ENOMEM; -EINVAL where fault() has something to say.
 */
int flow_start(struct flow **ret, enum flow_method method, struct provider *p, sd_event *event,
	       struct fetch_client *fetch, const struct flow_request *request, const struct flow_events *events,
	       void *userdata);

/** flow_asks() - does this way ask for something to be typed */
bool flow_asks(enum flow_method method);

/** flow_answer() - the answer to the last question of a flow that asks; copied where it is kept. Events may run from within. */
void flow_answer(struct flow *f, const char *text, size_t len);

/** flow_free() - ends it whatever its state: its code is wiped and never polled for again. Accepts NULL. */
void flow_free(struct flow *f);
LK_DEFINE_CLEANUP(struct flow *, flow_free);
