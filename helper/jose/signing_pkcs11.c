/* SPDX-License-Identifier: MIT */
/*
 * Keys in a PKCS#11 token, named by a URI of RFC 7512. OpenSSL reaches them by a provider, or where a distribution has none
 * yet by the engine of libp11. "module-path" is read here, since the engine does not know it.
 */
#define OPENSSL_SUPPRESS_DEPRECATED /* engines, where there is no provider */
#include "helper/jose/signing_device.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <openssl/crypto.h>
#ifndef OPENSSL_NO_ENGINE
#include <openssl/engine.h>
#endif

#include "helper/base/file.h"
#include "helper/base/secret.h"
#include "helper/base/text.h"
#include "helper/jose/signing_key.h"

#define PROVIDER "pkcs11"
#define PIN_SIZE 257u

static int hex(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c != '\0' ? strchr(digits, c | ('A' <= c && c <= 'F' ? 0x20 : 0)) : NULL;

	return at != NULL ? (int)(at - digits) : -1;
}

/* An attribute of the query. Return: 0, -ENOENT, -EINVAL too long or badly escaped. */
static int read_attribute(char *out, size_t size, const char *uri, const char *name)
{
	const char *p = strchr(uri, '?');
	size_t len = strlen(name), n = 0;

	while (p != NULL && (strncmp(p + 1, name, len) != 0 || p[1 + len] != '='))
		p = strchr(p + 1, '&');
	if (p == NULL)
		return -ENOENT;
	for (p += len + 2; *p != '\0' && *p != '&'; p++) {
		char c = *p;

		if (c == '%') {
			int high = hex(p[1]), low = high < 0 ? -1 : hex(p[2]);

			if (low < 0 || high * 16 + low == 0)
				return -EINVAL;
			c = (char)(high * 16 + low);
			p += 2;
		}
		if (n + 1 >= size)
			return -EINVAL;
		out[n++] = c;
	}
	out[n] = '\0';
	return 0;
}

/* From "pin-value", or from the file of "pin-source": a secret as the key would be. Return: 0, -ENOENT the URI has none,
 * SIGNING_SOURCE, SIGNING_PIN_FILE, -ENOMEM. */
static int read_pin(char pin[PIN_SIZE], const char *uri)
{
	LK_CLEANUP(buf_done) struct buf text = {.max = 0};
	char path[PATH_MAX];
	const char *file = path;
	int r = read_attribute(pin, PIN_SIZE, uri, "pin-value");

	if (r == -ENOENT)
		r = read_attribute(path, sizeof(path), uri, "pin-source");
	else
		return r < 0 ? SIGNING_SOURCE : 0;
	if (r < 0)
		return r == -ENOENT ? r : SIGNING_SOURCE;
	if (text_has_prefix(file, "file://"))
		file += 7;
	else if (text_has_prefix(file, "file:"))
		file += 5;
	if (file[0] != '/')
		return SIGNING_SOURCE;
	r = file_read(&text, file, FILE_OWNER_ROOT_OR_SELF, FILE_SOLE, PIN_SIZE - 1);
	if (r < 0)
		return r == -ENOMEM ? r : SIGNING_PIN_FILE;
	if (text.len > 0 && text.data[text.len - 1] == '\n')
		text.len--;
	memcpy(pin, text.len > 0 ? text.data : "", text.len);
	pin[text.len] = '\0';
	return 0;
}

#ifndef OPENSSL_NO_ENGINE
static int load(EVP_PKEY **ret, ENGINE *engine, const char *uri)
{
	if (ENGINE_init(engine) != 1)
		return SIGNING_NO_DEVICE;
	/* Nobody is there to type a PIN. The engine does not write to it. */
	*ret = ENGINE_load_private_key(engine, uri, (UI_METHOD *)(uintptr_t)UI_null(), NULL);
	(void)ENGINE_finish(engine); /* the key keeps it */
	return *ret != NULL ? 0 : SIGNING_NO_DEVICE;
}

/* It prints what it was asked for where it fails, so the PIN must not be in what it is asked. */
static int prepare(ENGINE *engine, const char *uri, const char *pin)
{
	char module[PATH_MAX];
	int r = read_attribute(module, sizeof(module), uri, "module-path");

	if (r == -EINVAL)
		return SIGNING_SOURCE;
	(void)ENGINE_ctrl_cmd_string(engine, "QUIET", NULL, 1);
	if ((r == 0 && ENGINE_ctrl_cmd_string(engine, "MODULE_PATH", module, 0) != 1) ||
	    (pin != NULL && ENGINE_ctrl_cmd_string(engine, "PIN", pin, 0) != 1))
		return SIGNING_NO_DEVICE;
	return 0;
}

static int open_by_engine(EVP_PKEY **ret, const char *uri)
{
	LK_CLEANUP(secret_free_stringp) char *path = strndup(uri, strcspn(uri, "?"));
	char pin[PIN_SIZE];
	int r = read_pin(pin, uri);
	bool has_pin = r == 0;
	ENGINE *engine = NULL;

	if (path == NULL)
		r = -ENOMEM;
	if (r == 0 || r == -ENOENT) {
		engine = ENGINE_by_id(PROVIDER);
		r = engine != NULL ? prepare(engine, uri, has_pin ? pin : NULL) : SIGNING_NO_DRIVER;
	}
	if (r == 0)
		r = load(ret, engine, path);
	ENGINE_free(engine);
	secret_wipe(pin, sizeof(pin));
	return r;
}
#else
static int open_by_engine(EVP_PKEY **ret, const char *uri)
{
	(void)ret;
	(void)uri;
	return SIGNING_NO_DRIVER;
}
#endif

int signing_pkcs11_open(EVP_PKEY **ret, OSSL_LIB_CTX **ret_library, const char *uri)
{
	char pin[PIN_SIZE];
	int r = read_pin(pin, uri); /* judged here; the provider reads it again */

	secret_wipe(pin, sizeof(pin));
	if (r != 0 && r != -ENOENT)
		return r;
	r = signing_provider_load(ret_library, PROVIDER);
	if (r == 0)
		return signing_store_read(
			ret, OSSL_STORE_open_ex(uri, *ret_library, NULL, UI_null(), NULL, NULL, NULL, NULL));
	return r == SIGNING_NO_DRIVER ? open_by_engine(ret, uri) : r;
}
