// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Many random records from a fixed seed: a kernel that lives plausibly but loses
 * some of its records, and one that lies. The invariants hold all the way; where an
 * evidence tier tells of everything, all counts are those of the kernel.
 */
#include "model_fixture.h"
#include "scarcity.h"

#include <errno.h>

#include "model/ledger.h"

#define SEED 0x5eed5eed
#define NR_RECORDS 200000
#define CHECK_EVERY 400
#define NR_ENDS 300
#define NR_NETNS 3

enum life {
	FREE,
	ALIVE, /* a full socket in state */
	MINI, /* a minisock in state */
};

/* What really happened to minisocks since ready. */
struct truth {
	uint64_t entered, refused, turned, orphans_expired;
	uint64_t ended[NR_END_REASONS];
	uint64_t residences; /* of those born since ready */
	uint64_t held_ns; /* by those that have ended */
};

struct sim {
	struct fixture *f;
	enum tw_evidence tier;
	uint64_t random, cookies, ready_ns;
	struct tw_kernel_figures figures[NR_NETNS];
	uint64_t lost[NR_NETNS][2]; /* for want of memory, by the last two dumps */
	struct truth truth;
	unsigned int loss_permille, dump_permille;
	struct {
		struct end end;
		enum life life;
		uint8_t state;
		bool silent; /* the peer will never send its FIN */
		uint64_t born_ns, ends_ns; /* of the minisock */
	} ends[NR_ENDS];
};

static uint32_t draw(struct sim *sim, uint32_t below)
{
	sim->random = sim->random * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(sim->random >> 33) % below;
}

static void check(const struct fixture *f, unsigned int at)
{
	if (at % CHECK_EVERY == 0)
		assert_sane_model(f);
}

static struct end random_end(struct sim *sim)
{
	static const char *const comms[] = { "nginx", "curl", "postgres", "worker", "" };
	uint16_t local = 32768 + draw(sim, 10), remote = 80 + draw(sim, 3);
	bool serves = draw(sim, 2);
	struct end end = end_of(++sim->cookies, serves ? remote : local, serves ? local : remote,
				100 + draw(sim, 20), comms[draw(sim, 5)]);

	end.tuple.remote_addr[15] = draw(sim, 4);
	end.tuple.netns_cookie = NETNS + draw(sim, NR_NETNS);
	end.cgroup_id = draw(sim, 4);
	return end;
}

static struct tw_kernel_figures *figures_of(struct sim *sim, unsigned int at)
{
	return &sim->figures[sim->ends[at].end.tuple.netns_cookie - NETNS];
}

/* What the evidence tier says, which gets lost like any record. True if it was told. */
static bool tell(struct sim *sim, unsigned int at, enum tw_kind kind, uint8_t reason, bool by_tuple)
{
	struct end end = sim->ends[at].end;

	if (sim->tier == TW_BY_INFERENCE || draw(sim, 1000) < sim->loss_permille)
		return false;
	if (by_tuple)
		end.cookie = 0;
	feed_mini(sim->f, kind, &end, sim->ends[at].state, reason);
	return true;
}

static void count_end(struct sim *sim, unsigned int at, enum tw_end_reason reason)
{
	uint64_t born_ns = sim->ends[at].born_ns;

	sim->ends[at].life = FREE;
	figures_of(sim, at)->time_wait--;
	figures_of(sim, at)->tw_recycled += reason == TW_END_REUSED;
	sim->truth.ended[reason]++;
	sim->truth.orphans_expired += reason == TW_END_EXPIRED &&
				      sim->ends[at].state == TW_FIN_WAIT2;
	if (!sim->ready_ns)
		return;
	sim->truth.residences += born_ns > sim->ready_ns;
	sim->truth.held_ns += sim->f->now_ns - (born_ns > sim->ready_ns ? born_ns : sim->ready_ns);
}

static void end_minisock(struct sim *sim, unsigned int at, enum tw_end_reason reason)
{
	tell(sim, at, TW_MINI_ENDED, reason, draw(sim, 10) == 0);
	count_end(sim, at, reason);
}

/* Two sockets never share a tuple; a minisock gives it up to its successor. */
static bool take_tuple(struct sim *sim, unsigned int for_at)
{
	const struct tw_tuple *tuple = &sim->ends[for_at].end.tuple;

	for (unsigned int at = 0; at < NR_ENDS; at++) {
		if (at == for_at || sim->ends[at].life == FREE ||
		    memcmp(tuple, &sim->ends[at].end.tuple, sizeof(*tuple)))
			continue;
		if (sim->ends[at].life == ALIVE)
			return false;
		end_minisock(sim, at, tuple->local_port < 1024 ? TW_END_REOPENED : TW_END_REUSED);
	}
	return true;
}

