/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/* What a program that ssh(1) runs as SSH_ASKPASS can know of the connection. ssh says no more than the question, but from 8.5 on
 * it puts in front of it, itself, to whom it is connected: "(deploy@build7.example.org) ". All behind that is the server's. */

#define SSH_NAME_MAX 255u

struct ssh_question {
	char user[SSH_NAME_MAX + 1];
	char host[SSH_NAME_MAX + 1]; /* as on the command line or in HostName, in lower case; or HostKeyAlias */
	const char *text;            /* borrowed: what the server asks */
};

/** ssh_question_read() - Return: 0, -EBADMSG nothing like that stands in front. */
int ssh_question_read(struct ssh_question *ret, const char *question);

/**
 * ssh_client_names_host() - is process @pid an ssh(1) that puts the host in front of each question
 * Of any other the server could have written it. Runs that program with -V, for two seconds at most.
 */
bool ssh_client_names_host(pid_t pid);

/** ssh_version_names_host() - the pure part: what -V printed */
bool ssh_version_names_host(const char *text);
