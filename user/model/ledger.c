// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The lives of minisocks, inferred: births by the truth table on the last
 * transition, ends by what can be proven of them.
 */
#include "model/ledger.h"

#include <stdlib.h>
#include <string.h>

#include "model/flames.h"

/*
 * The timer wheel rounds up: by up to 512 jiffies, 2.05 s at HZ=250 and 4.1 s at
 * HZ=1000 and HZ=100 (5.12 s).
 */
#define WHEEL_SLACK_NS (5200ULL * 1000000)
/* A FIN_WAIT2 minisock lasts 60 s at most, and 60 s more once its FIN has come. */
#define FIN_WAIT2_MAX_NS (2 * TIME_WAIT_NS)
/* Where a tier tells of ends the clock does not: a retransmitted FIN sets the time anew. */
#define TOLD_NS (600ULL * 1000000000)
/* A namespace's minisocks are purged within this time after it could be entered last. */
#define PURGE_NS (10ULL * 1000000000)
#define SECOND_NS 1000000000ULL
#define DUE_BLOCK 16 /* of POOL_CHUNK a part */
#define NEVER_S ((uint32_t)INT32_MAX)
/* A trailing RST follows its transition within the same softirq: microseconds. */
#define SETTLE_NS (10ULL * 1000000)
/* A listener's namespace may never be dumped. */
#define LISTENED_NS (60 * SECOND_NS)

enum remains ledger_remains(uint8_t from, uint8_t error, uint16_t flags)
{
	bool done = flags & TW_F_DONE, acked = flags & TW_F_ALL_ACKED;

	/* IP_RECVERR may leave an error behind, so none is required for these two */
	if (from == TW_FIN_WAIT2 && done)
		return REMAINS_TIME_WAIT;
	if (from == TW_CLOSING && acked)
		return REMAINS_TIME_WAIT;
	if (from == TW_FIN_WAIT2 && (flags & TW_F_ORPHAN) && !error && !(flags & TW_F_LINGER2_NEG))
		return REMAINS_FIN_WAIT2;
	return REMAINS_NOTHING;
}

static void tell(struct model *model, const struct conn *conn, enum event_kind kind, uint64_t ts_ns)
{
	struct model_event event;

	if (!tracker_is_heard(model, conn))
		return;
	event = (struct model_event){
		.kind = kind,
		.ts_ns = ts_ns,
		.substate = conn->state,
		.evidence = conn->evidence,
		.reason = conn->end,
		.residence_ns = TIME_UNKNOWN,
		.count = 1,
	};
	tracker_tell(model, conn, &event);
}

void ledger_count_untold(struct model *model, uint32_t id)
{
	struct conn *conn = conn_at(model, id);

	if (conn->untold || !model->ready || !conn->wanted || !conn->entered || conn->announced ||
	    conn->evidence != EVIDENCE_INFERRED || model->tier[conn->source] == EVIDENCE_INFERRED)
		return;
	conn->untold = true;
	model->loss[TW_LOSS_UNTOLD]++;
}

static void enter(struct model *model, uint32_t id, uint64_t ts_ns)
{
	struct conn *conn = conn_at(model, id);

	conn->phase = PHASE_MINI;
	conn->born_ns = conn->since_ns;
	conn->entered = true;
	conn->evidence = conn->announced ? model->tier[conn->source] : EVIDENCE_INFERRED;
	/* the timer's tier does not tell of refusals: only a dump that lists it proves a birth */
	if (model->tier[conn->source] > EVIDENCE_TIMER)
		ledger_count_untold(model, id);
	/* an orphan's FIN_WAIT2 lasts tcp_fin_timeout, which only a dump tells */
	conn->expires_ns = conn->state == TW_TIME_WAIT ? conn->since_ns + TIME_WAIT_NS : 0;
	ledger_watch(model, id);
	tracker_index_tuple(model, id);
	tracker_update(model, id, false);
	tell(model, conn, EVENT_TIME_WAIT_ENTER, ts_ns);
}

