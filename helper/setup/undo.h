/* SPDX-License-Identifier: MIT */
#pragma once

#include "helper/setup/context.h"

/** undo_run() - bring back what was before set-up; PAM first */
enum setup_result undo_run(struct context *c);
