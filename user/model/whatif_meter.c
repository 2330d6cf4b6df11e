// SPDX-License-Identifier: GPL-2.0-or-later
/* Peaks, means and times over half, of each destination and of all. */
#include "model/whatif_meter.h"

#include <errno.h>
#include <stdlib.h>

int meter_init(struct meter *meter, const struct whatif_input *input, uint32_t *samples)
{
	*meter = (struct meter){
		.from_ns = input->from_ns,
		.to_ns = input->to_ns,
		.paths = calloc(input->nr_paths, sizeof(*meter->paths)),
		.nr_paths = input->nr_paths,
		.samples = samples,
	};
	if (!meter->paths)
		return -ENOMEM;
	meter->total.since_ns = input->from_ns;
	meter->total.use.first_failure_ns = TIME_UNKNOWN;
	for (uint32_t path = 0; path < input->nr_paths; path++) {
		meter->paths[path].since_ns = input->from_ns;
		meter->paths[path].use.first_failure_ns = TIME_UNKNOWN;
	}
	return 0;
}

void meter_release(struct meter *meter)
{
	free(meter->paths);
}

static void pass(struct gauge *gauge, uint64_t ns)
{
	if (ns <= gauge->since_ns)
		return;
	gauge->area += (double)gauge->used * (double)(ns - gauge->since_ns);
	if (gauge->over_half)
		gauge->use.over_half_ns += ns - gauge->since_ns;
	gauge->since_ns = ns;
}

static void move(struct gauge *gauge, int ports, int minisocks)
{
	gauge->used += ports;
	gauge->minisocks += minisocks;
	if (gauge->used > gauge->use.peak)
		gauge->use.peak = gauge->used;
	if (gauge->minisocks > gauge->use.time_wait_peak)
		gauge->use.time_wait_peak = gauge->minisocks;
}

/* Fills in the samples up to @ns, not including it. */
static void sample(struct meter *meter, uint64_t ns)
{
	double step = (double)(meter->to_ns - meter->from_ns) / WHATIF_SAMPLES;

	while (meter->sampled < WHATIF_SAMPLES &&
	       (double)meter->from_ns + step * (meter->sampled + 1) < (double)ns)
		meter->samples[meter->sampled++] = meter->total.used;
}

void meter_move(struct meter *meter, uint32_t path, uint64_t ns, int ports, int minisocks,
		uint32_t capacity)
{
	struct gauge *gauge = &meter->paths[path];
	bool over;

	sample(meter, ns);
	pass(&meter->total, ns);
	pass(gauge, ns);
	move(&meter->total, ports, minisocks);
	move(gauge, ports, minisocks);
	gauge->use.capacity = capacity;
	over = capacity && 2 * (uint64_t)gauge->used >= capacity;
	meter->halves += over - gauge->over_half;
	gauge->over_half = over;
	meter->total.over_half = meter->halves != 0;
}

static void fail(struct whatif_use *use, uint64_t since_ns)
{
	use->failures++;
	if (use->first_failure_ns == TIME_UNKNOWN)
		use->first_failure_ns = since_ns;
}

void meter_connect(struct meter *meter, uint32_t path, bool found, uint64_t ns)
{
	meter->total.use.connects++;
	meter->paths[path].use.connects++;
	if (found)
		return;
	fail(&meter->total.use, ns - meter->from_ns);
	fail(&meter->paths[path].use, ns - meter->from_ns);
}

void meter_refuse(struct meter *meter, uint32_t path)
{
	meter->total.use.refused++;
	meter->paths[path].use.refused++;
}

static struct whatif_use finish(struct gauge *gauge, uint64_t from_ns, uint64_t to_ns)
{
	pass(gauge, to_ns);
	gauge->use.end = gauge->used;
	gauge->use.mean = to_ns > from_ns ? gauge->area / (double)(to_ns - from_ns) : gauge->used;
	return gauge->use;
}

void meter_finish(struct meter *meter, struct whatif_yield *yield)
{
	sample(meter, UINT64_MAX);
	yield->total = finish(&meter->total, meter->from_ns, meter->to_ns);
	for (uint32_t path = 0; path < meter->nr_paths; path++)
		yield->uses[path] = finish(&meter->paths[path], meter->from_ns, meter->to_ns);
}
