/* SPDX-License-Identifier: MIT */
/*
 * Judges and cleans text that came from elsewhere before it reaches a terminal, a log or a comparison. Must never
 * depend on the process's locale: the same bytes give the same answer inside sshd and inside latchkeyd.
 */
#include "helper/base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ELLIPSIS "..."

/* Length of the well-formed UTF-8 sequence at @p (Unicode table 3-7), 0 if there is none. */
static size_t utf8_decode(const unsigned char *p, size_t len, uint32_t *ret)
{
	static const uint32_t lowest[] = {0, 0, 0x80, 0x800, 0x10000};
	uint32_t code;
	size_t n;

	if (p[0] < 0x80) {
		*ret = p[0];
		return 1;
	}

	if ((p[0] & 0xE0u) == 0xC0u)
		n = 2;
	else if ((p[0] & 0xF0u) == 0xE0u)
		n = 3;
	else if ((p[0] & 0xF8u) == 0xF0u)
		n = 4;
	else
		return 0;
	if (n > len)
		return 0;

	code = p[0] & (0x7Fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xC0u) != 0x80u)
			return 0;
		code = code << 6 | (p[i] & 0x3Fu);
	}
	if (code < lowest[n] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
		return 0;

	*ret = code;
	return n;
}

bool text_is_utf8(const char *text, size_t len)
{
	const unsigned char *p = (const unsigned char *)text;
	uint32_t code;

	for (size_t i = 0, n; i < len; i += n) {
		n = utf8_decode(p + i, len - i, &code);
		if (n == 0)
			return false;
	}
	return true;
}

/* What a reader cannot see, or what moves other characters about: category Cc, Cf, Co, Zl, Zp, noncharacters and the
 * blank letters that Unicode lists as default-ignorable. */
static const struct {
	uint32_t first, last;
} hidden[] = {
	{0x0000, 0x001F},    {0x007F, 0x009F},   {0x00AD, 0x00AD},   {0x034F, 0x034F},   {0x0600, 0x0605},
	{0x061C, 0x061C},    {0x06DD, 0x06DD},   {0x070F, 0x070F},   {0x0890, 0x0891},   {0x08E2, 0x08E2},
	{0x115F, 0x1160},    {0x17B4, 0x17B5},   {0x180B, 0x180F},   {0x200B, 0x200F},   {0x2028, 0x202E},
	{0x2060, 0x206F},    {0x2800, 0x2800},   {0x3164, 0x3164},   {0xE000, 0xF8FF},   {0xFDD0, 0xFDEF},
	{0xFE00, 0xFE0F},    {0xFEFF, 0xFEFF},   {0xFFA0, 0xFFA0},   {0xFFF0, 0xFFFB},   {0x110BD, 0x110BD},
	{0x110CD, 0x110CD},  {0x13430, 0x1345F}, {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF},
	{0xF0000, 0x10FFFF},
};

static bool is_hidden(uint32_t code)
{
	if ((code & 0xFFFEu) == 0xFFFEu)
		return true;
	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++) {
		if (code >= hidden[i].first && code <= hidden[i].last)
			return true;
	}
	return false;
}

/* Bytes at @p that may be shown as they are; 0 means one '?' for the *@ret_skip bytes there. */
static size_t presentable(const unsigned char *p, size_t len, bool utf8, size_t *ret_skip)
{
	uint32_t code;
	size_t n;

	n = utf8_decode(p, len, &code);
	*ret_skip = n > 0 ? n : 1;
	if (n == 0 || is_hidden(code) || (n > 1 && !utf8))
		return 0;
	return n;
}

void text_sanitise(char *out, size_t size, const char *text, size_t len, bool utf8)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t used = 0, safe = 0;

	if (!text)
		len = 0;

	for (size_t i = 0, skip; i < len; i += skip) {
		size_t n = presentable(p + i, len - i, utf8, &skip);
		size_t needed = n > 0 ? n : 1;

		if (used + needed >= size) {
			memcpy(out + safe, ELLIPSIS, sizeof(ELLIPSIS));
			return;
		}
		if (n > 0)
			memcpy(out + used, p + i, n);
		else
			out[used] = '?';
		used += needed;
		if (used + sizeof(ELLIPSIS) <= size)
			safe = used;
	}
	out[used] = '\0';
}

int text_to_u64(uint64_t *ret, const char *text, uint64_t max)
{
	uint64_t value = 0;
	bool is_over = false;

	if (!text || text[0] == '\0' || (text[0] == '0' && text[1] != '\0'))
		return -EINVAL;

	for (const char *p = text; *p; p++) {
		uint64_t digit;

		if (*p < '0' || *p > '9')
			return -EINVAL;
		digit = (uint64_t)(*p - '0');
		if (value > (UINT64_MAX - digit) / 10)
			is_over = true;
		else
			value = value * 10 + digit;
	}
	if (is_over || value > max)
		return -ERANGE;

	*ret = value;
	return 0;
}

bool text_has_prefix(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool text_has_suffix(const char *text, const char *suffix)
{
	size_t len = strlen(text), suffix_len = strlen(suffix);

	return len >= suffix_len && strcmp(text + len - suffix_len, suffix) == 0;
}

bool text_in_list(char *const *list, const char *text)
{
	for (; list && *list; list++) {
		if (strcmp(*list, text) == 0)
			return true;
	}
	return false;
}

int text_copy(char **ret, const char *text)
{
	*ret = text != NULL ? strdup(text) : NULL;
	return *ret != NULL || text == NULL ? 0 : -ENOMEM;
}

void text_free_list(char **list)
{
	for (char **p = list; p && *p; p++)
		free(*p);
	free(list);
}

static size_t count_words(const char *text)
{
	size_t n = 0;

	for (text += strspn(text, " \t"); *text; text += strspn(text, " \t")) {
		text += strcspn(text, " \t");
		n++;
	}
	return n;
}

int text_split(char ***ret, const char *text, size_t max_words)
{
	size_t n = count_words(text);
	char **list;

	if (n > max_words)
		return -E2BIG;

	list = calloc(n + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;

	for (size_t i = 0; i < n; i++) {
		size_t len;

		text += strspn(text, " \t");
		len = strcspn(text, " \t");
		list[i] = strndup(text, len);
		if (!list[i]) {
			text_free_list(list);
			return -ENOMEM;
		}
		text += len;
	}
	*ret = list;
	return 0;
}
