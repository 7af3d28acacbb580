/* SPDX-License-Identifier: MIT */
/* "latchkey accounts retired": names and numbers of the past, which nobody gets again, with who had them and since when. */
#include "helper/cli/verbs.h"

#include <stdint.h>

#include "helper/base/json.h"
#include "helper/cli/pages.h"
#include "helper/cli/render.h"
#include "helper/protocol/names.h"

static void print_retired(const struct command *c, const struct json_object *retired)
{
	char kind[24], name[64], id[24], account[64], since[64] = "-";
	int64_t since_s;

	render_member_text(c, kind, sizeof(kind), retired, "kind");
	render_member_text(c, name, sizeof(name), retired, "name");
	render_member_text(c, id, sizeof(id), retired, "id");
	render_member_text(c, account, sizeof(account), retired, "account");
	if (json_read_int(retired, "since", INT64_MIN, INT64_MAX, &since_s) == 0)
		render_time(since, sizeof(since), since_s);
	(void)fprintf(c->out, "%-7s %-20s %-11s %-20s %s\n", kind, name, id, account, since);
}

static void print_heading(const struct command *c)
{
	(void)fprintf(c->out, "%-7s %-20s %-11s %-20s %s\n", "RETIRED", "NAME", "ID", "NOW CALLED", "SINCE");
}

enum command_exit accounts_retired(const struct command *c)
{
	static const struct pages pages = {METHOD_LIST_RETIRED, "retired", print_heading, print_retired};

	return pages_print(c, &pages);
}
