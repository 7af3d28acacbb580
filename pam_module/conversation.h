/* SPDX-License-Identifier: MIT */
#pragma once

#include <security/pam_modules.h>
#include <stdbool.h>

/* What can be said to the person at the other end. Each call is one PAM message: sshd from 10.3 on makes a request of its
 * own out of each. PAM_SILENT is not asked: sudo sets it always, and nobody can approve what was not shown. */

/** conversation_show() - a text without question. Return: PAM code. */
int conversation_show(pam_handle_t *pamh, const char *text);

/** conversation_refuse() - why it failed: ASCII, below 1 KB, since sshd's clients escape and cut it */
void conversation_refuse(pam_handle_t *pamh, const char *text);

/**
 * conversation_wait_for_enter() - show a text as a prompt without echo
 * Whatever is typed means nothing and is wiped unread (threat D10).
 * Return: PAM code.
 */
int conversation_wait_for_enter(pam_handle_t *pamh, const char *text);

/**
 * conversation_ask() - a question of one line, whose answer goes to the helper
 * @text:  foreign; sanitised here, with ": " put behind it
 * @typed: wiped and freed by the caller, also on failure; NULL where there is none
 * Return: PAM code.
 */
int conversation_ask(pam_handle_t *pamh, const char *text, bool echo, char **typed);
