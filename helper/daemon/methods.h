/* SPDX-License-Identifier: MIT */
#pragma once

#include "helper/daemon/manager.h"
#include "helper/login/audit.h"
#include "helper/protocol/service.h"

/* The methods behind the dispatch table, which has already said that the peer may call them. Each answers the call, now or
 * later, exactly as io.latchkey.varlink says. */

typedef void (*method_fn)(struct manager *m, struct conn *c, const struct varlink_call *call);

/* methods_login.c */
void method_authenticate(struct manager *m, struct conn *c, const struct varlink_call *call);
void method_set_pin(struct manager *m, struct conn *c, const struct varlink_call *call);
void method_answer(struct manager *m, struct conn *c, const struct varlink_call *call);

/* methods_session.c */
void method_check_account(struct manager *m, struct conn *c, const struct varlink_call *call);

/* methods_admin.c */
void method_status(struct manager *m, struct conn *c, const struct varlink_call *call);
void method_list_accounts(struct manager *m, struct conn *c, const struct varlink_call *call);
void method_show_account(struct manager *m, struct conn *c, const struct varlink_call *call);

/* methods_diagnose.c */
void method_diagnose(struct manager *m, struct conn *c, const struct varlink_call *call);

/* methods_retired.c */
void method_list_retired(struct manager *m, struct conn *c, const struct varlink_call *call);

/* methods_approvals.c */
void method_list_approvals(struct manager *m, struct conn *c, const struct varlink_call *call);
void method_revoke_approvals(struct manager *m, struct conn *c, const struct varlink_call *call);

/* methods_offline.c */
void method_clear_pin(struct manager *m, struct conn *c, const struct varlink_call *call);
void method_open_break_glass(struct manager *m, struct conn *c, const struct varlink_call *call);
void method_close_break_glass(struct manager *m, struct conn *c, const struct varlink_call *call);
void method_list_break_glass(struct manager *m, struct conn *c, const struct varlink_call *call);

/* methods_accounts.c */
void method_forget_account(struct manager *m, struct conn *c, const struct varlink_call *call);
void method_import_accounts(struct manager *m, struct conn *c, const struct varlink_call *call);
void method_rename_account(struct manager *m, struct conn *c, const struct varlink_call *call);
void method_move_account(struct manager *m, struct conn *c, const struct varlink_call *call);
void method_release_name(struct manager *m, struct conn *c, const struct varlink_call *call);

/* methods_tokens.c */
void method_get_token(struct manager *m, struct conn *c, const struct varlink_call *call);
void method_lock_tokens(struct manager *m, struct conn *c, const struct varlink_call *call);
void method_logout(struct manager *m, struct conn *c, const struct varlink_call *call);

/* methods_vault.c */
void method_rotate_key(struct manager *m, struct conn *c, const struct varlink_call *call);

/* methods_enrolment.c */
void method_enroll(struct manager *m, struct conn *c, const struct varlink_call *call);

/* methods_keys.c */
void method_new_signing_key(struct manager *m, struct conn *c, const struct varlink_call *call);
void method_list_signing_keys(struct manager *m, struct conn *c, const struct varlink_call *call);
void method_show_signing_key(struct manager *m, struct conn *c, const struct varlink_call *call);
void method_rotate_signing_key(struct manager *m, struct conn *c, const struct varlink_call *call);
void method_delete_signing_key(struct manager *m, struct conn *c, const struct varlink_call *call);

/* methods_notice.c */
void method_logout_token(struct manager *m, struct conn *c, const struct varlink_call *call);

/* methods_service.c */
void method_get_version(struct manager *m, struct conn *c, const struct varlink_call *call);
void method_get_info(struct manager *m, struct conn *c, const struct varlink_call *call);
void method_get_interface_description(struct manager *m, struct conn *c, const struct varlink_call *call);

/* Shared by them. */

/** method_log_refusal() - one line about a call that this peer may not make, and not too many of them (L1); @reference: NULL, none */
void method_log_refusal(struct manager *m, const struct conn *c, enum audit_kind kind, const char *reference,
			const char *result, const char *detail);

#define SERVICE_LOCAL "local" /* what counts as PAM service from others than root */

/** method_version_fits() - the first look at a call of a module: one of another version may mean something else by every
 *  other parameter. Return: false, and it was answered. */
bool method_version_fits(struct conn *c, const struct varlink_call *call);

/** method_read_optional() - a text parameter that may be missing or empty. Return: false when it is there and unusable. */
bool method_read_optional(const struct varlink_call *call, const char *key, size_t max_len, const char **ret);

/** method_deny() - answer with Denied; the person reads the reference, by which an administrator finds what the log says.
 *  @provider: its title, or NULL */
void method_deny(struct conn *c, const char *reason, const char *provider, const char *reference);

/** method_no_such_account() - answer with NoSuchAccount */
void method_no_such_account(struct conn *c, const char *name);

/** method_account_of_uid() - the account whose own uid this is, also one of /etc/passwd. Return: 0, -ENOENT, negative errno. */
int method_account_of_uid(struct manager *m, uid_t uid, struct account **ret);

/** method_not_possible() - answer with NotPossible; @index: which account of an import, -1: none */
void method_not_possible(struct conn *c, const char *name, const char *message, int64_t index);

/** method_account_json() - the Account of the interface; NULL without memory */
struct json_object *method_account_json(const struct account *a);

/** method_account_with_groups() - the same with the groups that the last sign-in puts somebody into */
struct json_object *method_account_with_groups(struct manager *m, const struct account *a);

/** method_count_groups() - of our own, and in use */
int64_t method_count_groups(struct manager *m);

/** method_local_account_json() - the same for an account of /etc/passwd that belongs to an identity */
struct json_object *method_local_account_json(const struct account *a);

/** method_break_glass_json() - the accounts that root has opened; NULL without memory */
struct json_object *method_break_glass_json(struct manager *m);

/** method_add() - put @value (taken over, may be NULL) into @o. Return: false without memory or value. */
bool method_add(struct json_object *o, const char *key, struct json_object *value);
bool method_add_text(struct json_object *o, const char *key, const char *text);
bool method_add_int(struct json_object *o, const char *key, int64_t value);

/** method_append() - put @o (taken over, may be NULL) at the end of @list. Return: false without memory or @o. */
bool method_append(struct json_object *list, struct json_object *o);
