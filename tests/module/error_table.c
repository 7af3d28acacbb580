/* SPDX-License-Identifier: MIT */
/* Prints docs/ERRORS.md, from the tables that decide. */
#include <stdio.h>
#include <string.h>

#include <security/_pam_types.h>

#include "helper/login/refusal.h"
#include "helper/oauth/error_codes.h"
#include "helper/protocol/names.h"
#include "pam_module/verdict.h"

static const char *const head =
	"# What a provider's error means\n"
	"\n"
	"Made from `helper/oauth/error_codes.c`, where a new code goes, by `build/release/tests/module/error_table`.\n"
	"\n"
	"The log has the provider's word, its description and the meaning: `provider says invalid_client: ... "
	"(client_id, ...)`.\n"
	"A code that is not here is a refusal like any other: \"the provider answered with an error\". With a text, a "
	"row counts where\n"
	"the description has that text. The PAM result is that of a sign-in in sshd and in other programs; the error\n"
	"of a re-check is judged by the dialect, see ARCHITECTURE.\n"
	"\n"
	"| code | description has | meaning | the person reads | PAM result | try again |\n"
	"|---|---|---|---|---|---|\n";

static const char *pam_name(int code)
{
	switch (code) {
	case PAM_MAXTRIES:
		return "MAXTRIES";
	case PAM_CRED_INSUFFICIENT:
		return "CRED_INSUFFICIENT";
	case PAM_AUTHINFO_UNAVAIL:
		return "AUTHINFO_UNAVAIL";
	default:
		return NULL; /* not one that a refusal of the helper ends in */
	}
}

static const char *retry_text(enum error_retry retry)
{
	switch (retry) {
	case ERROR_RETRY_NO:
		return "no";
	case ERROR_RETRY_POLL:
		return "it goes on";
	case ERROR_RETRY_LATER:
		return "later";
	case ERROR_RETRY_ANEW:
		return "yes";
	}
	return NULL;
}

static int print_row(const struct error_code *row)
{
	const char *reason = refusal_of_oauth(row->outcome), *retry = retry_text(row->retry);
	enum verdict v = strcmp(reason, REASON_UNAVAILABLE) == 0 ? VERDICT_UNAVAILABLE : VERDICT_REFUSED;
	const char *sshd = pam_name(verdict_sign_in_code(v, true)), *others = pam_name(verdict_sign_in_code(v, false));
	char text[REFUSAL_TEXT_MAX];

	if (sshd == NULL || others == NULL || retry == NULL || row->meaning == NULL)
		return 1;
	refusal_text(text, reason, "PROVIDER", NULL);
	printf("| `%s` | %s | %s | ", row->code, row->text != NULL ? row->text : "", row->meaning);
	if (row->retry == ERROR_RETRY_POLL)
		printf("| | ");
	else
		printf("%s | %s%s%s | ", text, sshd, strcmp(sshd, others) != 0 ? ", " : "",
		       strcmp(sshd, others) != 0 ? others : "");
	printf("%s |\n", retry);
	return 0;
}

int main(void)
{
	const struct error_code *row;
	int r = 0;

	fputs(head, stdout);
	for (size_t i = 0; (row = error_code_at(i)) != NULL && r == 0; i++)
		r = print_row(row);
	return r == 0 && fflush(stdout) == 0 ? 0 : 1;
}
