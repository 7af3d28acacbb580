/* SPDX-License-Identifier: MIT */
/* Reads assert.conf. What names an audience stands in the section of one host, so that no other host gets it said. */
#include "helper/cli/assert_config.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/base/buf.h"
#include "helper/base/file.h"
#include "helper/base/ini.h"
#include "helper/base/text.h"

#define PATH_MAX_LEN 4096u
#define VALUE_MAX 2048u
#define HOST "host "

static const struct {
	const char *name;
	size_t offset;
	bool is_of_host; /* stands in a [host NAME] section alone */
} keys[] = {
	{"key", offsetof(struct assert_config, key), false},
	{"algorithm", offsetof(struct assert_config, algorithm), false},
	{"issuer", offsetof(struct assert_config, issuer), false},
	{"subject", offsetof(struct assert_config, subject), false},
	{"host", offsetof(struct assert_config, host), true},
	{"audience", offsetof(struct assert_config, audience), true},
	{"token_file", offsetof(struct assert_config, token_file), true},
};

#define N_KEYS (sizeof(keys) / sizeof(keys[0]))

struct reading {
	struct assert_config general;
	struct assert_config own;
	const char *host;
};

static char **place(struct assert_config *c, size_t i)
{
	return (char **)((void *)((char *)c + keys[i].offset));
}

/* A second [host] section for the same name goes on with the first. */
static int take(void *userdata, const char *section, const char *key, const char *value, char *why, size_t why_size)
{
	struct reading *r = userdata;
	bool is_host = text_has_prefix(section, HOST);
	struct assert_config *into = &r->general;
	size_t i = 0;

	while (i < N_KEYS && strcmp(keys[i].name, key) != 0)
		i++;
	if (!is_host && strcmp(section, "assert") != 0)
		(void)snprintf(why, why_size, "unknown section [%.64s]", section);
	else if (i == N_KEYS)
		(void)snprintf(why, why_size, "unknown key '%.64s'", key);
	else if (keys[i].is_of_host && !is_host)
		(void)snprintf(why, why_size, "%s belongs into a [host NAME] section: it is for that host alone", key);
	else if (value[0] == '\0' || strlen(value) > VALUE_MAX)
		(void)snprintf(why, why_size, "%s is empty or too long", key);
	else if (is_host && (r->host == NULL || strcmp(section + strlen(HOST), r->host) != 0))
		return 0;
	else {
		if (is_host)
			into = &r->own;
		if (*place(into, i) == NULL)
			return text_copy(place(into, i), value);
		(void)snprintf(why, why_size, "%s stands there twice", key);
	}
	return -EINVAL;
}

void assert_config_done(struct assert_config *c)
{
	for (size_t i = 0; i < N_KEYS; i++)
		free(*place(c, i));
	memset(c, 0, sizeof(*c));
}

int assert_config_parse(struct assert_config *ret, const char *name, const char *text, size_t len, const char *host,
			char *why)
{
	struct reading r = {.host = host};
	struct ini_fault fault = {.text = ""};
	int result = ini_read_text(name, text, len, take, &r, &fault);

	for (size_t i = 0; i < N_KEYS; i++)
		if (*place(&r.own, i) == NULL)
			*place(&r.own, i) = LK_STEAL(*place(&r.general, i));
	assert_config_done(&r.general);
	*ret = r.own;
	if (result < 0)
		(void)snprintf(why, ASSERT_WHY_MAX, "%s", fault.text);
	else if (ret->token_file != NULL && ret->token_file[0] != '/')
		result = -EINVAL, (void)snprintf(why, ASSERT_WHY_MAX, "%s: token_file must be an absolute path", name);
	return result;
}

static int find(char path[PATH_MAX_LEN], bool *ret_is_named)
{
	const char *named = getenv("LATCHKEY_ASSERT_CONFIG");
	const char *folder = getenv("XDG_CONFIG_HOME");
	const char *home = getenv("HOME");
	int n;

	*ret_is_named = named != NULL && named[0] != '\0';
	if (*ret_is_named)
		n = snprintf(path, PATH_MAX_LEN, "%s", named);
	else if (folder != NULL && folder[0] == '/')
		n = snprintf(path, PATH_MAX_LEN, "%s/latchkey/assert.conf", folder);
	else if (home != NULL && home[0] == '/')
		n = snprintf(path, PATH_MAX_LEN, "%s/.config/latchkey/assert.conf", home);
	else
		return -ENOENT;
	return n < 0 || (size_t)n >= PATH_MAX_LEN ? -ENAMETOOLONG : 0;
}

/* What the environment says goes before the file. */
static int add_environment(struct assert_config *c)
{
	const char *key = getenv("LATCHKEY_ASSERT_KEY");

	if (key == NULL || key[0] == '\0')
		return 0;
	free(c->key);
	return text_copy(&c->key, key);
}

int assert_config_read(struct assert_config *ret, const char *path, const char *host, char *why)
{
	LK_CLEANUP(buf_done) struct buf text = {0};
	char found[PATH_MAX_LEN];
	bool is_named = path != NULL;
	int r = 0;

	memset(ret, 0, sizeof(*ret));
	if (path == NULL) {
		r = find(found, &is_named);
		path = found;
	}
	if (r == 0)
		r = file_read(&text, path, FILE_OWNER_ROOT_OR_SELF, FILE_READABLE, ASSERT_CONFIG_MAX);
	if (r == -ENOENT && !is_named)
		return add_environment(ret);
	if (r < 0) {
		(void)snprintf(why, ASSERT_WHY_MAX, "%.500s: %s", path,
			       r == -EPERM ? "others can write to it, or it is somebody else's" : strerror(-r));
		return r == -ENOMEM ? r : -EINVAL;
	}
	r = assert_config_parse(ret, path, text.data != NULL ? text.data : "", text.len, host, why);
	return r < 0 ? r : add_environment(ret);
}
