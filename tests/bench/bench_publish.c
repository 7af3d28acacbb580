/* SPDX-License-Identifier: MIT */
/* From the store to the published map with 10,000, 100,000 and 1,000,000 accounts: each step by itself, then the whole way
 * through the publisher and a real latchkey-root, how long the helper's event loop stands still meanwhile, what one new
 * sign-in waits, and how many maps a hundred of them at once make. Needs root; works in folders of its own. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "helper/accounts/map_writer.h"
#include "helper/accounts/publish.h"
#include "helper/root/check.h"
#include "helper/root/install.h"
#include "nss_module/map_format.h"
#include "tests/unit/scratch.h"

#define CONF "[accounts]\nuid_min = 1879048192\nuid_max = 2147483646\n"
#define AT_ONCE 100u

static char home[] = "/home/%u", shell[] = "/bin/bash";
static const struct account_settings settings = {
	.uid_min = ACCOUNTS_UID_MIN_DEFAULT,
	.uid_max = ACCOUNTS_UID_MAX_DEFAULT,
	.home = home,
	.shell = shell,
};

struct bench {
	struct scratch folder;
	struct store *store;
	sd_event *event;
	struct publisher *publisher;
	int listener;
	pid_t root;
	unsigned int done;
	double longest_ms; /* that one turn of the loop took */
};

static void must(int ok, const char *what)
{
	if (!ok) {
		(void)fprintf(stderr, "%s: %s\n", what, strerrordesc_np(errno));
		exit(1);
	}
}

static double now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* Of this thread alone: what else the machine does is left out. */
static double processor_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* --- the store ---------------------------------------------------------------------------------------------------- */

static struct store *open_store(struct bench *b)
{
	struct store *s = NULL;

	must(store_open(&s, scratch_name(&b->folder, "private/store.db")) == 0, "store_open");
	return s;
}

/* In one transaction, beside the store: each account by itself would be synced by itself. */
static void fill_store(struct bench *b, uint32_t n)
{
	static const char sql[] =
		"INSERT INTO account (name, uid, gid, issuer, subject, provider, gecos, home, shell, "
		"facts, state, created_s, last_sign_in_s) VALUES (?1, ?2, ?2, 'https://id.example', ?3, "
		"'p', 'One of Many', ?4, '/bin/bash', '{\"email\":\"one@example.org\"}', 1, 1, 1)";
	sqlite3 *db = NULL;
	sqlite3_stmt *insert = NULL;
	char text[3][64];

	store_close(open_store(b));
	must(sqlite3_open(scratch_name(&b->folder, "private/store.db"), &db) == SQLITE_OK, "sqlite3_open");
	must(sqlite3_exec(db, "PRAGMA synchronous = OFF; BEGIN", NULL, NULL, NULL) == SQLITE_OK, "BEGIN");
	must(sqlite3_prepare_v2(db, sql, -1, &insert, NULL) == SQLITE_OK, "INSERT");
	for (uint32_t i = 0; i < n; i++) {
		(void)snprintf(text[0], sizeof(text[0]), "u%u", i);
		(void)snprintf(text[1], sizeof(text[1]), "00000000-0000-0000-0000-%012u", i);
		(void)snprintf(text[2], sizeof(text[2]), "/home/u%u", i);
		sqlite3_bind_text(insert, 1, text[0], -1, SQLITE_STATIC);
		sqlite3_bind_int64(insert, 2, (int64_t)ACCOUNTS_UID_MIN_DEFAULT + i);
		sqlite3_bind_text(insert, 3, text[1], -1, SQLITE_STATIC);
		sqlite3_bind_text(insert, 4, text[2], -1, SQLITE_STATIC);
		must(sqlite3_step(insert) == SQLITE_DONE, "INSERT");
		sqlite3_reset(insert);
	}
	sqlite3_finalize(insert);
	must(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK, "COMMIT");
	must(sqlite3_close(db) == SQLITE_OK, "sqlite3_close");
}