void ledger_birth(struct model *model, uint32_t id, enum remains remains)
{
	struct conn *conn = conn_at(model, id);

	conn->expires_ns = 0;
	if (conn->announced & REFUSED) {
		conn->state = conn->announced & ~REFUSED;
		conn->evidence = model->tier[conn->source];
		netns_at(model, conn->netns)->refusals_told++;
		ledger_refuse(model, id, conn->since_ns);
		return;
	}
	if (conn->announced) {
		conn->state = conn->announced;
		enter(model, id, conn->since_ns);
		return;
	}
	switch (remains) {
	case REMAINS_TIME_WAIT:
		conn->state = TW_TIME_WAIT;
		enter(model, id, conn->since_ns);
		return;
	case REMAINS_FIN_WAIT2:
		conn->state = TW_FIN_WAIT2;
		conn->phase = PHASE_PENDING;
		tracker_index_tuple(model, id);
		break;
	case REMAINS_NOTHING:
		conn->phase = PHASE_OVER;
		break;
	}
	tracker_update(model, id, false);
	tracker_bury(model, id);
}

void ledger_confirm(struct model *model, uint32_t id)
{
	enter(model, id, conn_at(model, id)->since_ns);
}

/*
 * A listener that has ended, while its children may be told in sum: until a dump that began
 * afterwards, before which all sums are told.
 */
static bool may_be_named(const struct model *model, const struct conn *conn)
{
	const struct netns *netns = netns_at(model, conn->netns);
	bool dumped_since = !netns->dumping && netns->dump_began_ns > conn->since_ns;

	return !conn->remote_port && !dumped_since && model->now_ns < conn->since_ns + LISTENED_NS;
}

void ledger_settle(struct model *model, uint64_t now_ns)
{
	size_t kept = 0;

	for (size_t i = 0; i < model->nr_over; i++) {
		struct grave grave = model->over[i];
		struct conn *conn;

		if (!pool_alive(&model->conns, grave.id))
			continue;
		conn = conn_at(model, grave.id);
		if (conn->cookie != grave.cookie || conn->phase == PHASE_FULL ||
		    conn->phase == PHASE_MINI)
			continue;
		if (conn->since_ns + SETTLE_NS > now_ns || may_be_named(model, conn))
			model->over[kept++] = grave;
		else if (conn->phase == PHASE_OVER && flames_await_stack(model, grave.id))
			model->over[kept++] = grave;
		else if (conn->phase == PHASE_PENDING)
			ledger_confirm(model, grave.id);
		else
			tracker_remove(model, grave.id);
	}
	model->nr_over = kept;
}

void ledger_found(struct model *model, uint32_t id)
{
	struct conn *conn = conn_at(model, id);

	conn->phase = PHASE_MINI;
	conn->evidence = EVIDENCE_SNAPSHOT;
	conn->since_bound = true;
	ledger_watch(model, id);
	tracker_index_tuple(model, id);
	tracker_update(model, id, true);
	/* found at start they are stock, not events; later they are births that were missed */
	tell(model, conn, EVENT_TIME_WAIT_ENTER, conn->since_ns);
}

void ledger_substate(struct model *model, uint32_t id, uint8_t substate, uint64_t since_ns,
		     enum evidence evidence)
{
	struct conn *conn = conn_at(model, id);
	struct model_event event = {
		.kind = EVENT_TIME_WAIT_SUBSTATE,
		.ts_ns = evidence == EVIDENCE_SNAPSHOT ? model->now_ns : since_ns,
		.from = conn->state,
		.to = substate,
		.substate = substate,
		.evidence = evidence,
	};

	conn->state = substate;
	conn->since_ns = since_ns;
	/* a dump tells when the timer was armed, which retransmitted FINs do again */
	conn->since_bound = evidence == EVIDENCE_SNAPSHOT;
	if (substate == TW_TIME_WAIT)
		conn->expires_ns = since_ns + TIME_WAIT_NS;
	ledger_watch(model, id);
	tracker_update(model, id, false);
	tracker_tell(model, conn, &event);
}

