/* SPDX-License-Identifier: MIT */
#pragma once

#include <stddef.h>

#include "helper/root/locals.h"
#include "helper/root/settings.h"

#define CHECK_WHY_SIZE 240u

/**
 * check_map() - may these bytes be published
 *
 * Every record is decoded and held against root's configuration and the machine's own users and groups; every table is
 * asked for every record, so that what a reader will find is exactly what was checked; and the bytes that belong to no
 * record are zero. The bytes must not change meanwhile.
 *
 * @why: CHECK_WHY_SIZE bytes, ASCII, filled on -EBADMSG
 * Return: 0, -EBADMSG, -ENOMEM.
 */
int check_map(const void *bytes, size_t size, const struct settings *settings, const struct locals *locals, char *why);
