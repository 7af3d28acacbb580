/* SPDX-License-Identifier: MIT */
#include "helper/setup/context.h"

#include <stdarg.h>
#include <string.h>

#include "helper/base/text.h"

#define LINE_SIZE 1024u

LK_PRINTF(3, 0)
static void print(FILE *out, const char *before, const char *format, va_list args, bool utf8)
{
	char text[LINE_SIZE];
	char clean[LINE_SIZE];

	(void)vsnprintf(text, sizeof(text), format, args);
	text_sanitise(clean, sizeof(clean), text, strlen(text), utf8);
	(void)fprintf(out, "%s%s\n", before, clean);
	/* Each line stands before the step that it is about is made. */
	(void)fflush(out);
}

void say(const struct context *c, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print(c->terminal->out, "", format, args, c->terminal->utf8);
	va_end(args);
}

void warn(const struct context *c, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print(c->terminal->err, "latchkey: ", format, args, c->terminal->utf8);
	va_end(args);
}

void say_text(const struct context *c, const char *text)
{
	while (text != NULL && *text != '\0') {
		size_t len = strcspn(text, "\n");

		say(c, "  %.*s", (int)(len < LINE_SIZE ? len : LINE_SIZE), text);
		text += len + (text[len] == '\n');
	}
}

struct diff_style style_of(const struct context *c)
{
	return (struct diff_style){.colours = c->terminal->colours, .utf8 = c->terminal->utf8};
}
