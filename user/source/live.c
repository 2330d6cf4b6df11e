// SPDX-License-Identifier: GPL-2.0-or-later
/* Ring, counters and intervals of the live host. */
#include "source/live.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "source/cgroups.h"
#include "source/holders.h"
#include "source/probes.h"
#include "source/survey.h"
#include "twtrace.skel.h"

/* One drain takes no more, so that a flood never holds up intervals and signals. */
#define DRAIN_RECORDS 200000
/* More skipped runs than these, and more than one in so many records: see watch_skips(). */
#define SKIPS_SUSPECT 8
#define SKIPS_SHARE 100

struct live {
	struct probes probes;
	struct ring_buffer *ring;	/* owned */
	struct cgroups *cgroups;	/* owned */
	struct survey survey;
	const struct receiver *to;	/* during a drain */
	struct tw_counters *counters;	/* owned: one a CPU, to read into */
	struct {
		uint64_t looks, tier, ring;
	} told;	/* losses delivered so far, of each origin */
	uint64_t last_ts_ns;		/* of the newest record */
	uint64_t drained, records;
	uint64_t missed;		/* runs of first_look skipped, when last asked */
	int cpus;
	bool restless;			/* the last drain had something: look once more */
};

uint64_t live_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

/* Which control group the record's connection is in, told before the record itself. */
static uint64_t place(struct live *live, const struct tw_transition *full)
{
	uint64_t cgroup_id = full->cgroup_id, ts_ns = full->head.ts_ns;

	cgroups_tell(live->cgroups, cgroup_id, ts_ns, live->to);
	return cgroups_of_process(live->cgroups, cgroup_id,
				  full->head.flags & TW_F_OWNER ? full->owner.tgid : 0, ts_ns,
				  live->to);
}

static int on_record(void *ctx, void *data, size_t size)
{
	const struct tw_record *record = data;
	struct live *live = ctx;
	struct tw_transition changed;
	struct tw_minisock ended;
	struct tw_holder holder;
	struct tw_reset reset;

	live->drained++;
	live->records++;
	live->last_ts_ns = record->ts_ns;
	/* the ring is mapped for reading only: what is changed is changed in a copy */
	if (record->kind == TW_TRANSITION && size >= TW_TRANSITION_FULL) {
		changed = *(const struct tw_transition *)data;
		survey_notice(&live->survey, &changed.tuple);
		changed.cgroup_id = place(live, &changed);
		record = &changed.head;
	} else if (record->kind == TW_HOLDER && size >= sizeof(holder)) {
		holder = *(const struct tw_holder *)data;
		cgroups_tell(live->cgroups, holder.cgroup_id, record->ts_ns, live->to);
		holder.cgroup_id = cgroups_of_process(live->cgroups, holder.cgroup_id,
						      holder.owner.tgid, record->ts_ns, live->to);
		record = &holder.head;
	} else if (record->kind == TW_MINI_CANCELLED && size >= sizeof(struct tw_cancelled)) {
		if (!timers_judge(&live->probes.tier.timers, data, &ended))
			return 0;
		record = &ended.head;
	} else if (record->kind == TW_RESET_SENT && size >= sizeof(reset)) {
		reset = *(const struct tw_reset *)data;
		if (reset.reason < MAX_RESET_REASONS)
			reset.reason = live->probes.features.reset_reasons[reset.reason];
		record = &reset.head;
	}
	deliver(live->to, record);
	return live->drained < DRAIN_RECORDS ? 0 : -EAGAIN;
}

struct live *live_new(const struct live_opts *opts, struct error *err)
{
	struct live *live = calloc(1, sizeof(*live));

