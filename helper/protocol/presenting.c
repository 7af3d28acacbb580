/* SPDX-License-Identifier: MIT */
/*
 * Questions for assertions, and answers in parts. A part says "K/N:" before its bytes, and ':' is in no token, so that nothing
 * that is whole can be taken for a part. Order and number are exact: a part that was lost, doubled or swapped is a refusal.
 */
#include "helper/protocol/presenting.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "helper/base/text.h"

#define OPENING "Latchkey: signed assertion for "
#define BEFORE_HOST " on "
#define BEFORE_NONCE ", nonce "
#define BEFORE_PART " (part "
#define PART_HEAD_MAX 6u /* "12/20:" */
#define PART_BODY (PRESENTED_PART_MAX - PART_HEAD_MAX)

static bool is_letter_or_digit(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool presented_is_plain(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!is_letter_or_digit(text[i]) && (text[i] == '\0' || !strchr("-._~+/=!", text[i])))
			return false;
	return len > 0;
}

int presenting_question_write(char *out, const struct presenting_question *q)
{
	int n = snprintf(out, PRESENTING_TEXT_MAX, OPENING "%s" BEFORE_HOST "%s" BEFORE_NONCE "%s" BEFORE_PART "%u)",
			 q->account, q->host, q->nonce, q->part);

	return n < 0 || (size_t)n >= PRESENTING_TEXT_MAX ? -EMSGSIZE : 0;
}

static int copy(char *out, size_t size, const char *text, size_t len)
{
	if (len == 0 || len >= size)
		return -EBADMSG;
	memcpy(out, text, len);
	out[len] = '\0';
	return 0;
}

/* From the end: a host may be called anything, and nonce and number have one form only. */
static int read_end(struct presenting_question *q, char *text)
{
	size_t len = strlen(text);
	uint64_t part;
	char *at;

	while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == ':'))
		text[--len] = '\0';
	if (len == 0 || text[len - 1] != ')')
		return -EBADMSG;
	text[len - 1] = '\0';
	at = strrchr(text, '(');
	if (!at || at == text || !text_has_prefix(--at, BEFORE_PART) ||
	    text_to_u64(&part, at + strlen(BEFORE_PART), PRESENTED_PARTS_MAX) < 0 || part == 0)
		return -EBADMSG;
	q->part = (unsigned)part;
	*at = '\0';

	len = strlen(text);
	if (len < PRESENTED_NONCE_LEN + strlen(BEFORE_NONCE))
		return -EBADMSG;
	at = text + len - PRESENTED_NONCE_LEN;
	for (size_t i = 0; i < PRESENTED_NONCE_LEN; i++)
		if (!is_letter_or_digit(at[i]) && at[i] != '-' && at[i] != '_')
			return -EBADMSG;
	memcpy(q->nonce, at, PRESENTED_NONCE_LEN + 1);
	at -= strlen(BEFORE_NONCE);
	if (!text_has_prefix(at, BEFORE_NONCE))
		return -EBADMSG;
	*at = '\0';
	return 0;
}

int presenting_question_read(struct presenting_question *ret, const char *text)
{
	struct presenting_question q = {.part = 0};
	char copied[PRESENTING_TEXT_MAX + 8];
	const char *account, *host;

	for (const char *c = text; *c; c++)
		if (*c < ' ' || *c > '~')
			return -EBADMSG;
	if (copy(copied, sizeof(copied), text, strlen(text)) < 0 || !text_has_prefix(copied, OPENING) ||
	    read_end(&q, copied) < 0)
		return -EBADMSG;
	account = copied + strlen(OPENING);
	host = strstr(account, BEFORE_HOST);
	if (!host || copy(q.account, sizeof(q.account), account, (size_t)(host - account)) < 0)
		return -EBADMSG;
	host += strlen(BEFORE_HOST);
	if (copy(q.host, sizeof(q.host), host, strlen(host)) < 0)
		return -EBADMSG;
	*ret = q;
	return 0;
}

