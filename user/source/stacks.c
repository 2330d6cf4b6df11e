// SPDX-License-Identifier: GPL-2.0-or-later
/* What must be read at once, of the stacks and of their processes; the rest is the namer's. */
#include "source/stacks.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "source/debug.h"
#include "source/maps.h"
#include "source/namer.h"

/* Processes known at a time: sets of a few, of which the one unused for longest goes. */
#define SETS 64
#define WAYS 4
/* Code that is in no known file may just have been loaded: look again, but not all the time. */
#define LOOK_AGAIN_NS (100 * 1000000ULL)

struct process {
	uint64_t started_ns, exec_id, stack_start;
	uint64_t used;		/* when, in records */
	uint64_t looked_ns;	/* when its maps were read last */
	struct maps *maps;	/* a reference; NULL: could not be read */
	uint32_t pid;		/* 0: this slot is free */
};

/* The frames of a stack by its number, which stays the same. */
struct chain {
	uint16_t count;
	__u64 frames[];
};

struct stacks {
	struct stacks_opts opts;
	struct namer *namer;
	struct process processes[SETS * WAYS];
	struct roots roots;	/* of theirs, and of what waits for its names */
	struct chain *chains[TW_STACK_IDS]; /* owned; NULL: not looked up yet */
	uint64_t records, serial;
	/* what came here and could not be told, beside what the programs count */
	uint64_t gone, crowded, lost;
};

struct stacks *stacks_new(const struct stacks_opts *opts, struct error *err)
{
	struct stacks *stacks = calloc(1, sizeof(*stacks));

	if (!debug_is_there())
		log_msg(LOG_VERBOSE,
			"stacks: addresses only, callers may be missing: built without libdw");
	/* libdw asks whoever is named there, and waits for the answer */
	if (!opts->debuginfod)
		unsetenv("DEBUGINFOD_URLS");
	if (stacks)
		stacks->namer = namer_new(opts->opener);
	if (!stacks || !stacks->namer) {
		free(stacks);
		error_set(err, -ENOMEM, "no memory");
		return NULL;
	}
	stacks->opts = *opts;
	return stacks;
}

bool stacks_free(struct stacks *stacks)
{
	bool ended;

	if (!stacks)
		return true;
	ended = namer_free(stacks->namer);
	for (size_t i = 0; i < SETS * WAYS; i++)
		maps_put(stacks->processes[i].maps);
	roots_release(&stacks->roots);
	for (size_t i = 0; i < TW_STACK_IDS; i++)
		free(stacks->chains[i]);
	free(stacks);
	return ended;
}

/* ---------------------------------------------------------------------------- processes */

/* A child that has ended had its parent's, as long as it had done no exec(). */
static struct maps *maps_of_relative(struct stacks *stacks, const struct tw_stack_seen *seen)
{
	for (size_t i = 0; i < SETS * WAYS; i++)
		if (stacks->processes[i].pid && stacks->processes[i].maps && seen->stack_start &&
		    stacks->processes[i].stack_start == seen->stack_start)
			return maps_get(stacks->processes[i].maps);
	return NULL;
}

static void read_maps(struct stacks *stacks, struct process *process,
		      const struct tw_stack_seen *seen)
{
	int ret = 0;
	struct maps *maps =
		maps_read(stacks->opts.keeper, &stacks->roots, seen->pid, seen->stack_start, &ret);

	process->looked_ns = seen->head.ts_ns;
	if (maps)
		maps->serial = ++stacks->serial;
	else if (!process->maps)
		maps = maps_of_relative(stacks, seen);
	if (!maps)
		return;
	maps_put(process->maps);
	process->maps = maps;
}

static struct process *process_of(struct stacks *stacks, const struct tw_stack_seen *seen)
{
	struct process *set = &stacks->processes[seen->pid % SETS * WAYS], *process = set;

	for (size_t i = 0; i < WAYS; i++) {
		if (set[i].pid == seen->pid && set[i].started_ns == seen->started_ns &&
		    set[i].exec_id == seen->exec_id)
			return &set[i];
		if (set[i].used < process->used)
			process = &set[i];
	}
	maps_put(process->maps);
	*process = (struct process){
		.started_ns = seen->started_ns,
		.exec_id = seen->exec_id,
		.stack_start = seen->stack_start,
		.pid = seen->pid,
	};
	read_maps(stacks, process, seen);
	return process;
}

static bool knows_all(const struct maps *maps, const __u64 *chain, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!maps_find(maps, chain[i] - (i > 0)))
			return false;
	return true;
}

/* ------------------------------------------------------------------------------- stacks */

