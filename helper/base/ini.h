/* SPDX-License-Identifier: MIT */
#pragma once

#include <stddef.h>

/* Reads INI text through libinih, holding on to file and line for messages. Root's configuration is read by two
 * programs (latchkeyd all of it, latchkey-root its own part), so the reading lives here and the meaning there. */

#define INI_FAULT_MAX 512u

/* Where and why; a complete English sentence part: "/etc/latchkey/latchkey.conf:12: unknown key 'issuerr' in [provider x]" */
struct ini_fault {
	char text[INI_FAULT_MAX];
};

/**
 * Called for each key. @why takes a reason without file and line (snprintf into @why_size bytes) when the key is
 * refused. Return 0 to go on, -EINVAL to refuse, other negative errno for a system failure.
 */
typedef int (*ini_key_fn)(void *userdata, const char *section, const char *key, const char *value, char *why,
			  size_t why_size);

/**
 * ini_read_tree() - read FILE, then all conf files of the folder FILE.d in byte order of the names
 * @path: absolute, for example "/etc/latchkey/latchkey.conf"
 *
 * Every file and the folder must belong to root and be writable by root only (threats L16); links are refused.
 * A line too long for libinih, text outside a section, a key without '=', bytes that are not UTF-8 and NUL are
 * faults. Reading stops at the first fault.
 *
 * Return: 0, -EINVAL with @fault filled, -ENOENT when @path itself is missing (fault filled), other negative errno
 * (fault filled).
 */
int ini_read_tree(const char *path, ini_key_fn on_key, void *userdata, struct ini_fault *fault);

/**
 * ini_read_text() - the same for text in memory; @name stands for the file in faults
 */
int ini_read_text(const char *name, const char *text, size_t len, ini_key_fn on_key, void *userdata,
		  struct ini_fault *fault);
