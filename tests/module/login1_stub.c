/* SPDX-License-Identifier: MIT */
/* Stands in for logind on a bus of the test's own: prints "ready", then "terminate UID CAN" for each TerminateUser, where CAN
 * is what logind's own check says of the caller without asking polkit: 1 it may, 0 it may not.
 *	login1_stub ANSWER    ok; no-such-user; hang; denied */
#include <linux/capability.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>

#define NAME "org.freedesktop.login1"

static const char *answer;

static int terminate(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	uint32_t uid;
	int r = sd_bus_message_read(m, "u", &uid);

	(void)userdata;
	if (r < 0)
		return r;
	(void)printf("terminate %u %d\n", uid, sd_bus_query_sender_privilege(m, CAP_KILL));
	(void)fflush(stdout);
	if (strcmp(answer, "hang") == 0)
		return 1;
	if (strcmp(answer, "no-such-user") == 0)
		return sd_bus_error_set(error, NAME ".NoSuchUser", "User ID is not logged in or lingering");
	if (strcmp(answer, "denied") == 0)
		return sd_bus_error_set(error, SD_BUS_ERROR_ACCESS_DENIED, "Permission denied \033[31m");
	return sd_bus_reply_method_return(m, "");
}

static const sd_bus_vtable methods[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("TerminateUser", "u", "", terminate, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_VTABLE_END,
};

int main(int argc, char **argv)
{
	sd_bus *bus = NULL;
	int r;

	if (argc != 2)
		return 2;
	answer = argv[1];
	r = sd_bus_open_system(&bus);
	if (r >= 0)
		r = sd_bus_add_object_vtable(bus, NULL, "/org/freedesktop/login1", NAME ".Manager", methods, NULL);
	if (r >= 0)
		r = sd_bus_request_name(bus, NAME, 0);
	if (r < 0) {
		(void)fprintf(stderr, "no bus: %s\n", strerrordesc_np(-r));
		return 1;
	}
	(void)printf("ready\n");
	(void)fflush(stdout);
	while (r >= 0) {
		r = sd_bus_process(bus, NULL);
		if (r == 0)
			r = sd_bus_wait(bus, UINT64_MAX);
	}
	return 1;
}
