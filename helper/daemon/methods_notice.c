/* SPDX-License-Identifier: MIT */
/*
 * LogoutToken: what the provider told a web server that hosts can be reached by. The one who brings it is not believed, the
 * provider's signature is.
 */
#include "helper/daemon/methods.h"

#include <stdlib.h>
#include <string.h>

#include "helper/base/json.h"
#include "helper/jose/jws.h"
#include "helper/login/logout.h"
#include "helper/protocol/names.h"

struct job {
	struct manager *manager;
	struct conn *conn;
	struct logout *logout;
};

static void job_free(void *userdata)
{
	struct job *j = userdata;

	logout_free(j->logout);
	free(j);
}

static void on_done(void *userdata, enum logout_outcome outcome, size_t n, const char *why)
{
	LK_CLEANUP(json_object_putp) struct json_object *p = json_object_new_object();
	struct job *j = userdata;

	if (outcome != LOGOUT_DONE) {
		method_log_refusal(j->manager, j->conn, AUDIT_CALL, NULL, "logout-token-refused", why);
		method_not_possible(j->conn, "logout token", why, -1);
	} else if (method_add_int(p, "accounts", (int64_t)n)) {
		conn_reply(j->conn, p, false);
	} else {
		conn_drop(j->conn);
	}
}

void method_logout_token(struct manager *m, struct conn *c, const struct varlink_call *call)
{
	const char *token;
	struct job *j;

	if (json_read_string(call->parameters, "token", JWS_MAX_BYTES, &token) != 0) {
		service_invalid(c, "token");
		return;
	}
	j = calloc(1, sizeof(*j));
	if (j == NULL) {
		conn_drop(c);
		return;
	}
	j->manager = m;
	j->conn = c;
	if (logout_start(&j->logout, &m->login, token, on_done, j) < 0) {
		free(j);
		conn_drop(c);
		return;
	}
	conn_set_job(c, j, job_free);
}
