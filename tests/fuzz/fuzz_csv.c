/* SPDX-License-Identifier: MIT */
/*
 * Comma-separated values: what is read, written and read again is the same, line for line.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "helper/base/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void demand(int ok)
{
	if (!ok)
		abort();
}

static void check_record(const struct csv *c)
{
	struct csv again;
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return;
	demand(c->n_fields >= 1 && c->n_fields <= CSV_FIELDS_MAX);
	for (size_t i = 0; i < c->n_fields; i++) {
		if (i > 0)
			(void)fputc(',', out);
		csv_write(out, c->fields[i]);
	}
	(void)fputc('\n', out);
	demand(fclose(out) == 0);
	csv_init(&again, text, len);
	/* An empty field that stands alone needs its quotes, which nobody writes; quotes may make a line too long. */
	if (len > 1 && len <= CSV_RECORD_MAX) {
		demand(csv_next(&again) == 1 && again.n_fields == c->n_fields);
		for (size_t i = 0; i < c->n_fields; i++)
			demand(strcmp(c->fields[i], again.fields[i]) == 0);
		demand(csv_next(&again) == 0);
	}
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct csv c;
	unsigned lines = 0;
	int r;

	csv_init(&c, (const char *)data, len);
	while ((r = csv_next(&c)) == 1) {
		demand(c.line == ++lines);
		check_record(&c);
	}
	demand(r == 0 || c.fault != NULL);
	return 0;
}
