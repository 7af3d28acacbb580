/* SPDX-License-Identifier: MIT */
/* The part about groups of /etc/group, as a taken-over latchkeyd would make it: sessions get these groups by nobody's word
 * but this part's (I13). */
#include "helper/root/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/root/world.h"

static char *local_at(struct world *w)
{
	return (char *)w->bytes + w->v.h.local;
}

static void lie_local_group(struct world *w)
{
	memcpy(local_at(w), "shadow", 6);
}
static void lie_local_group_own(struct world *w)
{
	memcpy(local_at(w) + 18, "ops", 3);
}
static void lie_local_group_root(struct world *w)
{
	memcpy(local_at(w), "root\0\0", 6);
}
/* Another part, as long as it is. */
static void put_local(struct world *w, const char *part, uint32_t len)
{
	header_of(w)->local_size = len;
	header_of(w)->file_size = w->v.h.local + len;
	w->len = header_of(w)->file_size;
	memcpy(local_at(w), part, len);
}

static void lie_local_group_twice(struct world *w)
{
	static const char twice[] = "lab\0bob\0\0lab\0bob\0";

	put_local(w, twice, sizeof(twice));
}
static void lie_local_group_apart(struct world *w)
{
	static const char apart[] = "lab\0bob\0\0lab\0alice\0";

	put_local(w, apart, sizeof(apart));
}
static void lie_local_member(struct world *w)
{
	local_at(w)[7] = 'e';
}
static void lie_local_member_twice(struct world *w)
{
	static const char twice[] = "lab\0bob\0bob\0";

	put_local(w, twice, sizeof(twice));
}
static void lie_local_member_none(struct world *w)
{
	local_at(w)[7] = '\0';
}
static void lie_local_member_root(struct world *w)
{
	memcpy(local_at(w) + 7, "root\0", 5);
}
static void lie_local_end(struct world *w)
{
	header_of(w)->local_size--;
	header_of(w)->file_size--;
	w->len--;
}
static void lie_local_no_nul(struct world *w)
{
	w->bytes[w->len - 1] = 'x';
}
static void lie_local_offset(struct world *w)
{
	header_of(w)->local++;
}
static void lie_local_size(struct world *w)
{
	header_of(w)->local_size = UINT32_MAX;
}

static void test_every_field_of_local_groups(void **state)
{
	static const lie_fn lies[] = {
		lie_local_group,       lie_local_group_own, lie_local_group_root,   lie_local_group_twice,
		lie_local_group_apart, lie_local_member,    lie_local_member_twice, lie_local_member_none,
		lie_local_member_root, lie_local_end,       lie_local_no_nul,       lie_local_offset,
		lie_local_size,
	};

	(void)state;
	refuse_lies(lies, sizeof(lies) / sizeof(lies[0]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_field_of_local_groups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