/* The record is made, but now and then it never arrives. */
static void send(struct sim *sim, const struct end *end, uint8_t from, uint8_t to, uint16_t flags,
		 uint8_t error, size_t size)
{
	struct tw_loss loss = { .count = 1 };

	if (draw(sim, 1000) >= sim->loss_permille) {
		feed_transition(sim->f, end, from, to, flags, error, size);
	} else if (draw(sim, 2)) {
		loss.head = head_of(sim->f, TW_LOSS, sizeof(loss));
		feed(sim->f, &loss, sizeof(loss));
	}
}

static void step_birth(struct sim *sim, unsigned int at)
{
	struct end *end = &sim->ends[at].end;
	struct end early;

	do
		*end = random_end(sim);
	while (!take_tuple(sim, at));
	sim->ends[at].life = ALIVE;
	if (end->tuple.local_port < 1024) {
		end->born_ns = sim->f->now_ns;
		sim->ends[at].state = TW_ESTABLISHED;
		send(sim, end, TW_SYN_RECV, TW_ESTABLISHED, TW_F_INCOMING, 0, TW_TRANSITION_FULL);
		end->born_ns = 0;
		return;
	}
	early = *end;
	early.tuple.local_port = 0;
	sim->ends[at].state = TW_SYN_SENT;
	send(sim, &early, TW_CLOSE, TW_SYN_SENT, TW_F_OUTGOING | TW_F_OWNER, 0, TW_TRANSITION_FULL);
}

/* Where a full socket may go from here, and with which facts when it closes. */
static uint8_t next_state(struct sim *sim, uint8_t state, uint16_t *flags, uint8_t *error)
{
	static const uint8_t errors[] = { 0, 0, ECONNRESET, ETIMEDOUT, ECONNABORTED };
	static const uint16_t facts[] = { ORDERLY, TW_F_ORPHAN | TW_F_ALL_ACKED, TW_F_LOCKED,
					  TW_F_ORPHAN | TW_F_ALL_ACKED | TW_F_LINGER2_NEG, 0 };
	bool ends = draw(sim, 10) == 0;

	*error = ends ? errors[draw(sim, 5)] : 0;
	*flags = ends ? facts[2 + draw(sim, 3)] : facts[draw(sim, 2)];
	if (ends)
		return TW_CLOSE;
	switch (state) {
	case TW_SYN_SENT:
		return TW_ESTABLISHED;
	case TW_ESTABLISHED:
		return draw(sim, 2) ? TW_FIN_WAIT1 : TW_CLOSE_WAIT;
	case TW_FIN_WAIT1:
		return draw(sim, 4) ? TW_FIN_WAIT2 : TW_CLOSING;
	case TW_CLOSE_WAIT:
		return TW_LAST_ACK;
	default:
		return TW_CLOSE;
	}
}

/* What becomes of a socket at ->CLOSE. */
enum fate {
	GONE,
	REFUSED_ONE, /* for want of buckets */
	BORN,
};

/* No minisock is made where data comes after close(), which a RST answers. */
static enum fate choose_fate(struct sim *sim, enum remains remains, bool *reset)
{
	*reset = draw(sim, 5) == 0;
	if (remains == REMAINS_NOTHING || (remains == REMAINS_FIN_WAIT2 && *reset))
		return GONE;
	return draw(sim, 20) ? BORN : REFUSED_ONE;
}

/* Before ->CLOSE, and now and then the whole life of the minisock with it. True: it has ended. */
static bool announce(struct sim *sim, unsigned int at, enum fate fate, uint8_t *reason)
{
	if (fate == REFUSED_ONE && sim->tier != TW_BY_TIMER)
		tell(sim, at, TW_MINI_REFUSED, 0, false);
	if (fate != BORN || !tell(sim, at, TW_MINI_BORN, 0, false) || draw(sim, 20))
		return false;
	if (sim->ends[at].state == TW_FIN_WAIT2 && draw(sim, 2)) {
		sim->ends[at].state = TW_TIME_WAIT;
		sim->truth.turned++;
		tell(sim, at, TW_MINI_TURNED, 0, false);
	}
	*reason = draw(sim, 2) ? TW_END_RESET : TW_END_REOPENED;
	tell(sim, at, TW_MINI_ENDED, *reason, false);
	return true;
}

