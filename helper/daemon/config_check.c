/* SPDX-License-Identifier: MIT */
/*
 * Looks at the whole configuration once all of it was read: fills in what was left open, refuses what contradicts itself
 * or would let two people meet in one name, and says aloud what is allowed but unusual.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "helper/accounts/uid.h"
#include "helper/base/text.h"
#include "helper/daemon/config_internal.h"
#include "helper/jose/jwk.h"
#include "helper/oauth/dialect.h"
#include "helper/oauth/uri.h"

#define UID_FLOOR 65536u
#define HOST_SIZE 65u
#define TENANT_PLACE "{tenantid}"

static int set_default(char **field, const char *text)
{
	if (*field)
		return 0;
	*field = strdup(text);
	return *field ? 0 : -ENOMEM;
}

static int default_host(char **host)
{
	char name[HOST_SIZE] = "", clean[HOST_SIZE];

	if (gethostname(name, sizeof(name) - 1) < 0 || name[0] == '\0')
		return set_default(host, "localhost");
	text_sanitise(clean, sizeof(clean), name, strlen(name), false);
	return set_default(host, clean);
}

/* Numbers that people bring along. Where new ones are given out, they would be taken by others. */
static int check_migrated(const struct account_settings *a, char *why)
{
	for (size_t i = 0; i < a->migrated_ids.n; i++) {
		const struct id_range *range = &a->migrated_ids.ranges[i];
		const char *whose = uid_forbidden(range->first, range->last);

		if (whose)
			return config_refuse(why, "[accounts]: migrated_ids: %u-%u touches the numbers of %s",
					     range->first, range->last, whose);
		if (range->first <= a->uid_max && range->last >= a->uid_min)
			return config_refuse(why,
					     "[accounts]: migrated_ids: %u-%u touches uid_min to uid_max (%u to %u), "
					     "which are allowed anyway",
					     range->first, range->last, a->uid_min, a->uid_max);
	}
	return 0;
}

static int check_accounts(const struct account_settings *a, char *why)
{
	const char *whose;

	if (a->uid_min > a->uid_max)
		return config_refuse(why, "[accounts]: uid_min is above uid_max");
	whose = uid_forbidden(a->uid_min, a->uid_max);
	if (whose)
		return config_refuse(why, "[accounts]: uid_min to uid_max (%u to %u) touches the numbers of %s",
				     a->uid_min, a->uid_max, whose);
	if (a->uid_min < UID_FLOOR)
		return config_refuse(why, "[accounts]: uid_min %u is below %u, where local users get their numbers",
				     a->uid_min, UID_FLOOR);
	return check_migrated(a, why);
}

/* --- one provider ------------------------------------------------------------------------------------------------ */

static int check_endpoint(const struct config *c, const struct provider_settings *s, const char *key, const char *url,
			  char *why)
{
	const char *fault = url ? uri_endpoint_fault(url, c->allow_insecure_loopback) : NULL;

	return fault ? config_refuse(why, "[provider %s]: %s: %s", s->name, key, fault) : 0;
}

/* RFC 8252 section 7.3: loopback needs no TLS, since nothing goes over a network. */
static int check_redirect(const struct provider_settings *s, char *why)
{
	const char *fault = s->redirect_uri ? uri_endpoint_fault(s->redirect_uri, true) : NULL;

	if (!fault && s->redirect_uri && strchr(s->redirect_uri, '?'))
		fault = "has a query";
	return fault ? config_refuse(why, "[provider %s]: redirect_uri: %s", s->name, fault) : 0;
}

