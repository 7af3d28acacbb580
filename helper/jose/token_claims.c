/* SPDX-License-Identifier: MIT */
/* Reads and compares single claims. A claim that is there must be right in type and value; none is passed over because it
 * looks odd. */
#include "helper/jose/token_claims.h"

#include <errno.h>
#include <string.h>

#include "helper/base/json.h"

#define AUDIENCES_MAX 64u
#define DATE_MAX ((double)(INT64_C(1) << 53)) /* the last second that a double still tells from the next */

bool token_claims_has(const struct json_object *o, const char *name)
{
	return json_object_object_get_ex(o, name, NULL) != 0;
}

bool token_claims_is(const struct json_object *o, const char *name, const char *text)
{
	const char *found;

	return text && json_read_string(o, name, TOKEN_TEXT_MAX, &found) == 0 && strcmp(found, text) == 0;
}

int token_claims_read_date(const struct json_object *claims, const char *name, int64_t *ret)
{
	struct json_object *o;
	double seconds;

	if (!json_object_object_get_ex(claims, name, &o))
		return -ENOENT;
	if (!json_object_is_type(o, json_type_int) && !json_object_is_type(o, json_type_double))
		return -EBADMSG;
	seconds = json_object_get_double(o);
	if (!(seconds >= 0 && seconds <= DATE_MAX))
		return -EBADMSG;
	*ret = (int64_t)seconds;
	return 0;
}

static bool is_allowed_tenant(const char *tenant, const char *const *allowed)
{
	for (; allowed && *allowed; allowed++)
		if (strcmp(*allowed, tenant) == 0)
			return true;
	return false;
}

/* Is @issuer the template with the tenant in its gap? Entra's documents for several tenants print such a template. */
static bool is_filled_template(const char *issuer, const char *template, const char *tenant)
{
	static const char gap[] = "{tenantid}";
	const char *at = strstr(template, gap);
	size_t before;
	size_t middle = strlen(tenant);

	if (!at)
		return false;
	before = (size_t)(at - template);
	return strncmp(issuer, template, before) == 0 && strncmp(issuer + before, tenant, middle) == 0 &&
	       strcmp(issuer + before + middle, at + strlen(gap)) == 0;
}

bool token_claims_has_issuer(const struct json_object *claims, const char *issuer, bool is_template,
			     const char *const *tenants)
{
	const char *found;
	const char *tenant;

	if (!is_template)
		return token_claims_is(claims, "iss", issuer);
	if (!issuer || json_read_string(claims, "iss", TOKEN_TEXT_MAX, &found) != 0 ||
	    json_read_string(claims, "tid", TOKEN_TEXT_MAX, &tenant) != 0 || !is_allowed_tenant(tenant, tenants))
		return false;
	return is_filled_template(found, issuer, tenant);
}

bool token_claims_has_audience(const struct json_object *claims, const char *audience, bool *ret_others)
{
	struct json_object *list;
	bool found = false;
	size_t n;

	*ret_others = false;
	if (token_claims_is(claims, "aud", audience))
		return true;
	if (!audience || json_read_array(claims, "aud", AUDIENCES_MAX, &list) != 0)
		return false;

	n = json_object_array_length(list);
	for (size_t i = 0; i < n; i++) {
		struct json_object *one = json_object_array_get_idx(list, i);

		if (!json_object_is_type(one, json_type_string))
			return false;
		found = found || strcmp(json_object_get_string(one), audience) == 0;
	}
	*ret_others = n > 1;
	return found;
}

bool token_claims_is_plain(const char *text, size_t max)
{
	size_t len = strlen(text);

	if (len == 0 || len > max)
		return false;
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			return false;
	return true;
}

int token_claims_read_subject(const struct json_object *claims, const char **ret)
{
	const char *subject;
	int r = json_read_string(claims, "sub", TOKEN_SUBJECT_MAX, &subject);

	if (r != 0)
		return r == -ENOENT ? r : -EBADMSG;
	if (!token_claims_is_plain(subject, TOKEN_SUBJECT_MAX))
		return -EBADMSG;
	*ret = subject;
	return 0;
}