static void leave_remains(struct sim *sim, unsigned int at, enum fate fate)
{
	if (fate == REFUSED_ONE) {
		figures_of(sim, at)->overflow++;
		sim->truth.refused++;
	}
	if (fate != BORN)
		return;
	sim->ends[at].life = MINI;
	sim->ends[at].silent = draw(sim, 2);
	sim->ends[at].born_ns = sim->f->now_ns;
	sim->ends[at].ends_ns = sim->f->now_ns + 60 * SECOND;
	figures_of(sim, at)->time_wait++;
	figures_of(sim, at)->tw_created++;
	sim->truth.entered++;
}

static void step_on(struct sim *sim, unsigned int at)
{
	const struct end *end = &sim->ends[at].end;
	uint8_t from = sim->ends[at].state, error, reason;
	bool acted = draw(sim, 2), reset, ended = false;
	enum fate fate = GONE;
	uint16_t flags;
	uint8_t to = next_state(sim, from, &flags, &error);
	enum remains remains = ledger_remains(from, error, flags);

	sim->ends[at].state = to;
	if (to == TW_CLOSE) {
		fate = choose_fate(sim, remains, &reset);
		sim->ends[at].state = remains == REMAINS_TIME_WAIT ? TW_TIME_WAIT : TW_FIN_WAIT2;
		ended = announce(sim, at, fate, &reason);
	}
	send(sim, end, from, to, (to == TW_CLOSE ? flags : 0) | (acted ? TW_F_OWNER : 0), error,
	     from == TW_SYN_SENT ? TW_TRANSITION_FULL :
	     acted		 ? TW_TRANSITION_OWNER :
				   TW_TRANSITION_SHORT);
	if (to != TW_CLOSE)
		return;
	sim->ends[at].life = FREE;
	leave_remains(sim, at, fate);
	if (reset)
		feed_reset(sim->f, end, TW_CLOSE);
	if (ended) {
		/* it has held nothing for longer than that took */
		sim->ends[at].born_ns = sim->f->now_ns;
		count_end(sim, at, reason);
	}
}

/*
 * Everything was told: what we count is what the kernel counts, but for what was @lost for want
 * of memory, ever and @lately: a dump heals that, all but what has just changed, and says so.
 */
static void assert_no_errors(const struct fixture *f, uint64_t netns, uint64_t lost,
			     uint64_t lately)
{
	const struct audit *audits;
	size_t count = model_audits(f->model, &audits);

	for (size_t i = 0; i < count; i++)
		for (enum audit_kind kind = 0; kind < NR_AUDIT_KINDS; kind++) {
			const struct audit_figure *figure = &audits[i].figures[kind];
			uint64_t most = kind < AUDIT_ENTERED ? lately : lost;

			if (audits[i].netns_cookie == netns && figure->known &&
			    ((uint64_t)llabs(figure->error) > most ||
			     (uint64_t)llabs(figure->drift) > most))
				fail_msg("%s: ours %" PRIu64 ", the kernel's %" PRIu64
					 ", drift %" PRId64 ", lost %" PRIu64,
					 audit_name(kind), figure->ours, figure->kernel,
					 figure->drift, most);
		}
}

static void dump(struct sim *sim, uint64_t netns)
{
	uint64_t *before = sim->lost[netns - NETNS], lost;
	struct tw_kernel_figures none = { 0 };
	bool fails;

	feed_dumped(sim->f, TW_SNAPSHOT_BEGIN, netns, &none, 0, 0);
	for (unsigned int at = 0; at < NR_ENDS; at++) {
		uint64_t ends_ns = sim->ends[at].ends_ns, now_ns = sim->f->now_ns;

		if (sim->ends[at].life == FREE || sim->ends[at].end.tuple.netns_cookie != netns)
			continue;
		if (draw(sim, 1000) < sim->loss_permille)
			continue;
		feed_found(sim->f, &sim->ends[at].end, sim->ends[at].state,
			   sim->ends[at].life == ALIVE ? FULL :
			   ends_ns > now_ns	       ? (ends_ns - now_ns) / MS :
							 0);
	}
	fails = draw(sim, 20) == 0;
	feed_dumped(sim->f, TW_SNAPSHOT_END, netns, &sim->figures[netns - NETNS], TW_S_MIB_AT_BIRTH,
		    fails ? EINTR : 0);
	if (fails)
		return;
	lost = model_loss(sim->f->model, TW_LOSS_NO_MEMORY);
	if (sim->tier == TW_BY_FENTRY && !sim->loss_permille)
		assert_no_errors(sim->f, netns, lost, lost - before[1]);
	before[1] = before[0];
	before[0] = lost;
}

