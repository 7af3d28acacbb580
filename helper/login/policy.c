/* SPDX-License-Identifier: MIT */
/*
 * Judges a person by root's rules. Every answer starts as "no", a missing rule stays "no", and all comparisons are byte
 * by byte, except that a mail domain may be written in any case. Facts are what was proved at a sign-in, nothing else.
 */
#include "helper/login/policy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "helper/base/json.h"
#include "helper/base/text.h"

#define EMAIL_MAX 254u
#define GROUP_MAX 256u
#define GROUPS_SCANNED_MAX 20000u
#define ADDRESS_MAX 63u

const struct access_policy *access_policy_for(const struct access_rules *r, const char *service)
{
	const struct access_policy *fallback = NULL;

	for (size_t i = 0; i < r->n_policies; i++) {
		const struct access_policy *p = &r->policies[i];

		if (!p->service)
			fallback = p;
		else if (service && strcmp(p->service, service) == 0)
			return p;
	}
	return fallback;
}

bool access_policy_could_allow(const struct access_policy *p, const char *name)
{
	if (p->everyone || text_in_list(p->users, name))
		return true;
	/* Who has these names is known when the token is there. */
	return (p->subjects && p->subjects[0]) || (p->domains && p->domains[0]) || (p->groups && p->groups[0]) ||
	       (p->provider_domains && p->provider_domains[0]) || (p->provider_groups && p->provider_groups[0]);
}

bool access_name_is_possible(const struct access_rules *r, const char *name)
{
	for (size_t i = 0; i < r->n_policies; i++)
		if (access_policy_could_allow(&r->policies[i], name))
			return true;
	return false;
}

bool access_has_pins(const struct access_rules *r)
{
	for (size_t i = 0; i < r->n_policies; i++)
		if (r->policies[i].offline_pin)
			return true;
	return false;
}

static bool has_prefix_bits(const uint8_t *address, const uint8_t *network, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	if (memcmp(address, network, whole) != 0)
		return false;
	return rest == 0 || ((address[whole] ^ network[whole]) >> (8 - rest)) == 0;
}

/* A literal address, never a host name; IPv4 in IPv6's clothes is IPv4, and a zone says nothing about the network. */
static int parse_address(const char *text, int *family, uint8_t address[16])
{
	char copy[ADDRESS_MAX + 1], *zone;
	size_t len = strnlen(text, sizeof(copy));
	struct in6_addr v6;

	if (len >= sizeof(copy))
		return -EINVAL;
	memcpy(copy, text, len + 1);
	memset(address, 0, 16);
	if (inet_pton(AF_INET, copy, address) == 1) {
		*family = AF_INET;
		return 0;
	}
	zone = strchr(copy, '%');
	if (zone)
		*zone = '\0';
	if (inet_pton(AF_INET6, copy, &v6) != 1)
		return -EINVAL;
	if (IN6_IS_ADDR_V4MAPPED(&v6)) {
		*family = AF_INET;
		memcpy(address, v6.s6_addr + 12, 4);
		return 0;
	}
	*family = AF_INET6;
	memcpy(address, v6.s6_addr, 16);
	return 0;
}

bool networks_have(const struct network *networks, size_t n_networks, const char *text)
{
	uint8_t address[16];
	int family;

	if (!text || parse_address(text, &family, address) < 0)
		return false;
	for (size_t i = 0; i < n_networks; i++) {
		const struct network *n = &networks[i];

		if (n->family == family && has_prefix_bits(address, n->address, n->prefix_len))
			return true;
	}
	return false;
}

bool access_may_start(const struct access_policy *p, const char *address, bool has_public_key)
{
	if (!p)
		return false;
	if (p->before_start_public_key && !has_public_key)
		return false;
	return !p->before_start_networks ||
	       networks_have(p->before_start_networks, p->n_before_start_networks, address);
}

