/* SPDX-License-Identifier: MIT */
#pragma once

/* Where programs are that set-up runs. LK_LIBEXECDIR comes from the Makefile. */

#define PROGRAM_LATCHKEYD LK_LIBEXECDIR "/latchkeyd"
#define PROGRAM_LATCHKEY_FETCH LK_LIBEXECDIR "/latchkey-fetch"
#define PROGRAM_PAM_AUTH_UPDATE "/usr/sbin/pam-auth-update"
#define PROGRAM_AUTHSELECT "/usr/bin/authselect"
#define PROGRAM_SSHD "/usr/sbin/sshd"
#define PROGRAM_SYSTEMCTL "/usr/bin/systemctl"