	if (!live) {
		error_set(err, -ENOMEM, "no memory");
		return NULL;
	}
	live->survey.netns.own_fd = -1;
	live->cpus = libbpf_num_possible_cpus();
	live->counters = calloc(live->cpus > 0 ? live->cpus : 1, sizeof(*live->counters));
	live->cgroups = cgroups_new();
	if (!live->counters || !live->cgroups) {
		error_set(err, -ENOMEM, "no memory");
		goto fail;
	}
	if (survey_init(&live->survey, opts->ages, opts->filter.netns_ino, err) ||
	    probes_load(&live->probes, opts, err))
		goto fail;
	live->ring = ring_buffer__new(bpf_map__fd(live->probes.skel->maps.events), on_record, live,
				      NULL);
	if (!live->ring) {
		error_set(err, -errno, "cannot map the ring buffer: %s", strerror(errno));
		goto fail;
	}
	if (probes_attach(&live->probes, opts, err))
		goto fail;
	live->survey.flags = live->probes.features.mib_at_birth ? TW_S_MIB_AT_BIRTH :
								  TW_S_MIB_AT_EXPIRY;
	return live;
fail:
	live_free(live);
	return NULL;
}

void live_free(struct live *live)
{
	if (!live)
		return;
	probes_close(&live->probes);
	ring_buffer__free(live->ring);
	survey_release(&live->survey);
	cgroups_free(live->cgroups);
	free(live->counters);
	free(live);
}

enum tw_evidence live_evidence(const struct live *live)
{
	return live->probes.tier.evidence;
}

int live_fd(const struct live *live)
{
	return ring_buffer__epoll_fd(live->ring);
}

/* Delivers what waits; true if anything did. */
static bool consume(struct live *live, const struct receiver *to)
{
	live->to = to;
	live->drained = 0;
	ring_buffer__consume(live->ring);
	return live->drained > 0;
}

static uint64_t skipped_runs(const struct bpf_program *program)
{
	struct bpf_prog_info info = { 0 };
	__u32 len = sizeof(info);

	if (bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &len))
		return 0;
	return info.recursion_misses;
}

/*
 * Two looks miss nothing where only softirqs interrupt a program: about one run in a
 * thousand is skipped, and caught. Kernels that preempt tasks within programs skip
 * one in thirty, some of them twice: seen so early that few events are missed.
 */
static void watch_skips(struct live *live)
{
	uint64_t missed = skipped_runs(live->probes.skel->progs.first_look);

	if (missed > SKIPS_SUSPECT && missed * SKIPS_SHARE > live->records)
		probes_attach_third(&live->probes);
}

bool live_drain(struct live *live, const struct receiver *to)
{
	struct tw_record tick = { .size = sizeof(tick), .kind = TW_TICK, .ts_ns = live_now_ns() };
	bool any = consume(live, to), told = any || live->restless;

	/* cut short: what is left in the ring may be older than now */
	if (live->drained >= DRAIN_RECORDS)
		tick.ts_ns = live->last_ts_ns;
	if (told)
		deliver(to, &tick);
	live->restless = any;
	if (any && !live->probes.third)
		watch_skips(live);
	return told;
}

struct step {
	struct live *live;
	const struct receiver *to;
};

static void settle(void *ctx)
{
	struct step *step = ctx;

	if (consume(step->live, step->to) && step->to->pause)
		step->to->pause(step->to->ctx);
	step->live->restless = true;
}

/* What passes between the iterator and the receiver: cgroups are told first. */
static void pass_holder(void *ctx, const struct tw_record *record)
{
	const struct tw_holder *holder = (const struct tw_holder *)record;
	struct step *step = ctx;
	struct tw_holder changed;

	if (record->kind == TW_HOLDER) {
		changed = *holder;
		cgroups_tell(step->live->cgroups, holder->cgroup_id, record->ts_ns, step->to);
		changed.cgroup_id = cgroups_of_process(step->live->cgroups, holder->cgroup_id,
						       holder->owner.tgid, record->ts_ns, step->to);
		record = &changed.head;
	}
	deliver(step->to, record);
}

void live_look_for_holders(struct live *live, const struct receiver *to)
{
	struct step step = { live, to };
	struct receiver pass = { .receive = pass_holder, .ctx = &step };
	struct error err = { 0 };

	if (holders_look(live->probes.skel->progs.holders, live_now_ns(), &pass, &err))
		log_msg(LOG_VERBOSE, "%s", err.text);
}