/* The last FIN has come. The timer tier sees no more than a timer armed anew. */
static void turn(struct sim *sim, unsigned int at)
{
	sim->ends[at].state = TW_TIME_WAIT;
	sim->ends[at].ends_ns = sim->f->now_ns + 60 * SECOND;
	sim->truth.turned++;
	tell(sim, at, sim->tier == TW_BY_TIMER ? TW_MINI_BORN : TW_MINI_TURNED, 0,
	     draw(sim, 10) == 0);
}

/* Minisocks end, the last FIN reaches some; without a word, but for an evidence tier's. */
static void age(struct sim *sim)
{
	static const enum tw_end_reason early[] = { TW_END_RESET, TW_END_DESTROYED,
						    TW_END_UNKNOWN };

	for (unsigned int at = 0; at < NR_ENDS; at++) {
		if (sim->ends[at].life != MINI)
			continue;
		if (sim->ends[at].ends_ns + SECOND < sim->f->now_ns)
			end_minisock(sim, at, TW_END_EXPIRED);
		else if (draw(sim, 50000) == 0)
			end_minisock(sim, at, early[draw(sim, 3)]);
		else if (sim->ends[at].state == TW_FIN_WAIT2 && !sim->ends[at].silent &&
			 draw(sim, 1000) == 0)
			turn(sim, at);
	}
}

static void look_up_holders(struct sim *sim, unsigned int at)
{
	struct tw_holder record = { .cookie = sim->ends[at].end.cookie, .cgroup_id = draw(sim, 4) };

	for (unsigned int i = draw(sim, 4); i > 0; i--) {
		record.head = head_of(sim->f, TW_HOLDER, sizeof(record));
		record.head.flags = (record.owner.tgid ? 0 : TW_H_FIRST) |
				    (draw(sim, 2) ? TW_H_AUTOBOUND : 0);
		record.owner.tgid = 100 + draw(sim, 20);
		record.owner.comm[0] = 'a' + draw(sim, 5);
		feed(sim->f, &record, sizeof(record));
	}
}

static void step(struct sim *sim)
{
	unsigned int at = draw(sim, NR_ENDS), what = draw(sim, 1000);

	sim->f->now_ns += draw(sim, 20 * MS);
	if (draw(sim, 1000) < sim->dump_permille)
		dump(sim, NETNS + draw(sim, NR_NETNS));
	else if (what < 30)
		feed_bare(sim->f, TW_TICK);
	else if (what < 60)
		look_up_holders(sim, at);
	else if (what < 70)
		model_mark_interval(sim->f->model, sim->f->now_ns);
	else if (sim->ends[at].life == ALIVE)
		step_on(sim, at);
	else if (sim->ends[at].life == FREE)
		step_birth(sim, at);
	age(sim);
}

static void count_minisocks(void *ctx, const struct conn_view *view)
{
	*(uint64_t *)ctx += view->minisock;
}

static uint64_t minisocks_of(const struct fixture *f)
{
	uint64_t count = 0;

	model_each_conn(f->model, count_minisocks, &count);
	return count;
}

struct plan {
	struct model_opts opts;
	enum tw_evidence tier;
	unsigned int loss_permille;
	unsigned int dump_permille; /* of all steps; 0: 5 */
	unsigned int memory_fails; /* one allocation in so many; 0: none */
};

/* Sets @stock, NULL allowed, to how many minisocks were there at ready. */
static struct sim *run(struct fixture *f, const struct plan *plan, uint64_t *stock)
{
	static struct sim sim;

	sim = (struct sim){ .f = f,
			    .random = SEED,
			    .tier = plan->tier,
			    .loss_permille = plan->loss_permille,
			    .dump_permille = plan->dump_permille ? plan->dump_permille : 5 };
	memory = (struct scarcity){ .one_in = plan->memory_fails };
	fixture_start(f, &plan->opts);
	f->unchecked = true;
	feed_tier(f, plan->tier);
	for (unsigned int i = 0; i < NR_RECORDS; i++) {
		if (i == NR_RECORDS / 100) {
			feed_bare(f, TW_READY);
			sim.ready_ns = f->now_ns;
			memset(&sim.truth, 0, sizeof(sim.truth));
			if (stock)
				*stock = minisocks_of(f);
		}
		memory.now = true;
		step(&sim);
		memory.now = false;
		check(f, i);
	}
	return &sim;
}

