/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdint.h>

#include <systemd/sd-event.h>

#include "helper/base/cleanup.h"

/*
 * One thread beside the event loop, for what takes long or hangs: one job after the other. It logs nothing and touches
 * nothing but the job, which belongs to the loop's side except while it runs.
 */
struct worker;
struct work;

struct work_kind {
	void (*run)(void *job);     /* in the thread */
	void (*done)(void *job);    /* in the loop, unless it was cancelled */
	void (*release)(void *job); /* in the loop, when the thread is done with it; always, and last */
};

/** worker_new() - the thread begins with the first job; at most @queue_max have not come back. Return: 0, negative errno. */
int worker_new(struct worker **ret, sd_event *event, unsigned queue_max);

/**
 * worker_free() - the job under way is waited for, @patience_ms at most; what waits is released, no done runs
 * A job that hangs for longer keeps its thread and its memory, which go with the process. Accepts NULL.
 */
void worker_free(struct worker *w, uint64_t patience_ms);

/**
 * worker_start() - have @job run
 * @ret: for work_cancel(), valid until @kind->done runs
 * Return: 0 and @job is the worker's; else it stays the caller's: -EBUSY too many wait already, -EAGAIN no thread, -ENOMEM.
 */
int worker_start(struct work **ret, struct worker *w, const struct work_kind *kind, void *job);

/** work_cancel() - done will not run; release does, now if it was not begun, else when it comes back. Accepts NULL. */
void work_cancel(struct work *j);
