/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <json-c/json.h>

#include "helper/base/cleanup.h"
#include "helper/oauth/outcome.h"

/*
 * Credentials that a program presents at the door of a service account, where a person would have approved. Each kind is a row
 * of one table: how it is recognised and who judges it. What is proved here is who is there; whether the account still has its
 * grant is asked afterwards, and nothing here lets anybody in.
 */

struct login_context;
struct service_account;

struct presented_request {
	struct login_context *ctx;
	const struct service_account *account;
	const char *nonce; /* of the question to which @text is the answer: made for this attempt, and ends with it */
	int64_t asked_s;   /* by the wall clock, when it was made */
	const char *text;  /* presented_is_plain() (helper/protocol/presenting.h), @len bytes and a NUL */
	size_t len;
};

/* What the text says of itself, for choosing its kind: believed by nobody. Borrowed. */
struct presented_look {
	struct json_object *header; /* of a JWS; NULL: it is none */
	struct json_object *claims; /* NULL where it has none that can be read */
	const char *issuer;         /* NULL where it names none */
};

struct presented_result {
	const char *reason;            /* NULL: proved; else one of helper/protocol/names.h */
	bool goes_on;                  /* proved: the provider is asked with the credential itself */
	char detail[OAUTH_DETAIL_MAX]; /* ASCII, for the log: why not, or what has proved it; never the credential */
};

/** May free the job. */
typedef void (*presented_done_fn)(void *userdata, const struct presented_result *result);

struct presented_kind {
	const char *word;  /* as accepts has it */
	unsigned int flag; /* enum service_accepts */

	/** recognises() - is it for this kind to judge. The first row that says so has it, and no other is asked. */
	bool (*recognises)(const struct presented_request *r, const struct presented_look *look);

	/**
	 * start() - judge it
	 * @r:    valid until free()
	 * @ret:  set on 0 only; for free()
	 * @done: runs once: from the event loop, or before this returns with 1
	 * Return: 0 under way, 1 @done ran already, -ENOMEM.
	 */
	int (*start)(void **ret, const struct presented_request *r, presented_done_fn done, void *userdata);

	/** free() - @done will not run any more */
	void (*free)(void *job);
};

struct presented;

/**
 * presented_start() - judge what was presented, by the kind that it is
 * @r: copied; what it points to must outlive the job, but @text, which is copied and wiped
 * All else as presented_kind.start().
 */
int presented_start(struct presented **ret, const struct presented_request *r, presented_done_fn done, void *userdata);

/** presented_free() - accepts NULL */
void presented_free(struct presented *p);
LK_DEFINE_CLEANUP(struct presented *, presented_free);

/** presented_refuse() - fills @ret; @format as printf(), cut and sanitised */
void presented_refuse(struct presented_result *ret, const char *reason, const char *format, ...) LK_PRINTF(3, 4);