/* VALUE of "PROVIDER:VALUE" for the people of that provider, or NULL. */
static const char *value_for(const char *word, const char *provider)
{
	size_t len = provider ? strlen(provider) : 0;

	return len > 0 && strncmp(word, provider, len) == 0 && word[len] == ':' ? word + len + 1 : NULL;
}

static bool has_subject(char *const *list, const char *provider, const char *subject)
{
	if (!subject || subject[0] == '\0')
		return false;
	for (; list && *list; list++) {
		const char *value = value_for(*list, provider);

		if (value && strcmp(value, subject) == 0)
			return true;
	}
	return false;
}

/* The part after the first '@', or NULL. In "a@evil.example"@good.example that is nobody's domain. */
static const char *domain_of(const char *email)
{
	const char *at = email ? strchr(email, '@') : NULL;

	return at && at != email ? at + 1 : NULL;
}

static bool has_domain(char *const *list, const char *email)
{
	const char *domain = domain_of(email);

	if (!list || !domain)
		return false;
	/* strcasecmp() folds by locale; the helper never leaves "C". */
	for (; *list; list++)
		if (strcasecmp(*list, domain) == 0)
			return true;
	return false;
}

static bool has_provider_domain(char *const *list, const char *provider, const char *email)
{
	const char *domain = domain_of(email);

	for (; list && domain && *list; list++) {
		const char *value = value_for(*list, provider);

		if (value && strcasecmp(value, domain) == 0)
			return true;
	}
	return false;
}

static bool has_provider_group(char *const *list, const char *provider, char *const *groups)
{
	for (; list && *list; list++) {
		const char *value = value_for(*list, provider);

		if (value && text_in_list(groups, value))
			return true;
	}
	return false;
}

/* Where a group of one provider is required the people of the others cannot have it. */
static bool has_all_provider_groups(char *const *list, const char *provider, char *const *groups)
{
	for (; list && *list; list++) {
		const char *value = value_for(*list, provider);

		if (!value || !text_in_list(groups, value))
			return false;
	}
	return true;
}

static bool has_group(char *const *list, char *const *groups)
{
	for (; list && groups && *groups; groups++)
		if (text_in_list(list, *groups))
			return true;
	return false;
}

static bool has_all_groups(char *const *list, char *const *groups)
{
	for (; list && *list; list++)
		if (!text_in_list(groups, *list))
			return false;
	return true;
}

bool access_allows(const struct access_policy *p, const struct access_person *person)
{
	if (!p || !has_all_groups(p->require_groups, person->groups) ||
	    !has_all_provider_groups(p->require_provider_groups, person->provider, person->groups))
		return false;
	return p->everyone || (person->name && text_in_list(p->users, person->name)) ||
	       has_subject(p->subjects, person->provider, person->subject) || has_domain(p->domains, person->email) ||
	       has_group(p->groups, person->groups) ||
	       has_provider_domain(p->provider_domains, person->provider, person->email) ||
	       has_provider_group(p->provider_groups, person->provider, person->groups);
}

int network_parse(struct network *ret, const char *text)
{
	struct network n = {.family = AF_INET};
	const char *slash = strchr(text, '/');
	char address[ADDRESS_MAX + 1];
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	uint64_t bits, width = 32;
	uint8_t zero[16] = {0};

	if (len > ADDRESS_MAX)
		return -EINVAL;
	memcpy(address, text, len);
	address[len] = '\0';
	if (inet_pton(AF_INET, address, n.address) != 1) {
		n.family = AF_INET6;
		width = 128;
		if (inet_pton(AF_INET6, address, n.address) != 1)
			return -EINVAL;
		/* Clients of this kind are seen as IPv4: the line would never match. */
		if (has_prefix_bits(n.address, (const uint8_t *)"\0\0\0\0\0\0\0\0\0\0\xff\xff", 96))
			return -EINVAL;
	}
	bits = width;
	if (slash && text_to_u64(&bits, slash + 1, width) < 0)
		return -EINVAL;
	n.prefix_len = (unsigned)bits;

	/* Bits behind the prefix are a slip of the pen, and which part was meant cannot be known. */
	memcpy(zero, n.address, 16);
	for (unsigned i = 0; i < n.prefix_len; i++)
		zero[i / 8] &= (uint8_t) ~(0x80u >> (i % 8));
	if (memcmp(zero, (uint8_t[16]){0}, sizeof(zero)) != 0)
		return -EINVAL;
	*ret = n;
	return 0;
}