static void add_one(struct bench *b, uint32_t i)
{
	char text[4][64];
	char provider[] = "p", issuer[] = "https://id.example", facts[] = "{}", gecos[] = "One More";
	struct account a = {.uid = ACCOUNTS_UID_MIN_DEFAULT + (1u << 27) + i, .state = ACCOUNT_ACTIVE, .created_s = 1};

	(void)snprintf(text[0], sizeof(text[0]), "new%u", i);
	(void)snprintf(text[1], sizeof(text[1]), "subject of new%u", i);
	(void)snprintf(text[2], sizeof(text[2]), "/home/new%u", i);
	a.gid = a.uid;
	a.name = text[0];
	a.subject = text[1];
	a.home = text[2];
	a.shell = shell;
	a.provider = provider;
	a.issuer = issuer;
	a.facts = facts;
	a.gecos = gecos;
	must(store_insert(b->store, &a) == 0, "store_insert");
}

/* --- latchkey-root ------------------------------------------------------------------------------------------------ */

static void start_root(struct bench *b, const char *build)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	char program[4096];
	char pid[32];
	char uid[32];

	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%s", scratch_name(&b->folder, "root"));
	b->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	must(b->listener >= 0 && bind(b->listener, (const struct sockaddr *)&at, sizeof(at)) == 0 &&
		     listen(b->listener, 8) == 0,
	     "listen");
	must(scratch_write(&b->folder, "latchkey.conf", CONF, strlen(CONF), 0644), "latchkey.conf");
	must(mkdir(scratch_name(&b->folder, "nss"), 0755) == 0, "mkdir");
	(void)snprintf(program, sizeof(program), "%s/latchkey-root", build);
	b->root = fork();
	must(b->root >= 0, "fork");
	if (b->root != 0)
		return;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)snprintf(pid, sizeof(pid), "%d", getpid());
	(void)snprintf(uid, sizeof(uid), "%u", geteuid());
	if (dup2(b->listener, 3) != 3 || fcntl(3, F_SETFD, 0) < 0 || setenv("LISTEN_FDS", "1", 1) < 0 ||
	    setenv("LISTEN_PID", pid, 1) < 0 || dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), 2) != 2)
		_exit(126);
	(void)execl(program, program, "--config", scratch_name(&b->folder, "latchkey.conf"), "--state",
		    scratch_name(&b->folder, "nss"), "--peer-uid", uid, "--idle", "0", (char *)NULL);
	_exit(127);
}

/* --- step by step ------------------------------------------------------------------------------------------------- */

static int add_to_map(void *userdata, const struct account *a)
{
	return map_writer_add_user(userdata, &(struct map_user){.name = a->name,
								.uid = a->uid,
								.gid = a->gid,
								.gecos = a->gecos,
								.home = a->home,
								.shell = a->shell});
}

static int count(void *userdata, const struct account *a)
{
	(void)a;
	++*(uint64_t *)userdata;
	return 0;
}

static void steps(struct bench *b, uint32_t n)
{
	LK_CLEANUP(settings_freep) struct settings *rules = NULL;
	LK_CLEANUP(locals_freep) struct locals *locals = NULL;
	struct map_writer *w = NULL;
	struct ini_fault fault;
	char why[CHECK_WHY_SIZE];
	uint64_t serial;
	uint64_t rows = 0;
	void *bytes = NULL;
	size_t len = 0;
	double at[7];
	int folder;

	at[0] = processor_ms();
	must(store_each_uid(b->store, 0, n, count, &rows) == 0 && rows == n, "store_each_uid");
	at[1] = processor_ms();
	must(map_writer_new(&w) == 0 && store_each_uid(b->store, 0, n, add_to_map, w) == 0, "map_writer_add_user");
	at[2] = processor_ms();
	must(map_writer_finish(w, &bytes, &len) == 0, "map_writer_finish");
	at[3] = processor_ms();
	map_writer_free(w);
	must(settings_load_text(&rules, CONF, strlen(CONF), &fault) == 0 && locals_load(&locals, "") == 0, "settings");
	at[4] = processor_ms();
	must(check_map(bytes, len, rules, locals, why) == 0, "check_map");
	at[5] = processor_ms();
	folder = install_open(scratch_name(&b->folder, "nss"));
	must(folder >= 0 && install_map(folder, bytes, len, rules, &serial) == 0, "install_map");
	at[6] = processor_ms();
	(void)close(folder);
	free(bytes);
	(void)printf("%u accounts, %.1f MB\n  processor: rows read %.0f ms, with a writer's add %.0f ms, writer's "
		     "finish %.0f ms, "
		     "check "
		     "%.0f ms, install %.0f ms\n",
		     n, (double)len / 1e6, at[1] - at[0], at[2] - at[1], at[3] - at[2], at[5] - at[4], at[6] - at[5]);
}

