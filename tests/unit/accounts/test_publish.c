/* SPDX-License-Identifier: MIT */
/* From the store to latchkey-root and back, with a stand-in for latchkey-root in the same event loop: what is sent, who is
 * told what, how requests are gathered, and that no failure is forgotten. */
#include "helper/accounts/publish.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "nss_module/map_view.h"
#include "nss_module/publish_format.h"
#include "tests/unit/scratch.h"

enum behaviour {
	ANSWER_DONE,
	ANSWER_REFUSED,
	ANSWER_RUBBISH,
	ANSWER_NOTHING,
};

static char home_template[] = "/home/%u", shell[] = "/bin/bash", kept_back[] = "boss";
static char *reserved_names[] = {kept_back, NULL};
/* One of the system's and one who is not there: neither is marked, and neither keeps the others off the map. */
static char daemon_name[] = "daemon", nobody_here[] = "nobody-here", subject[] = "17";
static struct local_account_rule local_accounts[] = {{.name = daemon_name, .subject = subject},
						     {.name = nobody_here, .subject = subject}};
static const struct account_settings settings = {
	.uid_min = ACCOUNTS_UID_MIN_DEFAULT,
	.uid_max = ACCOUNTS_UID_MAX_DEFAULT,
	.home = home_template,
	.shell = shell,
	.reserved_names = reserved_names,
	.local_accounts = {.rules = local_accounts, .n = 2},
};

struct world {
	struct scratch folder;
	char socket_path[128];
	sd_event *event;
	struct store *store;
	struct publisher *publisher;
	int listener;
	sd_event_source *source;
	enum behaviour behaviour;
	unsigned int publications;
	uint32_t n_users; /* of the last map that arrived */
	bool has_alice;
	unsigned int done;
	int error;
	char detail[256];
};

/* --- the stand-in ------------------------------------------------------------------------------------------------- */

static void look_at_map(struct world *w, int memfd, uint64_t size)
{
	struct map_view v = {.base = NULL};
	struct map_user_slot u;
	void *p;

	assert_int_equal(fcntl(memfd, F_GET_SEALS), F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
	p = mmap(NULL, (size_t)size, PROT_READ, MAP_SHARED, memfd, 0);
	assert_true(p != MAP_FAILED);
	assert_true(map_view_init(&v, p, (size_t)size));
	w->n_users = v.h.n_users;
	w->has_alice = map_view_find_user(&v, "alice", 5, &u) >= 0;
	(void)munmap(p, (size_t)size);
}

static int on_connection(sd_event_source *s, int fd, uint32_t revents, void *userdata)
{
	struct world *w = userdata;
	struct publish_question q;
	struct iovec v = {.iov_base = &q, .iov_len = sizeof(q)};
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
	struct publish_answer a = {.magic = PUBLISH_MAGIC, .status = PUBLISH_DONE, .reason = "published"};
	int connection = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	int memfd;

	(void)s;
	(void)revents;
	assert_true(connection >= 0);
	assert_int_equal(recvmsg(connection, &m, MSG_CMSG_CLOEXEC), (ssize_t)sizeof(q));
	assert_int_equal(q.magic, PUBLISH_MAGIC);
	assert_int_equal(q.verb, PUBLISH_MAP);
	assert_non_null(CMSG_FIRSTHDR(&m));
	memcpy(&memfd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(memfd));
	look_at_map(w, memfd, q.size);
	(void)close(memfd);
	w->publications++;
	if (w->behaviour == ANSWER_REFUSED) {
		a.status = PUBLISH_REFUSED;
		(void)snprintf(a.reason, sizeof(a.reason), "user 'x' is a local user or group");
	}
	if (w->behaviour == ANSWER_RUBBISH)
		memset(&a, 0xff, sizeof(a));
	if (w->behaviour != ANSWER_NOTHING)
		assert_int_equal(send(connection, &a, sizeof(a), MSG_NOSIGNAL), (ssize_t)sizeof(a));
	(void)close(connection);
	return 0;
}

static void listen_at(struct world *w)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};

	memcpy(at.sun_path, w->socket_path, strlen(w->socket_path) + 1);
	w->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(w->listener, (const struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(w->listener, 4), 0);
	assert_true(sd_event_add_io(w->event, &w->source, w->listener, EPOLLIN, on_connection, w) >= 0);
}

