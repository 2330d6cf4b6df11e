// SPDX-License-Identifier: GPL-2.0-or-later
/* Ring, counters and intervals of the live host. */
#include <bpf/libbpf.h>
#include <malloc.h>
#include <string.h>
#include <time.h>

#include "base/caps.h"
#include "base/clock.h"
#include "base/log.h"
#include "source/closed.h"
#include "source/holders.h"
#include "source/live_inside.h"
#include "source/passage.h"
#include "source/process.h"
#include "twtrace.skel.h"

/* One drain takes no more, so that a flood never holds up intervals and signals. */
#define DRAIN_RECORDS 200000
/* At the end, for stacks that have no names yet. */
#define STACKS_WAIT_MS 1000
/* More skipped runs than these, and more than one in so many records: see watch_skips(). */
#define SKIPS_SUSPECT 8
#define SKIPS_SHARE 100

/* Kernels that let nobody else call bpf() let us meanwhile; all others need nothing. */
static void begin_bpf(const struct live *live)
{
	if (live->kept)
		caps_raise(live->kept);
}

static void end_bpf(const struct live *live)
{
	if (live->kept)
		caps_lower();
}

uint64_t live_now_ns(void)
{
	return clock_kernel_ns();
}

enum tw_evidence live_evidence(const struct live *live)
{
	return live->probes.tier.evidence;
}

int live_fd(const struct live *live)
{
	return ring_buffer__epoll_fd(live->ring);
}

/*
 * Delivers what waits and is not newer than @until_ns, up to a limit; how many records. Less
 * where the ring is held up: @until_ns is then when that began.
 */
static size_t consume(struct live *live, uint64_t *until_ns, const struct receiver *to)
{
	uint64_t written = ring_whole_written(&live->whole);
	struct passage passage = { live, to };
	struct receiver from_lanes = {
		.receive = passage_record,
		.expect = to->expect ? passage_expected : NULL,
		.ctx = &passage,
	};

	ring_buffer__consume(live->ring);
	*until_ns = ring_whole_until(&live->whole, written, *until_ns, live_now_ns());
	return lanes_deliver(&live->lanes, *until_ns, DRAIN_RECORDS, &from_lanes);
}

/* All that waits now; true if anything did. */
static bool consume_all(struct live *live, const struct receiver *to)
{
	static const struct timespec moment = { .tv_nsec = 50000 };
	uint64_t now_ns = live_now_ns(), until_ns = now_ns;
	size_t count = consume(live, &until_ns, to);
	bool any = count > 0;

	while (count >= DRAIN_RECORDS || until_ns < now_ns) {
		if (until_ns < now_ns)
			nanosleep(&moment, NULL);
		until_ns = now_ns;
		count = consume(live, &until_ns, to);
		any |= count > 0;
	}
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
	struct tw_record tick = { .size = sizeof(tick), .kind = TW_TICK };
	uint64_t now_ns = live_now_ns(), until_ns = now_ns;
	bool any, told;
	size_t count;

	begin_bpf(live);
	count = consume(live, &until_ns, to);
	tick.ts_ns = until_ns;
	/* held up: there is more */
	any = count > 0 || until_ns < now_ns;
	told = any || live->restless;

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
	end_bpf(live);
	return told;
}

