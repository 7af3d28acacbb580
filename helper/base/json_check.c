/* SPDX-License-Identifier: MIT */
/*
 * The strict gate in front of json-c: one pass over the text that accepts RFC 8259 and no more, so that two readers can
 * never see two different messages in one text. Recursion is bounded by JSON_MAX_DEPTH, work by O(n log n). Must never
 * accept what json-c would read differently.
 */
#include "helper/base/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "helper/base/text.h"

/* Numbers from 1e308 on are refused: the largest double is 1.797...e308, and nobody's protocol needs the gap. */
#define MAX_EXPONENT 308
#define EXPONENT_LIMIT 1000000L

struct name {
	const char *text;
	size_t len;
};

struct check {
	const char *p, *end;
	unsigned int depth;
	/* Names of the objects that are open, outermost first; each object sorts and drops its own when it closes. */
	struct name *names;
	size_t n_names, names_capacity;
	/* Names written with escapes, decoded. Never longer than the text, so allocated once. */
	char *arena;
	size_t arena_used, arena_size;
};

static int check_value(struct check *c);

static void skip_blank(struct check *c)
{
	while (c->p < c->end && (*c->p == ' ' || *c->p == '\t' || *c->p == '\n' || *c->p == '\r'))
		c->p++;
}

static bool take(struct check *c, char wanted)
{
	if (c->p == c->end || *c->p != wanted)
		return false;
	c->p++;
	return true;
}

static bool at_digit(const struct check *c)
{
	return c->p < c->end && *c->p >= '0' && *c->p <= '9';
}

static int hex_value(char ch)
{
	if (ch >= '0' && ch <= '9')
		return ch - '0';
	if (ch >= 'a' && ch <= 'f')
		return ch - 'a' + 10;
	if (ch >= 'A' && ch <= 'F')
		return ch - 'A' + 10;
	return -EBADMSG;
}

/* The four digits of \uXXXX. */
static int check_hex4(struct check *c, uint32_t *ret)
{
	uint32_t code = 0;

	if (c->end - c->p < 4)
		return -EBADMSG;
	for (int i = 0; i < 4; i++) {
		int digit = hex_value(*c->p++);

		if (digit < 0)
			return digit;
		code = code << 4 | (uint32_t)digit;
	}
	*ret = code;
	return 0;
}

static bool is_surrogate(uint32_t code, uint32_t first)
{
	return code >= first && code < first + 0x400u;
}

static int check_unicode_escape(struct check *c, uint32_t *ret)
{
	uint32_t code, low;
	int r;

	r = check_hex4(c, &code);
	if (r < 0)
		return r;
	if (code == 0 || is_surrogate(code, 0xDC00))
		return -EBADMSG;

	if (is_surrogate(code, 0xD800)) {
		if (!take(c, '\\') || !take(c, 'u'))
			return -EBADMSG;
		r = check_hex4(c, &low);
		if (r < 0)
			return r;
		if (!is_surrogate(low, 0xDC00))
			return -EBADMSG;
		code = 0x10000u + ((code - 0xD800u) << 10) + (low - 0xDC00u);
	}
	*ret = code;
	return 0;
}

