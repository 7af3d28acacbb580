/* SPDX-License-Identifier: MIT */
/*
 * Asks somebody at the terminal. The terminal gets its echo back whatever happens but a kill; what was typed stays in the
 * caller's buffer alone.
 */
#include "helper/cli/ask.h"

#include <errno.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "helper/base/secret.h"
#include "helper/base/text.h"

#define TEXT_MAX 256u

/* By bytes: a buffer of stdio's would keep a copy. */
static int read_line(char *out, size_t size)
{
	size_t len = 0;

	for (;;) {
		char c = '\0';
		ssize_t n = read(STDIN_FILENO, &c, 1);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0 && len == 0)
			return -ENODATA;
		if (n == 0 || c == '\n')
			break;
		if (len + 1 >= size)
			return -E2BIG;
		out[len++] = c;
	}
	out[len] = '\0';
	return 0;
}

int ask_line(const struct command *c, const char *text, bool echo, char *out, size_t size)
{
	struct termios before;
	bool is_hidden = false;
	char clean[TEXT_MAX];
	int r;

	/* Before the question is there to be answered: who types at once must not be seen, nor be thrown away. */
	if (!echo && tcgetattr(STDIN_FILENO, &before) == 0) {
		struct termios hidden = before;

		hidden.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
		is_hidden = tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden) == 0;
		if (!is_hidden)
			return -EIO;
	}
	text_sanitise(clean, sizeof(clean), text, strlen(text), false);
	(void)fprintf(c->err, "%s: ", clean);
	(void)fflush(c->err);
	r = read_line(out, size);
	if (is_hidden) {
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
		(void)fputc('\n', c->err);
	}
	if (r < 0)
		secret_wipe(out, size);
	return r;
}