static int check_endpoints(const struct config *c, const struct provider_settings *s, char *why)
{
	const struct {
		const char *key;
		const char *url;
	} endpoints[] = {
		{"device_authorization_endpoint", s->device_authorization_endpoint},
		{"authorization_endpoint", s->authorization_endpoint},
		{"backchannel_authentication_endpoint", s->backchannel_authentication_endpoint},
		{"token_endpoint", s->token_endpoint},
		{"userinfo_endpoint", s->userinfo_endpoint},
		{"jwks_uri", s->jwks_uri},
		{"introspection_endpoint", s->introspection_endpoint},
		{"revocation_endpoint", s->revocation_endpoint},
		{"registration_endpoint", s->registration_endpoint},
		{"group_check_endpoint", s->group_check_endpoint},
	};
	struct uri proxy;

	if (check_redirect(s, why) < 0)
		return -EINVAL;
	for (size_t i = 0; i < sizeof(endpoints) / sizeof(endpoints[0]); i++) {
		int r = check_endpoint(c, s, endpoints[i].key, endpoints[i].url, why);

		if (r < 0)
			return r;
	}
	if (s->fetch.proxy &&
	    (!text_has_prefix(s->fetch.proxy, "http://") || uri_parse(&proxy, s->fetch.proxy) < 0 || proxy.has_query ||
	     proxy.has_fragment ||
	     (s->fetch.proxy[proxy.path_at] != '\0' && strcmp(s->fetch.proxy + proxy.path_at, "/") != 0)))
		return config_refuse(why, "[provider %s]: proxy must be like http://proxy.example.com:3128", s->name);
	return 0;
}

/* Entra's issuers for more than one directory stand for any of them. */
static bool is_for_any_tenant(const char *issuer)
{
	return strstr(issuer, TENANT_PLACE) || strstr(issuer, "/common/") || strstr(issuer, "/organizations/") ||
	       strstr(issuer, "/consumers/");
}

static int check_issuer(const struct config *c, const struct provider_settings *s, char *why)
{
	char plain[URI_MAX + 1];
	const char *place;
	struct uri uri;
	int r;

	if (strlen(s->issuer) >= sizeof(plain))
		return config_refuse(why, "[provider %s]: issuer is too long", s->name);
	memcpy(plain, s->issuer, strlen(s->issuer) + 1);
	place = s->dialect->issuer_is_template ? strstr(s->issuer, TENANT_PLACE) : NULL;
	if (place)
		snprintf(plain, sizeof(plain), "%.*sx%s", (int)(place - s->issuer), s->issuer,
			 place + strlen(TENANT_PLACE));
	r = check_endpoint(c, s, "issuer", plain, why);
	if (r < 0)
		return r;
	if (uri_parse(&uri, plain) < 0 || uri.has_query)
		return config_refuse(why, "[provider %s]: issuer has a query", s->name);
	if (s->group_check_endpoint && !s->dialect->group_check_url)
		return config_refuse(why, "[provider %s]: group_check_endpoint means nothing to dialect %s", s->name,
				     s->dialect->name);
	if (s->tenants && !s->dialect->tenant_claim)
		return config_refuse(why, "[provider %s]: tenants means nothing to dialect %s", s->name,
				     s->dialect->name);
	if (s->dialect->issuer_is_template && is_for_any_tenant(s->issuer) && !s->tenants)
		return config_refuse(
			why, "[provider %s]: this issuer stands for every directory: tenants must name yours", s->name);
	return 0;
}

static int check_names(const struct provider_config *p, char *why)
{
	const struct name_rule *n = &p->names;
	char shortest[2 * NAME_MAX_LEN + 2];

	/* alice@a.example and alice@b.example would both be alice, and whoever comes first would have her account. */
	if (n->strip_domains && n->strip_domains[0] && n->strip_domains[1])
		return config_refuse(why,
				     "[provider %s]: strip_domains with two domains makes one name of two people "
				     "(alice@%.40s, alice@%.40s): use one domain, or none with name_characters=@ so "
				     "that names keep theirs",
				     p->settings.name, n->strip_domains[0], n->strip_domains[1]);
	snprintf(shortest, sizeof(shortest), "%sa%s", n->prefix ? n->prefix : "", n->suffix ? n->suffix : "");
	if (!name_is_valid(shortest, n->allow_dot, n->allow_at))
		return config_refuse(why,
				     "[provider %s]: no name could have this name_prefix and name_suffix "
				     "(name_characters adds '.' and '@')",
				     p->settings.name);
	return 0;
}

static int default_title(struct provider_config *p)
{
	struct uri uri;

	if (strcmp(p->settings.dialect->name, "generic") == 0 && uri_parse(&uri, p->settings.issuer) == 0)
		return set_default(&p->title, uri.host);
	return set_default(&p->title, p->settings.dialect->title);
}