/* Tells in sum what had no room since the last time. */
static void tell_sums(struct live *live, const struct receiver *to)
{
	struct passage passage = { live, to };
	struct receiver pass = { .receive = passage_spilled, .ctx = &passage };
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

struct step {
	struct live *live;
	const struct receiver *to;
	struct holders_look look;
};

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

static void begin_look(void *ctx)
{
	struct step *step = ctx;

	holders_begin(&step->look, step->live->probes.skel->progs.holders, live_now_ns());
}

static void end_look(void *ctx)
{
	struct step *step = ctx;
	struct passage passage = { step->live, step->to };
	struct receiver pass = { .receive = passage_found, .ctx = &passage };
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

	begin_bpf(live);
	begin_look(&step);
	end_look(&step);
	end_bpf(live);
	live->holders_next_ns = live_now_ns() + step.look.cost_ns * 1000 / budget;
}

/* Other namespaces have been looked into once: what that took is given up, or the keeper is. */
static void end_audit(struct live *live)
{
	uint32_t keep = CAPS(DAC_READ_SEARCH) | (live->stacks ? CAPS(SYS_PTRACE) : NO_CAPS);

	survey_own_only(&live->survey);
	keeper_limit(live->keeper, keep);
	log_msg(LOG_VERBOSE, "other network namespaces are not audited (--no-audit): what is told "
			     "of their TIME_WAIT rests on events alone");
}

static void tell_evidence(const struct live *live)
{
	const struct tw_tier *tier = &live->tier;

	log_msg(LOG_VERBOSE, "evidence: %s", tier_name(live_evidence(live)));
	if (tier->wheel_granule_ns)
		log_msg(LOG_VERBOSE,
			"TIME_WAIT ends when it is due and the timer wheel turns, which is every %.3f s",
			(double)tier->wheel_granule_ns / 1e9);
	else
		log_msg(LOG_VERBOSE,
			"TIME_WAIT is taken to end when it is due: when the timer wheel "
			"turns is not known");
}

int live_start(struct live *live, const struct receiver *to, struct error *err)
{
	struct step step = { .live = live, .to = to };
	/* who holds the sockets is found out while they are listed */
	struct survey_steps steps = { settle, begin_look, end_look, &step };
	struct tw_record ready = { .size = sizeof(ready), .kind = TW_READY };
	struct tw_tier tier = live->tier;
	int ret;

	tier.head.ts_ns = live_now_ns();
	deliver(to, &tier.head);
	tell_evidence(live);
	begin_bpf(live);
	ret = survey_start(&live->survey, &steps, to, err);
	end_bpf(live);
	if (ret)
		return ret;
	if (live->no_audit)
		end_audit(live);
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
	struct passage passage = { live, to };
	struct receiver pass = { .receive = passage_found, .ctx = &passage };
	uint64_t now_ns = live_now_ns(), cost_ns = 0;
	struct error err = { 0 };

	if (budget && now_ns < live->closed_next_ns)
		return;
	begin_bpf(live);
	if (closed_look(live->probes.skel->progs.closed_held, now_ns, &cost_ns, &pass, &err))
		log_msg(LOG_VERBOSE, "%s", err.text);
	end_bpf(live);
	live->closed_next_ns = now_ns + (budget ? cost_ns * 1000 / budget : 0);
}

void live_tell_processes(struct live *live, const uint32_t *pids, size_t count,
			 const struct receiver *to)
{
	for (size_t i = 0; i < count; i++)
		process_tell(live->keeper, pids[i], live_now_ns(), to);
}

void live_interval(struct live *live, unsigned int budget, bool ages, const struct receiver *to)
{
	struct step step = { .live = live, .to = to };
	struct survey_steps steps = { .settle = settle, .ctx = &step };
	bool lost;

	begin_bpf(live);
	lost = tell_losses(live, !budget, to);
	survey_interval(&live->survey, live_now_ns(), budget, lost || !budget, ages, &steps, to);
	end_bpf(live);
	cgroups_forget_processes(live->cgroups);
	/* time passes where nothing happens, too: the next drain tells it */
	live->restless = true;
}

void live_end(struct live *live, const struct receiver *to)
{
	struct tw_pairs pairs = { .head = { .size = sizeof(pairs), .kind = TW_PAIRS } };
	struct tw_end end = { .head = { .size = sizeof(end), .kind = TW_END } };

	begin_bpf(live);
	tell_losses(live, true, to);
	if (live->stacks) {
		stacks_wait(live->stacks, STACKS_WAIT_MS);
		stacks_deliver(live->stacks, live_now_ns(), to);
		stacks_tell_losses(live->stacks);
	}
	probes_tell_cost(&live->probes);
	end_bpf(live);
	losses_pairs(&live->losses, pairs.count);
	for (size_t i = 0; i < TW_NR_STATES * TW_NR_STATES; i++)
		pairs.count[i] += live->lanes.pairs[i];
	pairs.head.ts_ns = end.head.ts_ns = live_now_ns();
	end.records = live->records;
	deliver(to, &pairs);
	deliver(to, &end);
}
