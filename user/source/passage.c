// SPDX-License-Identifier: GPL-2.0-or-later
/* What is changed of a record on its way is changed in a copy. */
#include "source/passage.h"

#include <errno.h>
#include <stdint.h>

#include "source/live_inside.h"

/* Which control group it is in, told before the record itself. */
static uint64_t place(const struct passage *passage, uint64_t cgroup_id, uint32_t pid,
		      uint64_t ts_ns)
{
	struct cgroups *cgroups = passage->live->cgroups;

	cgroups_tell(cgroups, cgroup_id, ts_ns, passage->to);
	return cgroups_of_process(cgroups, cgroup_id, pid, ts_ns, passage->to);
}

void passage_found(void *ctx, const struct tw_record *record)
{
	const struct passage *passage = ctx;
	struct tw_closed_held closed;
	struct tw_holder holder;
	struct tw_bound bound;

	switch (record->kind) {
	case TW_HOLDER:
		holder = *(const struct tw_holder *)record;
		holder.cgroup_id =
			place(passage, holder.cgroup_id, holder.owner.tgid, record->ts_ns);
		record = &holder.head;
		break;
	case TW_CLOSED_HELD:
		closed = *(const struct tw_closed_held *)record;
		closed.cgroup_id =
			place(passage, closed.cgroup_id, closed.owner.tgid, record->ts_ns);
		record = &closed.head;
		break;
	case TW_BOUND:
		bound = *(const struct tw_bound *)record;
		bound.cgroup_id = place(passage, bound.cgroup_id, bound.owner.tgid, record->ts_ns);
		record = &bound.head;
		break;
	default:
		/* the walk's end, or a namespace that was found on the way */
		break;
	}
	deliver(passage->to, record);
}

/* Who has the port is told of before what failed for it. */
static bool look_at_port(struct passage *passage, const struct tw_tuple *tuple, uint64_t cookie,
			 uint64_t ts_ns)
{
	struct bound_failure failure = { tuple, cookie, ts_ns };
	struct receiver pass = { .receive = passage_found, .ctx = passage };

	return bound_look(&passage->live->bound, &failure, &pass);
}

static void pass_transition(struct passage *passage, const struct tw_record *record)
{
	struct tw_transition full = *(const struct tw_transition *)record;
	uint32_t pid = record->flags & TW_F_OWNER ? full.owner.tgid : 0;

	survey_notice(&passage->live->survey, &full.tuple);
	full.cgroup_id = place(passage, full.cgroup_id, pid, record->ts_ns);
	if (bound_collides(&full))
		look_at_port(passage, &full.tuple, full.cookie, record->ts_ns);
	deliver(passage->to, &full);
}

static void pass_bind_failed(struct passage *passage, const struct tw_record *record)
{
	struct tw_bind_failed failed = *(const struct tw_bind_failed *)record;

	survey_notice(&passage->live->survey, &failed.tuple);
	failed.cgroup_id = place(passage, failed.cgroup_id, failed.owner.tgid, record->ts_ns);
	/* nobody has the port of an address that is not there */
	if (record->error == EADDRINUSE &&
	    look_at_port(passage, &failed.tuple, failed.cookie, record->ts_ns))
		failed.head.flags |= TW_B_LOOKED;
	deliver(passage->to, &failed);
}

static void pass_holder(struct passage *passage, const struct tw_record *record)
{
	passage_found(passage, record);
}

static void pass_cancelled(struct passage *passage, const struct tw_record *record)
{
	const struct timers *timers = &passage->live->probes.tier.timers;
	struct tw_minisock ended;

	if (timers_judge(timers, (const struct tw_cancelled *)record, &ended))
		deliver(passage->to, &ended);
}

static void pass_reset(struct passage *passage, const struct tw_record *record)
{
	struct tw_reset reset = *(const struct tw_reset *)record;

	if (reset.reason < MAX_RESET_REASONS)
		reset.reason = passage->live->probes.features.reset_reasons[reset.reason];
	deliver(passage->to, &reset);
}

/* It waits for its names: stacks_deliver() tells it. */
static void keep_stack(struct passage *passage, const struct tw_record *record)
{
	if (passage->live->stacks && record->size >= TW_STACK_SEEN_SHORT)
		stacks_take(passage->live->stacks, record);
}

/* What becomes of a kind where a record has that size at least; all others pass as they are. */
static const struct {
	size_t size;
	void (*pass)(struct passage *passage, const struct tw_record *record);
} kinds[UINT8_MAX + 1] = {
	[TW_TRANSITION] = { TW_TRANSITION_FULL, pass_transition },
	[TW_BIND_FAILED] = { sizeof(struct tw_bind_failed), pass_bind_failed },
	[TW_HOLDER] = { sizeof(struct tw_holder), pass_holder },
	[TW_MINI_CANCELLED] = { sizeof(struct tw_cancelled), pass_cancelled },
	[TW_RESET_SENT] = { sizeof(struct tw_reset), pass_reset },
	[TW_STACK_SEEN] = { 0, keep_stack },
};

void passage_record(void *ctx, const struct tw_record *record)
{
	struct passage *passage = ctx;
	uint8_t kind = record->kind;

	passage->live->records++;
	passage->live->last_ts_ns = record->ts_ns;
	if (kinds[kind].pass && record->size >= kinds[kind].size)
		kinds[kind].pass(passage, record);
	else
		deliver(passage->to, record);
}

void passage_expected(void *ctx, const struct tw_record *record)
{
	const struct passage *passage = ctx;

	passage->to->expect(passage->to->ctx, record);
}

/* Its sockets are many: no process of theirs is known. */
void passage_spilled(void *ctx, const struct tw_record *record)
{
	const struct tw_spilled *spilled = (const struct tw_spilled *)record;
	struct passage *passage = ctx;

	if (record->kind != TW_SPILLED) {
		passage_record(passage, record);
		return;
	}
	survey_notice(&passage->live->survey, &spilled->tuple);
	cgroups_tell(passage->live->cgroups, spilled->cgroup_id, record->ts_ns, passage->to);
	deliver(passage->to, record);
}
