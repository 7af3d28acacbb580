/* SPDX-License-Identifier: MIT */
#include "helper/base/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool terminal_has_colours(FILE *out)
{
	const char *no = getenv("NO_COLOR");
	const char *kind = getenv("TERM");

	if (no != NULL && no[0] != '\0')
		return false;
	return kind != NULL && strcmp(kind, "dumb") != 0 && isatty(fileno(out)) == 1;
}
