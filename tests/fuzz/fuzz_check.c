/* SPDX-License-Identifier: MIT */
/*
 * latchkey-root's judgement of any map: it ends, and what it accepts is right in the eyes of a slow reader. The header is
 * made to fit, so that the search starts behind its checksum.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/root/check.h"
#include "nss_module/map_view.h"
#include "tests/unit/root/slow_reader.h"

/* As tests/unit/root/world.c has it, and the slow reader by heart. */
#define CONF                                                                                                           \
	"[group devs]\nclaim_values = d\n[group ops]\nclaim_values = o\n[group docker]\nlocal = yes\n"                 \
	"[group lab]\nlocal = yes\n"
#define PASSWD                                                                                                         \
	"root:x:0:0:root:/root:/bin/bash\nlocal:x:1000:1000::/home/local:/bin/sh\nhigh:x:1879060000:1879060000::/:/\n"
#define GROUP "sudo:x:27:\nhighgroup:x:1879060001:\nbroken\n:x:5:\n"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void demand(int ok)
{
	if (!ok)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct settings *settings;
	static struct locals *locals;
	struct ini_fault fault;
	struct map_header h;
	char why[CHECK_WHY_SIZE] = "";
	const char *objection = NULL;
	unsigned char *copy;

	if (settings == NULL) {
		demand(settings_load_text(&settings, CONF, strlen(CONF), &fault) == 0 && locals_new(&locals) == 0);
		demand(locals_add_users(locals, PASSWD, strlen(PASSWD)) == 0 &&
		       locals_add_groups(locals, GROUP, strlen(GROUP)) == 0);
	}
	if (len < sizeof(h) || len > (1u << 16))
		return 0;
	copy = malloc(len);
	demand(copy != NULL);
	memcpy(copy, data, len);
	memcpy(&h, copy, sizeof(h));
	h.magic = MAP_MAGIC;
	h.version = MAP_VERSION;
	h.file_size = len;
	h.checksum = map_checksum(&h);
	memcpy(copy, &h, sizeof(h));
	if (check_map(copy, len, settings, locals, why) == 0)
		objection = slow_reader_objects(copy, len);
	else
		demand(why[0] != '\0' && strlen(why) < sizeof(why));
	if (objection != NULL)
		(void)fprintf(stderr, "accepted, and yet: %s\n", objection);
	demand(objection == NULL);
	free(copy);
	return 0;
}
