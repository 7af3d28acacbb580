/* SPDX-License-Identifier: MIT */
/*
 * What an administrator does about the key that seals what is kept of sign-ins.
 */
#include "helper/daemon/methods.h"

#include <errno.h>
#include <string.h>
#include <syslog.h>

#include "helper/daemon/vault_keys.h"
#include "helper/login/log.h"

static const char *fault_text(int error)
{
	switch (error) {
	case -EPERM:
		return "the key is a credential of the service manager: change it there";
	case -EBUSY:
		return "the last change of the key is under way";
	case -ENOKEY:
		return "there is no key that could be changed; the log says why";
	case -E2BIG:
		return "too many older keys are in use still; the log says why";
	default:
		return strerror(-error);
	}
}

void method_rotate_key(struct manager *m, struct conn *c, const struct varlink_call *call)
{
	int r = vault_keys_turn(m->vault_keys);

	(void)call;
	if (r < 0) {
		log_line(LOG_WARNING, "the key could not be changed: %s", fault_text(r));
		method_not_possible(c, "the key", fault_text(r), -1);
		return;
	}
	log_line(LOG_NOTICE, "a new key seals what is kept of sign-ins");
	conn_reply(c, NULL, false);
}
