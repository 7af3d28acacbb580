/* SPDX-License-Identifier: MIT */
/* publish_crowd BUILD_FOLDER: a hundred first sign-ins at once through latchkeyd's publisher and a real latchkey-root. Whoever
 * is told that it is done is on the map at that moment, and few maps are made for all of them. In a mount namespace of its
 * own. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "helper/accounts/publish.h"
#include "tests/module/torture/ask.h"
#include "tests/module/torture/post.h"

#define CROWD 100u
/* A map takes four turns of the loop at least: its start, its rows, its tables, its answer. */
#define MAPS_MAX (CROWD / 4 + 2)
#define PRIVATE "/var/lib/latchkey/private"

static char home[] = "/home/%u", shell[] = "/bin/bash";
static const struct account_settings settings = {
	.uid_min = TORTURE_UID_MIN,
	.uid_max = TORTURE_UID_MAX,
	.home = home,
	.shell = shell,
};

struct person {
	char name[16];
	unsigned int *done;
	unsigned int *wrong;
};

static void on_done(void *userdata, int error, const char *detail)
{
	struct person *p = userdata;
	char buffer[1024];
	struct passwd pw;

	++*p->done;
	if (error == 0 && way_direct.user_by_name(p->name, &pw, buffer, sizeof(buffer)) == SAID_FOUND)
		return;
	(void)printf("%s: %s, and not on the map\n", p->name, detail);
	++*p->wrong;
}

static void sign_in(struct store *s, const struct person *p, uint32_t number)
{
	char texts[6][64];
	struct account a = {.uid = TORTURE_UID_MIN + number, .state = ACCOUNT_ACTIVE, .created_s = 1};

	(void)snprintf(texts[0], sizeof(texts[0]), "%.15s", p->name);
	(void)snprintf(texts[1], sizeof(texts[1]), "https://id.example");
	(void)snprintf(texts[2], sizeof(texts[2]), "subject of %.15s", p->name);
	(void)snprintf(texts[3], sizeof(texts[3]), "One of Many");
	(void)snprintf(texts[4], sizeof(texts[4]), "/home/%.15s", p->name);
	(void)snprintf(texts[5], sizeof(texts[5]), "{}");
	a.gid = a.uid;
	a.name = texts[0];
	a.issuer = texts[1];
	a.subject = texts[2];
	a.provider = texts[3];
	a.gecos = texts[3];
	a.home = texts[4];
	a.shell = shell;
	a.facts = texts[5];
	torture_must(store_insert(s, &a) == 0, "store_insert");
}

static int crowd(struct torture *t, const char *build)
{
	static struct person people[CROWD];
	struct publisher *publisher = NULL;
	struct store *store = NULL;
	sd_event *event = NULL;
	unsigned int done = 0;
	unsigned int wrong = 0;
	char path[4096];
	struct post p;
	uint64_t maps;

	(void)snprintf(path, sizeof(path), "%s/latchkey-root", build);
	torture_namespace();
	post_init(&p, t, path);
	post_start(&p);
	(void)snprintf(path, sizeof(path), "%s/libnss_latchkey.so.2", build);
	ask_init(path);
	torture_must(mkdir(PRIVATE, 0700) == 0 && store_open(&store, PRIVATE "/store.db") == 0, PRIVATE);
	torture_must(sd_event_new(&event) >= 0 &&
			     publisher_new(&publisher, event, &settings, store, POST_SOCKET_PATH) == 0,
		     "publisher_new");
	for (uint32_t i = 0; i < CROWD; i++) {
		(void)snprintf(people[i].name, sizeof(people[i].name), "person%u", i);
		people[i].done = &done;
		people[i].wrong = &wrong;
		sign_in(store, &people[i], i);
		torture_must(publisher_request(publisher, on_done, &people[i], NULL) == 0, "publisher_request");
		/* The provider's answers come one after another. */
		torture_must(sd_event_run(event, 0) >= 0, "sd_event_run");
	}
	while (done < CROWD)
		torture_must(sd_event_run(event, UINT64_MAX) >= 0, "sd_event_run");
	maps = ask_counter();
	(void)printf("  %u sign-ins, %llu maps\n", CROWD, (unsigned long long)maps);
	publisher_free(publisher);
	sd_event_unref(event);
	store_close(store);
	post_done(&p);
	return wrong == 0 && maps > 0 && maps <= MAPS_MAX ? 0 : 1;
}

int main(int argc, char **argv)
{
	static struct torture t;

	return argc == 2 && argv[1][0] == '/' ? crowd(&t, argv[1]) : 2;
}
