/* SPDX-License-Identifier: MIT */
/* Makes binding messages: short, plain, and never the same twice in a row. */
#include "helper/oauth/binding_message.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#define LETTERS "BCDFGHJKLMNPQRSTVWXZ"
#define N_LETTERS (sizeof(LETTERS) - 1)
#define RANDOM_LEN 7u /* "KRTM-42" */
#define HOST_MAX (FLOW_BINDING_MESSAGE_MAX - RANDOM_LEN - 1)

static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* The first label: all of a fleet share the rest. */
static void shorten(char out[HOST_MAX + 1], const char *host)
{
	size_t len = 0;

	for (; len < HOST_MAX && host[len] != '\0' && host[len] != '.'; len++)
		out[len] = (char)(is_plain(host[len]) ? host[len] : '-');
	out[len] = '\0';
}

int binding_message_make(struct binding_message *ret, const char *host)
{
	char letters[5] = "", name[HOST_MAX + 1];
	uint32_t number[2];

	if (getrandom(number, sizeof(number), GRND_NONBLOCK) != (ssize_t)sizeof(number))
		return -EIO;
	for (size_t i = 0; i < 4; i++, number[0] /= N_LETTERS)
		letters[i] = LETTERS[number[0] % N_LETTERS];
	number[1] %= 100;

	shorten(name, host);
	(void)snprintf(ret->whole, sizeof(ret->whole), "%s%s%s-%02u", name, name[0] != '\0' ? "-" : "", letters,
		       number[1]);
	(void)snprintf(ret->brief, sizeof(ret->brief), "%s%02u", letters, number[1]);
	return 0;
}
