/* SPDX-License-Identifier: MIT */
#pragma once

#include <pwd.h>
#include <security/pam_modules.h>
#include <stdbool.h>
#include <stdint.h>

/* libpam, NSS, /etc/passwd, /etc/group, the published map and the helper's client, as far as the module uses them, each told what to do. Defined in the
 * test program, they stand before the real ones. */

#define FAKE_UID 0x70000001u
#define FAKE_TEXTS 16
#define FAKE_STEPS 16
#define FAKE_GIDS 300

struct fake_text {
	int style; /* of PAM, or of syslog */
	char *text;
};

/* One thing that the helper does when it is asked for its next reply. */
struct fake_step {
	const char *json; /* a whole reply; NULL: @error is returned */
	int error;        /* -ETIMEDOUT also moves the clock on, beyond every deadline */
};

struct fake {
	/* libpam */
	char user[128 * 1024];
	bool has_user;
	const char *service, *rhost, *tty, *auth_info;
	int prompt_code;
	const char *typed;
	const char *user_after_prompt;
	struct fake_text shown[FAKE_TEXTS];
	int n_shown;
	struct fake_text logged[FAKE_TEXTS];
	int n_logged;
	void *data;
	void (*data_free)(pam_handle_t *pamh, void *data, int status);
	int set_data_code;
	/* NSS and /etc/passwd */
	const char *nss_name; /* NULL: whatever was asked */
	uint32_t nss_uid;     /* 0: unknown */
	uint32_t nss_gid;
	const char *nss_home, *nss_shell;
	int nss_error;
	int n_nss_asked;
	const char *passwd;
	int passwd_error;
	/* the published map, which holds one name */
	int map_error;
	const char *map_name; /* NULL: it is empty */
	uint32_t map_uid;
	bool map_is_local;
	uint32_t range_min, range_max;
	int n_maps_open;
	const char *map_groups; /* its part about groups of /etc/group */
	size_t map_groups_len;
	/* /etc/group, and the process's own groups */
	const char *group;
	int group_error;
	uint32_t euid;
	gid_t gids[FAKE_GIDS];
	int n_gids;
	int gids_error;
	int n_setgroups;
	bool has_session; /* else the process is in none, wherever the tests run */
	/* the helper */
	int open_error;
	int call_error;
	struct fake_step steps[FAKE_STEPS];
	int n_steps, next_step;
	char *calls[FAKE_STEPS]; /* "METHOD more PARAMETERS" */
	int n_calls;
	int n_opened, n_closed;
	int readable_fd; /* no wait ever blocks */
	/* allocations of ours that still succeed; -1: all. --wrap must be in the link. */
	int memory_left;
};

extern struct fake fake;

/** fake_reset() - alice, known to NSS and not to /etc/passwd; a helper that has no steps */
void fake_reset(void);

/** fake_step() - add a reply (json) or an end (NULL, error) to the script */
void fake_step(const char *json, int error);

/** fake_challenge() - GetVersion's answer and a challenge for alice */
void fake_challenge(void);

pam_handle_t *fake_pamh(void);
