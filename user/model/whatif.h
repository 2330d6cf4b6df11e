/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What if a setting were another: the connections that were seen, played again through a
 * model of the kernel's choice of ports and of TIME_WAIT. docs/what-if.md says how, and how
 * near it comes.
 *
 * The replay is open loop: programs ask for their connections when they did, whatever
 * becomes of them.
 */
#ifndef MODEL_WHATIF_H
#define MODEL_WHATIF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/attempts.h"
#include "model/port_space.h"

struct model;

#define WHATIF_NO_LIMIT UINT32_MAX

/* What a namespace is set to, as far as ports go. Values are those of the sysctls. */
struct whatif_settings {
	uint16_t low, high;	/* ip_local_port_range */
	struct port_set reserved; /* ip_local_reserved_ports */
	uint8_t tw_reuse;	/* 0, 1, 2 */
	bool timestamps;
	/* ms; before 6.14 there is none and whole seconds count (tcp_twsk_unique()): -1 */
	int32_t tw_reuse_delay_ms;
	uint32_t fin_timeout_s;
	uint32_t max_tw_buckets; /* WHATIF_NO_LIMIT: not known, and none is assumed */
};

/* What was not told of a namespace, and is taken for what a kernel has by default. */
enum whatif_assumed {
	ASSUMED_RANGE = 1 << 0,
	ASSUMED_REUSE = 1 << 1,
	ASSUMED_TIMESTAMPS = 1 << 2,
	ASSUMED_FIN_TIMEOUT = 1 << 3,
	ASSUMED_BUCKETS = 1 << 4,
};

#define NR_WHATIF_ASSUMED 5

const char *whatif_assumed_name(enum whatif_assumed assumed); /* "ip_local_port_range" */

/* Returns what had to be assumed, enum whatif_assumed bits. @facts: base/facts.h; may be NULL. */
unsigned int whatif_settings_read(struct whatif_settings *settings, const char *facts);

enum whatif_change {
	CHANGE_TW_REUSE = 1 << 0,
	CHANGE_TW_REUSE_DELAY = 1 << 1,
	CHANGE_TIMESTAMPS = 1 << 2,
	CHANGE_FIN_TIMEOUT = 1 << 3,
	CHANGE_MAX_TW_BUCKETS = 1 << 4,
	CHANGE_RANGE = 1 << 5,
	CHANGE_RESERVED = 1 << 6,
	CHANGE_CLOSE_FIRST = 1 << 7,
};

#define WHATIF_MAX_SPREAD 1000
#define WHATIF_MAX_KEEPALIVE 1000000

/* What is to be another; zeroed: nothing. */
struct whatif_changes {
	unsigned int set;	/* enum whatif_change bits: what of @to counts */
	struct whatif_settings to;
	bool server_first;	/* CHANGE_CLOSE_FIRST: else the client */
	uint32_t destinations;	/* what goes to one goes to so many; 0, 1: as it is */
	uint32_t sources;	/* likewise */
	uint32_t keepalive;	/* requests that share a connection; 0, 1: as it is */
	bool bind_no_port;	/* IP_BIND_ADDRESS_NO_PORT: bind() to port 0 blocks none */
};

void whatif_changes_apply(const struct whatif_changes *changes, struct whatif_settings *settings);

enum whatif_run {
	RUN_OBSERVED,		/* as it was */
	RUN_BASELINE,		/* the model's word for it: what the model is worth */
	RUN_CHANGED,
	NR_WHATIF_RUNS,
};

/* Ports towards a destination, or all of them, over the window. */
struct whatif_use {
	uint64_t connects;	/* connect() calls: keep-alive saves some */
	uint64_t failures;	/* that found no port */
	uint64_t first_failure_ns; /* since the window began; TIME_UNKNOWN: none */
	uint32_t peak, end;	/* ports in use */
	double mean;
	uint32_t time_wait_peak; /* minisocks, of either substate */
	uint64_t over_half_ns;	/* with half of the ports, or more, in use (of any destination) */
	uint64_t refused;	/* minisocks that tcp_max_tw_buckets has prevented */
	uint32_t capacity;	/* for connect(), at the end; of all: 0 */
};

#define WHATIF_SAMPLES 60

struct whatif_path {
	struct attempt_path path;
	const char *netns_name;	/* as in struct budget; NULL */
	const char *service;	/* that asked most; NULL: unknown */
	struct whatif_use use[NR_WHATIF_RUNS];
};

struct whatif_result {
	uint64_t from_ns, to_ns;
	uint64_t attempts;	/* in the window */
	uint64_t stock;		/* ports that were in use when it began */
	uint64_t left_out;	/* attempts that there was no room for: the window ends before */
	uint64_t told_in_sum;	/* changes of connections of which nothing else is known */
	uint64_t binds_failed;	/* to port 0, as far as was told: where to connect nobody knows */
	unsigned int assumed;	/* enum whatif_assumed, of any namespace */
	bool changed;		/* there is a RUN_CHANGED */
	struct whatif_use total[NR_WHATIF_RUNS];
	uint32_t in_use[NR_WHATIF_RUNS][WHATIF_SAMPLES]; /* at equal distances, the last at the end */
	struct whatif_path *paths; /* owned; worst first: by failures, then by the peak */
	size_t nr_paths;
};

/*
 * Replays what was seen from ready on. Needs model_opts.what_if. @changes: NULL or none set:
 * only the first two runs. 0, -ENOMEM, -EINVAL (what_if was not asked for), -ENODATA (no
 * connect() was seen).
 */
int model_what_if(const struct model *model, const struct whatif_changes *changes,
		  struct whatif_result *result);
void whatif_result_release(struct whatif_result *result);

#endif