static const struct chain *chain_of(struct stacks *stacks, uint32_t id)
{
	__u64 frames[TW_STACK_FRAMES] = { 0 };
	struct chain *chain;
	size_t count = 0;

	if (id >= TW_STACK_IDS)
		return NULL;
	if (stacks->chains[id])
		return stacks->chains[id];
	if (bpf_map_lookup_elem(stacks->opts.ids_fd, &id, frames))
		return NULL;
	while (count < TW_STACK_FRAMES && frames[count])
		count++;
	chain = malloc(sizeof(*chain) + count * sizeof(frames[0]));
	if (!chain)
		return NULL;
	chain->count = count;
	memcpy(chain->frames, frames, count * sizeof(frames[0]));
	stacks->chains[id] = chain;
	return chain;
}

void stacks_take(struct stacks *stacks, const struct tw_record *record)
{
	/* not all of its piece may be there: piece_len says */
	const struct tw_stack_seen *seen = (const void *)record;
	const struct chain *known = NULL;
	struct process *process = NULL;
	const __u64 *chain = NULL;
	size_t count = 0;
	int ret;

	stacks->records++;
	if (seen->id >= 0 && !record->error) {
		known = chain_of(stacks, seen->id);
		chain = known ? known->frames : NULL;
		count = known ? known->count : 0;
	} else if (record->size >= TW_STACK_SEEN_WHOLE) {
		chain = (const __u64 *)(seen->piece + TW_STACK_PIECE);
		count = seen->nr_frames < TW_STACK_FRAMES ? seen->nr_frames : TW_STACK_FRAMES;
	}
	if (count && seen->pid) {
		process = process_of(stacks, seen);
		process->used = stacks->records;
		if (process->maps && !knows_all(process->maps, chain, count) &&
		    record->ts_ns > process->looked_ns + LOOK_AGAIN_NS)
			read_maps(stacks, process, seen);
		stacks->gone += !process->maps;
	}
	ret = namer_add(stacks->namer, seen, process ? process->maps : NULL, chain, count);
	stacks->crowded += ret == -ENOBUFS;
	stacks->lost += ret && ret != -ENOBUFS;
}

bool stacks_deliver(struct stacks *stacks, uint64_t now_ns, const struct receiver *to)
{
	struct named *named = namer_done(stacks->namer);
	bool any = named != NULL;

	while (named) {
		struct named *next = named->next;

		if (named->text) {
			named->text->head.ts_ns = now_ns;
			deliver(to, named->text);
		}
		named->stack.head.ts_ns = now_ns;
		deliver(to, &named->stack);
		named_free(named);
		named = next;
	}
	return any;
}

void stacks_wait(struct stacks *stacks, unsigned int timeout_ms)
{
	namer_wait(stacks->namer, timeout_ms);
}

/* ------------------------------------------------------------------------------- losses */

static struct tw_stack_counters sum_up(const struct stacks *stacks)
{
	int cpus = libbpf_num_possible_cpus();
	struct tw_stack_counters sum = { .taken = 0 }, *counters;
	__u32 zero = 0;

	counters = cpus > 0 ? calloc(cpus, sizeof(*counters)) : NULL;
	if (!counters)
		return sum;
	if (!bpf_map_lookup_elem(stacks->opts.counters_fd, &zero, counters))
		for (int cpu = 0; cpu < cpus; cpu++) {
			sum.taken += counters[cpu].taken;
			sum.collided += counters[cpu].collided;
			sum.unread += counters[cpu].unread;
			sum.pieceless += counters[cpu].pieceless;
			sum.no_room += counters[cpu].no_room;
			sum.unknown += counters[cpu].unknown;
		}
	free(counters);
	return sum;
}

void stacks_tell_losses(struct stacks *stacks)
{
	struct tw_stack_counters sum = sum_up(stacks);
	uint64_t untold = sum.no_room + sum.unknown + stacks->crowded + stacks->lost;

	log_msg(LOG_VERBOSE,
		"stacks: %" PRIu64 " taken, of which %" PRIu64 " came whole (no number was free), "
		"%" PRIu64 " without a piece of stack; %" PRIu64 " could not be read (the process "
		"was ending, or its stack is paged out), of %" PRIu64 " the process was gone",
		(uint64_t)sum.taken, (uint64_t)sum.collided, (uint64_t)sum.pieceless,
		(uint64_t)sum.unread, stacks->gone);
	if (untold)
		log_msg(LOG_WARNING,
			"%" PRIu64 " stacks are not told of: %" PRIu64 " had no room in the ring, "
			"%" PRIu64 " waited for too many others to get their names, %" PRIu64
			" no memory, %" PRIu64
			" were of sockets not known yet (--stacks=N takes one "
			"in N)",
			untold, (uint64_t)sum.no_room, stacks->crowded, stacks->lost,
			(uint64_t)sum.unknown);
}
