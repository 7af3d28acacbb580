/* SPDX-License-Identifier: MIT */
#pragma once

#include <netinet/in.h>
#include <security/pam_modules.h>
#include <stdbool.h>

#include "pam_module/options.h"

/* In whose process are we, and how does its conversation behave? A guess that decides about texts only: nothing that
 * anybody may do follows from it. */

enum caller_style {
	CALLER_PROMPT, /* texts reach the person whole in a prompt only: sshd */
	CALLER_LIVE,   /* texts are seen at once: sudo, su, login */
	CALLER_NONE,   /* nobody is there: no terminal */
};

struct caller {
	bool is_sshd;
	enum caller_style style;
	int client_fd;                 /* the SSH client's TCP connection, borrowed; -1 if there is none */
	char client[INET6_ADDRSTRLEN]; /* its address, "" if there is none */
	unsigned columns;              /* of the terminal; 80x24 where it cannot be seen */
	unsigned rows;
	bool is_utf8;
};

void caller_examine(struct caller *ret, pam_handle_t *pamh, const struct options *o);

/**
 * caller_client_socket() - the inherited TCP connection of the SSH client
 * @rhost:   PAM_RHOST or NULL; where it is an address, only a connection from it counts
 * @address: INET6_ADDRSTRLEN bytes; the peer's address, "" if there is none
 * Return: descriptor, owned by the application; or -1.
 */
int caller_client_socket(const char *rhost, char *address);