static void add_at(struct world *w, const char *name, uint32_t uid, const char *home)
{
	char copies[8][64];
	struct account a = {.uid = uid, .gid = uid, .state = ACCOUNT_ACTIVE, .created_s = 1};

	(void)snprintf(copies[0], sizeof(copies[0]), "%s", name);
	(void)snprintf(copies[1], sizeof(copies[1]), "https://id.example");
	(void)snprintf(copies[2], sizeof(copies[2]), "subject-of-%s", name);
	(void)snprintf(copies[3], sizeof(copies[3]), "p");
	(void)snprintf(copies[4], sizeof(copies[4]), "A Person");
	(void)snprintf(copies[5], sizeof(copies[5]), "%s/%s", home, name);
	(void)snprintf(copies[6], sizeof(copies[6]), "/bin/sh");
	(void)snprintf(copies[7], sizeof(copies[7]), "{}");
	a.name = copies[0];
	a.issuer = copies[1];
	a.subject = copies[2];
	a.provider = copies[3];
	a.gecos = copies[4];
	a.home = copies[5];
	a.shell = copies[6];
	a.facts = copies[7];
	assert_int_equal(store_insert(w->store, &a), 0);
}

static void add(struct world *w, const char *name, uint32_t uid)
{
	add_at(w, name, uid, "/home");
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	assert_true(scratch_new(&w->folder));
	assert_int_equal(chmod(w->folder.path, 0700), 0); /* as the store demands */
	(void)snprintf(w->socket_path, sizeof(w->socket_path), "%s", scratch_name(&w->folder, "root"));
	assert_true(sd_event_new(&w->event) >= 0);
	assert_int_equal(store_open(&w->store, scratch_name(&w->folder, "store.db")), 0);
	assert_int_equal(publisher_new(&w->publisher, w->event, &settings, w->store, w->socket_path), 0);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	publisher_free(w->publisher);
	store_close(w->store);
	sd_event_source_unref(w->source);
	if (w->listener > 0)
		(void)close(w->listener);
	sd_event_unref(w->event);
	scratch_done(&w->folder);
	free(w);
	return 0;
}

static void on_done(void *userdata, int error, const char *detail)
{
	struct world *w = userdata;

	w->done++;
	w->error = error;
	(void)snprintf(w->detail, sizeof(w->detail), "%s", detail);
}

static void run_until(struct world *w, unsigned int done)
{
	while (w->done < done)
		assert_true(sd_event_run(w->event, UINT64_C(20000000)) > 0);
}

/* --- the tests ---------------------------------------------------------------------------------------------------- */

static void test_publishes_the_store(void **state)
{
	struct world *w = *state;

	listen_at(w);
	add(w, "alice", 1879048193);
	add(w, "bob", 1879048194);
	assert_int_equal(publisher_request(w->publisher, on_done, w, NULL), 0);
	assert_int_equal(w->done, 0); /* never from within the request */
	run_until(w, 1);
	assert_int_equal(w->error, 0);
	assert_int_equal(w->n_users, 2);
	assert_true(w->has_alice);
}

static void again_from_within(void *userdata, int error, const char *detail)
{
	struct world *w = userdata;

	on_done(w, error, detail);
	add(w, "late", 1879048200);
	assert_int_equal(publisher_request(w->publisher, on_done, w, NULL), 0);
}

static void test_gathers_requests(void **state)
{
	struct world *w = *state;

	listen_at(w);
	for (uint32_t i = 0; i < 100; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "person%u", (unsigned int)i);
		add(w, name, 1879048300 + i);
		assert_int_equal(publisher_request(w->publisher, i == 0 ? again_from_within : on_done, w, NULL), 0);
	}
	run_until(w, 101);
	assert_int_equal(w->publications, 2); /* a hundred at once, then what was asked meanwhile, from a newer store */
	assert_int_equal(w->n_users, 101);
}

static void test_tombstones_and_local_names_stay_off(void **state)
{
	struct world *w = *state;
	struct account *a = NULL;

	listen_at(w);
	add(w, "alice", 1879048193);
	add(w, "bob", 1879048194);
	add(w, "root", 1879048195); /* given to a local user since it was stored */
	add(w, "carol", 1);         /* daemon's uid */
	assert_int_equal(store_find_name(w->store, "alice", &a), 0);
	a->state = ACCOUNT_FORGOTTEN;
	assert_int_equal(store_update(w->store, a), 0);
	account_free(a);
	assert_int_equal(publisher_request(w->publisher, on_done, w, NULL), 0);
	run_until(w, 1);
	assert_int_equal(w->error, 0);
	assert_int_equal(w->n_users, 1);
	assert_false(w->has_alice);
}