static int put(struct json_object *o, const char *key, struct json_object *value)
{
	if (!value)
		return -ENOMEM;
	if (json_object_object_add(o, key, value) < 0) {
		json_object_put(value);
		return -ENOMEM;
	}
	return 0;
}

static bool is_printable(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text <= ' ' || *text == 0x7f)
			return false;
	return true;
}

static int put_email(struct json_object *facts, struct json_object *claims, bool needs_verification)
{
	bool verified = false;
	const char *email;
	int r;

	if (json_read_string(claims, "email", EMAIL_MAX, &email) != 0 || !is_printable(email))
		return 0;
	/* Only the boolean true is a proof, "true" is not; an explicit false is believed whatever the provider. */
	r = json_read_bool(claims, "email_verified", &verified);
	if (r == -ENOENT)
		verified = !needs_verification;
	else if (r < 0)
		verified = false;
	r = put(facts, "email", json_object_new_string(email));
	return r < 0 ? r : put(facts, "email_verified", json_object_new_boolean(verified));
}

static bool names_value(char *const *list, const char *value)
{
	for (; list && *list; list++) {
		const char *colon = strchr(*list, ':');

		if (colon && strcmp(colon + 1, value) == 0)
			return true;
	}
	return false;
}

/* A value that some section asks for: others are nobody's business and could be thousands. */
static bool is_wanted_group(const struct access_rules *r, const char *group)
{
	for (size_t i = 0; i < r->n_policies; i++) {
		const struct access_policy *p = &r->policies[i];

		if (text_in_list(p->groups, group) || text_in_list(p->require_groups, group) ||
		    names_value(p->provider_groups, group) || names_value(p->require_provider_groups, group))
			return true;
	}
	return r->groups && group_rules_want(r->groups, group);
}

static bool array_has(struct json_object *array, const char *text)
{
	for (size_t i = 0; i < json_object_array_length(array); i++)
		if (strcmp(json_object_get_string(json_object_array_get_idx(array, i)), text) == 0)
			return true;
	return false;
}

/* Some providers number their groups. A float is no number of a group: it would not come back digit by digit. */
static bool read_group(struct json_object *value, char text[GROUP_MAX + 1])
{
	size_t len;

	if (json_object_is_type(value, json_type_int)) {
		snprintf(text, GROUP_MAX + 1, "%" PRId64, json_object_get_int64(value));
		return true;
	}
	if (!json_object_is_type(value, json_type_string))
		return false;
	len = (size_t)json_object_get_string_len(value);
	if (len == 0 || len > GROUP_MAX || strlen(json_object_get_string(value)) != len)
		return false;
	memcpy(text, json_object_get_string(value), len + 1);
	return true;
}

static int add_group(struct json_object *groups, const struct access_rules *r, struct json_object *value)
{
	struct json_object *copy;
	char text[GROUP_MAX + 1];

	if (!read_group(value, text) || !is_wanted_group(r, text) || array_has(groups, text))
		return 0;
	copy = json_object_new_string(text);
	if (!copy)
		return -ENOMEM;
	if (json_object_array_add(groups, copy) < 0) {
		json_object_put(copy);
		return -ENOMEM;
	}
	return 0;
}

static struct json_object *find_claim(struct json_object *claims, const char *claim)
{
	struct json_object *value = NULL;

