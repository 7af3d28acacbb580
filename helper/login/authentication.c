/* SPDX-License-Identifier: MIT */
/* Judges how somebody signed in. What the provider does not say is never taken for what was asked for. */
#include "helper/login/authentication.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "helper/base/clock.h"
#include "helper/base/json.h"
#include "helper/base/text.h"
#include "helper/protocol/names.h"
#include "helper/vault/store_standing.h"

#define SKEW_S 60  /* between this host's clock and the provider's, as for the rest of an ID token */
#define LEEWAY_S 5 /* both times are the provider's own: rounding, and two servers of one farm */

/* A word that is to be compared later: no blank, nothing that a log could stumble over. */
static bool is_word(const char *text)
{
	if (text[0] == '\0')
		return false;
	for (; *text != '\0'; text++) {
		if (*text < 0x21 || *text > 0x7e)
			return false;
	}
	return true;
}

static int add_word(char *out, size_t size, struct json_object *value)
{
	const char *text = json_object_is_type(value, json_type_string) ? json_object_get_string(value) : "";
	size_t used = strlen(out);
	int n;

	if (!is_word(text))
		return 0;
	n = snprintf(out + used, size - used, "%s%s", used > 0 ? " " : "", text);
	return n < 0 || (size_t)n >= size - used ? -1 : 0;
}

/* A text, or an array of them. */
static void read_words(char *out, size_t size, struct json_object *claims, const char *name)
{
	struct json_object *value = NULL;
	int r = 0;

	out[0] = '\0';
	if (!json_object_object_get_ex(claims, name, &value))
		return;
	if (!json_object_is_type(value, json_type_array)) {
		r = add_word(out, size, value);
	} else {
		for (size_t i = 0; r == 0 && i < json_object_array_length(value); i++)
			r = add_word(out, size, json_object_array_get_idx(value, i));
	}
	if (r < 0)
		out[0] = '\0';
}

void authentication_read(struct authentication *ret, const struct dialect *d, struct json_object *claims)
{
	*ret = (struct authentication){0};
	if (!d->has_id_token)
		return;
	if (json_read_int(claims, "iat", 1, INT64_MAX / 2, &ret->seen_s) == 0 &&
	    json_read_int(claims, "auth_time", 1, ret->seen_s + LEEWAY_S, &ret->auth_time_s) < 0)
		ret->auth_time_s = 0;
	read_words(ret->acr, sizeof(ret->acr), claims, d->acr_claim != NULL ? d->acr_claim : "acr");
	read_words(ret->amr, sizeof(ret->amr), claims, "amr");
}

static bool has_word(const char *words, const char *word)
{
	size_t len = strlen(word);

	while (*words != '\0') {
		size_t n = strcspn(words, " ");

		if (n == len && memcmp(words, word, len) == 0)
			return true;
		words += n;
		words += *words == ' ';
	}
	return false;
}

static const char *refuse(char *detail, const char *reason, const char *format, ...) LK_PRINTF(3, 4);

static const char *refuse(char *detail, const char *reason, const char *format, ...)
{
	char text[AUTHENTICATION_DETAIL_MAX + AUTHENTICATION_AMR_MAX];
	va_list args;

	va_start(args, format);
	if (vsnprintf(text, sizeof(text), format, args) < 0)
		text[0] = '\0';
	va_end(args);
	text_sanitise(detail, AUTHENTICATION_DETAIL_MAX, text, strlen(text), false);
	return reason;
}

static const char *check_acr(const struct authentication *a, const struct access_policy *policy, char *detail)
{
	if (a->acr[0] == '\0')
		return refuse(detail, REASON_NOT_TOLD, "the ID token has no acr, and the access section asks for one");
	for (char *const *acr = policy->acr; *acr != NULL; acr++) {
		if (has_word(a->acr, *acr))
			return NULL;
	}
	return refuse(detail, REASON_TOO_WEAK, "acr is '%s', which the access section does not have", a->acr);
}

static const char *check_amr(const struct authentication *a, const struct access_policy *policy, char *detail)
{
	if (a->amr[0] == '\0')
		return refuse(detail, REASON_NOT_TOLD, "the ID token has no amr, and the access section asks for it");
	for (char *const *amr = policy->amr; *amr != NULL; amr++) {
		if (!has_word(a->amr, *amr))
			return refuse(detail, REASON_TOO_WEAK, "amr is '%s', without '%s'", a->amr, *amr);
	}
	return NULL;
}

/* Between two times of the provider's no clock can be wrong; a token that was made long ago shows by ours. */
static const char *check_age(const struct authentication *a, const struct access_policy *policy, int64_t now_s,
			     uint64_t allowed_s, char *detail)
{
	int64_t by_us_s = now_s - SKEW_S - a->auth_time_s;
	int64_t by_them_s = a->seen_s - a->auth_time_s;
	int64_t age_s = by_us_s > by_them_s ? by_us_s : by_them_s;
	int64_t most_s = (int64_t)policy->max_age_s + LEEWAY_S;

	if (a->auth_time_s == 0)
		return refuse(detail, REASON_NOT_TOLD,
			      "the ID token has no auth_time that can be used, and the access section has a max_age");
	if (age_s > most_s + (int64_t)(allowed_s < UINT32_MAX ? allowed_s : UINT32_MAX))
		return refuse(detail, REASON_TOO_OLD, "signed in at the provider %" PRId64 " s ago, max_age is %u s",
			      age_s, policy->max_age_s);
	return NULL;
}

bool authentication_is_asked_for(const struct access_policy *policy)
{
	return policy->has_max_age || policy->acr != NULL || policy->amr != NULL;
}

const char *authentication_refusal(const struct authentication *a, const struct access_policy *policy, int64_t now_s,
				   uint64_t allowed_s, char *detail)
{
	const char *reason = NULL;

	if (policy->acr != NULL)
		reason = check_acr(a, policy, detail);
	if (reason == NULL && policy->amr != NULL)
		reason = check_amr(a, policy, detail);
	if (reason == NULL && policy->has_max_age)
		reason = check_age(a, policy, now_s, allowed_s, detail);
	return reason;
}

const char *authentication_stored_refusal(struct store *store, const struct account *account,
					  const struct access_policy *policy, char *detail)
{
	const struct row_owner owner = account_owner(account);
	struct authentication a = {.seen_s = clock_realtime_s()};
	struct standing standing;
	int r;

	if (!authentication_is_asked_for(policy))
		return NULL;
	if (policy->has_max_age && policy->max_age_s == 0)
		return refuse(detail, REASON_SIGN_IN_NEEDED, "max_age is 0: every session needs a sign-in of its own");
	r = store_find_standing(store, &owner, &standing);
	if (r == -ENOENT)
		return refuse(detail, REASON_SIGN_IN_NEEDED, "how the person signed in is not known");
	if (r < 0)
		return refuse(detail, REASON_NO_STORE, "how the person signed in cannot be read");
	/* A clock that was set back makes the age negative: that proves nothing. */
	if (standing.auth_time_s <= a.seen_s + SKEW_S)
		a.auth_time_s = standing.auth_time_s;
	(void)snprintf(a.acr, sizeof(a.acr), "%s", standing.acr);
	(void)snprintf(a.amr, sizeof(a.amr), "%s", standing.amr);
	return authentication_refusal(&a, policy, a.seen_s, 0, detail);
}
