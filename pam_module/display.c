/* SPDX-License-Identifier: MIT */
/* Lays out what a person reads before approving: where, for whom, from where, how long, and why to be careful. Pure text,
 * printable ASCII but for the QR code: a client in an ISO-8859-1 locale dies of anything else. */

#include "pam_module/display.h"

#include <errno.h>
#include <string.h>

#include "helper/base/text.h"

#define PIECE_MAX 2100u

/* Pieces flow into lines like words; one is only broken when it is longer than a line. */
struct layout {
	struct buf *out;
	unsigned columns;
	unsigned prefix; /* columns of this line that somebody else fills */
	unsigned column; /* bytes of ours on this line */
	unsigned rows;   /* of the lines ended so far, as the terminal wraps them */
};

static void layout_end_line(struct layout *l)
{
	unsigned width = l->prefix + l->column;

	buf_append_text(l->out, "\n");
	l->rows += width == 0 ? 1 : (width + l->columns - 1) / l->columns;
	l->prefix = 0;
	l->column = 0;
}

static void layout_piece(struct layout *l, const char *before, const char *text, const char *after)
{
	unsigned len = (unsigned)(strlen(before) + strlen(text) + strlen(after));

	if (l->column > 0 && l->column + 1 + len > l->columns)
		layout_end_line(l);
	if (l->column > 0) {
		buf_append_text(l->out, " ");
		l->column++;
	}
	buf_append_text(l->out, before);
	buf_append_text(l->out, text);
	buf_append_text(l->out, after);
	l->column += len;
}

/* Names are shown as well as they can be. */
static void layout_name(struct layout *l, const char *before, const char *name, const char *after)
{
	char shown[PIECE_MAX];

	text_sanitise(shown, sizeof(shown), name, strlen(name), false);
	layout_piece(l, before, shown, after);
}

/* Nobody can approve another code than the one received, or be sent to another address. */
static bool is_exact(const char *text)
{
	char shown[PIECE_MAX];

	text_sanitise(shown, sizeof(shown), text, strlen(text), false);
	return strcmp(shown, text) == 0;
}

static void layout_time(struct layout *l, int64_t expires_in_s)
{
	LK_CLEANUP(buf_done) struct buf number = {0};

	if (expires_in_s < 120) {
		layout_piece(l, "Approve this sign-in within ", expires_in_s < 60 ? "less than a minute" : "1 minute",
			     ":");
		return;
	}
	buf_init(&number, 32);
	buf_printf(&number, "%lld", (long long)(expires_in_s / 60));
	layout_piece(l, "Approve this sign-in within ", buf_fault(&number) < 0 ? "some" : number.data, " minutes:");
}

static void layout_words(struct layout *l, const struct display_challenge *c)
{
	layout_time(l, c->expires_in_s);
	layout_end_line(l);

	if (c->binding_message) {
		layout_piece(l, "", "Your own device asks you now.", "");
		layout_piece(l, "Approve only if it shows ", c->binding_message, "");
	} else if (c->user_code) {
		layout_piece(l, "Open ", c->verification_uri, "");
		layout_piece(l, "and enter ", c->user_code, "");
	} else {
		layout_piece(l, "Open ", c->verification_uri, "");
		layout_piece(l, "", "and sign in. Your browser then ends at an address that you paste here.", "");
	}
	layout_end_line(l);

	layout_name(l, "Host ", c->host, ",");
	layout_name(l, "account ", c->account, c->source ? "," : "");
	if (c->source)
		layout_name(l, "asked for from ", c->source, "");
	layout_name(l, "via ", c->provider, ".");
	layout_end_line(l);

	layout_piece(l, "", "Approve only what you started yourself just now, never what somebody sent you.", "");
	layout_end_line(l);
}

/* @target: of a QR code */
static bool are_exact(const struct display_challenge *c, const char *target)
{
	if (c->binding_message)
		return is_exact(c->binding_message);
	return is_exact(c->verification_uri) && is_exact(target) && (!c->user_code || is_exact(c->user_code));
}

/* What is asked for comes in a question of its own. */
static bool asks_later(const struct display_challenge *c)
{
	return !c->binding_message && !c->user_code;
}

int display_challenge(struct buf *out, const struct display_challenge *c, const struct display_screen *s)
{
	static const char question[] = "Press Enter when you have approved: ";
	const char *target = c->verification_uri_complete ? c->verification_uri_complete : c->verification_uri;
	struct layout l = {.out = out, .columns = s->columns};

	buf_init(out, DISPLAY_MAX);
	if (!are_exact(c, target))
		return -EILSEQ;
	if (s->is_prompt && s->is_sshd)
		l.prefix = (unsigned)(strlen("(@) ") + strlen(c->account) + strlen(c->host));
	layout_words(&l, c);

	/* The last row is the question's, or the one that the cursor comes to stand in. Words alone will do where the
	 * code does not fit or memory is short. */
	if (s->has_qr && target && buf_fault(out) == 0 && l.rows + 1 < s->rows)
		(void)qr_append(out, target, &s->qr, s->columns, s->rows - l.rows - 1);
	if (s->is_prompt && !asks_later(c))
		buf_append_text(out, question);
	else if (buf_fault(out) == 0)
		out->data[--out->len] = '\0'; /* whoever shows it ends the last line */
	return buf_fault(out);
}