static void count_residence(struct model *model, const struct conn *conn, uint64_t ns)
{
	for (unsigned int dim = 0; dim < NR_DIMENSIONS && conn->rowed; dim++)
		histogram_add(&rows_at(&model->rows[dim], conn->row[dim])->residence, ns);
	histogram_add(&model->totals.residence, ns);
}

void ledger_end(struct model *model, uint32_t id, enum end_reason reason, uint64_t now_ns,
		bool known, enum evidence evidence)
{
	struct conn *conn = conn_at(model, id);
	struct model_event event = {
		.kind = EVENT_TIME_WAIT_EXIT,
		.ts_ns = now_ns,
		.substate = conn->state,
		.evidence = evidence,
		.reason = reason,
		/* a successor's SYN_SENT may be told before the birth: it has no port yet then */
		.residence_ns = known && conn->entered && conn->evidence != EVIDENCE_SNAPSHOT &&
						now_ns >= conn->born_ns ?
					now_ns - conn->born_ns :
					TIME_UNKNOWN,
	};

	if (event.residence_ns != TIME_UNKNOWN && conn->wanted)
		count_residence(model, conn, event.residence_ns);
	conn->end = reason;
	conn->ended_mini = true;
	conn->phase = PHASE_OVER;
	conn->since_ns = now_ns;
	tracker_update(model, id, false);
	tracker_tell(model, conn, &event);
	tracker_bury(model, id);
}

void ledger_refuse(struct model *model, uint32_t id, uint64_t now_ns)
{
	struct conn *conn = conn_at(model, id);

	/* nothing was there to be told of */
	model->loss[TW_LOSS_UNTOLD] -= conn->untold;
	conn->untold = false;
	conn->entered = false;
	conn->refused = true;
	conn->phase = PHASE_OVER;
	conn->since_ns = now_ns;
	tracker_update(model, id, false);
	tell(model, conn, EVENT_TIME_WAIT_REFUSED, now_ns);
	tracker_bury(model, id);
}

/* When its timer, due at @due_ns, fires; where the wheel is not known, at the earliest. */
static uint64_t fires_ns(const struct model *model, const struct conn *conn, uint64_t due_ns)
{
	const struct wheel *wheel = &model->wheel[conn->source];

	/* one set for less than 60 s, as FIN_WAIT2's may be, is on another wheel */
	if (!wheel->known || conn->state != TW_TIME_WAIT)
		return due_ns;
	return wheel_fires(wheel, due_ns);
}

bool ledger_may_have_expired(const struct model *model, const struct conn *conn, uint64_t now_ns)
{
	return conn->expires_ns &&
	       fires_ns(model, conn, conn->expires_ns - TICKS_NS) <= now_ns + TICKS_NS;
}

void ledger_succeeded(struct model *model, const struct conn *successor)
{
	uint32_t id = tracker_find_minisock(model, successor);
	uint64_t born_ns = successor->born_ns ? successor->born_ns : successor->since_ns;
	enum end_reason reason = successor->direction == DIRECTION_INCOMING ? END_REOPENED :
									      END_REUSED;
	bool known = successor->born_ns != 0;
	uint64_t expires_ns;

	/*
	 * Two sockets never share a tuple, so the minisock is gone: taken over by our
	 * connect(), or reopened by the peer's SYN. The moment is the successor's birth.
	 */
	if (id == POOL_NONE)
		return;
	if (conn_at(model, id)->phase == PHASE_PENDING)
		ledger_confirm(model, id);
	/* it had expired before, and no poll has come by since */
	expires_ns = conn_at(model, id)->expires_ns;
	if (expires_ns && born_ns >= fires_ns(model, conn_at(model, id), expires_ns)) {
		reason = END_EXPIRED;
		known = false;
	}
	/* or a RST had ended it, which this host has sent */
	if (conn_at(model, id)->rst) {
		reason = END_RESET;
		known = false;
	}
	ledger_end(model, id, reason, born_ns, known, EVIDENCE_INFERRED);
}

