/* SPDX-License-Identifier: MIT */
#pragma once

#include <systemd/sd-event.h>

#include "helper/accounts/map_writer.h"

/* A map's tables and its sealed memory are made in a thread: with a million accounts that takes longer than a sign-in of
 * somebody else may wait. The thread has the writer to itself and touches nothing else. */

struct map_job;

/** @memfd: sealed in every way, the callee's; or a negative errno. @size: of the map in bytes */
typedef void (*map_job_fn)(void *userdata, int memfd, uint64_t size);

/**
 * map_job_start() - @done runs once, from the loop of @event, and may free the job
 * @w: the job's from now on, also where it fails
 * Where no thread can be had the work is done before this returns.
 * Return: 0, negative errno.
 */
int map_job_start(struct map_job **ret, sd_event *event, struct map_writer *w, map_job_fn done, void *userdata);

/** map_job_free() - waits for the thread; @done runs no more */
void map_job_free(struct map_job *j);
LK_DEFINE_CLEANUP(struct map_job *, map_job_free);
