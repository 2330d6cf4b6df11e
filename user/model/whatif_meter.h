/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keeps count of ports in use while a run goes on. Internal to the model. */
#ifndef MODEL_WHATIF_METER_H
#define MODEL_WHATIF_METER_H

#include "model/event.h"
#include "model/whatif_run.h"

struct gauge {
	struct whatif_use use;
	uint64_t since_ns;	/* of what follows */
	double area;		/* port-nanoseconds so far */
	uint32_t used, minisocks;
	bool over_half;
};

struct meter {
	uint64_t from_ns, to_ns;
	struct gauge total;
	struct gauge *paths;	/* owned */
	uint32_t nr_paths;
	uint32_t halves;	/* paths that are over half */
	uint32_t *samples;	/* borrowed */
	uint32_t sampled;
};

int meter_init(struct meter *meter, const struct whatif_input *input, uint32_t *samples);
void meter_release(struct meter *meter);
/* So many more ports and minisocks of that path from @ns on, of @capacity. */
void meter_move(struct meter *meter, uint32_t path, uint64_t ns, int ports, int minisocks,
		uint32_t capacity);
void meter_connect(struct meter *meter, uint32_t path, bool found, uint64_t ns);
void meter_refuse(struct meter *meter, uint32_t path);
void meter_finish(struct meter *meter, struct whatif_yield *yield);

#endif
