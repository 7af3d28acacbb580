/* SPDX-License-Identifier: MIT */
#pragma once

/* The words of io.latchkey.varlink, for both ends. The interface file is the reference. */

#define PROTOCOL_VERSION 1
#define PROTOCOL_MINIMUM 1

#define METHOD_AUTHENTICATE "io.latchkey.Authenticate"
#define METHOD_ANSWER "io.latchkey.Answer"
#define METHOD_CHECK_ACCOUNT "io.latchkey.CheckAccount"
#define METHOD_GET_VERSION "io.latchkey.GetVersion"
#define METHOD_STATUS "io.latchkey.Status"
#define METHOD_LIST_ACCOUNTS "io.latchkey.ListAccounts"
#define METHOD_SHOW_ACCOUNT "io.latchkey.ShowAccount"
#define METHOD_LIST_APPROVALS "io.latchkey.ListApprovals"
#define METHOD_REVOKE_APPROVALS "io.latchkey.RevokeApprovals"
#define METHOD_FORGET_ACCOUNT "io.latchkey.ForgetAccount"

#define METHOD_IMPORT_ACCOUNTS "io.latchkey.ImportAccounts"
#define METHOD_RENAME_ACCOUNT "io.latchkey.RenameAccount"
#define METHOD_MOVE_ACCOUNT "io.latchkey.MoveAccount"
#define METHOD_RELEASE_NAME "io.latchkey.ReleaseName"
#define METHOD_GET_TOKEN "io.latchkey.GetToken"
#define METHOD_LOCK_TOKENS "io.latchkey.LockTokens"
#define METHOD_LOGOUT "io.latchkey.Logout"
#define METHOD_ROTATE_KEY "io.latchkey.RotateKey"
#define METHOD_LOGOUT_TOKEN "io.latchkey.LogoutToken"

#define STATE_CHALLENGE "challenge"
#define STATE_PROMPT "prompt"
#define STATE_WAITING "waiting"
#define STATE_GRANTED "granted"

#define ERROR_DENIED "io.latchkey.Denied"
#define ERROR_NOTHING_ASKED "io.latchkey.NothingAsked"
#define ERROR_NOT_OURS "io.latchkey.NotOurs"
#define ERROR_NOT_PERMITTED "io.latchkey.NotPermitted"
#define ERROR_VERSION_MISMATCH "io.latchkey.VersionMismatch"
#define ERROR_NO_SUCH_ACCOUNT "io.latchkey.NoSuchAccount"
#define ERROR_NOT_POSSIBLE "io.latchkey.NotPossible"

#define REASON_DENIED "denied"
#define REASON_EXPIRED "expired"
#define REASON_WRONG_ACCOUNT "wrong-account"
#define REASON_NOT_ALLOWED "not-allowed"
#define REASON_UNAVAILABLE "unavailable"
#define REASON_PROVIDER_ERROR "provider-error"
#define REASON_TOKEN_INVALID "token-invalid"
#define REASON_CONNECT_AGAIN "connect-again"
#define REASON_TOO_MANY "too-many"
#define REASON_CONFIGURATION "configuration"
#define REASON_NO_STORE "no-store"
#define REASON_NAME_TAKEN "name-taken"
#define REASON_RENAMED "renamed"
#define REASON_TOO_WEAK "too-weak"
#define REASON_TOO_OLD "too-old"
#define REASON_NOT_TOLD "not-told"
#define REASON_PUSH_PENDING "push-pending"
#define REASON_NO_SCREEN "no-screen"
#define REASON_REFUSED "refused"
#define REASON_SIGN_IN_NEEDED "sign-in-needed"
#define REASON_LOCKED "locked"
#define REASON_NOT_HANDED_OUT "not-handed-out"
