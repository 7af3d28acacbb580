/* SPDX-License-Identifier: MIT */
/* Looks at the process around the module: its program, terminal and connections. Reads no environment and changes
 * nothing. When in doubt it answers what works everywhere: a prompt for sshd, 80x24, no terminal. */

#include "pam_module/caller.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <langinfo.h>
#include <limits.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "helper/base/cleanup.h"
#include "helper/base/text.h"
#include "pam_module/display.h"

#define PROGRAM_PATH "/proc/self/exe"
#define DESCRIPTORS_MAX 4096u

static void close_descriptor(const int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

static bool is_sshd_program(pam_handle_t *pamh)
{
	char path[PATH_MAX];
	const void *tty = NULL;
	const char *name;
	ssize_t n;

	n = readlink(PROGRAM_PATH, path, sizeof(path) - 1);
	if (n < 0)
		return pam_get_item(pamh, PAM_TTY, &tty) == PAM_SUCCESS && tty && strcmp(tty, "ssh") == 0;
	path[n] = '\0';
	name = strrchr(path, '/');
	name = name ? name + 1 : path;
	/* "(deleted)" stands behind the name while an upgrade waits for a restart */
	return strcmp(name, "sshd") == 0 || text_has_prefix(name, "sshd ") || text_has_prefix(name, "sshd-");
}

/* Is this the connection of @rhost, or any if @rhost is no address? */
static bool is_client_socket(int fd, const char *rhost, char *address)
{
	struct sockaddr_storage peer = {0};
	socklen_t len = sizeof(peer);
	socklen_t type_len = sizeof(int);
	int type = 0;
	struct in6_addr wanted;
	char text[INET6_ADDRSTRLEN] = "";
	const char *shown = text;

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_len) < 0 || type != SOCK_STREAM)
		return false;
	if (getpeername(fd, (struct sockaddr *)&peer, &len) < 0)
		return false;
	if (peer.ss_family == AF_INET)
		(void)inet_ntop(AF_INET, &((struct sockaddr_in *)&peer)->sin_addr, text, sizeof(text));
	else if (peer.ss_family == AF_INET6)
		(void)inet_ntop(AF_INET6, &((struct sockaddr_in6 *)&peer)->sin6_addr, text, sizeof(text));
	else
		return false;

	if (text_has_prefix(text, "::ffff:") && strchr(text, '.'))
		shown = text + strlen("::ffff:");
	if (rhost && (inet_pton(AF_INET, rhost, &wanted) == 1 || inet_pton(AF_INET6, rhost, &wanted) == 1) &&
	    strcmp(rhost, shown) != 0)
		return false;
	memcpy(address, shown, strlen(shown) + 1);
	return true;
}

int caller_client_socket(const char *rhost, char *address)
{
	struct rlimit limit = {0};
	int end = DESCRIPTORS_MAX;

	address[0] = '\0';
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < DESCRIPTORS_MAX)
		end = (int)limit.rlim_cur;
	for (int fd = 0; fd < end; fd++)
		if (is_client_socket(fd, rhost, address))
			return fd;
	return -1;
}

static void examine_sshd(struct caller *c, pam_handle_t *pamh)
{
	const void *rhost = NULL;

	/* From 10.3 on sshd passes a text on at once, but which client will have it cannot be seen: those before 10.3 write
	 * it as a log line, the QR code in octal numbers and cut at 1 KB, and with -q not at all. All show a prompt whole. */
	c->style = CALLER_PROMPT;
	c->is_utf8 = true; /* the client's locale cannot be seen from here; nearly all are */
	(void)pam_get_item(pamh, PAM_RHOST, &rhost);
	c->client_fd = caller_client_socket(rhost, c->client);
}

static void examine_terminal(struct caller *c)
{
	LK_CLEANUP(close_descriptor) int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	struct winsize size = {0};

	if (fd < 0)
		return;
	c->style = CALLER_LIVE;
	c->is_utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) {
		c->columns = size.ws_col;
		c->rows = size.ws_row;
	}
}

void caller_examine(struct caller *ret, pam_handle_t *pamh, const struct options *o)
{
	struct caller c = {
		.style = CALLER_NONE,
		.client_fd = -1,
		.columns = DISPLAY_COLUMNS,
		.rows = DISPLAY_ROWS,
	};

	c.is_sshd = is_sshd_program(pamh);
	if (c.is_sshd)
		examine_sshd(&c, pamh);
	else
		examine_terminal(&c);

	switch (o->conversation) {
	case OPTIONS_CONVERSATION_AUTO:
		break;
	case OPTIONS_CONVERSATION_PROMPT:
		c.style = CALLER_PROMPT;
		break;
	case OPTIONS_CONVERSATION_LIVE:
		c.style = CALLER_LIVE;
		break;
	case OPTIONS_CONVERSATION_NONE:
		c.style = CALLER_NONE;
		break;
	}
	*ret = c;
}
