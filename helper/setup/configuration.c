/* SPDX-License-Identifier: MIT */
/* latchkey.conf from an administrator's answers. An answer is one value of one line, and nothing else can come of it. */
#include "helper/setup/configuration.h"

#include <stdio.h>
#include <string.h>

#include "helper/base/text.h"

#define VALUE_MAX 512u
#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyz0123456789-_"

static bool is_value(const char *text)
{
	size_t len = strlen(text);

	if (len == 0 || len > VALUE_MAX || text[0] == ' ' || text[len - 1] == ' ' || !text_is_utf8(text, len))
		return false;
	for (const char *p = text; *p != '\0'; p++) {
		if ((unsigned char)*p < ' ' || *p == '\x7f')
			return false;
	}
	return true;
}

static bool is_word(const char *text)
{
	return is_value(text) && strchr(text, ' ') == NULL;
}

static bool is_name(const char *text)
{
	size_t len = strlen(text);

	return len > 0 && len <= SETUP_PROVIDER_MAX && text[0] >= 'a' && text[0] <= 'z' &&
	       strspn(text, NAME_CHARACTERS) == len;
}

static const char *judge_values(const struct setup_options *o)
{
	if (o->issuer == NULL || !is_word(o->issuer))
		return "--issuer must be the provider's issuer, one URL";
	if (o->client_id == NULL || !is_word(o->client_id))
		return "--client-id must be the id of the client that is registered there, one word";
	if (o->users == NULL && o->groups == NULL && !o->everyone)
		return "who may log in? --groups with values of the provider's group claim, --users with account "
		       "names, or --everyone for whoever the provider lets approve";
	if ((o->users != NULL && !is_value(o->users)) || (o->groups != NULL && !is_value(o->groups)) ||
	    (o->domains != NULL && !is_value(o->domains)) || (o->scope != NULL && !is_value(o->scope)))
		return "a value is empty, too long, no UTF-8, or begins or ends with a blank";
	if (o->ca_file != NULL && (!is_word(o->ca_file) || o->ca_file[0] != '/'))
		return "--ca-file must be an absolute path";
	return NULL;
}

const char *configuration_judge(struct context *c)
{
	const struct setup_options *o = c->options;
	const char *fault = judge_values(o);
	const char *name;

	if (fault != NULL)
		return fault;
	c->kind = o->dialect != NULL ? provider_kind_find(o->dialect) : provider_kind_of(o->issuer);
	if (c->kind == NULL)
		return "--dialect must be one of those that latchkey.conf(5) names";
	name = o->provider != NULL ? o->provider : strcmp(c->kind->dialect, "generic") == 0 ? "main" : c->kind->dialect;
	if (!is_name(name))
		return "--provider must be a name of a-z, 0-9, '-' and '_' that begins with a letter";
	(void)snprintf(c->provider, sizeof(c->provider), "%s", name);
	if (o->secret_file != NULL)
		(void)snprintf(c->secret_path, sizeof(c->secret_path), "/etc/latchkey/%s.secret", name);
	return NULL;
}

/* People write lists with commas too. */
static void write_words(struct buf *out, const char *key, const char *words)
{
	if (words == NULL)
		return;
	buf_printf(out, "%s = ", key);
	for (const char *p = words; *p != '\0'; p++)
		buf_append(out, *p == ',' ? " " : p, 1);
	buf_append_text(out, "\n");
}

static void write_value(struct buf *out, const char *key, const char *value)
{
	if (value != NULL && value[0] != '\0')
		buf_printf(out, "%s = %s\n", key, value);
}

int configuration_write(struct buf *out, const struct context *c, const char *secret_path)
{
	const struct setup_options *o = c->options;

	buf_append_text(out,
			"# Written by \"latchkey setup\". Every other key, with its default, is in latchkey.conf(5). "
			"\"latchkeyd --check\"\n"
			"# judges a change, which counts from the next start of latchkeyd on.\n\n");
	/* Only to a provider on this very host, for trying it out. */
	if (text_has_prefix(o->issuer, "http://"))
		buf_append_text(out, "[latchkey]\n# For tests only.\nallow_insecure_loopback = yes\n\n");
	buf_printf(out, "[provider %s]\n", c->provider);
	write_value(out, "issuer", o->issuer);
	write_value(out, "dialect", c->kind->dialect);
	write_value(out, "client_id", o->client_id);
	write_value(out, "client_secret_file", secret_path);
	write_value(out, "scope", o->scope);
	write_value(out, "ca_file", o->ca_file);
	if (o->domains != NULL)
		buf_append_text(out, "# alice@example.com becomes alice; any other domain is refused.\n");
	write_words(out, "strip_domains", o->domains);
	buf_append_text(out, "\n# Who may log in: one grant that fits is enough.\n[access]\n");
	if (o->everyone)
		buf_append_text(out, "everyone = yes\n");
	write_words(out, "users", o->users);
	if (o->groups != NULL)
		buf_append_text(out, "# Values of the provider's group claim.\n");
	write_value(out, "groups", o->groups);
	return buf_fault(out);
}

bool configuration_has_keys(const char *text, size_t len)
{
	const char *end = text + len;

	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		const char *stop = newline != NULL ? newline : end;

		while (text < stop && (*text == ' ' || *text == '\t' || *text == '\r'))
			text++;
		if (text < stop && *text != '#' && *text != ';')
			return true;
		text = newline != NULL ? newline + 1 : end;
	}
	return false;
}
