/* SPDX-License-Identifier: MIT */
/* Asks logind over the system bus, where it believes root by the uid: capabilities are not told over D-Bus. The answer is
 * not waited for: a bus that hangs must not keep maps from being published, and what counts is which processes are left. */
#include "helper/root/logind.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <syslog.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include "helper/base/cleanup.h"
#include "helper/base/text.h"

#define LINGER_FOLDER "/var/lib/systemd/linger"
#define PATIENCE_S 10u
#define CALL_PATIENCE_US (UINT64_C(8) * 1000000)

static void close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

static int call(sd_bus *bus, uint32_t uid, sd_bus_error *error)
{
	sd_bus_message *m = NULL;
	int r = sd_bus_message_new_method_call(bus, &m, "org.freedesktop.login1", "/org/freedesktop/login1",
					       "org.freedesktop.login1.Manager", "TerminateUser");

	if (r >= 0)
		r = sd_bus_message_append(m, "u", uid);
	/* A machine whose logind is off does not get one by this. */
	if (r >= 0)
		r = sd_bus_message_set_auto_start(m, 0);
	if (r >= 0)
		r = sd_bus_call(bus, m, CALL_PATIENCE_US, error, NULL);
	(void)sd_bus_message_unref(m);
	return r;
}

static bool is_no_matter(const sd_bus_error *e)
{
	return sd_bus_error_has_name(e, "org.freedesktop.login1.NoSuchUser") > 0 ||
	       sd_bus_error_has_name(e, SD_BUS_ERROR_SERVICE_UNKNOWN) > 0 ||
	       sd_bus_error_has_name(e, SD_BUS_ERROR_NAME_HAS_NO_OWNER) > 0;
}

static void terminate(uint32_t uid)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus *bus = NULL;
	char text[200];
	int r;

	(void)alarm(PATIENCE_S);
	if (sd_bus_open_system(&bus) < 0)
		return;
	r = call(bus, uid, &error);
	if (r >= 0 || is_no_matter(&error))
		return;
	text_sanitise(text, sizeof(text), error.message != NULL ? error.message : strerrordesc_np(-r),
		      strlen(error.message != NULL ? error.message : strerrordesc_np(-r)), false);
	(void)fprintf(stderr, "<%d>latchkey-root: logind does not end the sessions of uid %u: %s\n", LOG_WARNING, uid,
		      text);
}

int logind_terminate_user(uint32_t uid)
{
	pid_t child = fork();
	int status;

	if (child < 0)
		return -errno;
	if (child == 0) {
		/* Its own child is nobody's to wait for. */
		pid_t worker = fork();

		if (worker == 0)
			terminate(uid);
		_exit(worker < 0 ? errno : 0);
	}
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -ECHILD;
}

int logind_forget_linger(const char *root, const char *name)
{
	LK_CLEANUP(close_fd) int folder = -1;
	char path[4096];
	int n = snprintf(path, sizeof(path), "%s" LINGER_FOLDER, root);

	if (n < 0 || (size_t)n >= sizeof(path))
		return -ENAMETOOLONG;
	if (name[0] == '\0' || name[0] == '.' || strchr(name, '/') != NULL)
		return -EINVAL;
	folder = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (folder < 0)
		return errno == ENOENT ? 0 : -errno;
	return unlinkat(folder, name, 0) == 0 || errno == ENOENT ? 0 : -errno;
}
