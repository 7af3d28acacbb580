/* SPDX-License-Identifier: MIT */
/* Which groups of /etc/group a session gets, and that nothing else can give it any. Threats I13, I14, I15. */
#include "pam_module/groups.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include <cmocka.h>

#include "tests/unit/pam_module/fake.h"

#define MAP_GROUPS "docker\0alice\0bob\0\0lab\0bob\0\0gone\0carol\0\0zero\0dora\0"
#define GROUP                                                                                                          \
	"root:x:0:\nsudo:x:27:alice\nxdocker:x:700:\n:docker:x:701:\ndocker:x:998:alice\ndocker:x:27:\nlab:x:1001:\n"  \
	"zero:x:0:\n"

static void begin(const char *user)
{
	fake_reset();
	strcpy(fake.user, user);
	fake.map_name = user;
	fake.map_uid = FAKE_UID;
	fake.map_groups = MAP_GROUPS;
	fake.map_groups_len = sizeof(MAP_GROUPS);
	fake.group = GROUP;
	fake.gids[0] = FAKE_UID;
	fake.gids[1] = 0x70001001;
	fake.n_gids = 2;
}

static void expect_gids(int n, gid_t third, gid_t fourth)
{
	assert_int_equal(fake.n_gids, n);
	assert_int_equal(fake.gids[0], FAKE_UID);
	assert_int_equal(fake.gids[1], 0x70001001);
	if (n > 2)
		assert_int_equal(fake.gids[2], third);
	if (n > 3)
		assert_int_equal(fake.gids[3], fourth);
	assert_int_equal(fake.n_maps_open, 0);
}

static void adds_what_the_map_names(void **state)
{
	(void)state;
	begin("alice");
	assert_int_equal(pam_sm_setcred(fake_pamh(), PAM_ESTABLISH_CRED, 0, NULL), PAM_SUCCESS);
	expect_gids(3, 998, 0);
	assert_int_equal(fake.n_logged, 0);
	/* sshd comes a second time: nothing twice */
	assert_int_equal(pam_sm_setcred(fake_pamh(), PAM_REINITIALIZE_CRED | PAM_SILENT, 0, NULL), PAM_SUCCESS);
	expect_gids(3, 998, 0);
	assert_int_equal(fake.n_setgroups, 1);
	begin("bob");
	assert_int_equal(pam_sm_setcred(fake_pamh(), PAM_REINITIALIZE_CRED, 0, NULL), PAM_SUCCESS);
	expect_gids(4, 998, 1001);
}

static void adds_nothing_else(void **state)
{
	static const char *const others[] = {"alic", "alicee", "docker", "eve", "lab"};

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		begin(others[i]);
		assert_int_equal(pam_sm_setcred(fake_pamh(), PAM_ESTABLISH_CRED, 0, NULL), PAM_SUCCESS);
		expect_gids(2, 0, 0);
		assert_int_equal(fake.n_logged, 0);
	}
	begin("alice");
	fake.map_groups_len = 0; /* a map without the part */
	fake.group_error = -EIO; /* /etc/group is not even looked at */
	assert_int_equal(pam_sm_setcred(fake_pamh(), PAM_ESTABLISH_CRED, 0, NULL), PAM_SUCCESS);
	expect_gids(2, 0, 0);
	assert_int_equal(fake.n_logged, 0);
}

/* Not for the end of a session, not where no group can be set, not for a name of somebody else's, not for an account of
 * /etc/passwd: sudo asks for its target. */
static void keeps_out_of_the_way(void **state)
{
	static const unsigned flags[] = {PAM_DELETE_CRED, PAM_REFRESH_CRED, PAM_SILENT, 0};

	(void)state;
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		begin("alice");
		assert_int_equal(pam_sm_setcred(fake_pamh(), (int)flags[i], 0, NULL), PAM_SUCCESS);
		expect_gids(2, 0, 0);
	}
	begin("alice");
	fake.euid = FAKE_UID;
	assert_int_equal(pam_sm_setcred(fake_pamh(), PAM_ESTABLISH_CRED, 0, NULL), PAM_SUCCESS);
	expect_gids(2, 0, 0);
	begin("alice");
	fake.map_is_local = true;
	fake.passwd = "root:x:0:0::/:/bin/sh\nalice:x:1879048193:1000::/home/alice:/bin/sh\n";
	assert_int_equal(pam_sm_setcred(fake_pamh(), PAM_ESTABLISH_CRED, 0, NULL), PAM_SUCCESS);
	expect_gids(2, 0, 0);
	begin("root");
	fake.nss_uid = 0;
	fake.map_name = NULL;
	fake.map_groups = "docker\0root\0";
	fake.map_groups_len = sizeof("docker\0root\0");
	assert_int_equal(pam_sm_setcred(fake_pamh(), PAM_ESTABLISH_CRED, 0, NULL), PAM_USER_UNKNOWN);
	expect_gids(2, 0, 0);
}

static void one_line(const char *text)
{
	assert_int_equal(fake.n_logged, 1);
	assert_int_equal(fake.logged[0].style, LOG_WARNING);
	if (!strstr(fake.logged[0].text, text))
		fail_msg("\"%s\" does not say \"%s\"", fake.logged[0].text, text);
}

