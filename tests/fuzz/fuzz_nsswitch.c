/* SPDX-License-Identifier: MIT */
/*
 * nsswitch.conf: what was found of it is a line that says the same, and never names the files or us.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/accounts/nsswitch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void demand(int ok)
{
	if (!ok)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char out[NSSWITCH_OTHERS_MAX + 1], again[NSSWITCH_OTHERS_MAX + 1];
	char line[NSSWITCH_OTHERS_MAX + 16], padded[NSSWITCH_OTHERS_MAX + 16];
	int n;

	(void)nsswitch_others(out, (const char *)data, len, "group");
	if (nsswitch_others(out, (const char *)data, len, "passwd") < 0)
		return 0;
	demand(strlen(out) <= NSSWITCH_OTHERS_MAX);
	(void)snprintf(padded, sizeof(padded), " %s ", out);
	demand(!strstr(padded, " files ") && !strstr(padded, " latchkey ") &&
	       (!strstr(padded, "  ") || out[0] == '\0'));
	n = snprintf(line, sizeof(line), "passwd: %s", out);
	demand(nsswitch_others(again, line, (size_t)n, "passwd") == 0 && strcmp(out, again) == 0);
	return 0;
}
