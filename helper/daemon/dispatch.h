/* SPDX-License-Identifier: MIT */
#pragma once

#include "helper/daemon/manager.h"
#include "helper/protocol/server.h"

/** dispatch_call() - find the method, ask the table whether this peer may, run it. @userdata: struct manager */
void dispatch_call(void *userdata, struct conn *c, const struct varlink_call *call);
