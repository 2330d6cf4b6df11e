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

#include "base/caps.h"
#include "base/log.h"
#include "source/bound.h"
#include "source/cgroups.h"
#include "source/closed.h"
#include "source/holders.h"
#include "source/lanes.h"
#include "source/losses.h"
#include "source/probes.h"
#include "source/process.h"
#include "source/spill.h"
#include "source/stacks.h"
#include "source/survey.h"
#include "twtrace.skel.h"

/* One drain takes no more, so that a flood never holds up intervals and signals. */
#define DRAIN_RECORDS 200000
/* At the end, for stacks that have no names yet. */
#define STACKS_WAIT_MS 1000
/* More skipped runs than these, and more than one in so many records: see watch_skips(). */
#define SKIPS_SUSPECT 8
#define SKIPS_SHARE 100

struct live {
	struct probes probes;
	struct ring_buffer *ring; /* owned: what all processors share */
	struct lanes lanes;
	struct spill spill;
	struct losses losses;
	struct cgroups *cgroups; /* owned */
	struct survey survey;
	struct bound bound;
	struct stacks *stacks; /* owned; NULL: not asked for */
	const struct receiver *to; /* during a drain */
	uint64_t last_ts_ns; /* of the newest record */
	uint64_t records;
	uint64_t spilled; /* changes told in sum, a loss not told yet */
	/* no walk over open files before: for holders, for sockets in CLOSE unless forced */
	uint64_t holders_next_ns, closed_next_ns;
	bool leaks; /* as asked for */
	bool restless; /* the last drain had something: look once more */
};

uint64_t live_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

/* Which control group it is in, told before the record itself. */
static uint64_t place(struct live *live, uint64_t cgroup_id, uint32_t pid, uint64_t ts_ns)
{
	cgroups_tell(live->cgroups, cgroup_id, ts_ns, live->to);
	return cgroups_of_process(live->cgroups, cgroup_id, pid, ts_ns, live->to);
}

static uint64_t place_connection(struct live *live, const struct tw_transition *full)
{
	return place(live, full->cgroup_id, full->head.flags & TW_F_OWNER ? full->owner.tgid : 0,
		     full->head.ts_ns);
}

static void pass_bound(void *ctx, const struct tw_record *record)
{
	struct live *live = ctx;
	struct tw_bound bound;

	/* a namespace that was found on the way */
	if (record->kind != TW_BOUND) {
		deliver(live->to, record);
		return;
	}
	bound = *(const struct tw_bound *)record;
	bound.cgroup_id = place(live, bound.cgroup_id, bound.owner.tgid, record->ts_ns);
	deliver(live->to, &bound);
}

/* Who has the port is told of before what failed for it. */
static bool look_at_port(struct live *live, const struct tw_tuple *tuple, uint64_t cookie,
			 uint64_t ts_ns)
{
	struct bound_failure failure = { tuple, cookie, ts_ns };
	struct receiver pass = { .receive = pass_bound, .ctx = live };

	return bound_look(&live->bound, &failure, &pass);
}

static void tell_bind_failed(struct live *live, const struct tw_bind_failed *record)
{
	struct tw_bind_failed failed = *record;

	survey_notice(&live->survey, &failed.tuple);
	failed.cgroup_id = place(live, failed.cgroup_id, failed.owner.tgid, failed.head.ts_ns);
	/* nobody has the port of an address that is not there */
	if (failed.head.error == EADDRINUSE &&
	    look_at_port(live, &failed.tuple, failed.cookie, failed.head.ts_ns))
		failed.head.flags |= TW_B_LOOKED;
	deliver(live->to, &failed);
}

/* What the programs say, as the receiver is to read it. */
static void on_record(void *ctx, const struct tw_record *record)
{
	struct live *live = ctx;
	struct tw_transition changed;
	struct tw_minisock ended;
	struct tw_holder holder;
	struct tw_reset reset;

	live->records++;
	live->last_ts_ns = record->ts_ns;
	/* what is changed is changed in a copy */
	if (record->kind == TW_TRANSITION && record->size >= TW_TRANSITION_FULL) {
		changed = *(const struct tw_transition *)record;
		survey_notice(&live->survey, &changed.tuple);
		changed.cgroup_id = place_connection(live, &changed);
		if (bound_collides(&changed))
			look_at_port(live, &changed.tuple, changed.cookie, record->ts_ns);
		record = &changed.head;
	} else if (record->kind == TW_BIND_FAILED &&
		   record->size >= sizeof(struct tw_bind_failed)) {
		tell_bind_failed(live, (const void *)record);
		return;
	} else if (record->kind == TW_HOLDER && record->size >= sizeof(holder)) {
		holder = *(const struct tw_holder *)record;
		holder.cgroup_id = place(live, holder.cgroup_id, holder.owner.tgid, record->ts_ns);
		record = &holder.head;
	} else if (record->kind == TW_MINI_CANCELLED &&
		   record->size >= sizeof(struct tw_cancelled)) {
		if (!timers_judge(&live->probes.tier.timers, (const void *)record, &ended))
			return;
		record = &ended.head;
	} else if (record->kind == TW_STACK_SEEN) {
		if (live->stacks && record->size >= TW_STACK_SEEN_SHORT)
			stacks_take(live->stacks, record);
		return;
	} else if (record->kind == TW_RESET_SENT && record->size >= sizeof(reset)) {
		reset = *(const struct tw_reset *)record;
		if (reset.reason < MAX_RESET_REASONS)
			reset.reason = live->probes.features.reset_reasons[reset.reason];
		record = &reset.head;
	}
	deliver(live->to, record);
}

