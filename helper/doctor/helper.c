/* SPDX-License-Identifier: MIT */
/* What latchkeyd says of itself, of its store and map, and of each provider as latchkey-fetch found it a moment ago. */
#include <errno.h>
#include <string.h>

#include "helper/doctor/checks.h"
#include "helper/doctor/diagnosis.h"
#include "helper/protocol/names.h"

#define CLOCK_NOTE_S 5 /* beyond it a person may be told "too old"; tokens bear a minute */
#define CLOCK_FAULT_S 60

#define RESTART_HELPER "systemctl restart latchkey.socket latchkeyd.service"
#define RESTART_FETCH "systemctl restart latchkey-fetch.socket"

/* Why nothing was asked. Return: can the steps be looked at? */
static bool can_look(struct doctor *d)
{
	if (!d->is_machine)
		doctor_say(d, DOCTOR_UNSEEN, "nothing runs below %s", d->root);
	else if (d->diagnosis->reached != 0)
		doctor_say(d, DOCTOR_UNSEEN, "latchkeyd does not answer");
	else if (d->diagnosis->asked != 0)
		doctor_say(d, DOCTOR_UNSEEN, "latchkeyd did not say: %s",
			   d->diagnosis->asked == -EPROTO ? "it is another release"
							  : strerrordesc_np(-d->diagnosis->asked));
	return !doctor_said(d);
}

/* Each finding of one step; @good: what is said where all is well. */
static void tell_step(struct doctor *d, const char *step, const char *good, const char *mend, const char *command)
{
	if (!can_look(d))
		return;
	for (size_t i = 0; i < d->diagnosis->n; i++) {
		const struct diagnosis_step *s = &d->diagnosis->steps[i];

		if (strcmp(s->step, step) != 0)
			continue;
		doctor_say(d, s->is_good ? DOCTOR_GOOD : DOCTOR_FAULT, "%s%s%s", s->provider,
			   s->provider[0] ? ": " : "", s->detail[0] ? s->detail : good);
		if (s->is_good)
			continue;
		doctor_mend(d, "%s", mend);
		if (command)
			doctor_mend_by(d, "%s", command);
	}
	if (!doctor_said(d))
		doctor_say(d, DOCTOR_UNSEEN, "it does not come to that");
}

void check_helper(struct doctor *d)
{
	const struct diagnosis *a = d->diagnosis;

	if (!d->is_machine) {
		doctor_say(d, DOCTOR_UNSEEN, "nothing runs below %s", d->root);
	} else if (a->reached == -EPERM) {
		doctor_say(d, DOCTOR_FAULT, "%s is not to be trusted: its folder and its listener must be root's",
			   d->options->socket);
		doctor_mend(d, "mend what \"folders\" and \"sockets\" name, then start the helper's socket anew");
		doctor_mend_by(d, RESTART_HELPER);
	} else if (a->reached != 0) {
		doctor_say(d, DOCTOR_FAULT, "latchkeyd does not answer at %s: %s", d->options->socket,
			   a->reached == -EPROTO ? "it speaks otherwise" : strerrordesc_np(-a->reached));
		doctor_mend(d, "start it; its log says why it ended: journalctl -u latchkeyd");
		doctor_mend_by(d, RESTART_HELPER);
	} else if (strcmp(a->release, LK_RELEASE) != 0) {
		doctor_say(d, DOCTOR_FAULT, "latchkeyd is release %s, and this command %s", a->release, LK_RELEASE);
		doctor_mend(d, "after an upgrade start it anew");
		doctor_mend_by(d, RESTART_HELPER);
	} else {
		doctor_say(d, DOCTOR_GOOD, "latchkeyd %s answers", a->release);
	}
}

void check_root_process(struct doctor *d)
{
	tell_step(d, STEP_PUBLISH, "latchkey-root has published the map",
		  "mend what the words say and start it anew; its log: journalctl -u latchkey-root",
		  "systemctl restart latchkey-root.socket");
	for (size_t i = 0; d->diagnosis && i < d->diagnosis->n; i++) {
		const struct diagnosis_step *s = &d->diagnosis->steps[i];

		if (strcmp(s->step, STEP_PUBLISH) != 0 || !s->is_good || s->value == 0)
			continue;
		doctor_say(d, DOCTOR_FAULT, "%lld accounts are left off the map: it may not have them",
			   (long long)s->value);
		doctor_mend(d, "journalctl -u latchkeyd names one; \"collisions\" names those with local names");
	}
}

void check_store(struct doctor *d)
{
	tell_step(d, STEP_STORE, "the store is whole",
		  "stop latchkeyd and put /var/lib/latchkey/private back from a backup", NULL);
}

void check_fetch_process(struct doctor *d)
{
	tell_step(d, STEP_FETCH, "latchkey-fetch answers", "start it anew; its log: journalctl -u latchkey-fetch",
		  RESTART_FETCH);
}

void check_names(struct doctor *d)
{
	tell_step(d, STEP_NAME, "the name is known",
		  "mend /etc/resolv.conf, or the issuer's name in " DOCTOR_CONFIG "; \"getent hosts NAME\" tries it",
		  NULL);
}

void check_certificates(struct doctor *d)
{
	tell_step(d, STEP_CONNECTION, "connected, and the certificate is believed",
		  "let this host connect to the provider's port, or name the proxy; for a private authority: "
		  "ca_file in " DOCTOR_CONFIG ", or update-ca-certificates",
		  NULL);
}

void check_clock(struct doctor *d)
{
	if (!can_look(d))
		return;
	for (size_t i = 0; i < d->diagnosis->n; i++) {
		const struct diagnosis_step *s = &d->diagnosis->steps[i];
		int64_t apart = s->value < 0 ? -s->value : s->value;

		if (strcmp(s->step, STEP_CLOCK) != 0)
			continue;
		if (apart <= CLOCK_NOTE_S) {
			doctor_say(d, DOCTOR_GOOD, "%s: this clock and the provider's agree", s->provider);
			continue;
		}
		doctor_say(d, apart > CLOCK_FAULT_S ? DOCTOR_FAULT : DOCTOR_NOTE,
			   "%s: this clock is %lld s %s the provider's", s->provider, (long long)apart,
			   s->value > 0 ? "behind" : "ahead of");
		doctor_mend(d, "set the clock, and keep it right");
		doctor_mend_by(d, "timedatectl set-ntp true");
	}
	if (!doctor_said(d))
		doctor_say(d, DOCTOR_UNSEEN, "no provider has told its time");
}

void check_discovery(struct doctor *d)
{
	tell_step(d, STEP_DISCOVERY, "the provider's metadata is good",
		  "issuer in " DOCTOR_CONFIG " must be what the provider calls itself, byte by byte; see "
		  "docs/providers",
		  NULL);
}

void check_keys(struct doctor *d)
{
	tell_step(d, STEP_KEYS, "the provider's keys are good",
		  "look at the provider's jwks_uri, or at jwks_file in " DOCTOR_CONFIG, NULL);
}

void check_client(struct doctor *d)
{
	tell_step(d, STEP_CLIENT, "the provider gives codes to this client",
		  "client_id, secret and scope in " DOCTOR_CONFIG
		  " must fit a client that may use the device grant at the provider; see docs/providers",
		  NULL);
}
