/* SPDX-License-Identifier: MIT */
/* A table; the pages of docs/providers say the same at length. */
#include "helper/setup/provider_kind.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

static const struct provider_kind kinds[] = {
	{"salesforce", ".salesforce.com", NULL,
	 "Setup > External Client App Manager > the app > OAuth settings: Enable for Device Flow; the app must be "
	 "installed in "
	 "the org"},
	{"entra", "login.microsoftonline.com", NULL,
	 "App registrations > the app > Authentication > Allow public client flows: Yes; and no Conditional Access "
	 "policy may "
	 "block the device code flow for it"},
	{"google", "accounts.google.com", NULL,
	 "Credentials > a client of the type \"TVs and Limited Input devices\", whose secret goes into --secret-file"},
	{"github", "github.com", NULL, "Settings > Developer settings > OAuth Apps > the app: Enable Device Flow"},
	{"gitlab", "gitlab.com", NULL,
	 "Applications > the application: with the scopes openid, profile and email, not confidential; GitLab 17.9 or "
	 "later"},
	{"okta", ".okta.com", NULL,
	 "Applications > the app > General > Grant type: Device Authorization; and the same in a rule of the "
	 "authorization "
	 "server's access policy"},
	{"auth0", ".auth0.com", NULL,
	 "Applications > the app, of the type Native > Advanced Settings > Grant Types: Device Code"},
	{"keycloak", NULL, "/realms/",
	 "Clients > the client > Capability config: OAuth 2.0 Device Authorization Grant on, Client authentication "
	 "off"},
	{"authentik", NULL, "/application/o/",
	 "System > Brands > the brand > Default flows > Device code flow: one must be chosen"},
	{"dex", NULL, NULL, "staticClients: the client with \"public: true\", or its secret in --secret-file"},
	{"generic", NULL, NULL,
	 "the client must be registered with the grant type urn:ietf:params:oauth:grant-type:device_code"},
};

#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* Whether @len bytes of a host are @wanted, or lie below it where it begins with a dot. */
static int is_host(const char *host, size_t len, const char *wanted)
{
	size_t n = strlen(wanted);

	if (wanted[0] == '.')
		return len > n && strncasecmp(host + len - n, wanted, n) == 0;
	return len == n && strncasecmp(host, wanted, n) == 0;
}

const struct provider_kind *provider_kind_of(const char *issuer)
{
	const char *host = strstr(issuer, "://");
	size_t len;

	host = host != NULL ? host + 3 : issuer;
	len = strcspn(host, "/:");
	for (size_t i = 0; i < N_KINDS; i++) {
		if (kinds[i].host != NULL && is_host(host, len, kinds[i].host))
			return &kinds[i];
		if (kinds[i].path != NULL && strstr(host + len, kinds[i].path) != NULL)
			return &kinds[i];
	}
	return &kinds[N_KINDS - 1];
}

const struct provider_kind *provider_kind_find(const char *dialect)
{
	for (size_t i = 0; i < N_KINDS; i++) {
		if (strcmp(kinds[i].dialect, dialect) == 0)
			return &kinds[i];
	}
	return NULL;
}
