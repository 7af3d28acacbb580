/* SPDX-License-Identifier: MIT */
/* From the words of a service file to settings. Reads nothing else: neither environment nor files. */

#include "pam_module/options.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
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

static int uid_read(uid_t *ret, const char *text)
{
	uint64_t value;
	int r;

	r = text_to_u64(&value, text, OPTIONS_UID_MAX);
	if (r < 0)
		return r;
	if (value < OPTIONS_UID_FLOOR)
		return -ERANGE;
	*ret = (uid_t)value;
	return 0;
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
	if (text_has_prefix(argument, "uid_min="))
		return uid_read(&o->uid_min, argument + strlen("uid_min="));
	if (text_has_prefix(argument, "uid_max="))
		return uid_read(&o->uid_max, argument + strlen("uid_max="));
	return -EINVAL;
}

void options_parse(struct options *ret, int argc, const char *const *argv)
{
	bool is_range_sound = true;

	*ret = (struct options){.uid_min = OPTIONS_UID_MIN, .uid_max = OPTIONS_UID_MAX};
	for (int i = 0; i < argc; i++) {
		if (argument_read(ret, argv[i]) == 0)
			continue;
		if (!ret->fault)
			ret->fault = argv[i];
		/* "uid-min=", "uidmin=": whoever wrote it meant the range */
		if (text_has_prefix(argv[i], "uid"))
			is_range_sound = false;
	}
	if (ret->uid_min > ret->uid_max) {
		if (!ret->fault)
			ret->fault = "uid_min above uid_max";
		is_range_sound = false;
	}
	if (!is_range_sound) {
		ret->uid_min = OPTIONS_UID_FLOOR;
		ret->uid_max = OPTIONS_UID_MAX;
	}
}
