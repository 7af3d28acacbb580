/* SPDX-License-Identifier: MIT */
/* The changes of a set-up: secret, configuration, NSS, nscd, sshd, and PAM as the last. */
#include "helper/setup/plan.h"

#include <errno.h>
#include <string.h>

#include "helper/setup/configuration.h"
#include "helper/setup/edit.h"
#include "helper/setup/sshd.h"
#include "helper/setup/users.h"

static const char *bytes(const struct buf *b)
{
	return b->data != NULL ? b->data : "";
}

static int plan_secret(struct context *c, const struct buf *secret)
{
	struct change *ch;
	int r;

	if (c->secret_path[0] == '\0')
		return 0;
	r = changes_read(&c->changes, c->secret_path, "the client's secret", &ch);
	if (r < 0)
		return r;
	ch->is_secret = ch->is_exact = true;
	ch->owner.mode = 0400;
	if (users_find(c->root, "latchkey", &ch->owner.uid, &ch->owner.gid) < 0) {
		warn(c, "the system user latchkey is missing%s: \"systemd-sysusers\" makes it",
		     c->root[0] ? " in there" : "");
		return 1;
	}
	buf_append(&ch->after, secret->data, secret->len);
	return buf_fault(&ch->after);
}

/* Settings that somebody has made are not overwritten. */
static int plan_configuration(struct context *c)
{
	LK_CLEANUP(buf_done) struct buf text = {0};
	struct change *ch;
	int r = changes_read(&c->changes, SETUP_CONFIG, "the configuration", &ch);

	buf_init(&text, CHANGE_BYTES_MAX);
	if (r == 0)
		r = configuration_write(&text, c, c->secret_path);
	if (r < 0)
		return r;
	if (configuration_has_keys(bytes(&ch->before), ch->before.len) &&
	    (ch->before.len != text.len || memcmp(ch->before.data, text.data, text.len) != 0)) {
		enum record_state state = record_state(&c->record, ch);

		if (state == RECORD_CHANGED) {
			warn(c, "%s was changed since set-up wrote it and stays as it is", ch->path);
			return change_keep(ch);
		}
		if (state != RECORD_OURS) {
			warn(c, "%s has settings that set-up did not make: move it away, and this writes a new one",
			     ch->path);
			return 1;
		}
	}
	buf_append(&ch->after, text.data, text.len);
	ch->is_exact = true;
	ch->owner = (struct replace_owner){.mode = 0644};
	return buf_fault(&ch->after);
}

static int plan_nsswitch(struct context *c)
{
	struct change *ch;
	const char *database = "";
	int r = changes_read(&c->changes, "/etc/nsswitch.conf", "NSS", &ch);

	if (r == -ELOOP) {
		warn(c, "/etc/nsswitch.conf is a link that another program keeps (authselect?): put latchkey behind "
			"the other "
			"sources of passwd, group and shadow there");
		return 0;
	}
	if (r == 0)
		r = edit_nsswitch(&ch->after, bytes(&ch->before), ch->before.len, &database);
	if (r <= 0)
		return r;
	warn(c, "/etc/nsswitch.conf: the line of %s %s: mend it first", database,
	     r == EDIT_STOPS_BEFORE ? "has an action that ends the search before it would come to latchkey"
				    : "has a '[' without its ']'");
	return 1;
}

static int plan_nscd(struct context *c)
{
	struct change *ch;
	int r = changes_read(&c->changes, "/etc/nscd.conf", "nscd's caches would give one person's answer to another",
			     &ch);

	if (r == 0 && !ch->existed) {
		changes_drop(&c->changes);
		return 0;
	}
	return r < 0 ? r : edit_nscd(&ch->after, bytes(&ch->before), ch->before.len);
}

int plan_make(struct context *c, const struct buf *secret, enum pam_way *ret_pam)
{
	int r = plan_secret(c, secret);

	if (r == 0)
		r = plan_configuration(c);
	if (r == 0)
		r = plan_nsswitch(c);
	if (r == 0)
		r = plan_nscd(c);
	if (r == 0)
		r = sshd_plan(c);
	if (r == 0)
		r = pam_plan(c, ret_pam);
	return r;
}
