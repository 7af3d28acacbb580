/* SPDX-License-Identifier: MIT */
/*
 * main() of the fuzz targets outside VARIANT=fuzz: runs the seed corpus of fuzz_NAME, tests/fuzz/corpus/NAME/, once
 * through the target. The working directory is the top of the source tree.
 */
#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_MAX (4u * 1024u * 1024u)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((__weak__));

/* A copy of exactly the file's length, so that a sanitizer sees one byte too many. */
static uint8_t *read_input(const char *path, size_t *ret_len)
{
	FILE *file = fopen(path, "rbe");
	uint8_t *all = malloc(INPUT_MAX), *exact = NULL;

	if (file && all) {
		*ret_len = fread(all, 1, INPUT_MAX, file);
		exact = malloc(*ret_len > 0 ? *ret_len : 1);
		if (exact)
			memcpy(exact, all, *ret_len);
	}
	if (file)
		(void)fclose(file);
	free(all);
	return exact;
}

static bool replay(const char *folder, const char *name)
{
	char path[1024];
	uint8_t *input;
	size_t len = 0;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	input = read_input(path, &len);
	if (!input) {
		(void)fprintf(stderr, "cannot read %s\n", path);
		return false;
	}
	(void)LLVMFuzzerTestOneInput(input, len);
	free(input);
	return true;
}

/* Return: inputs replayed, -1 when one could not be read. */
static int replay_all(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	int n = 0;

	while (dir && n >= 0 && (entry = readdir(dir))) {
		if (entry->d_name[0] != '.')
			n = replay(folder, entry->d_name) ? n + 1 : -1;
	}
	if (dir)
		(void)closedir(dir);
	return n;
}

int main(int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/'), *name = slash ? slash + 1 : argv[0];
	char folder[512];
	int n;

	if (strncmp(name, "fuzz_", 5) == 0)
		name += 5;
	(void)snprintf(folder, sizeof(folder), "tests/fuzz/corpus/%s", name);

	if (LLVMFuzzerInitialize)
		(void)LLVMFuzzerInitialize(&argc, &argv);
	n = replay_all(folder);
	if (n <= 0) {
		/* A target without a corpus would pass for tried. */
		(void)fprintf(stderr, "no inputs in %s\n", folder);
		return 1;
	}
	(void)printf("%d passed, 0 failed\n", n);
	return 0;
}
