/* SPDX-License-Identifier: MIT */
#pragma once

#include <nss.h>

#include "nss_module/map_reader.h"

/* What the module's entry points share: lookups stand in nss_latchkey.c, enumerations in nss_enumerate.c. */

/* Not helper/base/cleanup.h's: this module stands on libc alone. */
#define EXPORT __attribute__((__visibility__("default")))

extern struct map_reader reader;

/** status_of() - a pack_result or a negative errno of the reader, in glibc's words; @errnop is set where it says something */
enum nss_status status_of(int result, int *errnop);