static void on_expected(void *ctx, const struct tw_record *record)
{
	const struct live *live = ctx;

	live->to->expect(live->to->ctx, record);
}

/* The shared ring is read into a copy, from which its records take their turn. */
static int on_ring(void *ctx, void *data, size_t size)
{
	const struct tw_record *record = data;
	struct live *live = ctx;

	/* a nudge: it has woken the reader, and that was all */
	if (size < sizeof(*record) || record->size < sizeof(*record) || record->size > size)
		return 0;
	if (lanes_add(&live->lanes, record, record->size))
		live->losses.no_memory++;
	return 0;
}

struct live *live_new(const struct live_opts *opts, struct error *err)
{
	struct live *live = calloc(1, sizeof(*live));

	if (!live) {
		error_set(err, -ENOMEM, "no memory");
		return NULL;
	}
	live->survey.netns.own_fd = -1;
	live->leaks = opts->leaks;
	live->cgroups = cgroups_new();
	if (!live->cgroups || losses_init(&live->losses)) {
		error_set(err, -ENOMEM, "no memory");
		goto fail;
	}
	if (survey_init(&live->survey, opts->ages, opts->filter.netns_ino, err) ||
	    probes_load(&live->probes, opts, err))
		goto fail;
	live->survey.facts = opts->facts;
	if (opts->failures)
		live->bound.skel = live->probes.skel;
	live->bound.survey = &live->survey;
	looks_init(&live->bound.looks, live_now_ns());
	live->ring =
		ring_buffer__new(bpf_map__fd(live->probes.skel->maps.events), on_ring, live, NULL);
	if (!live->ring) {
		error_set(err, -errno, "cannot map the ring buffer: %s", strerror(errno));
		goto fail;
	}
	if (lanes_open(&live->lanes, bpf_map__fd(live->probes.skel->maps.lanes), live->losses.cpus,
		       live->probes.lane_bytes, err))
		goto fail;
	if (opts->stacks) {
		live->stacks = stacks_new(bpf_map__fd(live->probes.skel->maps.user_stacks),
					  bpf_map__fd(live->probes.skel->maps.stack_counters),
					  opts->debuginfod, err);
		if (!live->stacks)
			goto fail;
	}
	live->spill = (struct spill){
		.outer_fd = bpf_map__fd(live->probes.skel->maps.spill),
		.sums_fd = bpf_map__fd(live->probes.skel->maps.spill_first),
		.first_fd = bpf_map__fd(live->probes.skel->maps.spill_first),
		.taken_fd = -1,
	};
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
	stacks_free(live->stacks);
	spill_release(&live->spill);
	lanes_close(&live->lanes);
	probes_close(&live->probes);
	ring_buffer__free(live->ring);
	survey_release(&live->survey);
	cgroups_free(live->cgroups);
	losses_release(&live->losses);
	free(live);
}

enum tw_evidence live_evidence(const struct live *live)
{
	return live->probes.tier.evidence;
}

uint32_t live_kept_caps(const struct live *live)
{
	(void)live;
	return CAPS(BPF) | CAPS(PERFMON) | CAPS(SYS_ADMIN) | CAPS(SYS_PTRACE) |
	       CAPS(DAC_READ_SEARCH);
}

int live_fd(const struct live *live)
{
	return ring_buffer__epoll_fd(live->ring);
}

/* Delivers what waits and is not newer than @until_ns, up to a limit; how many records. */
static size_t consume(struct live *live, uint64_t until_ns, const struct receiver *to)
{
	struct receiver from_lanes = {
		.receive = on_record,
		.expect = to->expect ? on_expected : NULL,
		.ctx = live,
	};

	live->to = to;
	ring_buffer__consume(live->ring);
	return lanes_deliver(&live->lanes, until_ns, DRAIN_RECORDS, &from_lanes);
}

