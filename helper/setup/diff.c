/* SPDX-License-Identifier: MIT */
/*
 * The unified difference of two small files: equal lines at both ends are set aside, and what is between them goes through the
 * longest common subsequence. Files of /etc are short, so its table is too.
 */
#include "helper/setup/diff.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "helper/base/text.h"

#define LINE_SIZE 512u

struct line {
	const char *at;
	size_t len; /* without its newline */
	bool has_newline;
};

struct lines {
	struct line *line;
	size_t n;
};

/* One step from before to after. */
struct step {
	char kind; /* ' ', '-', '+' */
	const struct line *line;
};

struct script {
	struct step *steps;
	size_t n;
};

static int split(struct lines *ret, const struct diff_text *t)
{
	const char *at = t->text;
	const char *end = t->text + t->len;
	size_t n = 1;

	for (const char *p = at; p < end; p++)
		n += *p == '\n';
	*ret = (struct lines){.line = calloc(n, sizeof(struct line))};
	if (ret->line == NULL)
		return -ENOMEM;
	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *stop = newline != NULL ? newline : end;

		ret->line[ret->n++] = (struct line){at, (size_t)(stop - at), newline != NULL};
		at = newline != NULL ? newline + 1 : end;
	}
	return 0;
}

static bool is_same(const struct line *a, const struct line *b)
{
	return a->len == b->len && a->has_newline == b->has_newline && memcmp(a->at, b->at, a->len) == 0;
}

static void add(struct script *s, char kind, const struct line *line)
{
	s->steps[s->n++] = (struct step){kind, line};
}

/* The middle, where it is too long to compare or memory is short of a table. */
static void replace_all(struct script *s, const struct line *a, size_t na, const struct line *b, size_t nb)
{
	for (size_t i = 0; i < na; i++)
		add(s, '-', &a[i]);
	for (size_t i = 0; i < nb; i++)
		add(s, '+', &b[i]);
}

static int compare(struct script *s, const struct line *a, size_t na, const struct line *b, size_t nb)
{
	size_t width = nb + 1;
	uint16_t *common; /* of a's and b's rests */
	size_t i = 0;
	size_t j = 0;

	if (na > DIFF_LINES_MAX || nb > DIFF_LINES_MAX) {
		replace_all(s, a, na, b, nb);
		return 0;
	}
	common = calloc((na + 1) * width, sizeof(*common));
	if (common == NULL)
		return -ENOMEM;
	for (i = na; i-- > 0;) {
		for (j = nb; j-- > 0;) {
			uint16_t down = common[(i + 1) * width + j];
			uint16_t right = common[i * width + j + 1];

			if (is_same(&a[i], &b[j]))
				common[i * width + j] = (uint16_t)(common[(i + 1) * width + j + 1] + 1);
			else
				common[i * width + j] = down >= right ? down : right;
		}
	}
	i = j = 0;
	while (i < na || j < nb) {
		if (i < na && j < nb && is_same(&a[i], &b[j])) {
			add(s, ' ', &a[i++]);
			j++;
		} else if (j == nb || (i < na && common[(i + 1) * width + j] >= common[i * width + j + 1])) {
			add(s, '-', &a[i++]);
		} else {
			add(s, '+', &b[j++]);
		}
	}
	free(common);
	return 0;
}

static int make_script(struct script *ret, const struct lines *a, const struct lines *b)
{
	size_t head = 0;
	size_t tail = 0;
	int r;

	*ret = (struct script){.steps = calloc(a->n + b->n + 1, sizeof(struct step))};
	if (ret->steps == NULL)
		return -ENOMEM;
	while (head < a->n && head < b->n && is_same(&a->line[head], &b->line[head]))
		add(ret, ' ', &a->line[head++]);
	while (tail < a->n - head && tail < b->n - head &&
	       is_same(&a->line[a->n - 1 - tail], &b->line[b->n - 1 - tail]))
		tail++;
	r = compare(ret, a->line + head, a->n - head - tail, b->line + head, b->n - head - tail);
	for (size_t i = a->n - tail; i < a->n; i++)
		add(ret, ' ', &a->line[i]);
	return r;
}

