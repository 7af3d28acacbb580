/* SPDX-License-Identifier: MIT */
/*
 * What git says to a credential helper: any bytes are read within the limits or refused.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/cli/git_credential.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct git_request request;
	FILE *in;
	int r;

	if (len == 0)
		return 0;
	in = fmemopen((void *)(uintptr_t)data, len, "r");
	if (!in)
		return 0;
	r = git_request_read(&request, in);
	(void)fclose(in);
	if (r != 0 && r != -EBADMSG)
		abort();
	if (strchr(request.host, '\n') || strchr(request.protocol, '\n') || strchr(request.username, '\n'))
		abort();
	return 0;
}
