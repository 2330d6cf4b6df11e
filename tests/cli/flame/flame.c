// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * flame FORMAT [compared|normalized]: the summary of flame_fixture.h in that format, on
 * standard output, for those who read the format to judge.
 */
#include <stdio.h>
#include <string.h>

#include "flame_fixture.h"

static const struct {
	const char *name;
	void (*write)(const struct flame *flame, FILE *out);
} formats[] = {
	{ "pprof", flame_pprof_write },
};

static int write_as(const char *format, struct flame *flame)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (!strcmp(formats[i].name, format)) {
			formats[i].write(flame, stdout);
			return fflush(stdout) || ferror(stdout);
		}
	fprintf(stderr, "flame: there is no format '%s'\n", format);
	return 2;
}

int main(int argc, char **argv)
{
	const char *kind = argc > 2 ? argv[2] : "";
	struct flame *flame;
	int ret;

	if (argc < 2) {
		fprintf(stderr, "Usage: flame FORMAT [compared|normalized]\n");
		return 2;
	}
	flame = *kind ? fixture_comparison(!strcmp(kind, "normalized")) :
			fixture_flame(&fixture_head);
	if (!flame)
		return 1;
	ret = write_as(argv[1], flame);
	flame_free(flame);
	return ret;
}
