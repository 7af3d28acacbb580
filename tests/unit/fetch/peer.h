/* SPDX-License-Identifier: MIT */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "helper/fetch/client.h"
#include "helper/fetch/wire.h"
#include "helper/protocol/frame.h"
#include "tests/unit/scratch.h"

/* A client on an event loop, and its peer played by hand in the same thread: every step happens in a known order. */

struct bench {
	struct scratch scratch;
	sd_event *event;
	struct fetch_client *client;
	int listener; /* -1: nobody is there */
	int peer;     /* the accepted end */
	struct frame_reader in;
	struct buf out;
	struct wire_question *pending;
};

struct outcome {
	unsigned n_calls;
	enum fetch_outcome outcome;
	unsigned status;
	size_t body_len;
	char body[64];
	char detail[128];
};

extern const struct fetch_request get;

/** note() - a fetch_done_fn that fills a struct outcome */
void note(void *userdata, enum fetch_outcome outcome, const struct fetch_reply *reply, const char *detail);
/** listen_at() - a fresh listener in place of what was there; set_up() has made one */
void listen_at(struct bench *b);
int set_up(void **state);
void hang_up(struct bench *b);
int tear_down(void **state);
void take_connection(struct bench *b);
/** The loop runs only while something is ready, so nothing here waits for a clock. */
void run_what_is_ready(struct bench *b);
void run_until_called(struct bench *b, const struct outcome *o, unsigned n_calls);
struct wire_question *next_question(struct bench *b);
uint64_t next_id(struct bench *b);
void send_text(struct bench *b, const char *text, size_t len);
void answer(struct bench *b, uint64_t id, const char *body);
struct fetch_call *start(struct bench *b, struct outcome *o);