static void store_as(struct world *w, const char *name, enum account_state state, const char *facts)
{
	struct account *a = NULL;

	assert_int_equal(store_find_name(w->store, name, &a), 0);
	a->state = state;
	free(a->facts);
	a->facts = strdup(facts);
	assert_non_null(a->facts);
	assert_int_equal(store_update(w->store, a), 0);
	account_free(a);
}

/* Who is expected is known to NSS, until the directory names the person no more. */
static void test_expected_people_are_on_the_map(void **state)
{
	struct world *w = *state;

	listen_at(w);
	add(w, "alice", 1879048193);
	add(w, "bob", 1879048194);
	add(w, "carol", 1879048195);
	store_as(w, "alice", ACCOUNT_EXPECTED, "{\"directory\":true}");
	store_as(w, "bob", ACCOUNT_EXPECTED, "{\"directory\":false}");
	store_as(w, "carol", ACCOUNT_EXPECTED, "{}"); /* by an administrator */
	assert_int_equal(publisher_request(w->publisher, on_done, w, NULL), 0);
	run_until(w, 1);
	assert_int_equal(w->n_users, 2);
	assert_true(w->has_alice);
	store_as(w, "alice", ACCOUNT_EXPECTED, "{\"directory\":false}");
	assert_int_equal(publisher_request(w->publisher, on_done, w, NULL), 0);
	run_until(w, 2);
	assert_int_equal(w->n_users, 1);
	assert_false(w->has_alice);
}

/* I16, C2: root changed [accounts] since these were made. latchkey-root would refuse a map with any of them, and nobody
 * else could be added any more. */
static void test_accounts_out_of_bounds_stay_off(void **state)
{
	struct world *w = *state;
	const char *example = NULL;

	listen_at(w);
	add(w, "alice", 1879048193);
	assert_int_equal(publisher_request(w->publisher, on_done, w, NULL), 0);
	run_until(w, 1);
	assert_int_equal(publisher_left_off(w->publisher, &example), 2);
	add_at(w, "moved", 1879048194, "/srv/people");
	add_at(w, "near", 1879048195, "/homes");
	add(w, "low", 100000);
	add(w, "high", UINT32_C(0x7FFFFFFF));
	add(w, "boss", 1879048196);
	assert_int_equal(publisher_request(w->publisher, on_done, w, NULL), 0);
	run_until(w, 2);
	assert_int_equal(w->error, 0);
	assert_int_equal(w->n_users, 1);
	assert_true(w->has_alice);
	assert_int_equal(publisher_left_off(w->publisher, &example), 7);
	assert_true(example[0] != '\0');
}

static void test_failures_are_told(void **state)
{
	static const struct {
		enum behaviour behaviour;
		int error;
		const char *detail;
	} cases[] = {
		{ANSWER_REFUSED, -EPERM, "user 'x' is a local user or group"},
		{ANSWER_RUBBISH, -EPROTO, "no proper answer"},
		{ANSWER_NOTHING, -ECONNRESET, "went away"},
	};
	struct world *w = *state;

	assert_int_equal(publisher_request(w->publisher, on_done, w, NULL), 0);
	run_until(w, 1);
	assert_int_equal(w->error, -ENOENT); /* nobody listens */
	listen_at(w);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		w->behaviour = cases[i].behaviour;
		assert_int_equal(publisher_request(w->publisher, on_done, w, NULL), 0);
		run_until(w, (unsigned int)i + 2);
		assert_int_equal(w->error, cases[i].error);
		assert_non_null(strstr(w->detail, cases[i].detail));
	}
}

/* Nobody waits any more, and yet it is published once latchkey-root is there. */
static void test_a_failure_is_not_forgotten(void **state)
{
	struct world *w = *state;

	add(w, "alice", 1879048193);
	assert_int_equal(publisher_request(w->publisher, on_done, w, NULL), 0);
	run_until(w, 1);
	assert_int_equal(w->error, -ENOENT);
	listen_at(w);
	while (w->publications == 0)
		assert_true(sd_event_run(w->event, UINT64_C(20000000)) > 0);
	assert_true(w->has_alice);
	assert_int_equal(w->done, 1);
}

