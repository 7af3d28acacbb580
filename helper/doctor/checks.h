/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "helper/base/buf.h"
#include "helper/base/cleanup.h"
#include "helper/doctor/doctor.h"
#include "helper/doctor/facts.h"
#include "helper/root/locals.h"
#include "nss_module/map_reader.h"

/*
 * What all checks share. One check is one row of the table in doctor.c and one function in one of the files: it says what
 * it found, at least one thing, and changes nothing. What several need is in struct doctor, and is looked up once before
 * the first one.
 */

#define DOCTOR_CONFIG "/etc/latchkey/latchkey.conf"
#define DOCTOR_PROGRAM_MS 20000u

struct doctor {
	const struct doctor_options *options;
	const char *root; /* options->root */
	bool is_machine;  /* root is "" */
	struct facts facts;
	struct locals *locals;    /* NULL: etc/passwd or etc/group cannot be read */
	uint32_t helper_uid;      /* of the user latchkey; 0: there is none */
	uint32_t code_lifetime_s; /* of a code that the provider gave; 0: unknown */
	struct map_view view;     /* the map as it was before anybody asked; see nss_module/map_reader.h */
	bool has_view;
	int map;                       /* what look_at_map() found: 0 or negative errno */
	char map_why[DOCTOR_TEXT_MAX]; /* of a map that can be read: what it holds, or what is wrong with it */
	struct diagnosis *diagnosis;   /* what the helper says; NULL where nothing runs */

	const char *check; /* the row that is running */
	bool has_finding;
	struct doctor_finding finding; /* not told yet: a mend may follow */
	doctor_finding_fn on_finding;
	void *userdata;
	struct doctor_summary summary;
};

/* What a check says. A mend belongs to the finding before it: words, or a command that an administrator can copy. */
void doctor_say(struct doctor *d, enum doctor_grade grade, const char *format, ...) LK_PRINTF(3, 4);
void doctor_mend(struct doctor *d, const char *format, ...) LK_PRINTF(2, 3);
void doctor_mend_by(struct doctor *d, const char *format, ...) LK_PRINTF(2, 3);

/** doctor_path() - @path below the root that is looked at; @out has PATH_MAX bytes */
void doctor_path(const struct doctor *d, char *out, const char *path);

/** doctor_said() - has the running check said anything yet */
bool doctor_said(const struct doctor *d);

/* configuration.c */
void check_configuration(struct doctor *d);
void check_service_users(struct doctor *d);
void check_audit_file(struct doctor *d);

/* files.c */
void check_configuration_files(struct doctor *d);
void check_folders(struct doctor *d);
void check_sockets(struct doctor *d);
void check_units(struct doctor *d);
void check_space(struct doctor *d);

/* helper.c: what the helper says of itself and of its providers */
void check_helper(struct doctor *d);
void check_root_process(struct doctor *d);
void check_store(struct doctor *d);
void check_fetch_process(struct doctor *d);
void check_names(struct doctor *d);
void check_certificates(struct doctor *d);
void check_clock(struct doctor *d);
void check_discovery(struct doctor *d);
void check_keys(struct doctor *d);
void check_client(struct doctor *d);

/* map.c */
void look_at_map(struct doctor *d);
void check_published_map(struct doctor *d);
void check_homes(struct doctor *d);
void check_collisions(struct doctor *d);
void check_user(struct doctor *d);

/* nss.c */
void check_nss_module(struct doctor *d);
void check_nsswitch(struct doctor *d);
void check_nscd(struct doctor *d);

/* pam.c */
void check_pam_module(struct doctor *d);
void check_pam_auth(struct doctor *d);
void check_pam_account(struct doctor *d);
void check_pam_local(struct doctor *d);
void check_pam_session(struct doctor *d);

/* sshd.c */
void check_sshd(struct doctor *d);
void check_sshd_time(struct doctor *d);
void check_sshd_version(struct doctor *d);

/* service_accounts.c */
void check_service_accounts(struct doctor *d);