unsigned presented_part_count(size_t len)
{
	size_t n = len <= PRESENTED_PART_MAX ? 1 : (len + PART_BODY - 1) / PART_BODY;

	return len > 0 && len <= PRESENTED_MAX && n <= PRESENTED_PARTS_MAX ? (unsigned)n : 0;
}

int presented_part_write(struct buf *out, const char *text, size_t len, unsigned part)
{
	unsigned n = presented_part_count(len);
	size_t from = (size_t)(part - 1) * PART_BODY;

	if (part == 0 || part > n)
		return -EINVAL;
	if (n == 1) {
		buf_append(out, text, len);
	} else {
		buf_printf(out, "%u/%u:", part, n);
		buf_append(out, text + from, len - from < PART_BODY ? len - from : PART_BODY);
	}
	return buf_fault(out);
}

/* Return: false, it is no part. */
static bool read_head(unsigned *part, unsigned *n, const char *answer, size_t len, size_t *ret_head)
{
	const char *end = memchr(answer, ':', len < PART_HEAD_MAX ? len : PART_HEAD_MAX);
	char head[PART_HEAD_MAX + 1];
	uint64_t a, b;
	char *slash;

	if (!end)
		return false;
	memcpy(head, answer, (size_t)(end - answer));
	head[end - answer] = '\0';
	slash = strchr(head, '/');
	if (!slash)
		return false;
	*slash = '\0';
	if (text_to_u64(&a, head, PRESENTED_PARTS_MAX) < 0 || text_to_u64(&b, slash + 1, PRESENTED_PARTS_MAX) < 0)
		return false;
	*part = (unsigned)a;
	*n = (unsigned)b;
	*ret_head = (size_t)(end - answer) + 1;
	return true;
}

static int append(struct presented_parts *p, const char *text, size_t len)
{
	if (p->text.max == 0)
		buf_init(&p->text, PRESENTED_MAX);
	buf_append(&p->text, text, len);
	return buf_fault(&p->text) == -E2BIG ? PRESENTED_TOO_LONG : buf_fault(&p->text);
}

int presented_parts_add(struct presented_parts *p, const char *answer, size_t len)
{
	unsigned awaited = p->next == 0 ? 1 : p->next;
	unsigned part, n;
	size_t head;
	int r;

	if (len == 0)
		return PRESENTED_EMPTY;
	if (len > PRESENTED_MAX)
		return PRESENTED_TOO_LONG;
	if (!read_head(&part, &n, answer, len, &head)) {
		if (!presented_is_plain(answer, len))
			return PRESENTED_FOREIGN;
		return p->n == 0 ? append(p, answer, len) : PRESENTED_ORDER;
	}
	if (part != awaited || n < 2 || part > n || (p->n != 0 && n != p->n))
		return PRESENTED_ORDER;
	if (len > PRESENTED_PART_MAX)
		return PRESENTED_TOO_LONG;
	if (!presented_is_plain(answer + head, len - head))
		return PRESENTED_FOREIGN;
	r = append(p, answer + head, len - head);
	if (r != 0)
		return r;
	p->n = n;
	p->next = part + 1;
	return part == n ? PRESENTED_WHOLE : PRESENTED_MORE;
}

void presented_parts_done(struct presented_parts *p)
{
	buf_done(&p->text);
	*p = (struct presented_parts){.n = 0};
}

const char *presented_parts_text(int outcome)
{
	switch (outcome) {
	case PRESENTED_EMPTY:
		return "nothing was presented";
	case PRESENTED_FOREIGN:
		return "what was presented has bytes that no token has";
	case PRESENTED_ORDER:
		return "a part is missing, or came twice, or out of order";
	case PRESENTED_TOO_LONG:
		return "what was presented is too long";
	default:
		return outcome < 0 ? strerror(-outcome) : "";
	}
}