static int on_other_work(sd_event_source *s, uint64_t usec, void *userdata)
{
	unsigned int *turns = userdata;

	(void)usec;
	++*turns;
	return sd_event_source_set_time_relative(s, 0) < 0 ? -1 : sd_event_source_set_enabled(s, SD_EVENT_ONESHOT);
}

/* More than the rows of a turn, to the row: all of them are published, other work has its turns between, and who comes
 * after the building began is on the next map. */
static void test_the_loop_goes_on(void **state)
{
	struct world *w = *state;
	sd_event_source *other = NULL;
	unsigned int turns = 0;

	listen_at(w);
	assert_int_equal(store_batch_begin(w->store), 0);
	for (uint32_t i = 0; i < 3000; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "person%u", (unsigned int)i);
		add(w, name, 1879048300 + i);
	}
	assert_int_equal(store_batch_end(w->store, 0), 0);
	assert_true(sd_event_add_time_relative(w->event, &other, CLOCK_MONOTONIC, 0, 0, on_other_work, &turns) >= 0);
	assert_true(sd_event_source_set_enabled(other, SD_EVENT_ONESHOT) >= 0);
	assert_int_equal(publisher_request(w->publisher, on_done, w, NULL), 0);
	while (turns < 2)
		assert_true(sd_event_run(w->event, UINT64_C(20000000)) > 0);
	assert_int_equal(w->publications, 0);
	add(w, "alice", 1879048193); /* most likely before the rows that were read already */
	assert_int_equal(publisher_request(w->publisher, on_done, w, NULL), 0);
	run_until(w, 1);
	assert_int_equal(w->publications, 1);
	assert_in_range(w->n_users, 3000, 3001);
	assert_true(turns > 3);
	run_until(w, 2);
	assert_int_equal(w->publications, 2);
	assert_int_equal(w->n_users, 3001);
	assert_true(w->has_alice);
	sd_event_source_unref(other);
}

/* The thread that lays the map out ends with the publisher. */
static void test_freed_on_the_way(void **state)
{
	struct world *w = *state;

	add(w, "alice", 1879048193);
	for (unsigned int steps = 0; steps < 4; steps++) {
		assert_int_equal(publisher_request(w->publisher, on_done, w, NULL), 0);
		for (unsigned int i = 0; i < steps; i++)
			(void)sd_event_run(w->event, 0);
		publisher_free(w->publisher);
		assert_int_equal(publisher_new(&w->publisher, w->event, &settings, w->store, w->socket_path), 0);
	}
	assert_in_range(w->done, 0, 1); /* nobody is told after the end */
}

static void test_cancelled_waits(void **state)
{
	struct world *w = *state;
	struct publish_wait *first = NULL;
	struct publish_wait *second = NULL;

	listen_at(w);
	assert_int_equal(publisher_request(w->publisher, on_done, w, &first), 0);
	assert_int_equal(publisher_request(w->publisher, on_done, w, &second), 0);
	publish_wait_cancel(first); /* before it began */
	assert_true(sd_event_run(w->event, 0) > 0);
	publish_wait_cancel(second); /* while it is under way */
	publish_wait_cancel(NULL);
	assert_int_equal(publisher_request(w->publisher, on_done, w, NULL), 0);
	run_until(w, 1);
	assert_int_equal(w->done, 1);
	/* A request that is never served goes with the publisher. */
	assert_int_equal(publisher_request(w->publisher, on_done, w, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_publishes_the_store, setup, teardown),
		cmocka_unit_test_setup_teardown(test_gathers_requests, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tombstones_and_local_names_stay_off, setup, teardown),
		cmocka_unit_test_setup_teardown(test_expected_people_are_on_the_map, setup, teardown),
		cmocka_unit_test_setup_teardown(test_accounts_out_of_bounds_stay_off, setup, teardown),
		cmocka_unit_test_setup_teardown(test_failures_are_told, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_failure_is_not_forgotten, setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_loop_goes_on, setup, teardown),
		cmocka_unit_test_setup_teardown(test_freed_on_the_way, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cancelled_waits, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