/* All that waits now; true if anything did. */
static bool consume_all(struct live *live, const struct receiver *to)
{
	uint64_t now_ns = live_now_ns();
	size_t count = consume(live, now_ns, to);
	bool any = count > 0;

	while (count >= DRAIN_RECORDS)
		count = consume(live, now_ns, to);
	return any;
}

static void attach_third(struct live *live)
{
	if (live->probes.third)
		return;
	probes_attach_third(&live->probes);
	/* until then it looks away: the second one is the last */
	if (live->probes.third)
		lanes_three_looks(&live->lanes);
}

/*
 * Two looks miss nothing where only softirqs interrupt a program: about one run in a
 * thousand is skipped, and caught. Kernels that preempt tasks within programs skip
 * one in thirty, some of them twice: seen so early that few events are missed.
 */
static void watch_skips(struct live *live)
{
	uint64_t missed = probes_skipped(&live->probes);

	if (missed > SKIPS_SUSPECT && missed * SKIPS_SHARE > live->records)
		attach_third(live);
}

bool live_drain(struct live *live, const struct receiver *to)
{
	struct tw_record tick = { .size = sizeof(tick), .kind = TW_TICK, .ts_ns = live_now_ns() };
	size_t count = consume(live, tick.ts_ns, to);
	bool any = count > 0, told = any || live->restless;

	if (live->stacks)
		told |= stacks_deliver(live->stacks, tick.ts_ns, to);

	/* cut short: what is left may be older than now */
	if (count >= DRAIN_RECORDS)
		tick.ts_ns = live->last_ts_ns;
	if (told)
		deliver(to, &tick);
	/* one more look follows, for what came just before */
	if (!any)
		lanes_arm(&live->lanes);
	live->restless = any;
	if (any && !live->probes.third)
		watch_skips(live);
	return told;
}

struct step {
	struct live *live;
	const struct receiver *to;
	struct holders_look look;
};

/* A change in sum: its control group is told before it. One by itself is as any other. */
static void pass_spilled(void *ctx, const struct tw_record *record)
{
	const struct tw_spilled *spilled = (const struct tw_spilled *)record;
	struct step *step = ctx;

	if (record->kind != TW_SPILLED) {
		on_record(step->live, record);
		return;
	}
	survey_notice(&step->live->survey, &spilled->tuple);
	cgroups_tell(step->live->cgroups, spilled->cgroup_id, record->ts_ns, step->to);
	deliver(step->to, record);
}

/* Tells in sum what had no room since the last time. */
static void tell_sums(struct live *live, const struct receiver *to)
{
	struct step step = { .live = live, .to = to };
	struct receiver pass = { .receive = pass_spilled, .ctx = &step };
	uint64_t count = losses_spilled(&live->losses, &live->probes);
	bool left = live->spill.left;
	struct spilled spilled;
	int ret;

	live->spilled += count;
	if (!count && !left)
		return;
	ret = spill_take(&live->spill, &spilled);
	if (ret && !left)
		log_msg(LOG_WARNING,
			"counts are short until the sums of what had no room can be read: %s",
			strerror(-ret));
	/* what the lanes had before it comes before it */
	consume_all(live, to);
	spill_tell(&spilled, &pass);
}

/*
 * After a dump, before it is delivered: all that happened before it, be it in sum. A
 * socket that the dump lists is then known to have been counted. That there was a loss is
 * told later: what happened since the socket was listed only the next dump can make good.
 */
