/* SPDX-License-Identifier: MIT */
/* Discovery documents: one that is accepted names our issuer, and nothing but https endpoints. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "helper/base/json.h"
#include "helper/oauth/metadata.h"
#include "helper/oauth/uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char issuer[] = "https://login.example/common/v2.0";
static char tenant[] = "1234";
static char *tenants[] = {tenant, NULL};

static void check_endpoint(const char *text)
{
	struct uri u;

	if (text == NULL)
		return;
	if (uri_endpoint_fault(text, false) != NULL || uri_parse(&u, text) < 0 || u.is_address)
		abort();
}

static void check_document(const struct provider_settings *s, struct json_object *document)
{
	struct metadata_endpoints e;
	char why[OAUTH_DETAIL_MAX], *expected = NULL;
	const char *found;
	bool is_template;

	if (metadata_token_issuer(&expected, &is_template, s) < 0 ||
	    json_read_string(document, "issuer", URI_MAX, &found) < 0 || strcmp(found, expected) != 0)
		abort();
	free(expected);
	if (metadata_endpoints(&e, s, document, why) < 0)
		abort();
	check_endpoint(e.device);
	check_endpoint(e.token);
	check_endpoint(e.userinfo);
	check_endpoint(e.jwks);
	check_endpoint(e.authorization);
	metadata_endpoints_done(&e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct provider_settings s = {.issuer = issuer, .tenants = tenants};
	struct json_object *document = NULL;
	char why[OAUTH_DETAIL_MAX] = "";
	int r;

	if (size < 1)
		return 0;
	s.dialect = dialect_at(data[0] % 11);
	r = provider_metadata_check(&document, &s, (const char *)data + 1, size - 1, why);
	if ((r == 0) != (document != NULL) || (r == 0) != (why[0] == '\0'))
		abort();
	if (r == 0)
		check_document(&s, document);
	json_object_put(document);
	return 0;
}
