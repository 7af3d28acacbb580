/* SPDX-License-Identifier: MIT */
#pragma once

#include <stddef.h>

#include "helper/base/buf.h"
#include "helper/setup/record.h"

/* The record as JSON text. */

/** record_list_parse() - into an empty record. Return: 0, -EBADMSG, -ENOMEM; what was read belongs to @r in every case. */
int record_list_parse(struct record *r, const char *text, size_t len);

/** record_list_write() - append the text. Return: 0, -E2BIG, -ENOMEM. */
int record_list_write(const struct record *r, struct buf *out);
