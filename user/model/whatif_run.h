/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One run of a replay, and what several have in common. Internal to the model. */
#ifndef MODEL_WHATIF_RUN_H
#define MODEL_WHATIF_RUN_H

#include "base/index.h"
#include "model/wheel.h"
#include "model/whatif.h"

/* Where no source tells of it: from minisocks that have expired, by the tiers that tell when. */
struct wheel wheel_of(const struct attempt *attempts, size_t count);
/* When a timer set at @ns for 60 s fires; @salt: what spreads over a granule those of an unknown phase. */
uint64_t wheel_round(const struct wheel *wheel, uint64_t ns, uint32_t salt);

/* A namespace's part. */
struct whatif_netns {
	uint64_t cookie;
	uint8_t source;
	struct whatif_settings settings;
	uint16_t *listeners;	/* owned: ports that are blocked all the time */
	uint32_t nr_listeners;
};

/* How those lived that found a port, by destination and service. */
struct whatif_kin {
	uint64_t life_ns;
	uint8_t close;		/* enum attempt_close */
};

/* What all runs replay; nothing of it changes. */
struct whatif_input {
	const struct attempt *attempts;
	size_t count;
	const uint32_t *order;	/* their numbers, by start; stock first */
	const uint32_t *next;	/* of the same kin, the next one to start; UINT32_MAX: none */
	const uint32_t *kin_of;	/* by attempt */
	const struct whatif_kin *kin;
	const struct attempt_path *paths;
	uint32_t nr_paths;
	const uint32_t *netns_of; /* by path */
	const struct whatif_netns *netns;
	uint32_t nr_netns;
	struct wheel wheel;
	uint64_t from_ns, to_ns;
};

/* What a run yields. @uses: one a path, zeroed; @samples: WHATIF_SAMPLES. */
struct whatif_yield {
	struct whatif_use total;
	struct whatif_use *uses;
	uint32_t *samples;
};

/*
 * @changes: NULL replays what was, with the ports and the times that were seen; zeroed is the
 * model's word for the same. 0 or -ENOMEM.
 */
int whatif_replay(const struct whatif_input *input, const struct whatif_changes *changes,
		  struct whatif_yield *yield);

#endif
