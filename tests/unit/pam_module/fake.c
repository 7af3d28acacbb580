/* SPDX-License-Identifier: MIT */
/* The module's surroundings in one process: see fake.h. Nothing here decides what is right. */
/* The headers would have an opinion of __getgroups_chk() too. */
#undef _FORTIFY_SOURCE

#include "tests/unit/pam_module/fake.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include <security/pam_ext.h>

#include "helper/accounts/map_writer.h"
#include "helper/base/clock.h"
#include "helper/base/file.h"
#include "helper/protocol/client.h"
#include "nss_module/map_reader.h"

struct pam_handle {
	int unused;
};

struct client {
	int unused;
};

struct fake fake;
static struct pam_handle handle;
static struct client the_client;

pam_handle_t *fake_pamh(void)
{
	return &handle;
}

static void texts_free(struct fake_text *texts, int *n)
{
	while (*n > 0)
		free(texts[--*n].text);
}

void fake_reset(void)
{
	texts_free(fake.shown, &fake.n_shown);
	texts_free(fake.logged, &fake.n_logged);
	while (fake.n_calls > 0)
		free(fake.calls[--fake.n_calls]);
	if (fake.data && fake.data_free)
		fake.data_free(&handle, fake.data, 0);
	if (fake.readable_fd > 0)
		close(fake.readable_fd);
	memset(&fake, 0, sizeof(fake));
	fake.readable_fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	strcpy(fake.user, "alice");
	fake.has_user = true;
	fake.service = "sshd";
	fake.rhost = "192.0.2.7";
	fake.tty = "ssh";
	fake.nss_uid = FAKE_UID;
	fake.nss_gid = FAKE_UID;
	fake.nss_home = "/home/alice";
	fake.nss_shell = "/bin/bash";
	fake.passwd = "root:x:0:0:root:/root:/bin/bash\nlocal:x:1000:1000::/home/local:/bin/sh\n";
	fake.group = "root:x:0:\nlocal:x:1000:\n";
	fake.range_min = 0x70000000;
	fake.range_max = 0x7FFFFFFE;
	fake.memory_left = -1;
	clock_freeze(1000000, 1700000000);
}

void fake_step(const char *json, int error)
{
	assert_in_range(fake.n_steps, 0, FAKE_STEPS - 1);
	fake.steps[fake.n_steps++] = (struct fake_step){.json = json, .error = error};
}

void fake_challenge(void)
{
	fake_step("{\"parameters\":{\"release\":\"0\",\"protocol\":1,\"minimum\":1}}", 0);
	fake_step("{\"parameters\":{\"state\":\"challenge\",\"challenge\":{\"method\":\"device\",\"verification_uri\":"
		  "\"https://idp.example/device\",\"user_code\":\"WDJB-MJHT\",\"expires_in\":900,\"host\":\"web1\","
		  "\"account\":\"alice\",\"source\":\"192.0.2.7\",\"provider\":\"Example\"}},\"continues\":true}",
		  0);
}

/* --- libpam --- */

int pam_get_item(const pam_handle_t *pamh, int item, const void **ret)
{
	assert_ptr_equal(pamh, &handle);
	*ret = NULL;
	if (item == PAM_USER)
		*ret = fake.has_user ? fake.user : NULL;
	else if (item == PAM_SERVICE)
		*ret = fake.service;
	else if (item == PAM_RHOST)
		*ret = fake.rhost;
	else if (item == PAM_TTY)
		*ret = fake.tty;
	else
		fail_msg("item %d", item);
	return PAM_SUCCESS;
}

int pam_get_user(pam_handle_t *pamh, const char **ret, const char *prompt)
{
	assert_ptr_equal(pamh, &handle);
	assert_null(prompt);
	if (!fake.has_user)
		return PAM_CONV_ERR;
	*ret = fake.user;
	return PAM_SUCCESS;
}

int pam_set_data(pam_handle_t *pamh, const char *name, void *data,
		 void (*cleanup)(pam_handle_t *pamh, void *data, int status))
{
	assert_string_equal(name, "latchkey_signed_in");
	if (data && fake.set_data_code != PAM_SUCCESS)
		return fake.set_data_code;
	if (fake.data && fake.data_free)
		fake.data_free(pamh, fake.data, 0);
	fake.data = data;
	fake.data_free = cleanup;
	return PAM_SUCCESS;
}

