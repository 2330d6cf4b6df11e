// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a scrape of /metrics costs on hosts of some kinds: series, bytes, time of the processor.
 * Prints lines of "name value unit"; dies where a sum over all labels is not the total.
 *
 *   scrape [-r REMOTES]
 *
 * REMOTES (100,000) is how many remote hosts the one with most of them has.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "bench.h"
#include "model/model.h"
#include "sink/metrics.h"
#include "tw_record.h"

#define SECOND 1000000000ULL
#define PER_SECOND 10000
#define TIMES 20

/* Who connects to whom: so many services to so many ports each. */
struct host {
	const char *name;
	uint64_t services, ports, remotes, connections;
};

static struct tw_transition change_of(const struct host *host, uint64_t number, uint64_t ts_ns)
{
	/* neighbours in time are of different services and hosts */
	uint32_t remote = 0x0b000000 + (uint32_t)(number * 7919 % host->remotes);
	uint64_t service = number % host->services;
	struct tw_transition change = {
		.cookie = number + 1,
		.tuple = { .local_addr = { [10] = 0xff, 0xff, 10, 0, 0, 1 },
			   .remote_addr = { [10] = 0xff,
					    0xff,
					    remote >> 24,
					    remote >> 16 & 0xff,
					    remote >> 8 & 0xff,
					    remote & 0xff },
			   .local_port = 32768 + number / 7 % 28000,
			   .remote_port = 8000 + service + number / host->services % host->ports,
			   .netns_ino = 4026531840,
			   .netns_cookie = 1 },
		.owner.tgid = 100 + service,
	};

	snprintf(change.owner.comm, sizeof(change.owner.comm), "service%u", (unsigned int)service);
	change.head.kind = TW_TRANSITION;
	change.head.ts_ns = ts_ns;
	return change;
}

/* A client's life that a RST ends: its row may be folded at once. */
static void feed_life(struct model *model, const struct host *host, uint64_t number, uint64_t ts_ns)
{
	static const struct {
		uint8_t from, to;
		uint16_t flags, size;
	} life[] = {
		{ TW_CLOSE, TW_SYN_SENT, TW_F_OUTGOING | TW_F_OWNER, TW_TRANSITION_FULL },
		{ TW_SYN_SENT, TW_ESTABLISHED, TW_F_OUTGOING, TW_TRANSITION_FULL },
		{ TW_ESTABLISHED, TW_CLOSE, TW_F_LOCKED, TW_TRANSITION_SHORT },
	};

	for (unsigned int i = 0; i < sizeof(life) / sizeof(life[0]); i++) {
		struct tw_transition change = change_of(host, number, ts_ns + i * 1000);

		change.head.from = life[i].from;
		change.head.to = life[i].to;
		change.head.flags = life[i].flags;
		change.head.size = life[i].size;
		model_feed(model, &change.head, change.head.size, 0);
	}
}

static void feed_bare(struct model *model, enum tw_kind kind, uint64_t ts_ns)
{
	struct tw_record record = { .size = sizeof(record), .kind = kind, .ts_ns = ts_ns };

	model_feed(model, &record, sizeof(record), 0);
}

/* The sum over all series of a metric. */
static uint64_t sum_of(const char *text, const char *metric)
{
	size_t len = strlen(metric);
	uint64_t sum = 0;

	for (; text; text = strchr(text, '\n') ? strchr(text, '\n') + 1 : NULL)
		if (!strncmp(text, metric, len) && text[len] == '{')
			sum += strtoull(strstr(text, "} ") + 2, NULL, 10);
	return sum;
}

static uint64_t count_series(const char *text)
{
	uint64_t count = 0;

	for (; *text; text = strchr(text, '\n') + 1)
		count += *text != '#';
	return count;
}

static char *scrape(struct metrics *metrics, const struct model *model, uint64_t *took_ns)
{
	const struct sink_opts opts = { 0 };
	const struct metrics_site site = { .opts = &opts, .version = "bench" };
	char *bytes = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&bytes, &len);
	uint64_t begin = clock_thread_ns();

	if (!out)
		die("no memory");
	metrics_write(metrics, model, &site, METRICS_TEXT, out);
	if (fclose(out))
		die("no memory");
	*took_ns += clock_thread_ns() - begin;
	return bytes;
}

static void measure(const struct host *host)
{
	struct model *model = model_new(&(struct model_opts){ .leaks = true, .ports = true });
	struct metrics *metrics = metrics_new(&METRICS_DEFAULTS);
	uint64_t ts_ns = 1000 * SECOND, took_ns = 0, number = 0;
	char *text = NULL;

	if (!model || !metrics)
		die("no memory");
	feed_bare(model, TW_READY, ts_ns);
	for (unsigned int time = 0; time < TIMES; time++) {
		for (; number < (time + 1) * host->connections / TIMES; number++) {
			ts_ns += SECOND / PER_SECOND;
			feed_life(model, host, number, ts_ns);
		}
		free(text);
		text = scrape(metrics, model, &took_ns);
	}
	if (sum_of(text, "twtrace_connections_opened_total") != number ||
	    sum_of(text, "twtrace_remote_connections_opened_total") != number)
		die("%s: a sum is not the total", host->name);
	printf("scrape_%s_series %llu series\n", host->name,
	       (unsigned long long)count_series(text));
	printf("scrape_%s_size %.1f KiB\n", host->name, (double)strlen(text) / 1024);
	printf("scrape_%s %.3f ms\n", host->name, (double)took_ns / TIMES / 1e6);
	free(text);
	metrics_free(metrics);
	model_free(model);
}

int main(int argc, char **argv)
{
	struct host hosts[] = {
		{ "idle", 1, 1, 1, TIMES },
		{ "busy", 20, 2, 1000, 50000 },
		{ "crowded", 60, 5, 20000, 100000 },
		{ "public", 3, 1, 100000, 400000 },
	};
	int option;

	while ((option = getopt(argc, argv, "r:")) != -1) {
		if (option != 'r')
			return 2;
		hosts[3].remotes = parse_number("-r", optarg, 1, 10000000);
		hosts[3].connections = 4 * hosts[3].remotes;
	}
	for (unsigned int i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
		measure(&hosts[i]);
	return EXIT_SUCCESS;
}
