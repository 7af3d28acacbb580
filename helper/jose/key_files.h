/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "helper/base/buf.h"
#include "helper/jose/signing_key.h"

/*
 * The keys that this host has made itself: NAME.pem signs, NAME.next.pem is published beside it while a change is under
 * way. Each change is one rename, so whoever is killed finds the state before or the state after.
 */

#define KEY_FILES_MAX 256u

/** key_files_open() - the folder, made where it is missing (0700). Return: descriptor, -ENOENT @create is false and there is
 *  none, negative errno. */
int key_files_open(const char *folder, bool create);

/**
 * key_files_store() - a new key
 * @is_next: the one that is to follow; else the first one
 * Return: 0 and durable; -EEXIST there is one already; -ENOENT @is_next without a first; -ENOSPC, as file_write().
 */
int key_files_store(const char *folder, const char *name, bool is_next, const struct buf *pem);

/** key_files_finish() - the next one signs from now on, and the one before it is gone. Return: 0 and durable, -ENOENT there is
 *  no next one, negative errno. */
int key_files_finish(const char *folder, const char *name);

/** key_files_cancel() - the next one is gone. Return: as key_files_finish(). */
int key_files_cancel(const char *folder, const char *name);

/** key_files_delete() - both are gone. Return: 0 and durable, -ENOENT there is none, negative errno. */
int key_files_delete(const char *folder, const char *name);

/** key_files_list() - the names, sorted, NULL-terminated; release with text_free_list(). Return: 0, -E2BIG above
 *  KEY_FILES_MAX, -ENOMEM, negative errno; an absent folder is empty. */
int key_files_list(const char *folder, char ***ret);

/** key_files_load() - as signing_key_new(); @is_next: the one that is to follow, -ENOENT where there is none */
int key_files_load(struct signing_key **ret, const char *folder, const char *name, bool is_next);