static void settle(void *ctx)
{
	struct step *step = ctx;

	if (consume_all(step->live, step->to) && step->to->pause)
		step->to->pause(step->to->ctx);
	tell_sums(step->live, step->to);
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

/* As pass_holder(), of what the other walk finds. */
static void pass_closed(void *ctx, const struct tw_record *record)
{
	struct step *step = ctx;
	struct tw_closed_held changed;

	if (record->kind == TW_CLOSED_HELD) {
		changed = *(const struct tw_closed_held *)record;
		cgroups_tell(step->live->cgroups, changed.cgroup_id, record->ts_ns, step->to);
		changed.cgroup_id = cgroups_of_process(step->live->cgroups, changed.cgroup_id,
						       changed.owner.tgid, record->ts_ns, step->to);
		record = &changed.head;
	}
	deliver(step->to, record);
}

static void begin_look(void *ctx)
{
	struct step *step = ctx;

	holders_begin(&step->look, step->live->probes.skel->progs.holders, live_now_ns());
}

static void end_look(void *ctx)
{
	struct step *step = ctx;
	struct receiver pass = { .receive = pass_holder, .ctx = step };
	struct error err = { 0 };

	if (holders_end(&step->look, &pass, &err))
		log_msg(LOG_VERBOSE, "%s", err.text);
}

bool live_may_look_for_holders(const struct live *live)
{
	return live_now_ns() >= live->holders_next_ns;
}

void live_look_for_holders(struct live *live, unsigned int budget, const struct receiver *to)
{
	struct step step = { .live = live, .to = to };

	begin_look(&step);
	end_look(&step);
	live->holders_next_ns = live_now_ns() + step.look.cost_ns * 1000 / budget;
}

int live_start(struct live *live, const struct receiver *to, struct error *err)
{
	struct step step = { .live = live, .to = to };
	/* who holds the sockets is found out while they are listed */
	struct survey_steps steps = { settle, begin_look, end_look, &step };
	struct tw_record ready = { .size = sizeof(ready), .kind = TW_READY };
	struct tw_record tier = {
		.size = sizeof(tier),
		.kind = TW_TIER,
		.from = live_evidence(live),
		.to = live->probes.binds,
		.ts_ns = live_now_ns(),
	};
	int ret;

	deliver(to, &tier);
	log_msg(LOG_VERBOSE, "evidence: %s", tier_name(live_evidence(live)));
	ret = survey_start(&live->survey, &steps, to, err);
	if (ret)
		return ret;
	if (live->leaks)
		live_look_for_closed(live, 0, to);
	consume_all(live, to);
	ready.ts_ns = live_now_ns();
	/* every socket is known now */
	lanes_settled(&live->lanes);
	deliver(to, &ready);
	live->restless = true;
	/* loading read the kernel's BTF: megabytes that are not needed any more */
	malloc_trim(0);
	return 0;
}

/* Tells what was lost since the last time, after the sums of what had no room; true if any. */
static bool tell_losses(struct live *live, bool last, const struct receiver *to)
{
	struct lost lost;

	tell_sums(live, to);
	lost = losses_since(&live->losses, &live->probes, last);
	lost.of[TW_LOSS_SPILLED] = live->spilled;
	live->spilled = 0;
	if (lost.of[TW_LOSS_SKIPPED])
		attach_third(live);
	return losses_tell(&lost, live_now_ns(), to);
}

void live_look_for_closed(struct live *live, unsigned int budget, const struct receiver *to)
{
	struct step step = { .live = live, .to = to };
	struct receiver pass = { .receive = pass_closed, .ctx = &step };
	uint64_t now_ns = live_now_ns(), cost_ns = 0;
	struct error err = { 0 };

	if (budget && now_ns < live->closed_next_ns)
		return;
	if (closed_look(live->probes.skel->progs.closed_held, now_ns, &cost_ns, &pass, &err))
		log_msg(LOG_VERBOSE, "%s", err.text);
	live->closed_next_ns = now_ns + (budget ? cost_ns * 1000 / budget : 0);
}

void live_tell_processes(struct live *live, const uint32_t *pids, size_t count,
			 const struct receiver *to)
{
	(void)live;
	for (size_t i = 0; i < count; i++)
		process_tell(pids[i], live_now_ns(), to);
}

void live_interval(struct live *live, unsigned int budget, bool ages, const struct receiver *to)
{
	struct step step = { .live = live, .to = to };
	struct survey_steps steps = { .settle = settle, .ctx = &step };
	bool lost = tell_losses(live, !budget, to);

	survey_interval(&live->survey, live_now_ns(), budget, lost || !budget, ages, &steps, to);
	cgroups_forget_processes(live->cgroups);
	/* time passes where nothing happens, too: the next drain tells it */
	live->restless = true;
}

void live_end(struct live *live, const struct receiver *to)
{
	struct tw_pairs pairs = { .head = { .size = sizeof(pairs), .kind = TW_PAIRS } };
	struct tw_end end = { .head = { .size = sizeof(end), .kind = TW_END } };

	tell_losses(live, true, to);
	if (live->stacks) {
		stacks_wait(live->stacks, STACKS_WAIT_MS);
		stacks_deliver(live->stacks, live_now_ns(), to);
		stacks_tell_losses(live->stacks);
	}
	probes_tell_cost(&live->probes);
	losses_pairs(&live->losses, pairs.count);
	for (size_t i = 0; i < TW_NR_STATES * TW_NR_STATES; i++)
		pairs.count[i] += live->lanes.pairs[i];
	pairs.head.ts_ns = end.head.ts_ns = live_now_ns();
	end.records = live->records;
	deliver(to, &pairs);
	deliver(to, &end);
}