static void a_kernel_that_loses_nothing(void **state)
{
	struct fixture *f = *state;
	const uint64_t *count;
	uint64_t stock;

	/* without a tier, dumps that are far apart would tell of some ends too late */
	run(f, &(struct plan){ .dump_permille = 60 }, &stock);
	count = model_totals(f->model)->count;
	assert_int_equal(model_loss(f->model, TW_LOSS_MALFORMED), 0);
	assert_int_equal(model_loss(f->model, TW_LOSS_NO_MEMORY), 0);
	/* the walk goes where it is meant to go */
	assert_true(count[FIELD_OPENED] > 10000);
	assert_true(count[FIELD_FAILED] > 100);
	assert_true(count[FIELD_TW_EXPIRED] > 100);
	assert_true(count[FIELD_TW_REUSED] > 100);
	assert_true(count[FIELD_TW_REFUSED] > 100);
	assert_true(f->told[EVENT_TIME_WAIT_SUBSTATE] > 100);
	/* every connection of its count was opened, or was there at ready */
	assert_true(count[FIELD_CONNECTIONS] - count[FIELD_OPENED] <= NR_ENDS);
	/* no minisock is born twice, and none ends twice */
	feed_bare(f, TW_TICK);
	assert_int_equal(count[FIELD_TW_ENTERED] + stock,
			 count[FIELD_TW_EXPIRED] + count[FIELD_TW_REUSED] + count[FIELD_TW_OTHER] +
				 minisocks_of(f));
}

/* For how long minisocks have held their ports since ready. */
static uint64_t held_in_truth(const struct sim *sim)
{
	uint64_t held_ns = sim->truth.held_ns;

	for (unsigned int at = 0; at < NR_ENDS; at++) {
		uint64_t born_ns = sim->ends[at].born_ns;

		if (sim->ends[at].life == MINI)
			held_ns += sim->f->now_ns -
				   (born_ns > sim->ready_ns ? born_ns : sim->ready_ns);
	}
	return held_ns;
}

static void a_kernel_whose_tier_tells_everything(void **state)
{
	static const enum field fields[NR_END_REASONS] = {
		[END_UNKNOWN] = FIELD_TW_UNKNOWN, [END_EXPIRED] = FIELD_TW_EXPIRED,
		[END_REUSED] = FIELD_TW_REUSED,	  [END_REOPENED] = FIELD_TW_REOPENED,
		[END_RESET] = FIELD_TW_RESET,	  [END_DESTROYED] = FIELD_TW_DESTROYED,
		[END_PURGED] = FIELD_TW_PURGED,
	};
	struct fixture *f = *state;
	const struct sim *sim = run(f, &(struct plan){ .tier = TW_BY_FENTRY }, NULL);
	const struct row *totals = model_totals(f->model);

	for (unsigned int reason = 0; reason < NR_END_REASONS; reason++) {
		if (totals->count[fields[reason]] != sim->truth.ended[reason])
			fail_msg("%s is %" PRIu64 ", in truth %" PRIu64, field_name(fields[reason]),
				 totals->count[fields[reason]], sim->truth.ended[reason]);
		/* the walk goes where it is meant to go */
		assert_true(reason == END_PURGED || sim->truth.ended[reason] > 10);
	}
	assert_int_equal(totals->count[FIELD_TW_ENTERED], sim->truth.entered);
	assert_int_equal(totals->count[FIELD_TW_REFUSED], sim->truth.refused);
	assert_int_equal(totals->count[FIELD_FW2_EXPIRED], sim->truth.orphans_expired);
	assert_int_equal(f->told[EVENT_TIME_WAIT_ENTER], sim->truth.entered);
	assert_int_equal(f->told[EVENT_TIME_WAIT_REFUSED], sim->truth.refused);
	assert_int_equal(f->told[EVENT_TIME_WAIT_SUBSTATE], sim->truth.turned);
	assert_int_equal(totals->residence.count, sim->truth.residences);
	assert_int_equal(row_held_ns(totals, f->now_ns), held_in_truth(sim));
	assert_true(sim->truth.refused > 100 && sim->truth.turned > 100);
	assert_true(sim->truth.orphans_expired > 10);
	for (unsigned int cause = 0; cause < TW_NR_LOSS; cause++)
		assert_int_equal(model_loss(f->model, cause), 0);
}

