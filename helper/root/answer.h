/* SPDX-License-Identifier: MIT */
#pragma once

#include "nss_module/publish_format.h"

/** answer_with() - fill in status and reason, cleaned for a log. Return: @status. */
int answer_with(struct publish_answer *a, enum publish_status status, const char *reason);

/** answer_error() - PUBLISH_FAILED: "@what: text of the errno". @error: negative errno. */
int answer_error(struct publish_answer *a, const char *what, int error);
