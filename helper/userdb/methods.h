/* SPDX-License-Identifier: MIT */
#pragma once

#include "helper/protocol/server.h"
#include "nss_module/map_reader.h"

/* The methods of io.systemd.UserDatabase. Whoever connects may call all of them: they say what NSS says to everybody. */

struct userdb {
	struct map_reader map;
	int fault; /* of the map, as it was when somebody last asked */
	void (*on_fault)(int fault,
			 int old_fault); /* the map can no longer be read, or can again (fault 0); may be NULL */
};

/** methods_call() - answer one call; for server_new(), with a struct userdb as its userdata */
void methods_call(void *userdata, struct conn *c, const struct varlink_call *call);
