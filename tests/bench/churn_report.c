// SPDX-License-Identifier: GPL-2.0-or-later
/* What the churn was: for people a line, for machines all counts. */
#include "churn.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static uint64_t sum(const uint64_t *counts, unsigned int nr)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < nr; i++)
		sum += counts[i];
	return sum;
}

static uint64_t sum_failed(const struct churn *churn, unsigned int error)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < churn->opts.threads; i++)
		sum += churn->failed[i][error];
	return sum;
}

static double seconds(const struct churn *churn)
{
	uint64_t begin = UINT64_MAX, end = 0;

	for (unsigned int i = 0; i < churn->opts.threads; i++) {
		if (churn->begun_ns[i] < begin)
			begin = churn->begun_ns[i];
		if (churn->ended_ns[i] > end)
			end = churn->ended_ns[i];
	}
	return end > begin ? (end - begin) / 1e9 : 0;
}

/* What no errno is, for errors that count_failure() has no room for, is 0: "Success". */
static void print_failures(const struct churn *churn)
{
	const char *comma = "";

	for (unsigned int error = 0; error < MAX_ERRNO; error++) {
		uint64_t failed = sum_failed(churn, error);

		if (!failed)
			continue;
		printf("%s\"%s\":%llu", comma, strerrorname_np(error), (unsigned long long)failed);
		comma = ",";
	}
}

static void print_side(const struct churn *churn, const char *name, const struct churn_side *side)
{
	const struct churn_opts *opts = &churn->opts;
	const char *comma = "";

	printf(",\"%s\":{\"connections\":%llu,\"cut\":%llu,\"ports\":{", name,
	       (unsigned long long)sum(side->total, opts->threads),
	       (unsigned long long)sum(side->cut, opts->threads));
	for (unsigned int port = 0; port < opts->ports; port++) {
		printf("%s\"%u\":%llu", comma, opts->first_port + port,
		       (unsigned long long)side->ports[port]);
		comma = ",";
	}
	printf("},\"remotes\":{");
	comma = "";
	for (unsigned int remote = 0; remote < opts->remotes; remote++) {
		struct in_addr addr = churn_remote(remote);
		uint64_t count = 0;

		for (unsigned int i = 0; i < opts->threads; i++)
			count += side->remotes[i][remote];
		if (!count)
			continue;
		printf("%s\"%s\":%llu", comma, inet_ntoa(addr), (unsigned long long)count);
		comma = ",";
	}
	printf("},\"other_remotes\":%llu}",
	       (unsigned long long)sum(side->odd_remotes, opts->threads));
}

static void print_json(const struct churn *churn, uint64_t connections, uint64_t failed)
{
	double took = seconds(churn);

	printf("{\"connections\":%llu,\"seconds\":%.6f,\"per_second\":%.1f,\"failed\":%llu,"
	       "\"errors\":{",
	       (unsigned long long)connections, took, took > 0 ? connections / took : 0,
	       (unsigned long long)failed);
	print_failures(churn);
	printf("},\"closed_first\":\"%s\"", churn->opts.server_first ? "server" : "client");
	print_side(churn, "client", &churn->clients);
	print_side(churn, "server", &churn->servers);
	printf("}\n");
}

/* Both ends must have seen the same. */
static bool complain(const struct churn *churn, uint64_t connections, uint64_t failed)
{
	uint64_t accepted = sum(churn->servers.total, churn->opts.threads);
	uint64_t cut = sum(churn->clients.cut, churn->opts.threads) +
		       sum(churn->servers.cut, churn->opts.threads);

	if (failed)
		fprintf(stderr, "churn: %llu connects failed\n", (unsigned long long)failed);
	for (unsigned int error = 0; failed && error < MAX_ERRNO; error++)
		if (sum_failed(churn, error))
			fprintf(stderr, "churn:   %llu: %s\n",
				(unsigned long long)sum_failed(churn, error),
				error ? strerror(error) : "other errors");
	if (cut)
		fprintf(stderr, "churn: %llu connections were cut\n", (unsigned long long)cut);
	if (accepted != connections)
		fprintf(stderr, "churn: %llu connections were made and %llu accepted\n",
			(unsigned long long)connections, (unsigned long long)accepted);
	else if (memcmp(churn->clients.ports, churn->servers.ports, sizeof(churn->clients.ports)))
		fprintf(stderr, "churn: the two ends counted other ports\n");
	else
		return !failed && !cut;
	return false;
}

bool churn_report(const struct churn *churn)
{
	uint64_t connections = sum(churn->clients.total, churn->opts.threads), failed = 0;

	for (unsigned int error = 0; error < MAX_ERRNO; error++)
		failed += sum_failed(churn, error);
	if (churn->opts.json)
		print_json(churn, connections, failed);
	else
		printf("%llu connections in %.3f s, %.0f per second, %llu failed\n",
		       (unsigned long long)connections, seconds(churn),
		       seconds(churn) > 0 ? connections / seconds(churn) : 0,
		       (unsigned long long)failed);
	fflush(stdout);
	return complain(churn, connections, failed);
}