/* When its longest possible life is over. */
static uint64_t longest_ns(const struct model *model, const struct conn *conn)
{
	bool told = model->tier[conn->source] != EVIDENCE_INFERRED;
	uint64_t end_ns = conn->expires_ns ? conn->expires_ns : conn->since_ns + FIN_WAIT2_MAX_NS;

	return end_ns + (told ? TOLD_NS : WHEEL_SLACK_NS);
}

static uint64_t purge_ns(const struct model *model, const struct conn *conn)
{
	const struct netns *netns = netns_at(model, conn->netns);

	return netns->gone ? netns->gone_ns + PURGE_NS : UINT64_MAX;
}

void ledger_watch(struct model *model, uint32_t id)
{
	const struct conn *conn = conn_at(model, id);
	uint64_t due_ns = longest_ns(model, conn), gone_ns = purge_ns(model, conn);

	model->due_s[id] = (due_ns < gone_ns ? due_ns : gone_ns) / SECOND_NS;
	if (conn->phase != PHASE_MINI)
		model->due_s[id] = NEVER_S;
}

bool ledger_make_room(struct model *model)
{
	uint32_t room = model->room_due + POOL_CHUNK, *grown;

	if (model->conns.used < model->room_due)
		return true;
	grown = realloc(model->due_s, (size_t)room * sizeof(*grown));
	if (!grown)
		return false;
	for (uint32_t id = model->room_due; id < room; id++)
		grown[id] = NEVER_S;
	model->due_s = grown;
	model->room_due = room;
	return true;
}

void ledger_set_tier(struct model *model, enum evidence tier, unsigned int source)
{
	uint32_t id;

	model->tier[source] = tier;
	for (id = pool_next(&model->conns, 0); id != POOL_NONE;
	     id = pool_next(&model->conns, id + 1))
		ledger_watch(model, id);
}

static void expire(struct model *model, uint32_t id, uint64_t now_ns)
{
	const struct conn *conn = conn_at(model, id);

	/* what was there may have ended, or live longer than it was thought to */
	if (conn->phase == PHASE_MINI && now_ns >= longest_ns(model, conn))
		/* its namespace is never dumped: it has ended, when and how nobody knows */
		ledger_end(model, id, conn->expires_ns ? END_EXPIRED : END_UNKNOWN, now_ns, false,
			   EVIDENCE_INFERRED);
	else if (conn->phase == PHASE_MINI && now_ns >= purge_ns(model, conn))
		ledger_end(model, id, END_PURGED, now_ns, false, EVIDENCE_INFERRED);
	ledger_watch(model, id);
}

/* Whether any of a block is due: signed and without a branch, the compiler takes four at once. */
static bool any_is_due(const uint32_t due_s[static DUE_BLOCK], int32_t now_s)
{
	int32_t due = 0;

	for (unsigned int i = 0; i < DUE_BLOCK; i++)
		due |= (int32_t)due_s[i] <= now_s;
	return due;
}

/* Some that are due, from @from on, which moves on; 0: there are no more. */
static unsigned int take_due(struct model *model, uint32_t *from, uint32_t now_s,
			     uint32_t ids[static 2 * DUE_BLOCK])
{
	unsigned int nr = 0;

	for (; *from < model->conns.used && nr <= DUE_BLOCK; *from += DUE_BLOCK) {
		if (!any_is_due(&model->due_s[*from], now_s))
			continue;
		for (uint32_t id = *from; id < *from + DUE_BLOCK; id++) {
			if (model->due_s[id] > now_s)
				continue;
			model->due_s[id] = NEVER_S;
			__builtin_prefetch(conn_at(model, id), 1);
			__builtin_prefetch((char *)conn_at(model, id) + 64, 1);
			ids[nr++] = id;
		}
	}
	return nr;
}

void ledger_expire(struct model *model, uint64_t now_ns)
{
	uint32_t from = 0, ids[2 * DUE_BLOCK];
	unsigned int nr;

	/* nobody has looked at those for a minute: several are fetched at once */
	while ((nr = take_due(model, &from, now_ns / SECOND_NS, ids)))
		for (unsigned int i = 0; i < nr; i++)
			if (pool_alive(&model->conns, ids[i]))
				expire(model, ids[i], now_ns);
}
