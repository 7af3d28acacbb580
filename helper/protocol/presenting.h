/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "helper/base/buf.h"

/*
 * What a program says at a prompt in place of a person: the question for an assertion, and the answer, which may come in
 * numbered parts since OpenSSH's client hands on no more than 1022 bytes at once. The helper writes the one and reads the
 * other, "latchkey assert" does the opposite. All of it is foreign to whoever reads it.
 */

#define PRESENTED_MAX 16384u     /* bytes of the whole, and of an answer that is not in parts */
#define PRESENTED_PART_MAX 1000u /* bytes of an answer that is a part, with its number */
#define PRESENTED_PARTS_MAX 20u
#define PRESENTED_NONCE_LEN 22u  /* 128 bit in base64url */
#define PRESENTING_TEXT_MAX 400u /* bytes of a question, with the NUL */
#define PRESENTING_HOST_MAX 255u
#define PRESENTING_ACCOUNT_MAX 32u

struct presenting_question {
	char account[PRESENTING_ACCOUNT_MAX + 1];
	char host[PRESENTING_HOST_MAX + 1]; /* whose it says it is: the audience that it wants to read */
	char nonce[PRESENTED_NONCE_LEN + 1];
	unsigned part; /* from 1 */
};

/** presenting_question_write() - one line of ASCII; @out has PRESENTING_TEXT_MAX bytes. Return: 0, -EMSGSIZE. */
int presenting_question_write(char *out, const struct presenting_question *q);

/**
 * presenting_question_read() - is @text, to its last byte, such a question
 * A ':' and blanks at its end, which a PAM module puts there, are no part of it.
 * Return: 0, -EBADMSG: it is something else.
 */
int presenting_question_read(struct presenting_question *ret, const char *text);

/** presented_is_plain() - 1 byte at least, and none but those of a bearer token (RFC 6750 section 2.1, INT-06) and the '!' that is
 *  in Salesforce's */
bool presented_is_plain(const char *text, size_t len);

/** presented_part_count() - in how many parts a text of @len bytes goes over; 1: as it is; 0: in no number of them */
unsigned presented_part_count(size_t len);

/** presented_part_write() - part @part, from 1, of a text of presented_is_plain(); the whole text where it goes as it is.
 *  Return: 0, -EINVAL there is no such part, -E2BIG, -ENOMEM. */
int presented_part_write(struct buf *out, const char *text, size_t len, unsigned part);

/* The parts that have come so far. Starts as all zeroes. */
struct presented_parts {
	struct buf text;
	unsigned n;    /* how many there are to be; 0: the first is awaited */
	unsigned next; /* which is awaited, from 1; 0 stands for 1 */
};

enum presented_parts_outcome {
	PRESENTED_WHOLE = 0, /* text is there, and plain */
	PRESENTED_MORE,      /* ask for the next */
	PRESENTED_EMPTY,     /* nothing came: nobody is there, or the client has cut it off */
	PRESENTED_FOREIGN,   /* bytes that no token has */
	PRESENTED_ORDER,     /* another part than the one that was asked for, or another number of them */
	PRESENTED_TOO_LONG,
};

/** presented_parts_add() - the next answer. After anything but PRESENTED_MORE nothing is to be added.
 *  Return: an enum presented_parts_outcome, -ENOMEM. */
int presented_parts_add(struct presented_parts *p, const char *answer, size_t len);
void presented_parts_done(struct presented_parts *p);

/** presented_parts_text() - why not, for the log */
const char *presented_parts_text(int outcome);