static int default_provider(struct provider_config *p)
{
	struct provider_settings *s = &p->settings;
	int r = set_default(&s->scope, s->dialect->default_scope);

	if (r == 0)
		r = set_default(&p->names.claim, s->dialect->name_claim);
	if (r == 0)
		r = set_default(&p->gecos_claim, "name");
	if (r == 0)
		r = default_title(p);
	if (s->algorithms == 0)
		s->algorithms = 1u << JWS_RS256;
	if (s->code_lifetime_s == 0)
		s->code_lifetime_s = 600;
	return r;
}

static int finish_provider(struct config_draft *d, size_t i, char *why)
{
	struct provider_config *p = &d->config->providers[i];
	int r;

	p->settings.fetch.allow_loopback_http = d->config->allow_insecure_loopback;
	p->names.allow_dot = d->allow_dot;
	p->names.allow_at = d->allow_at;
	if (!p->settings.dialect)
		p->settings.dialect = dialect_find("generic");
	if (!p->settings.issuer)
		return config_refuse(why, "[provider %s]: issuer is missing", p->settings.name);
	r = check_issuer(d->config, &p->settings, why);
	if (r == 0)
		r = check_endpoints(d->config, &p->settings, why);
	if (r == 0)
		r = config_check_client(d, i, why);
	if (r == 0)
		r = check_names(p, why);
	if (r == 0)
		r = default_provider(p);
	if (r == 0)
		r = config_check_directory(d, i, why);
	if (r == 0)
		r = config_check_events(d, i, why);
	return r;
}

/* --- providers among themselves ---------------------------------------------------------------------------------- */

static const char *text_of(const char *affix)
{
	return affix ? affix : "";
}

static bool has_at(const struct name_rule *n)
{
	return strchr(text_of(n->prefix), '@') || strchr(text_of(n->suffix), '@');
}

static bool never_has_at(const struct name_rule *n)
{
	return !has_at(n) && (n->strip_domains || !n->allow_at);
}

/* Could both rules make the same name? Says yes when in doubt. */
static bool names_may_meet(const struct name_rule *a, const struct name_rule *b)
{
	const char *ap = text_of(a->prefix), *bp = text_of(b->prefix);
	const char *as = text_of(a->suffix), *bs = text_of(b->suffix);

	if (!text_has_prefix(ap, bp) && !text_has_prefix(bp, ap))
		return false;
	if (!text_has_suffix(as, bs) && !text_has_suffix(bs, as))
		return false;
	return !(has_at(a) && never_has_at(b)) && !(has_at(b) && never_has_at(a));
}

static int check_pair(const struct provider_config *a, const struct provider_config *b, char *why)
{
	if (strcmp(a->settings.issuer, b->settings.issuer) == 0)
		return config_refuse(why, "[provider %s] and [provider %s] have the same issuer", a->settings.name,
				     b->settings.name);
	if (names_may_meet(&a->names, &b->names))
		return config_refuse(why,
				     "[provider %s] and [provider %s] could make the same name: give each a "
				     "name_prefix or name_suffix that the other does not begin or end with",
				     a->settings.name, b->settings.name);
	return 0;
}

static int check_pairs(const struct config *c, char *why)
{
	for (size_t i = 0; i < c->n_providers; i++) {
		for (size_t j = i + 1; j < c->n_providers; j++) {
			int r = check_pair(&c->providers[i], &c->providers[j], why);

			if (r < 0)
				return r;
		}
	}
	return 0;
}

/* --- access -------------------------------------------------------------------------------------------------------- */

static void name_policy(const struct access_policy *p, char *out, size_t size)
{
	snprintf(out, size, p->service ? "[access %s]" : "[access]", p->service);
}

static int check_policy(const struct config *c, const struct access_policy *p, char *why)
{
	char section[64];

	name_policy(p, section, sizeof(section));
	for (char **s = p->subjects; s && *s; s++)
		if (!config_has_provider(c, *s, strcspn(*s, ":")))
			return config_refuse(why, "%s: subjects: no provider is called '%.*s'", section,
					     (int)strcspn(*s, ":"), *s);
	for (char **u = p->users; u && *u; u++)
		if (!config_provider_for(c, *u) && !local_accounts_find(&c->accounts.local_accounts, *u))
			return config_refuse(why, "%s: users: no provider could make the name '%s'", section, *u);
	/* Otherwise one sign-in would open the door for ever. */
	if (p->unchecked && p->sign_in_age_s == ACCESS_ANY_AGE)
		return config_refuse(why, "%s: unchecked needs sign_in_age", section);
	return 0;
}

