/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <json-c/json.h>
#include <systemd/sd-event.h>

#include "helper/protocol/varlink.h"

/* A Varlink socket: who connects, how many, one call at a time for each connection. What the calls mean, its owner knows.
 * Needs libsystemd: programs and modules that only link this archive do not. */

struct conn;
struct server;

struct server_limits {
	unsigned connections_per_uid; /* of others than root */
	uint64_t call_usec; /* from a call to the time when its replies must have been taken; 0: no such time */
};

/* Hands one call to the methods. The callee replies now or later through conn_reply() and conn_error(). */
typedef void (*server_call_fn)(void *userdata, struct conn *c, const struct varlink_call *call);

/** server_new() - serve on @listen_fd, which it takes over. Return: 0, negative errno. */
int server_new(struct server **ret, sd_event *event, int listen_fd, const struct server_limits *limits,
	       server_call_fn on_call, void *userdata);
void server_free(struct server *s);

/** conn_uid() - the peer's uid as the kernel knew it when it connected: the only thing that says who asks */
uid_t conn_uid(const struct conn *c);

/** conn_reply() - answer the call under way; with @continues more replies follow. @parameters (may be NULL) is not consumed.
 *  A peer that does not read, or memory that is out, ends the connection. */
void conn_reply(struct conn *c, struct json_object *parameters, bool continues);
/** conn_reply_text() - conn_reply(), the last one, with parameters that are JSON text already; nothing of it stays in memory */
void conn_reply_text(struct conn *c, const char *parameters);
void conn_error(struct conn *c, const char *error, struct json_object *parameters);

/** conn_drop() - end the connection without a further word; safe from within a call */
void conn_drop(struct conn *c);

/**
 * conn_set_job() - work that belongs to the call under way
 * @free_job: runs once, from the event loop, after the call's last reply or when the peer has gone (within one turn of the
 *            loop: R6, DEV-17), never from within conn_reply()
 */
void conn_set_job(struct conn *c, void *job, void (*free_job)(void *job));

/** conn_set_producer() - call @produce with the job, from the event loop, whenever the peer has taken all replies so far and
 *  the call is still under way: a long answer never piles up here */
void conn_set_producer(struct conn *c, void (*produce)(void *job));

/**
 * conn_ask() - the last reply of the call under way, which asks the peer for something
 * @timeout_s: a peer that takes longer for its answer is dropped, and with it the job
 * The call's job stays: it belongs to the connection until the next call takes it.
 */
void conn_ask(struct conn *c, struct json_object *parameters, uint32_t timeout_s);

/**
 * conn_take_asked() - the call under way is the answer: its job is the one of the call before
 * Return: the job; NULL where nothing was asked. A job that the call does not take ends with it.
 */
void *conn_take_asked(struct conn *c);

/** server_jobs_of() - connections of this uid with a job, for limits */
unsigned server_jobs_of(const struct server *s, uid_t uid);