/* --- the whole way ------------------------------------------------------------------------------------------------ */

static void on_done(void *userdata, int error, const char *detail)
{
	struct bench *b = userdata;

	if (error != 0)
		(void)fprintf(stderr, "%s\n", detail);
	b->done++;
}

/* Turns the loop until @done requests were served; waiting counts for nothing, work does. */
static void turn(struct bench *b, unsigned int done)
{
	while (b->done < done) {
		double begin;
		double took;

		must(sd_event_prepare(b->event) >= 0, "sd_event_prepare");
		if (sd_event_get_state(b->event) == SD_EVENT_ARMED)
			must(sd_event_wait(b->event, UINT64_MAX) >= 0, "sd_event_wait");
		begin = now_ms();
		if (sd_event_get_state(b->event) == SD_EVENT_PENDING)
			must(sd_event_dispatch(b->event) >= 0, "sd_event_dispatch");
		took = now_ms() - begin;
		b->longest_ms = took > b->longest_ms ? took : b->longest_ms;
	}
}

static uint64_t serial_now(struct bench *b)
{
	struct map_header h = {.serial = 0};
	int fd = open(scratch_name(&b->folder, "nss/map"), O_RDONLY | O_CLOEXEC);

	must(fd >= 0 && read(fd, &h, sizeof(h)) == (ssize_t)sizeof(h), "nss/map");
	(void)close(fd);
	return h.serial;
}

static void whole(struct bench *b)
{
	double begin = now_ms();
	double first_ms;
	uint64_t before;

	b->done = 0;
	b->longest_ms = 0;
	add_one(b, 0);
	must(publisher_request(b->publisher, on_done, b, NULL) == 0, "publisher_request");
	turn(b, 1);
	first_ms = now_ms() - begin;
	(void)printf("  one new sign-in waits %.0f ms; the longest turn of the loop takes %.0f ms\n", first_ms,
		     b->longest_ms);
	before = serial_now(b);
	begin = now_ms();
	for (uint32_t i = 1; i <= AT_ONCE; i++) {
		add_one(b, i);
		must(publisher_request(b->publisher, on_done, b, NULL) == 0, "publisher_request");
		/* They come one after another, as the provider's answers do. */
		must(sd_event_run(b->event, 0) >= 0, "sd_event_run");
	}
	turn(b, 1 + AT_ONCE);
	(void)printf("  %u more: %llu maps in %.0f ms\n", AT_ONCE, (unsigned long long)(serial_now(b) - before),
		     now_ms() - begin);
}

static void measure(uint32_t n, const char *build)
{
	struct bench b = {.listener = -1};

	must(scratch_new(&b.folder), "mkdtemp");
	must(mkdir(scratch_name(&b.folder, "private"), 0700) == 0, "mkdir");
	fill_store(&b, n);
	start_root(&b, build);
	b.store = open_store(&b);
	steps(&b, n);
	must(sd_event_new(&b.event) >= 0 &&
		     publisher_new(&b.publisher, b.event, &settings, b.store, scratch_name(&b.folder, "root")) == 0,
	     "publisher_new");
	whole(&b);
	publisher_free(b.publisher);
	sd_event_unref(b.event);
	store_close(b.store);
	(void)kill(b.root, SIGKILL);
	(void)waitpid(b.root, NULL, 0);
	(void)close(b.listener);
	scratch_done(&b.folder);
}

/* bench_publish [ACCOUNTS]... */
int main(int argc, char **argv)
{
	static const uint32_t sizes[] = {10000, 100000, 1000000};
	const char *build = getenv("LK_BUILD");

	if (build == NULL || build[0] != '/') {
		(void)fprintf(stderr, "LK_BUILD must name the build folder\n");
		return 2;
	}
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 1; i < argc; i++)
		measure((uint32_t)strtoul(argv[i], NULL, 10), build);
	for (size_t i = 0; argc == 1 && i < sizeof(sizes) / sizeof(sizes[0]); i++)
		measure(sizes[i], build);
	return 0;
}
