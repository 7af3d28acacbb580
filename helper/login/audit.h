/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "helper/base/cleanup.h"
#include "helper/base/reference.h"

/* What happened to whom: one event for each attempt, decision, refresh, token, revocation and end of a session. It becomes
 * one line of the log with fields of the journal's, and one line of JSON in the audit file where there is one. Foreign
 * text passes the sanitiser; codes, tokens, keys, PINs, headers and bodies are never handed to it. */

enum audit_kind {
	AUDIT_ATTEMPT,     /* "attempt": somebody was shown a code or a question */
	AUDIT_SIGN_IN,     /* "sign-in": how it ended */
	AUDIT_ACCOUNT,     /* "account": may a session begin */
	AUDIT_REFRESH,     /* "refresh": what the provider said when it was asked again */
	AUDIT_TOKEN,       /* "token": one was handed out, or refused */
	AUDIT_REVOCATION,  /* "revocation": an account, an approval or a token counts no more */
	AUDIT_SESSION_END, /* "session-end": somebody's sessions were ended */
	AUDIT_APPROVAL,    /* "approval": one was remembered or counted again */
	AUDIT_PIN,         /* "pin": set, cleared, right or wrong */
	AUDIT_BREAK_GLASS, /* "break-glass": given, used, over */
	AUDIT_FORGET,      /* what an administrator did to accounts: "forget", */
	AUDIT_IMPORT,      /* "import", */
	AUDIT_RENAME,      /* "rename", */
	AUDIT_MOVE,        /* "move", */
	AUDIT_RELEASE,     /* "release" */
	AUDIT_CALL,        /* "call": a question that this peer may not ask */
	AUDIT_GAP,         /* "gap": events are missing from the file; written here alone */
	AUDIT_KINDS,
};

struct audit_event {
	enum audit_kind kind;
	int priority;       /* of syslog */
	const char *result; /* one word: "granted", a reason of names.h, "done", ... */
	const char *user;   /* NULL for a name that nobody has proved: it may be a password typed in the wrong place */
	const char *reference; /* the attempt's (helper/base/reference.h), NULL: none */
	const char *cause;     /* the reference of the question to the provider that decided; NULL or "": none */
	const char *service;
	const char *source; /* client address */
	const char *provider;
	const char *subject;
	uint32_t uid; /* 0: none */
	const char *detail;
};

/**
 * audit_open() - from now on into this file too
 * @path: absolute, or NULL: none
 * @is_required: an event counts only when it is on the disk
 * Says in the log what is wrong with the file; each event tries it again.
 * Return: 0, -ENOMEM.
 */
int audit_open(const char *path, bool is_required);
void audit_close(void);

/** audit_write() - an event that lets nobody in and hands nothing out */
void audit_write(const struct audit_event *e);

/**
 * audit_admit() - the event of a yes, before it is said
 * Whoever is about to let somebody in, or to hand out a token, asks here first, and refuses with REASON_NO_STORE unless
 * 0 comes back.
 * Return: 0; a negative errno only where the file is required and does not have the event, which is then nowhere.
 */
int audit_admit(const struct audit_event *e) LK_MUST_USE;
