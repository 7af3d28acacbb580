/* SPDX-License-Identifier: MIT */
#pragma once

/* The project's whole macro budget. No macro here returns, jumps or uses a name that it did not declare. */

/* Runs func(&variable) when the variable leaves its scope, so that an early return cannot forget it. */
#define LK_CLEANUP(func) __attribute__((__cleanup__(func)))

/* Defines NAMEp() for LK_CLEANUP() from a function that takes the pointer itself and accepts NULL. */
#define LK_DEFINE_CLEANUP(type, func)                                                                                  \
	static inline void func##p(type *p)                                                                            \
	{                                                                                                              \
		func(*p);                                                                                              \
	}                                                                                                              \
	_Static_assert(1, "")

/* Hands the pointer on: yields its value and leaves NULL behind. */
#define LK_STEAL(ptr)                                                                                                  \
	(__extension__({                                                                                               \
		__typeof__(ptr) *lk_p = &(ptr);                                                                        \
		__typeof__(ptr) lk_v = *lk_p;                                                                          \
		*lk_p = NULL;                                                                                          \
		lk_v;                                                                                                  \
	}))

#define LK_EXPORT __attribute__((__visibility__("default")))
#define LK_PRINTF(fmt, args) __attribute__((__format__(__printf__, fmt, args)))
#define LK_MUST_USE __attribute__((__warn_unused_result__))
