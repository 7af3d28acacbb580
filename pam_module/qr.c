/* SPDX-License-Identifier: MIT */
/* Draws a QR code with the characters of a terminal. The lines below the last full one of half blocks count as margin. */

#include "pam_module/qr.h"

#include <errno.h>
#include <qrencode.h>
#include <stddef.h>

LK_DEFINE_CLEANUP(QRcode *, QRcode_free);

/* Is there ink, that is a character of the foreground, at this module, counted with the margin? */
static bool has_ink(const QRcode *code, bool is_light_screen, unsigned x, unsigned y)
{
	unsigned width = (unsigned)code->width;
	bool is_dark = false;

	if (x >= QR_MARGIN && y >= QR_MARGIN && x < QR_MARGIN + width && y < QR_MARGIN + width)
		is_dark = code->data[(size_t)(y - QR_MARGIN) * width + (x - QR_MARGIN)] & 1;
	return is_dark == is_light_screen;
}

static void draw_half_blocks(struct buf *out, const QRcode *code, bool is_light_screen, unsigned side)
{
	static const char *const cells[] = {" ", "\u2580", "\u2584", "\u2588"};

	for (unsigned y = 0; y < side; y += 2) {
		for (unsigned x = 0; x < side; x++) {
			unsigned upper = has_ink(code, is_light_screen, x, y);
			unsigned lower = has_ink(code, is_light_screen, x, y + 1);

			buf_append_text(out, cells[upper | lower << 1]);
		}
		buf_append_text(out, "\n");
	}
}

static void draw_ascii(struct buf *out, const QRcode *code, bool is_light_screen, unsigned side)
{
	for (unsigned y = 0; y < side; y++) {
		for (unsigned x = 0; x < side; x++)
			buf_append_text(out, has_ink(code, is_light_screen, x, y) ? "##" : "  ");
		buf_append_text(out, "\n");
	}
}

/* The lowest correction makes the smallest code; the next better one is taken where it costs no size. */
static int encode(QRcode **ret, const char *text)
{
	LK_CLEANUP(QRcode_freep) QRcode *code = NULL;
	QRcode *better;

	code = QRcode_encodeString(text, 0, QR_ECLEVEL_L, QR_MODE_8, 1);
	if (!code)
		return errno == ERANGE || errno == EINVAL ? QR_TOO_BIG : -ENOMEM;
	better = QRcode_encodeString(text, 0, QR_ECLEVEL_M, QR_MODE_8, 1);
	if (better && better->version == code->version) {
		QRcode_free(code);
		code = better;
	} else {
		QRcode_free(better);
	}
	*ret = LK_STEAL(code);
	return 0;
}

int qr_append(struct buf *out, const char *text, const struct qr_style *style, unsigned columns, unsigned rows)
{
	LK_CLEANUP(QRcode_freep) QRcode *code = NULL;
	LK_CLEANUP(buf_done) struct buf drawing = {0};
	unsigned side;
	int r;

	r = encode(&code, text);
	if (r != 0)
		return r;
	side = (unsigned)code->width + 2 * QR_MARGIN;
	if (side * (style->is_ascii ? 2 : 1) > columns || (style->is_ascii ? side : (side + 1) / 2) > rows)
		return QR_TOO_BIG;

	buf_init(&drawing, 256u * 1024u);
	if (style->is_ascii)
		draw_ascii(&drawing, code, style->is_light, side);
	else
		draw_half_blocks(&drawing, code, style->is_light, side);
	if (buf_fault(&drawing) < 0)
		return buf_fault(&drawing);
	buf_append(out, drawing.data, drawing.len);
	return buf_fault(out);
}
