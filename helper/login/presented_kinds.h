/* SPDX-License-Identifier: MIT */
#pragma once

#include "helper/login/presented.h"
#include "helper/login/service_account.h"

/* The rows of the table in presented.c. */

extern const struct presented_kind presented_kind_assertion; /* presented_signed.c */
extern const struct presented_kind presented_kind_workload;
extern const struct presented_kind presented_kind_exchange; /* presented_token.c */
extern const struct presented_kind presented_kind_access_token;
