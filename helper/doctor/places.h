/* SPDX-License-Identifier: MIT */
#pragma once

/* Where "make install" put things; the Makefile says so. */
extern const char *const place_programs; /* of latchkeyd */
extern const char *const place_libraries;
extern const char *const place_pam;