	if (claim[0] == '/')
		return json_pointer_get(claims, claim, &value) == 0 ? value : NULL;
	return json_object_object_get_ex(claims, claim, &value) ? value : NULL;
}

/* An array of texts and whole numbers, or one of these; a nested object or the "overage" link of some providers grants nothing. */
static int put_groups(struct json_object *facts, const struct access_rules *r, struct json_object *claims)
{
	struct json_object *claim = find_claim(claims, r->group_claim ? r->group_claim : "groups");
	struct json_object *groups = json_object_new_array();
	int err = put(facts, "groups", groups);

	if (err < 0)
		return err;
	if (!json_object_is_type(claim, json_type_array))
		return add_group(groups, r, claim);
	for (size_t i = 0; i < json_object_array_length(claim) && i < GROUPS_SCANNED_MAX; i++) {
		err = add_group(groups, r, json_object_array_get_idx(claim, i));
		if (err < 0)
			return err;
	}
	return 0;
}

const char *access_login_hint_claim(const struct provider_settings *s)
{
	const char *claim = s->login_hint_claim ? s->login_hint_claim : s->dialect->login_hint_claim;

	return claim && strcmp(claim, "sub") != 0 ? claim : NULL;
}

/* How the provider will have to be told who is meant, long after this token is gone. */
static int put_login_hint(struct json_object *facts, struct json_object *claims, const struct provider_settings *s)
{
	const char *claim = access_login_hint_claim(s);
	struct json_object *value = claim ? find_claim(claims, claim) : NULL;

	if (!json_object_is_type(value, json_type_string) || json_object_get_string_len(value) == 0 ||
	    (unsigned)json_object_get_string_len(value) > ACCESS_LOGIN_HINT_MAX ||
	    !is_printable(json_object_get_string(value)))
		return 0;
	return put(facts, "login_hint", json_object_get(value));
}

int access_facts(struct json_object **ret, const struct access_rules *r, struct json_object *claims,
		 const struct provider_settings *s)
{
	LK_CLEANUP(json_object_putp) struct json_object *facts = NULL;
	int err;

	if (!json_object_is_type(claims, json_type_object))
		return -EBADMSG;
	facts = json_object_new_object();
	if (!facts)
		return -ENOMEM;
	err = put_email(facts, claims, s->dialect->email_needs_verification);
	if (err == 0)
		err = put_groups(facts, r, claims);
	if (err == 0)
		err = put_login_hint(facts, claims, s);
	if (err < 0)
		return err;
	*ret = LK_STEAL(facts);
	return 0;
}

static int copy_groups(char ***ret, struct json_object *array)
{
	size_t n = array ? json_object_array_length(array) : 0;
	char **list = calloc(n + 1, sizeof(*list));

	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		struct json_object *value = json_object_array_get_idx(array, i);
		bool is_text = json_object_is_type(value, json_type_string);

		list[i] = is_text ? strdup(json_object_get_string(value)) : NULL;
		if (!list[i]) {
			text_free_list(list);
			return is_text ? -ENOMEM : -EBADMSG;
		}
	}
	*ret = list;
	return 0;
}

int access_person_from_facts(struct access_person *ret, struct json_object *facts, char ***ret_groups)
{
	struct json_object *array = NULL;
	const char *email = NULL;
	char **groups = NULL;
	bool verified = false;
	int r;

	if (!json_object_is_type(facts, json_type_object))
		return -EBADMSG;
	r = json_read_string(facts, "email", EMAIL_MAX, &email);
	if (r == 0)
		r = json_read_bool(facts, "email_verified", &verified);
	if (r < 0 && r != -ENOENT)
		return r;
	r = json_read_array(facts, "groups", GROUPS_SCANNED_MAX, &array);
	if (r < 0 && r != -ENOENT)
		return r;
	r = copy_groups(&groups, array);
	if (r < 0)
		return r;

	ret->email = verified ? email : NULL;
	ret->groups = groups;
	*ret_groups = groups;
	return 0;
}
