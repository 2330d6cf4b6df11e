// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * metrics text|openmetrics|each RECORDING [TIMES [ROWS]]: what /metrics would say at the end of
 * the recording, and so many times (2) before it, at even distances. The last one is printed, or
 * each of them; tables have so many rows.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "model/leak.h"
#include "model/model.h"
#include "sink/metrics.h"
#include "source/recording.h"

struct scraper {
	struct metrics *metrics;
	struct metrics_site site;
	enum metrics_format format;
	bool each;		/* to be printed */
	size_t times, rows;	/* rows 0: as many as the model has by itself */
};

static void scrape(const struct scraper *scraper, struct model *model, FILE *out)
{
	model_judge(model);
	metrics_write(scraper->metrics, model, &scraper->site, scraper->format, out);
}

static struct recording *open_file(const char *path)
{
	struct error err = {};
	struct recording *recording = recording_open(path, &err);

	if (!recording)
		fprintf(stderr, "metrics: %s\n", err.text);
	return recording;
}

static size_t count_records(const char *path)
{
	struct recording *recording = open_file(path);
	size_t count = 0;

	while (recording && recording_next(recording))
		count++;
	recording_free(recording);
	return count;
}

static int feed(const struct scraper *scraper, const char *path)
{
	size_t apart = count_records(path) / (scraper->times + 1) + 1, count = 0;
	struct model *model = model_new(
		&(struct model_opts){ .leaks = true, .ports = true, .max_rows = scraper->rows });
	struct recording *recording = open_file(path);
	FILE *nowhere = fopen("/dev/null", "w");
	const struct tw_record *record;

	if (!recording || !model || !nowhere)
		return EXIT_FAILURE;
	while ((record = recording_next(recording))) {
		model_feed(model, record, record->size, 0);
		if (++count % apart == 0)
			scrape(scraper, model, scraper->each ? stdout : nowhere);
	}
	scrape(scraper, model, stdout);
	recording_free(recording);
	model_free(model);
	fclose(nowhere);
	return fflush(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	const struct sink_opts opts = { .host = "web-1" };
	struct scraper scraper = {
		.metrics = metrics_new(&METRICS_DEFAULTS),
		.site = { .opts = &opts,
			  .version = "1",
			  .self = { .cpu_ns = 1234567890, .resident_bytes = 4096 } },
	};
	int status;

	if (argc < 3 || !scraper.metrics) {
		fprintf(stderr, "Usage: metrics text|openmetrics|each RECORDING [TIMES [ROWS]]\n");
		return 2;
	}
	if (!strcmp(argv[1], "openmetrics"))
		scraper.format = METRICS_OPENMETRICS;
	scraper.each = !strcmp(argv[1], "each");
	scraper.times = argc > 3 ? strtoul(argv[3], NULL, 10) : 2;
	scraper.rows = argc > 4 ? strtoul(argv[4], NULL, 10) : 0;
	status = feed(&scraper, argv[2]);
	metrics_free(scraper.metrics);
	return status;
}
