// SPDX-License-Identifier: GPL-2.0-or-later
/* Ports as bitmaps, one for each parity, so that a search looks at 64 of them at once. */
#include "model/port_space.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX
#define STEP PORT_STEP

static uint32_t slots_of(const struct port_range *range, unsigned int parity)
{
	return (range->count + 1 - parity) / STEP;
}

static void set_bit(uint64_t *words, uint32_t slot, bool on)
{
	if (on)
		words[slot / 64] |= 1ULL << slot % 64;
	else
		words[slot / 64] &= ~(1ULL << slot % 64);
}

/* NONE: not of the range. */
static uint32_t distance(const struct port_range *range, uint16_t port)
{
	return port >= range->low && port < range->low + range->count ?
		       (uint32_t)(port - range->low) :
		       NONE;
}

static int alloc_parities(uint64_t *may[2], uint32_t words)
{
	for (unsigned int parity = 0; parity < 2; parity++) {
		may[parity] = calloc(words, sizeof(*may[parity]));
		if (!may[parity])
			return -ENOMEM;
	}
	return 0;
}

uint32_t port_range_count(uint16_t low, uint16_t high, unsigned int step)
{
	uint32_t count = high >= low ? high - low + 1U : 0;

	return step == STEP && count > 1 ? count & ~1U : count;
}

int port_range_init(struct port_range *range, uint16_t low, uint16_t high,
		    const struct port_set *reserved)
{
	*range = (struct port_range){ .low = low, .count = port_range_count(low, high, STEP) };
	range->words = range->count / (STEP * 64) + 1;
	range->blocks = calloc(range->count + 1, sizeof(*range->blocks));
	range->users = calloc(range->count + 1, sizeof(*range->users));
	if (alloc_parities(range->may, range->words) || !range->blocks || !range->users) {
		port_range_release(range);
		return -ENOMEM;
	}
	for (uint32_t at = 0; at < range->count; at++) {
		bool open = !reserved || !port_set_has(reserved, low + at);

		set_bit(range->may[at % STEP], at / STEP, open);
		range->blocks[at] = !open;
		range->open += open;
	}
	return 0;
}

void port_range_release(struct port_range *range)
{
	free(range->may[0]);
	free(range->may[1]);
	free(range->blocks);
	free(range->users);
}

void port_range_block(struct port_range *range, uint16_t port)
{
	uint32_t at = distance(range, port);

	if (at == NONE || range->blocks[at] == UINT16_MAX || range->blocks[at]++)
		return;
	set_bit(range->may[at % STEP], at / STEP, false);
	range->open--;
}

void port_range_unblock(struct port_range *range, uint16_t port)
{
	uint32_t at = distance(range, port);

	if (at == NONE || !range->blocks[at] || --range->blocks[at])
		return;
	set_bit(range->may[at % STEP], at / STEP, true);
	range->open++;
}

void port_range_use(struct port_range *range, uint16_t port, int sign)
{
	uint32_t at = distance(range, port);

	if (at != NONE)
		range->users[at] += sign;
}

bool port_range_is_idle(const struct port_range *range, uint16_t port)
{
	uint32_t at = distance(range, port);

	return at == NONE || !range->users[at];
}

uint16_t port_range_find_idle(const struct port_range *range, uint32_t start)
{
	for (unsigned int parity = 2; parity-- > 0;) {
		uint32_t slots = slots_of(range, parity);

		for (uint32_t i = 0; i < slots; i++) {
			uint32_t at = (start + i) % slots * STEP + parity;

			if (!range->blocks[at] && !range->users[at])
				return range->low + at;
		}
	}
	return 0;
}

int port_space_init(struct port_space *space, const struct port_range *range, uint32_t offset)
{
	*space = (struct port_space){ .offset = offset };
	if (alloc_parities(space->may, range->words)) {
		port_space_release(space);
		return -ENOMEM;
	}
	for (unsigned int parity = 0; parity < 2; parity++)
		memset(space->may[parity], 0xff, range->words * sizeof(*space->may[parity]));
	return 0;
}

void port_space_release(struct port_space *space)
{
	free(space->may[0]);
	free(space->may[1]);
}

/* The first slot of [from, to) that both allow; NONE. */
static uint32_t find(const uint64_t *here, const uint64_t *all, uint32_t from, uint32_t to)
{
	while (from < to) {
		uint64_t both = here[from / 64] & all[from / 64] & ~0ULL << from % 64;

		if (both) {
			from = from / 64 * 64 + __builtin_ctzll(both);
			return from < to ? from : NONE;
		}
		from = (from / 64 + 1) * 64;
	}
	return NONE;
}

uint16_t port_space_choose(struct port_space *space, const struct port_range *range,
			   uint32_t random)
{
	uint32_t offset = range->count ? space->offset % range->count & ~1U : 0;

	for (unsigned int parity = 0; parity < 2; parity++) {
		uint32_t slots = slots_of(range, parity), start = offset / STEP, at, passed;
		const uint64_t *here = space->may[parity], *all = range->may[parity];

		at = find(here, all, start, slots);
		if (at == NONE)
			at = find(here, all, 0, start < slots ? start : slots);
		if (at == NONE)
			continue;
		passed = STEP * (at >= start ? at - start : at + slots - start);
		random = random % 8 * STEP;
		space->offset += (passed > random ? passed : random) + STEP;
		return range->low + at * STEP + parity;
	}
	return 0;
}

void port_space_set(struct port_space *space, const struct port_range *range, uint16_t port,
		    bool may)
{
	uint32_t at = distance(range, port);

	if (at != NONE)
		set_bit(space->may[at % STEP], at / STEP, may);
}