static int check_access(const struct config *c, char *why)
{
	for (size_t i = 0; i < c->access.n_policies; i++) {
		int r = check_policy(c, &c->access.policies[i], why);

		if (r < 0)
			return r;
	}
	return 0;
}

/* --- what to say aloud --------------------------------------------------------------------------------------------- */

struct speaker {
	config_note_fn note;
	void *userdata;
};

static void say(const struct speaker *s, const char *format, ...) LK_PRINTF(2, 3);

static void say(const struct speaker *s, const char *format, ...)
{
	char text[INI_FAULT_MAX];
	va_list args;

	if (!s->note)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	s->note(s->userdata, text);
}

static bool lets_somebody_in(const struct access_policy *p)
{
	return p->everyone || p->users || p->subjects || p->domains || p->groups || p->provider_domains ||
	       p->provider_groups;
}

static void note_access(const struct speaker *s, const struct config *c)
{
	bool anybody = false;

	for (size_t i = 0; i < c->access.n_policies; i++) {
		const struct access_policy *p = &c->access.policies[i];
		char section[64];

		name_policy(p, section, sizeof(section));
		anybody |= lets_somebody_in(p);
		if (p->everyone)
			say(s, "%s: everyone=yes: whoever has an account at a provider may log in", section);
		else if (!lets_somebody_in(p))
			say(s, "%s names nobody: nobody may log in by it", section);
	}
	if (!anybody)
		say(s, "nobody may log in: no [access] section names users, subjects, domains or groups");
}

static void note_rest(const struct speaker *s, const struct config *c)
{
	if (c->allow_insecure_loopback)
		say(s, "allow_insecure_loopback=yes: plain HTTP to this machine is allowed; for tests only");
	for (size_t i = 0; i < c->n_providers; i++)
		if (c->providers[i].settings.fetch.proxy)
			say(s, "[provider %s]: the way to the proxy is not encrypted, what goes through it is",
			    c->providers[i].settings.name);
}

int config_finish(struct config_draft *d, config_note_fn note, void *userdata, char *why)
{
	const struct speaker speaker = {note, userdata};
	struct config *c = d->config;
	int r;

	r = default_host(&c->host);
	if (r == 0)
		r = set_default(&c->accounts.home, "/home/%u");
	if (r == 0)
		r = set_default(&c->accounts.shell, "/bin/bash");
	if (r == 0)
		r = check_accounts(&c->accounts, why);
	if (r == 0 && c->audit_required && c->audit_file == NULL)
		r = config_refuse(why, "[latchkey] audit_required needs audit_file");
	if (r == 0 && c->background_recheck_max_s > 0 && c->background_recheck_min_s > c->background_recheck_max_s)
		r = config_refuse(why, "[latchkey] background_recheck_min is above background_recheck_max");
	if (r == 0 && c->background_recheck_max_s == 0 && c->revoke_unused_s > 0)
		r = config_refuse(why, "[latchkey] revoke_unused means nothing with background_recheck_max=0s");
	if (r == 0 && c->n_providers == 0)
		r = config_refuse(why, "there is no [provider NAME] section");
	for (size_t i = 0; r == 0 && i < c->n_providers; i++)
		r = finish_provider(d, i, why);
	if (r == 0)
		r = check_pairs(c, why);
	if (r == 0)
		r = config_check_local_accounts(c, why);
	if (r == 0)
		r = config_check_service_accounts(c, why);
	if (r == 0)
		r = config_split_access(c, why);
	if (r == 0)
		r = check_access(c, why);
	if (r == 0)
		r = config_check_step_up(c, why);
	if (r == 0)
		r = config_check_groups(c, why);
	c->access.groups = &c->accounts.groups;
	if (r < 0)
		return r;
	note_rest(&speaker, c);
	note_access(&speaker, c);
	config_note_step_up(c, note, userdata);
	config_note_groups(c, note, userdata);
	config_note_service_accounts(c, note, userdata);
	return 0;
}