int pam_get_data(const pam_handle_t *pamh, const char *name, const void **ret)
{
	assert_ptr_equal(pamh, &handle);
	assert_string_equal(name, "latchkey_signed_in");
	*ret = fake.data;
	return fake.data ? PAM_SUCCESS : PAM_NO_MODULE_DATA;
}

const char *pam_getenv(pam_handle_t *pamh, const char *name)
{
	assert_ptr_equal(pamh, &handle);
	return strcmp(name, "SSH_AUTH_INFO_0") == 0 ? fake.auth_info : NULL;
}

LK_PRINTF(4, 0) static void text_add(struct fake_text *texts, int *n, int style, const char *format, va_list args)
{
	assert_in_range(*n, 0, FAKE_TEXTS - 1);
	texts[*n].style = style;
	assert_true(vasprintf(&texts[*n].text, format, args) >= 0);
	++*n;
}

int pam_prompt(pam_handle_t *pamh, int style, char **response, const char *format, ...)
{
	va_list args;

	assert_ptr_equal(pamh, &handle);
	va_start(args, format);
	text_add(fake.shown, &fake.n_shown, style, format, args);
	va_end(args);
	if (fake.user_after_prompt && style != PAM_ERROR_MSG)
		strcpy(fake.user, fake.user_after_prompt);
	if ((style == PAM_PROMPT_ECHO_OFF || style == PAM_PROMPT_ECHO_ON) && fake.prompt_code == PAM_SUCCESS) {
		assert_non_null(response);
		*response = fake.typed ? strdup(fake.typed) : NULL;
	}
	return style == PAM_ERROR_MSG ? PAM_SUCCESS : fake.prompt_code;
}

void pam_syslog(const pam_handle_t *pamh, int priority, const char *format, ...)
{
	va_list args;

	assert_ptr_equal(pamh, &handle);
	va_start(args, format);
	text_add(fake.logged, &fake.n_logged, priority, format, args);
	va_end(args);
}

/* --- NSS and /etc/passwd --- */

static int put(char **ret, char **at, char *end, const char *text)
{
	size_t len = strlen(text) + 1;

	if ((size_t)(end - *at) < len)
		return ERANGE;
	memcpy(*at, text, len);
	*ret = *at;
	*at += len;
	return 0;
}

int getpwnam_r(const char *name, struct passwd *record, char *buffer, size_t size, struct passwd **ret)
{
	char *at = buffer;
	int r;

	*ret = NULL;
	fake.n_nss_asked++;
	if (fake.nss_error != 0)
		return fake.nss_error;
	if (fake.nss_uid == 0)
		return 0;
	*record = (struct passwd){.pw_uid = fake.nss_uid, .pw_gid = fake.nss_gid};
	r = put(&record->pw_name, &at, buffer + size, fake.nss_name ? fake.nss_name : name);
	if (r == 0 && fake.nss_home)
		r = put(&record->pw_dir, &at, buffer + size, fake.nss_home);
	if (r == 0 && fake.nss_shell)
		r = put(&record->pw_shell, &at, buffer + size, fake.nss_shell);
	if (r == 0)
		*ret = record;
	return r;
}

int file_read(struct buf *ret, const char *path, enum file_owner owner, enum file_privacy privacy, size_t max)
{
	bool is_group = strcmp(path, "/etc/group") == 0;
	int error = is_group ? fake.group_error : fake.passwd_error;

	assert_true(is_group || strcmp(path, "/etc/passwd") == 0);
	assert_int_equal(owner, FILE_OWNER_ROOT);
	assert_int_equal(privacy, FILE_READABLE);
	buf_init(ret, max);
	if (error < 0)
		return error;
	buf_append_text(ret, is_group ? fake.group : fake.passwd);
	return buf_fault(ret);
}

/* --- the process --- */

uid_t geteuid(void)
{
	return fake.euid;
}

pid_t getsid(pid_t pid)
{
	return fake.has_session ? (pid_t)syscall(SYS_getsid, pid) : -1;
}

