/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Attempts made up, and their replay: what the tests of whatif.h need. */
#ifndef WHATIF_FIXTURE_H
#define WHATIF_FIXTURE_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "model/event.h"
#include "model/whatif_kin.h"
#include "model/whatif_run.h"

#define MS 1000000ULL
#define SECOND (1000 * MS)
#define START (1000 * SECOND)
#define LOW 40000
#define MAX_MADE 20000
#define MADE_PATHS 4
/* What HZ=250 has: all that end within 2.048 s end at once. */
#define GRANULE (2048 * MS)

struct made {
	struct attempt attempts[MAX_MADE];
	uint32_t order[MAX_MADE];
	struct attempt_path paths[MADE_PATHS];
	uint32_t netns_of[MADE_PATHS];
	struct whatif_netns netns;
	uint16_t listeners[16];
	struct whatif_input input;
	struct kin_table kin;
	struct whatif_use uses[MADE_PATHS];
	uint32_t samples[WHATIF_SAMPLES];
	struct whatif_use total;
};

/* @ports of range, from START on for @seconds; one namespace, destinations not on loopback. */
static inline struct made *made_new(unsigned int ports, uint64_t seconds)
{
	struct made *made = calloc(1, sizeof(*made));

	assert_non_null(made);
	for (unsigned int i = 0; i < MADE_PATHS; i++) {
		made->paths[i] = (struct attempt_path){
			.netns_cookie = 7,
			.local_addr = { [10] = 0xff, 0xff, 10, 0, 0, 1 },
			.remote_addr = { [10] = 0xff, 0xff, 10, 0, 0, 2 },
			.remote_port = 80 + i,
		};
	}
	whatif_settings_read(&made->netns.settings, NULL);
	made->netns.settings.low = LOW;
	made->netns.settings.high = LOW + ports - 1;
	made->netns.settings.tw_reuse = 0;
	made->netns.settings.tw_reuse_delay_ms = 1000;
	made->netns.listeners = made->listeners;
	made->input = (struct whatif_input){
		.attempts = made->attempts,
		.order = made->order,
		.paths = made->paths,
		.nr_paths = MADE_PATHS,
		.netns_of = made->netns_of,
		.netns = &made->netns,
		.nr_netns = 1,
		.wheel = { .granule_ns = GRANULE, .known = true },
		.from_ns = START,
		.to_ns = START + seconds * SECOND,
	};
	return made;
}

static inline void made_free(struct made *made)
{
	kin_table_release(&made->kin);
	free(made);
}

/* One that is opened, lives @life_ns, and is closed first by @close. In order of time. */
static inline struct attempt *add(struct made *made, uint32_t path, uint64_t at_ns,
				  uint64_t life_ns, enum attempt_close close)
{
	struct attempt *attempt = &made->attempts[made->input.count];

	assert_true(made->input.count < MAX_MADE);
	*attempt = (struct attempt){
		.start_ns = START + at_ns,
		.close_ns = START + at_ns + life_ns,
		.path = path,
		.outcome = ATTEMPT_OPENED,
		.close = close,
		.mini = close == CLOSE_BY_US,
	};
	made->order[made->input.count] = made->input.count;
	made->input.count++;
	return attempt;
}

/* @rate a second from the beginning on, each closed by us at once. */
static inline void add_churn(struct made *made, uint32_t path, unsigned int rate, uint64_t seconds)
{
	for (uint64_t i = 0; i < rate * seconds; i++)
		add(made, path, i * SECOND / rate, MS, CLOSE_BY_US);
}

/* What all destinations come to; of each it is in made->uses. @changes as whatif_replay()'s. */
static inline struct whatif_use replay(struct made *made, const struct whatif_changes *changes)
{
	struct whatif_yield yield = { .uses = made->uses, .samples = made->samples };

	kin_table_release(&made->kin);
	made->kin = (struct kin_table){ 0 };
	assert_int_equal(kin_table_fill(&made->kin, &made->input), 0);
	assert_int_equal(whatif_replay(&made->input, changes, &yield), 0);
	return yield.total;
}

static const struct whatif_changes nothing;

#endif