/* Less than what was meant, one line in the log, and a session. */
static void faults_are_told(void **state)
{
	(void)state;
	begin("carol");
	assert_int_equal(pam_sm_setcred(fake_pamh(), PAM_ESTABLISH_CRED, 0, NULL), PAM_SUCCESS);
	expect_gids(2, 0, 0);
	one_line("user carol: not in group gone (not in /etc/group)");
	begin("dora"); /* I15: never group 0 */
	assert_int_equal(pam_sm_setcred(fake_pamh(), PAM_ESTABLISH_CRED, 0, NULL), PAM_SUCCESS);
	expect_gids(2, 0, 0);
	one_line("user dora: not in group zero (its number");
	begin("alice");
	fake.group_error = -EACCES;
	assert_int_equal(pam_sm_setcred(fake_pamh(), PAM_ESTABLISH_CRED, 0, NULL), PAM_SUCCESS);
	expect_gids(2, 0, 0);
	one_line("user alice: not in its groups of /etc/group (Permission denied)");
	begin("alice");
	fake.gids_error = EPERM;
	assert_int_equal(pam_sm_setcred(fake_pamh(), PAM_ESTABLISH_CRED, 0, NULL), PAM_SUCCESS);
	one_line("user alice: not in its groups of /etc/group (Operation not permitted)");
	begin("alice");
	fake.map_error = -EBADMSG;
	assert_int_equal(pam_sm_setcred(fake_pamh(), PAM_ESTABLISH_CRED, 0, NULL), PAM_SUCCESS);
	expect_gids(2, 0, 0);
	one_line("user alice: not in its groups of /etc/group");
}

/* Whatever the part is: nobody gets a group by its end, and nothing beyond it is read. */
static void every_cut_of_the_part(void **state)
{
	(void)state;
	for (size_t len = 0; len < sizeof(MAP_GROUPS); len++) {
		char part[sizeof(MAP_GROUPS)] = "";

		begin("bob");
		memcpy(part, MAP_GROUPS, len);
		memset(part + len, 'x', sizeof(part) - len);
		fake.map_groups = part;
		fake.map_groups_len = len;
		assert_int_equal(pam_sm_setcred(fake_pamh(), PAM_ESTABLISH_CRED, 0, NULL), PAM_SUCCESS);
		expect_gids(len < 17 ? 2 : len < 26 ? 3 : 4, 998, 1001);
	}
}

static void too_many(void **state)
{
	static char part[GROUPS_ADDED_MAX * 32], group[GROUPS_ADDED_MAX * 32];
	size_t len = 0, group_len = 0;

	(void)state;
	begin("alice");
	for (unsigned i = 0; i <= GROUPS_ADDED_MAX; i++) {
		len += (size_t)snprintf(part + len, sizeof(part) - len, "g%u%calice%c", i, '\0', '\0') + 1;
		group_len += (size_t)snprintf(group + group_len, sizeof(group) - group_len, "g%u:x:%u:\n", i, 5000 + i);
	}
	fake.map_groups = part;
	fake.map_groups_len = len;
	fake.group = group;
	assert_int_equal(pam_sm_setcred(fake_pamh(), PAM_ESTABLISH_CRED, 0, NULL), PAM_SUCCESS);
	assert_int_equal(fake.n_gids, 2 + GROUPS_ADDED_MAX);
	one_line("user alice: not in group g256 (too many)");
}

static void numbers_of_groups(void **state)
{
	static const struct {
		const char *text;
		int result;
		gid_t gid;
	} rows[] = {
		{"g:x:5:", 0, 5},
		{"a:x:1:\ng:x:5:a,b\nz:x:9:\n", 0, 5},
		{"g::4294967294:\n", 0, UINT32_MAX - 1},
		{"g:x:5:\ng:x:6:\n", 0, 5},
		{"", -ENOENT, 0},
		{"g", -ENOENT, 0},
		{"gg:x:5:\n", -ENOENT, 0},
		{"a:x:1:g:x:5:\n", -ENOENT, 0},
		{"#g:x:5:\n", -ENOENT, 0},
		{" g:x:5:\n", -ENOENT, 0},
		{"g:x:0:\n", -EINVAL, 0},
		{"g:x:00:\n", -EINVAL, 0},
		{"g:x:05:\n", -EINVAL, 0},
		{"g:x:-1:\n", -EINVAL, 0},
		{"g:x:4294967295:\n", -EINVAL, 0},
		{"g:x:99999999999999999999:\n", -EINVAL, 0},
		{"g:x:5", -EINVAL, 0},
		{"g:x\n:5:\n", -EINVAL, 0},
		{"g:", -EINVAL, 0},
		{"g:x::\n", -EINVAL, 0},
		{"g:x:5a:\n", -EINVAL, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		gid_t gid = 0;

		if (groups_find_gid(rows[i].text, strlen(rows[i].text), "g", &gid) != rows[i].result ||
		    gid != rows[i].gid)
			fail_msg("%u for %s", gid, rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(adds_what_the_map_names), cmocka_unit_test(adds_nothing_else),
		cmocka_unit_test(keeps_out_of_the_way),    cmocka_unit_test(faults_are_told),
		cmocka_unit_test(every_cut_of_the_part),   cmocka_unit_test(too_many),
		cmocka_unit_test(numbers_of_groups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
