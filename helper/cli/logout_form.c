/* SPDX-License-Identifier: MIT */
/* Finds one parameter in a form that a stranger has posted, and decides nothing about it (BL-01). */
#include "helper/cli/logout_form.h"

#include <errno.h>
#include <string.h>

#define PARAMETER "logout_token"
#define OF_TOKEN "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."

int logout_form_read(char *text, const char **ret)
{
	const char *found = NULL;
	char *pair;

	if (strchr(text, '=') == NULL)
		found = text;
	while (found != text && (pair = strsep(&text, "&")) != NULL) {
		if (strncmp(pair, PARAMETER "=", strlen(PARAMETER "=")) != 0)
			continue;
		if (found != NULL)
			return -EBADMSG;
		found = pair + strlen(PARAMETER "=");
	}
	if (found == NULL || found[0] == '\0' || found[strspn(found, OF_TOKEN)] != '\0')
		return -EBADMSG;
	*ret = found;
	return 0;
}