/* After the backslash. */
static int check_escape(struct check *c, uint32_t *ret)
{
	static const char written[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
	const char *found;

	if (take(c, 'u'))
		return check_unicode_escape(c, ret);
	if (c->p == c->end || *c->p == '\0')
		return -EBADMSG;

	found = strchr(written, *c->p);
	if (!found)
		return -EBADMSG;
	c->p++;
	*ret = (uint32_t)meant[found - written];
	return 0;
}

static size_t utf8_encode(char *out, uint32_t code)
{
	size_t n = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
	static const unsigned char lead[] = {0, 0x00, 0xC0, 0xE0, 0xF0};

	for (size_t i = n - 1; i > 0; i--) {
		out[i] = (char)(0x80u | (code & 0x3Fu));
		code >>= 6;
	}
	out[0] = (char)(lead[n] | code);
	return n;
}

/* A string from its opening quote on. @ret_escaped says whether its meaning differs from its bytes. */
static int check_string(struct check *c, bool *ret_escaped)
{
	*ret_escaped = false;
	if (!take(c, '"'))
		return -EBADMSG;

	while (c->p < c->end) {
		unsigned char ch = (unsigned char)*c->p++;
		uint32_t code;
		int r;

		if (ch == '"')
			return 0;
		if (ch < 0x20)
			return -EBADMSG;
		if (ch != '\\')
			continue;
		*ret_escaped = true;
		r = check_escape(c, &code);
		if (r < 0)
			return r;
	}
	return -EBADMSG;
}

/* Decodes a string that check_string() has accepted. */
static int decode_name(struct check *c, struct name *ret, const char *text, size_t len)
{
	struct check inner = {.p = text, .end = text + len};
	char *start;

	if (!c->arena) {
		c->arena = malloc(c->arena_size);
		if (!c->arena)
			return -ENOMEM;
	}

	start = c->arena + c->arena_used;
	while (inner.p < inner.end) {
		uint32_t code;

		if (*inner.p != '\\') {
			c->arena[c->arena_used++] = *inner.p++;
			continue;
		}
		inner.p++;
		if (check_escape(&inner, &code) < 0)
			return -EBADMSG;
		c->arena_used += utf8_encode(c->arena + c->arena_used, code);
	}
	*ret = (struct name){.text = start, .len = (size_t)(c->arena + c->arena_used - start)};
	return 0;
}

static int push_name(struct check *c, struct name name)
{
	if (c->n_names == c->names_capacity) {
		size_t capacity = c->names_capacity > 0 ? c->names_capacity * 2 : 16;
		struct name *names = reallocarray(c->names, capacity, sizeof(*names));

		if (!names)
			return -ENOMEM;
		c->names = names;
		c->names_capacity = capacity;
	}
	c->names[c->n_names++] = name;
	return 0;
}

static int check_name(struct check *c)
{
	const char *start = c->p + 1;
	struct name name;
	bool is_escaped;
	int r;

	r = check_string(c, &is_escaped);
	if (r < 0)
		return r;

	name = (struct name){.text = start, .len = (size_t)(c->p - 1 - start)};
	if (is_escaped) {
		r = decode_name(c, &name, name.text, name.len);
		if (r < 0)
			return r;
	}
	return push_name(c, name);
}

static int compare_names(const void *a, const void *b)
{
	const struct name *x = a, *y = b;

	if (x->len != y->len)
		return x->len < y->len ? -1 : 1;
	return memcmp(x->text, y->text, x->len);
}

/* Sorts and drops the names from @first on. */
static int close_names(struct check *c, size_t first)
{
	struct name *names;
	size_t n = c->n_names - first;

	c->n_names = first;
	if (n < 2)
		return 0;

	names = c->names + first; /* not before: without any name yet there is no array to point into */
	qsort(names, n, sizeof(*names), compare_names);
	for (size_t i = 1; i < n; i++) {
		if (compare_names(&names[i - 1], &names[i]) == 0)
			return -EBADMSG;
	}
	return 0;
}

static int check_member(struct check *c)
{
	int r;

	skip_blank(c);
	r = check_name(c);
	if (r < 0)
		return r;
	skip_blank(c);
	if (!take(c, ':'))
		return -EBADMSG;
	return check_value(c);
}

/* The items of an array or object, from behind its opening bracket to behind its closing one. */
static int check_items(struct check *c, char closing, int (*check_item)(struct check *c))
{
	int r;

	skip_blank(c);
	if (take(c, closing))
		return 0;

	do {
		r = check_item(c);
		if (r < 0)
			return r;
		skip_blank(c);
	} while (take(c, ','));

	return take(c, closing) ? 0 : -EBADMSG;
}

static int check_object(struct check *c)
{
	size_t first = c->n_names;
	int r;

	r = check_items(c, '}', check_member);
	return r < 0 ? r : close_names(c, first);
}

static int check_nested(struct check *c)
{
	bool is_object = *c->p == '{';
	int r;

	if (c->depth == JSON_MAX_DEPTH)
		return -EBADMSG;

	c->depth++;
	c->p++;
	r = is_object ? check_object(c) : check_items(c, ']', check_value);
	c->depth--;
	return r;
}

static int check_integer_range(const char *digits, size_t len, bool is_negative)
{
	static const char least[] = "9223372036854775808", most[] = "9223372036854775807";

	if (len != sizeof(most) - 1)
		return len < sizeof(most) - 1 ? 0 : -EBADMSG;
	return memcmp(digits, is_negative ? least : most, len) <= 0 ? 0 : -EBADMSG;
}

static int check_exponent(struct check *c, long *ret)
{
	bool is_negative;
	long exponent = 0;

	is_negative = take(c, '-');
	if (!is_negative)
		(void)take(c, '+');
	if (!at_digit(c))
		return -EBADMSG;

	for (; at_digit(c); c->p++) {
		if (exponent < EXPONENT_LIMIT)
			exponent = exponent * 10 + (*c->p - '0');
	}
	*ret = is_negative ? -exponent : exponent;
	return 0;
}

static bool is_zero(const char *digits, const char *end)
{
	for (; digits < end; digits++) {
		if (*digits != '0' && *digits != '.')
			return false;
	}
	return true;
}

static int check_number(struct check *c)
{
	const char *digits, *whole_end, *digits_end;
	bool is_negative = take(c, '-');
	long exponent = 0;
	int r;

	digits = c->p;
	if (!at_digit(c))
		return -EBADMSG;
	while (at_digit(c))
		c->p++;
	if (*digits == '0' && c->p - digits > 1)
		return -EBADMSG;
	whole_end = c->p;

	if (take(c, '.')) {
		if (!at_digit(c))
			return -EBADMSG;
		while (at_digit(c))
			c->p++;
	}
	digits_end = c->p;

	if (take(c, 'e') || take(c, 'E')) {
		r = check_exponent(c, &exponent);
		if (r < 0)
			return r;
	}
	if (c->p == whole_end)
		return check_integer_range(digits, (size_t)(whole_end - digits), is_negative);

	/* Written by hand, since strtod() follows the caller's locale. A leading "0." counts as one digit too many,
	 * which only makes the limit stricter. */
	if (exponent + (whole_end - digits) > MAX_EXPONENT && !is_zero(digits, digits_end))
		return -EBADMSG;
	return 0;
}

static int check_word(struct check *c, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(c->end - c->p) < len || memcmp(c->p, word, len) != 0)
		return -EBADMSG;
	c->p += len;
	return 0;
}

static int check_value(struct check *c)
{
	bool is_escaped;

	skip_blank(c);
	if (c->p == c->end)
		return -EBADMSG;

	switch (*c->p) {
	case '{':
	case '[':
		return check_nested(c);
	case '"':
		return check_string(c, &is_escaped);
	case 't':
		return check_word(c, "true");
	case 'f':
		return check_word(c, "false");
	case 'n':
		return check_word(c, "null");
	default:
		return check_number(c);
	}
}

int json_check(const char *text, size_t len)
{
	struct check c = {.p = text, .end = text + len, .arena_size = len};
	int r;

	if (len > JSON_MAX_BYTES)
		return -E2BIG;
	if (len == 0 || !text_is_utf8(text, len))
		return -EBADMSG;

	r = check_value(&c);
	if (r == 0) {
		skip_blank(&c);
		r = c.p == c.end ? 0 : -EBADMSG;
	}
	free(c.names);
	free(c.arena);
	return r;
}
