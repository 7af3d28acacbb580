/* SPDX-License-Identifier: MIT */
/* Looks at the process around the module: its program, terminal and connections. Reads no environment and changes
 * nothing. When in doubt it answers what works everywhere: a prompt for sshd, 80x24, no terminal. */

#include "pam_module/caller.h"

#include <arpa/inet.h>
#include <errno.h>
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
#define PROGRAM_MAX (64u * 1024u * 1024u)
#define SCAN_BLOCK (32u * 1024u)
#define SCAN_MARK "OpenSSH_"
#define SCAN_TAIL 24u /* a mark and two numbers */
#define LIVE_FROM (10 * 100 + 3)
#define DESCRIPTORS_MAX 4096u

static void close_descriptor(const int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

/* One or two digits. Return: their number, 0 if there is none. */
static size_t read_number(unsigned *ret, const char *text, size_t len)
{
	size_t n = 0;

	*ret = 0;
	while (n < len && n < 2 && text[n] >= '0' && text[n] <= '9')
		*ret = *ret * 10 + (unsigned)(text[n++] - '0');
	return n;
}

/* "10.3p1": what stands behind the mark. Patterns like "7.0*" are no versions. */
static int read_version(const char *text, size_t len)
{
	unsigned major, minor;
	size_t n, m;

	n = read_number(&major, text, len);
	if (n == 0 || n == len || text[n] != '.')
		return 0;
	n++;
	m = read_number(&minor, text + n, len - n);
	if (m == 0)
		return 0;
	n += m;
	if (n < len && (text[n] == '*' || text[n] == '.' || text[n] == ','))
		return 0;
	return (int)(major * 100 + minor);
}

/* The highest version whose mark begins in the first @len bytes; those behind are there to be read on. */
static int scan_block(const char *block, size_t len, size_t total)
{
	int version = 0;

	for (size_t at = 0; at < len;) {
		const char *mark = memmem(block + at, total - at, SCAN_MARK, strlen(SCAN_MARK));
		int found;

		if (!mark || (size_t)(mark - block) >= len)
			break;
		at = (size_t)(mark - block) + strlen(SCAN_MARK);
		found = read_version(block + at, total - at);
		if (found > version)
			version = found;
	}
	return version;
}

int caller_openssh_version(int fd)
{
	char block[SCAN_BLOCK + SCAN_TAIL];
	int version = 0;

	for (off_t offset = 0; offset < PROGRAM_MAX; offset += SCAN_BLOCK) {
		ssize_t n = pread(fd, block, sizeof(block), offset);
		int found;

		if (n < 0 && errno == EINTR) {
			offset -= SCAN_BLOCK;
			continue;
		}
		if (n < 0)
			return -errno;
		found = scan_block(block, (size_t)n < SCAN_BLOCK ? (size_t)n : SCAN_BLOCK, (size_t)n);
		if (found > version)
			version = found;
		if ((size_t)n <= SCAN_BLOCK)
			break;
	}
	return version;
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

static enum caller_style style_of_sshd(void)
{
	LK_CLEANUP(close_descriptor) int fd = open(PROGRAM_PATH, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	return fd >= 0 && caller_openssh_version(fd) >= LIVE_FROM ? CALLER_LIVE : CALLER_PROMPT;
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

	c->style = style_of_sshd();
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
