/* SPDX-License-Identifier: MIT */
/*
 * CheckAccount: the question before each session. Its answer may have to wait for the provider's, so it is work of the
 * connection and ends with it.
 */
#include "helper/daemon/methods.h"

#include <stdlib.h>
#include <string.h>

#include "helper/base/json.h"
#include "helper/login/account_check.h"
#include "helper/protocol/names.h"

/* The check of one connection's call. */
struct job {
	struct conn *conn;
	struct account_check *check;
	char reference[REFERENCE_LEN + 1];
};

static void job_free(void *userdata)
{
	struct job *j = userdata;

	account_check_free(j->check);
	free(j);
}

static void on_checked(void *userdata, const struct account_check_answer *answer)
{
	struct job *j = userdata;

	if (answer->reason == NULL)
		conn_reply(j->conn, NULL, false);
	else if (answer->reason[0] == '\0')
		conn_error(j->conn, ERROR_NOT_OURS, NULL);
	else
		method_deny(j->conn, answer->reason, answer->provider, j->reference);
}

static void start(struct manager *m, struct conn *c, const struct account_check_request *request)
{
	struct job *j = calloc(1, sizeof(*j));

	if (j == NULL) {
		method_deny(c, REASON_UNAVAILABLE, NULL, request->reference);
		return;
	}
	j->conn = c;
	memcpy(j->reference, request->reference, sizeof(j->reference));
	conn_set_job(c, j, job_free);
	if (account_check_start(&j->check, &m->login, request, on_checked, j) < 0)
		method_deny(c, REASON_UNAVAILABLE, NULL, j->reference);
}

void method_check_account(struct manager *m, struct conn *c, const struct varlink_call *call)
{
	char reference[REFERENCE_LEN + 1];
	struct account_check_request request = {.reference = reference};
	const char *given = NULL;

	if (!method_version_fits(c, call))
		return;
	if (json_read_string(call->parameters, "user", 65536, &request.user) != 0 ||
	    json_read_bool(call->parameters, "signed_in", &request.is_signed_in) != 0) {
		service_invalid(c, "user");
		return;
	}
	if (!method_read_optional(call, "service", 64, &request.service) ||
	    !method_read_optional(call, "rhost", 255, &request.source)) {
		service_invalid(c, "service");
		return;
	}
	if (request.service == NULL)
		request.service = SERVICE_LOCAL;
	/* The sign-in's, where one went before in the same transaction. */
	reference_new(reference);
	if (method_read_optional(call, "reference", REFERENCE_LEN, &given) && reference_is_valid(given))
		request.reference = given;

	if (name_is_valid(request.user, true, true))
		start(m, c, &request);
	else
		conn_error(c, ERROR_NOT_OURS, NULL);
}
