/* SPDX-License-Identifier: MIT */
#include "helper/doctor/places.h"

#ifndef LK_LIBEXECDIR
#define LK_LIBEXECDIR "/usr/libexec/latchkey"
#define LK_LIBDIR "/usr/lib"
#define LK_PAMDIR "/usr/lib/security"
#endif

const char *const place_programs = LK_LIBEXECDIR;
const char *const place_libraries = LK_LIBDIR;
const char *const place_pam = LK_PAMDIR;