static void a_kernel_that_loses_records(void **state)
{
	run(*state, &(struct plan){ .loss_permille = 30 }, NULL);
}

static void a_kernel_whose_tier_loses_records_too(void **state)
{
	static const enum tw_evidence tiers[] = { TW_BY_TIMER, TW_BY_KPROBE, TW_BY_FENTRY };
	struct fixture *f = *state;

	for (size_t i = 0; i < 3; i++) {
		run(f, &(struct plan){ .tier = tiers[i], .loss_permille = 30 }, NULL);
		assert_true(model_loss(f->model, TW_LOSS_UNTOLD) > 100);
		assert_true(model_totals(f->model)->residence.count > 1000);
	}
}

static void a_kernel_that_loses_records_with_little_room(void **state)
{
	struct plan plan = { .opts = { .max_rows = 6, .max_conns = 150 }, .loss_permille = 30 };

	run(*state, &plan, NULL);
	plan.tier = TW_BY_FENTRY;
	run(*state, &plan, NULL);
}

static void a_kernel_that_loses_records_under_a_filter(void **state)
{
	struct plan plan = {
		.opts.filter = { .service = "[nw]*", .kernel = { .family = 4 } },
		.loss_permille = 30,
	};

	run(*state, &plan, NULL);
	plan.tier = TW_BY_FENTRY;
	run(*state, &plan, NULL);
}

/* There is memory again: after a few dumps all is as the kernel says. */
static void heal(struct sim *sim)
{
	for (unsigned int i = 0; i < 5 * NR_NETNS; i++) {
		sim->f->now_ns += SECOND;
		feed_bare(sim->f, TW_TICK);
		dump(sim, NETNS + i % NR_NETNS);
	}
	for (uint64_t netns = NETNS; netns < NETNS + NR_NETNS; netns++)
		assert_no_errors(sim->f, netns, UINT64_MAX, 0);
	assert_sane_model(sim->f);
}

/* What there is no memory for is counted, and what is kept is right. */
static void a_host_whose_memory_runs_out(void **state)
{
	static const unsigned int one_in[] = { 50, 7, 5, 3, 300 };
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(one_in) / sizeof(one_in[0]); i++) {
		heal(run(f, &(struct plan){ .tier = TW_BY_FENTRY, .memory_fails = one_in[i] },
			 NULL));
		assert_true(memory.failed > 10);
		/* records, of which one may lack several things */
		assert_true(model_loss(f->model, TW_LOSS_NO_MEMORY) > memory.failed / 2);
		assert_true(model_loss(f->model, TW_LOSS_NO_MEMORY) <= memory.failed);
		assert_true(model_totals(f->model)->count[FIELD_OPENED] > 1000);
	}
}

static void empty_dump(struct fixture *f)
{
	struct tw_kernel_figures none = { 0 };

	f->now_ns += 10 * SECOND;
	feed_dumped(f, TW_SNAPSHOT_BEGIN, NETNS, &none, 0, 0);
	feed_dumped(f, TW_SNAPSHOT_END, NETNS, &none, TW_S_MIB_AT_BIRTH, 0);
	feed_bare(f, TW_TICK);
}

/* All that is had once is there by then: the memory for one connection more is lacking. */
static void a_connection_that_found_no_room_is_counted_as_lost(void **state)
{
	struct fixture *f = *state;
	struct end end;

	feed_bare(f, TW_READY);
	f->unchecked = true;
	for (uint64_t cookie = 1; cookie <= POOL_CHUNK; cookie++) {
		end = client(cookie);
		feed_connected(f, &end);
	}
	memory = (struct scarcity){ .one_in = 1, .now = true };
	end = client(POOL_CHUNK + 1);
	feed_connect(f, &end);
	assert_int_equal(model_loss(f->model, TW_LOSS_NO_MEMORY), 1);
	feed_full(f, &end, TW_SYN_SENT, TW_ESTABLISHED, TW_F_OUTGOING);
	assert_int_equal(model_loss(f->model, TW_LOSS_NO_MEMORY), 2);
	memory.now = false;
	assert_int_equal(f->model->conns.count, POOL_CHUNK);
	empty_dump(f);
	/* the kernel lists it: it is known from here on */
	feed_begin(f);
	feed_found(f, &end, TW_ESTABLISHED, FULL);
	feed_end(f, 0, 0);
	assert_int_equal(model_totals(f->model)->count[FIELD_ESTABLISHED], 1);
	assert_int_equal(model_loss(f->model, TW_LOSS_NO_MEMORY), 2);
	assert_sane_model(f);
}

