/* SPDX-License-Identifier: MIT */
/* The PAM module inside sshd, and a helper that says anything (R16): whatever the frames are, nobody gets in without a last
 * one that grants this very account, the person sees no control character, no line of the log breaks, and nothing stays
 * open. The first byte chooses phase and conversation; the frames follow, each ended by a NUL as on the wire. */
#include <json-c/json.h>
#include <security/pam_modules.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "helper/base/json.h"
#include "helper/protocol/varlink.h"
#include "tests/unit/pam_module/fake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_printable(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text < ' ' || *text > '~')
			return false;
	return true;
}

/* Lines of ASCII, and the block elements that a QR code is made of. */
static bool is_screen(const char *text)
{
	while (*text != '\0') {
		if (strncmp(text, "\xe2\x96\x80", 3) == 0 || strncmp(text, "\xe2\x96\x84", 3) == 0 ||
		    strncmp(text, "\xe2\x96\x88", 3) == 0)
			text += 3;
		else if (*text == '\n' || (*text >= ' ' && *text <= '~'))
			text++;
		else
			return false;
	}
	return true;
}

static void check_texts(void)
{
	for (int i = 0; i < fake.n_shown; i++)
		if (fake.shown[i].style == PAM_ERROR_MSG
			    ? !is_printable(fake.shown[i].text) || strlen(fake.shown[i].text) >= 1024
			    : !is_screen(fake.shown[i].text))
			abort();
	for (int i = 0; i < fake.n_logged; i++)
		if (!is_printable(fake.logged[i].text))
			abort();
	if (fake.n_opened != fake.n_closed || fake.n_maps_open != 0)
		abort();
}

/* What the last frame that was taken must have been, read by itself. */
static void check_success(bool is_account)
{
	const char *json = fake.next_step > 0 ? fake.steps[fake.next_step - 1].json : NULL;
	struct varlink_reply reply = {0};
	struct json_object *account;
	const char *state, *name;
	int64_t uid, gid;

	if (json == NULL || varlink_reply_parse(&reply, json, strlen(json)) != 0 || reply.error != NULL)
		abort();
	if (!is_account &&
	    (reply.continues || json_read_string(reply.parameters, "state", 64, &state) != 0 ||
	     strcmp(state, "granted") != 0 || json_read_object(reply.parameters, "account", &account) != 0 ||
	     json_read_string(account, "name", 64, &name) != 0 || strcmp(name, "alice") != 0 ||
	     json_read_int(account, "uid", 0, UINT32_MAX, &uid) != 0 || uid != FAKE_UID ||
	     json_read_int(account, "gid", 0, UINT32_MAX, &gid) != 0 || gid != FAKE_UID))
		abort();
	varlink_reply_done(&reply);
}

static void take_frames(char *text, size_t len)
{
	char *end = text + len;

	while (text < end && fake.n_steps < FAKE_STEPS - 1) {
		char *nul = memchr(text, '\0', (size_t)(end - text));

		if (nul == NULL)
			return; /* never complete */
		fake_step(text, 0);
		text = nul + 1;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const conversations[] = {"conversation=live", "conversation=prompt"};
	const char *argv[] = {conversations[0], "qr=auto"};
	bool is_account;
	char *text;
	int r;

	if (size < 1)
		return 0;
	text = malloc(size);
	if (text == NULL)
		return 0;
	memcpy(text, data + 1, size - 1);

	fake_reset();
	take_frames(text, size - 1);
	is_account = (data[0] & 1) != 0;
	argv[0] = conversations[data[0] >> 1 & 1];
	argv[1] = (data[0] & 4) != 0 ? "qr=ascii" : (data[0] & 8) != 0 ? "qr=utf8" : "qr=auto";
	fake.map_name = (data[0] & 16) != 0 ? "alice" : NULL;
	fake.map_uid = FAKE_UID;
	r = is_account ? pam_sm_acct_mgmt(fake_pamh(), 0, 2, argv) : pam_sm_authenticate(fake_pamh(), 0, 2, argv);
	if (r == PAM_SUCCESS)
		check_success(is_account);
	if (r == PAM_IGNORE || (fake.data != NULL) != (r == PAM_SUCCESS && !is_account))
		abort();
	check_texts();
	fake_reset();
	free(text);
	return 0;
}
