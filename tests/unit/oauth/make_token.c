/* SPDX-License-Identifier: MIT */
/* The token maker of the tests below, for the tokens of these. */
#include "tests/unit/jose/make_token.c"
