/* SPDX-License-Identifier: MIT */
/* From the words of a service file to settings. Reads nothing else: neither environment nor files. */

#include "pam_module/options.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "helper/base/text.h"

struct word {
	const char *text;
	int value;
};

static const struct word qr_words[] = {
	{"auto", OPTIONS_QR_AUTO},
	{"utf8", OPTIONS_QR_UTF8},
	{"ascii", OPTIONS_QR_ASCII},
	{"off", OPTIONS_QR_OFF},
	{NULL, 0},
};

static const struct word conversation_words[] = {
	{"auto", OPTIONS_CONVERSATION_AUTO},
	{"prompt", OPTIONS_CONVERSATION_PROMPT},
	{"live", OPTIONS_CONVERSATION_LIVE},
	{"none", OPTIONS_CONVERSATION_NONE},
	{NULL, 0},
};

static const struct word polarity_words[] = {
	{"dark", false},
	{"light", true},
	{NULL, 0},
};

static int word_find(int *ret, const struct word *words, const char *text)
{
	for (; words->text; words++)
		if (strcmp(words->text, text) == 0) {
			*ret = words->value;
			return 0;
		}
	return -EINVAL;
}

static int argument_read(struct options *o, const char *argument)
{
	int value = 0;
	int r;

	if (strcmp(argument, "debug") == 0) {
		o->debug = true;
		return 0;
	}
	if (text_has_prefix(argument, "qr=")) {
		r = word_find(&value, qr_words, argument + strlen("qr="));
		if (r == 0)
			o->qr = (enum options_qr)value;
		return r;
	}
	if (text_has_prefix(argument, "conversation=")) {
		r = word_find(&value, conversation_words, argument + strlen("conversation="));
		if (r == 0)
			o->conversation = (enum options_conversation)value;
		return r;
	}
	if (text_has_prefix(argument, "polarity=")) {
		r = word_find(&value, polarity_words, argument + strlen("polarity="));
		if (r == 0)
			o->is_light = value != 0;
		return r;
	}
	return -EINVAL;
}

void options_parse(struct options *ret, int argc, const char *const *argv)
{
	*ret = (struct options){0};
	for (int i = 0; i < argc; i++)
		if (argument_read(ret, argv[i]) < 0 && !ret->fault)
			ret->fault = argv[i];
}
