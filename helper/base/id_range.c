/* SPDX-License-Identifier: MIT */
/* Reads ranges of ids. Says yes to nothing that was not written down. */
#include "helper/base/id_range.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "helper/base/text.h"

static int parse_range(struct id_range *ret, char *word, uint32_t min)
{
	char *dash = strchr(word, '-');
	uint64_t first, last;

	if (dash)
		*dash = '\0';
	if (text_to_u64(&first, word, INT32_MAX) < 0 || first < min)
		return -EINVAL;
	last = first;
	if (dash && text_to_u64(&last, dash + 1, INT32_MAX) < 0)
		return -EINVAL;
	if (last < first)
		return -EINVAL;
	*ret = (struct id_range){(uint32_t)first, (uint32_t)last};
	return 0;
}

int id_ranges_add(struct id_ranges *r, const char *text, uint32_t min)
{
	LK_CLEANUP(text_free_listp) char **words = NULL;
	struct id_range *grown;
	size_t n = 0;
	int result = text_split(&words, text, ID_RANGES_MAX);

	if (result < 0)
		return result;
	while (words[n])
		n++;
	if (n > ID_RANGES_MAX - r->n)
		return -E2BIG;
	grown = reallocarray(r->ranges, r->n + n + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	r->ranges = grown;
	for (size_t i = 0; i < n; i++) {
		result = parse_range(&grown[r->n + i], words[i], min);
		if (result < 0)
			return result;
	}
	r->n += n;
	return n > 0 ? 0 : -EINVAL;
}

bool id_ranges_have(const struct id_ranges *r, uint32_t id)
{
	for (size_t i = 0; i < r->n; i++)
		if (id >= r->ranges[i].first && id <= r->ranges[i].last)
			return true;
	return false;
}

void id_ranges_done(struct id_ranges *r)
{
	free(r->ranges);
	*r = (struct id_ranges){0};
}