static void print_line(FILE *out, const struct step *step, const struct diff_style *style)
{
	const char *colour = step->kind == '-' ? "\033[31m" : "\033[32m";
	char text[LINE_SIZE];
	char plain[LINE_SIZE];
	size_t len = step->line->len < sizeof(plain) ? step->line->len : sizeof(plain);

	/* A tab is harmless, and diffs of these files are full of them. */
	memcpy(plain, step->line->at, len);
	for (size_t i = 0; i < len; i++) {
		if (plain[i] == '\t')
			plain[i] = ' ';
	}
	text_sanitise(text, sizeof(text), plain, len, style->utf8);
	if (style->colours && step->kind != ' ')
		(void)fprintf(out, "%s%c%s\033[0m\n", colour, step->kind, text);
	else
		(void)fprintf(out, "%c%s\n", step->kind, text);
	if (!step->line->has_newline)
		(void)fputs("\\ No newline at end of file\n", out);
}

static void print_range(FILE *out, char sign, size_t first, size_t n)
{
	if (n == 1)
		(void)fprintf(out, "%c%zu", sign, first);
	else
		(void)fprintf(out, "%c%zu,%zu", sign, n == 0 ? first - 1 : first, n);
}

/* @from, @to: of the script; @a, @b: the numbers of the first lines, from 1 */
static void print_hunk(FILE *out, const struct script *s, size_t from, size_t to, size_t a, size_t b,
		       const struct diff_style *style)
{
	size_t na = 0;
	size_t nb = 0;

	for (size_t i = from; i < to; i++) {
		na += s->steps[i].kind != '+';
		nb += s->steps[i].kind != '-';
	}
	(void)fputs(style->colours ? "\033[36m@@ " : "@@ ", out);
	print_range(out, '-', a, na);
	(void)fputc(' ', out);
	print_range(out, '+', b, nb);
	(void)fputs(style->colours ? " @@\033[0m\n" : " @@\n", out);
	for (size_t i = from; i < to; i++)
		print_line(out, &s->steps[i], style);
}

/* Where the hunk ends that has a change at @at: behind its last change and some lines that are equal. */
static size_t hunk_end(const struct script *s, size_t at)
{
	size_t last = at;

	for (size_t i = at; i < s->n && i - last <= 2 * (size_t)DIFF_CONTEXT + 1; i++) {
		if (s->steps[i].kind != ' ')
			last = i;
	}
	return last + 1 + DIFF_CONTEXT < s->n ? last + 1 + DIFF_CONTEXT : s->n;
}

static void print_script(FILE *out, const struct script *s, const struct diff_style *style)
{
	size_t a = 1;
	size_t b = 1;
	size_t done = 0;

	for (size_t i = 0; i < s->n; i++) {
		size_t from = i > done + DIFF_CONTEXT ? i - DIFF_CONTEXT : done;
		size_t to;

		if (s->steps[i].kind == ' ')
			continue;
		/* Equal lines count on both sides. */
		a += from - done;
		b += from - done;
		to = hunk_end(s, i);
		print_hunk(out, s, from, to, a, b, style);
		for (size_t k = from; k < to; k++) {
			a += s->steps[k].kind != '+';
			b += s->steps[k].kind != '-';
		}
		done = to;
		i = to - 1;
	}
}

static void print_name(FILE *out, const char *sign, const char *name, const struct diff_style *style)
{
	(void)fprintf(out, "%s%s %s%s\n", style->colours ? "\033[1m" : "", sign, name, style->colours ? "\033[0m" : "");
}

int diff_print(FILE *out, const struct diff_text *before, const struct diff_text *after, const struct diff_style *style)
{
	struct lines a = {NULL, 0};
	struct lines b = {NULL, 0};
	struct script script = {NULL, 0};
	int r;

	if (before->len == after->len && memcmp(before->text, after->text, before->len) == 0)
		return 0;
	r = split(&a, before);
	if (r == 0)
		r = split(&b, after);
	if (r == 0)
		r = make_script(&script, &a, &b);
	if (r == 0) {
		print_name(out, "---", before->name, style);
		print_name(out, "+++", after->name, style);
		print_script(out, &script, style);
	}
	free(script.steps);
	free(a.line);
	free(b.line);
	return r;
}