static void look_between(void *ctx)
{
	struct step *step = ctx;

	live_look_for_holders(step->live, step->to);
}

static void nothing_between(void *ctx)
{
	(void)ctx;
}

int live_start(struct live *live, const struct receiver *to, struct error *err)
{
	struct step step = { live, to };
	struct survey_steps steps = { settle, look_between, &step };
	struct tw_record ready = { .size = sizeof(ready), .kind = TW_READY };
	struct tw_record tier = {
		.size = sizeof(tier),
		.kind = TW_TIER,
		.from = live_evidence(live),
		.ts_ns = live_now_ns(),
	};
	int ret;

	deliver(to, &tier);
	log_msg(LOG_VERBOSE, "evidence: %s", tier_name(live_evidence(live)));
	ret = survey_start(&live->survey, &steps, to, err);
	if (ret)
		return ret;
	consume(live, to);
	ready.ts_ns = live_now_ns();
	deliver(to, &ready);
	live->restless = true;
	/* loading read the kernel's BTF: megabytes that are not needed any more */
	malloc_trim(0);
	return 0;
}

/* By how much @total has outgrown what was told of it before: told now. */
static uint64_t news(uint64_t total, uint64_t *told)
{
	uint64_t more = total > *told ? total - *told : 0;

	*told += more;
	return more;
}

static void tell_loss(enum tw_loss_cause cause, uint64_t count, const struct receiver *to)
{
	struct tw_loss loss = {
		.head = { .size = sizeof(loss),
			  .kind = TW_LOSS,
			  .from = cause,
			  .ts_ns = live_now_ns() },
		.count = count,
	};

	if (count)
		deliver(to, &loss);
}

/* Tells what was lost since the last time; true if anything was. */
static bool count_losses(struct live *live, bool last, const struct receiver *to)
{
	/*
	 * What was missed until the last time against what is caught by now: an event is
	 * missed before it is caught, and its task may be preempted between the two.
	 */
	uint64_t missed = skipped_runs(live->probes.skel->progs.first_look);
	uint64_t skipped = last ? missed : live->missed, caught = 0, full = 0;
	uint64_t of_tier = tier_skipped(&live->probes.tier, live->probes.skel);
	__u32 zero = 0;

	live->missed = missed;
	if (bpf_map_lookup_elem(bpf_map__fd(live->probes.skel->maps.counters), &zero,
				live->counters))
		return false;
	for (int cpu = 0; cpu < live->cpus; cpu++) {
		caught += live->counters[cpu].caught;
		full += live->counters[cpu].lost_ring;
	}
	skipped = news(skipped > caught ? skipped - caught : 0, &live->told.looks);
	of_tier = news(of_tier, &live->told.tier);
	full = news(full, &live->told.ring);
	if (skipped)
		probes_attach_third(&live->probes);
	tell_loss(TW_LOSS_SKIPPED, skipped + of_tier, to);
	tell_loss(TW_LOSS_RING_FULL, full, to);
	return skipped || of_tier || full;
}

void live_interval(struct live *live, unsigned int budget, const struct receiver *to)
{
	struct step step = { live, to };
	struct survey_steps steps = { settle, nothing_between, &step };
	bool lost = count_losses(live, !budget, to);

	survey_interval(&live->survey, live_now_ns(), budget, lost || !budget, &steps, to);
	cgroups_forget_processes(live->cgroups);
}

void live_end(struct live *live, const struct receiver *to)
{
	struct tw_pairs pairs = { .head = { .size = sizeof(pairs), .kind = TW_PAIRS } };
	struct tw_end end = { .head = { .size = sizeof(end), .kind = TW_END } };

	count_losses(live, true, to);
	probes_tell_cost(&live->probes);
	for (int cpu = 0; cpu < live->cpus; cpu++)
		for (size_t i = 0; i < sizeof(pairs.count) / sizeof(pairs.count[0]); i++)
			pairs.count[i] += live->counters[cpu].pairs[i];
	pairs.head.ts_ns = end.head.ts_ns = live_now_ns();
	end.records = live->records;
	deliver(to, &pairs);
	deliver(to, &end);
}