int getgroups(int size, gid_t *ret)
{
	if (size == 0)
		return fake.n_gids;
	assert_true(size >= fake.n_gids);
	memcpy(ret, fake.gids, (size_t)fake.n_gids * sizeof(*ret));
	return fake.n_gids;
}

/* What the C library's headers make of the call above where they know how large the list is. */
int __getgroups_chk(int size, gid_t *ret, size_t ret_size); /* NOLINT */
int __getgroups_chk(int size, gid_t *ret, size_t ret_size)  /* NOLINT */
{
	assert_true(ret_size >= (size_t)size * sizeof(*ret));
	return getgroups(size, ret);
}

int setgroups(size_t n, const gid_t *gids)
{
	if (fake.gids_error != 0) {
		errno = fake.gids_error;
		return -1;
	}
	assert_in_range(n, 0, FAKE_GIDS);
	memcpy(fake.gids, gids, n * sizeof(*gids));
	fake.n_gids = (int)n;
	fake.n_setgroups++;
	return 0;
}

/* --- the map --- */

int map_reader_open(const struct map_reader *r, struct map_view *ret)
{
	struct map_writer *w = NULL;
	struct map_header h;
	void *bytes = NULL;
	size_t len;

	assert_string_equal(r->directory, "/var/lib/latchkey/nss");
	assert_int_equal(r->owner, 0);
	if (fake.map_error < 0)
		return fake.map_error;
	assert_int_equal(map_writer_new(&w), 0);
	if (fake.map_name)
		assert_int_equal(map_writer_add_user(w, &(struct map_user){.name = fake.map_name,
									   .uid = fake.map_uid,
									   .gid = fake.map_uid,
									   .gecos = "",
									   .home = fake.map_is_local ? "" : "/home/x",
									   .shell = fake.map_is_local ? "" : "/bin/sh",
									   .is_local = fake.map_is_local}),
				 0);
	map_writer_set_local_groups(w, fake.map_groups, fake.map_groups_len);
	assert_int_equal(map_writer_finish(w, &bytes, &len), 0);
	map_writer_free(w);
	memcpy(&h, bytes, sizeof(h));
	h.range_min = fake.range_min;
	h.range_max = fake.range_max;
	h.checksum = map_checksum(&h);
	memcpy(bytes, &h, sizeof(h));
	assert_true(map_view_init(ret, bytes, len));
	fake.n_maps_open++;
	return 0;
}

void map_reader_close(struct map_view *v)
{
	union {
		const unsigned char *in;
		void *out;
	} bytes = {.in = v->base};

	free(bytes.out);
	fake.n_maps_open--;
}

/* --- the helper's client --- */

int client_open(struct client **ret, const char *path)
{
	assert_string_equal(path, CLIENT_SOCKET_PATH);
	if (fake.open_error < 0)
		return fake.open_error;
	fake.n_opened++;
	*ret = &the_client;
	return 0;
}

int client_call(struct client *c, const char *method, struct json_object *parameters, bool more)
{
	assert_ptr_equal(c, &the_client);
	assert_in_range(fake.n_calls, 0, FAKE_STEPS - 1);
	assert_true(asprintf(&fake.calls[fake.n_calls++], "%s %d %s", method, more,
			     parameters ? json_object_to_json_string_ext(parameters, JSON_C_TO_STRING_NOSLASHESCAPE)
					: "") >= 0);
	return fake.call_error;
}

int client_next(struct client *c, struct varlink_reply *ret, uint64_t timeout_ms, int watch_fd, const sigset_t *sigmask)
{
	const struct fake_step *step = &fake.steps[fake.next_step];

	assert_ptr_equal(c, &the_client);
	assert_null(sigmask);
	assert_int_equal(watch_fd, -1);
	assert_int_equal(timeout_ms, 0);
	if (fake.next_step >= fake.n_steps)
		return -EPIPE;
	if (step->error == -ETIMEDOUT)
		clock_freeze(clock_monotonic_ms() + 24 * 3600 * 1000, 1700000000);
	fake.next_step++;
	return step->json ? varlink_reply_parse(ret, step->json, strlen(step->json)) : step->error;
}

int client_fd(const struct client *c)
{
	assert_ptr_equal(c, &the_client);
	return fake.readable_fd;
}

void client_close(struct client *c)
{
	if (c)
		fake.n_closed++;
}