/* Nobody remembers that it is to be judged, but for the dumps. */
static void what_was_not_buried_ends_all_the_same(void **state)
{
	struct fixture *f = *state;
	struct end orphan = end_of(1, 40001, 443, 100, "curl"), failed = orphan;

	feed_bare(f, TW_READY);
	empty_dump(f);
	feed_connected(f, &orphan);
	feed_brief(f, &orphan, TW_ESTABLISHED, TW_FIN_WAIT1, 0);
	feed_brief(f, &orphan, TW_FIN_WAIT1, TW_FIN_WAIT2, 0);
	failed.cookie = 2;
	failed.tuple.local_port = 40002;
	feed_connect(f, &failed);
	f->unchecked = memory.now = true;
	memory.one_in = 1;
	feed_brief(f, &orphan, TW_FIN_WAIT2, TW_CLOSE, TW_F_ORPHAN | TW_F_ALL_ACKED);
	feed_transition(f, &failed, TW_SYN_SENT, TW_CLOSE, 0, ECONNREFUSED, TW_TRANSITION_FULL);
	f->unchecked = memory.now = false;
	assert_int_equal(f->model->nr_over, 0);
	assert_int_equal(f->model->conns.count, 2);
	assert_true(model_loss(f->model, TW_LOSS_NO_MEMORY) >= 2);
	/* the next dumps: judged, found to live no more, gone */
	for (unsigned int i = 0; i < 3; i++)
		empty_dump(f);
	assert_int_equal(f->model->conns.count, 0);
	assert_no_errors(f, NETNS, UINT64_MAX, 0);
}

/* Any bytes, of the right size more often than not, with few cookies and states in range. */
static void any_records_at_all(void **state)
{
	static const uint16_t sizes[] = { 16, 24, 48, 128, 32, 64, 80, 8, 1368, 136 };
	struct sim sim = { .f = *state, .random = SEED };
	_Alignas(8) unsigned char room[2048];
	struct tw_record *head = (struct tw_record *)room;

	sim.f->unchecked = true;
	/* what lasted how long makes no sense where born_ns is any number */
	model_subscribe(sim.f->model, NULL, NULL);
	feed_bare(sim.f, TW_READY);
	for (unsigned int i = 0; i < NR_RECORDS; i++) {
		for (size_t at = 0; at < sizeof(room); at++)
			room[at] = at < 160 ? draw(&sim, draw(&sim, 2) ? 256 : 3) : 0;
		head->kind = draw(&sim, 10) ? draw(&sim, 23) : draw(&sim, 256);
		head->from = draw(&sim, 14);
		head->to = draw(&sim, 14);
		head->size = draw(&sim, 3) ? sizeof(room) : sizes[draw(&sim, 10)];
		head->ts_ns = START_NS + i * MS + draw(&sim, 50) * MS;
		/* the cookie, and what is one in a snapshot or a name: one of a few */
		memset(room + 16, 0, 8);
		room[16] = draw(&sim, 30);
		/* a sum of more than there were sockets ever is no sum */
		if (head->kind == TW_SPILLED)
			((struct tw_spilled *)room)->count = draw(&sim, 100);
		model_feed(sim.f->model, head, draw(&sim, 10) ? sizeof(room) : draw(&sim, 2048),
			   draw(&sim, 2));
		check(sim.f, i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(a_kernel_that_loses_nothing),
		fixture_test(a_kernel_whose_tier_tells_everything),
		fixture_test(a_kernel_that_loses_records),
		fixture_test(a_kernel_whose_tier_loses_records_too),
		fixture_test(a_kernel_that_loses_records_with_little_room),
		fixture_test(a_kernel_that_loses_records_under_a_filter),
		fixture_test(a_host_whose_memory_runs_out),
		fixture_test(a_connection_that_found_no_room_is_counted_as_lost),
		fixture_test(what_was_not_buried_ends_all_the_same),
		fixture_test(any_records_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
