// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Many random records from a fixed seed: a kernel that lives plausibly but loses
 * some of its records, and one that lies. The invariants hold all the way.
 */
#include "model_fixture.h"

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

struct sim {
	struct fixture *f;
	uint64_t random, cookies, overflow[NR_NETNS];
	unsigned int loss_permille;
	struct {
		struct end end;
		enum life life;
		uint8_t state;
		uint64_t ends_ns;
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
		sim->ends[at].life = FREE;
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

/* The kernel refuses some for want of buckets, and makes no other if data comes after close(). */
static void leave_remains(struct sim *sim, unsigned int at, enum remains remains)
{
	const struct end *end = &sim->ends[at].end;

	if (draw(sim, 5) == 0) {
		feed_reset(sim->f, end, TW_CLOSE);
		if (remains == REMAINS_FIN_WAIT2)
			return;
	}
	if (remains == REMAINS_NOTHING)
		return;
	if (draw(sim, 20) == 0) {
		sim->overflow[end->tuple.netns_cookie - NETNS]++;
		return;
	}
	sim->ends[at].life = MINI;
	sim->ends[at].state = remains == REMAINS_TIME_WAIT ? TW_TIME_WAIT : TW_FIN_WAIT2;
	sim->ends[at].ends_ns = sim->f->now_ns + 60 * SECOND;
}

static void step_on(struct sim *sim, unsigned int at)
{
	const struct end *end = &sim->ends[at].end;
	uint8_t from = sim->ends[at].state, error;
	uint16_t flags;
	uint8_t to = next_state(sim, from, &flags, &error);
	bool acted = draw(sim, 2);

	send(sim, end, from, to, (to == TW_CLOSE ? flags : 0) | (acted ? TW_F_OWNER : 0), error,
	     from == TW_SYN_SENT ? TW_TRANSITION_FULL :
	     acted		 ? TW_TRANSITION_OWNER :
				   TW_TRANSITION_SHORT);
	sim->ends[at].state = to;
	if (to != TW_CLOSE)
		return;
	sim->ends[at].life = FREE;
	leave_remains(sim, at, ledger_remains(from, error, flags));
}

static void dump(struct sim *sim, uint64_t netns)
{
	uint64_t minisocks = 0;

	feed_snapshot(sim->f, TW_SNAPSHOT_BEGIN, netns, 0, 0, 0);
	for (unsigned int at = 0; at < NR_ENDS; at++) {
		uint64_t ends_ns = sim->ends[at].ends_ns, now_ns = sim->f->now_ns;

		if (sim->ends[at].life == FREE || sim->ends[at].end.tuple.netns_cookie != netns)
			continue;
		minisocks += sim->ends[at].life == MINI;
		if (draw(sim, 1000) < sim->loss_permille)
			continue;
		feed_found(sim->f, &sim->ends[at].end, sim->ends[at].state,
			   sim->ends[at].life == ALIVE ? FULL :
			   ends_ns > now_ns	       ? (ends_ns - now_ns) / MS :
							 0);
	}
	feed_snapshot(sim->f, TW_SNAPSHOT_END, netns, minisocks, sim->overflow[netns - NETNS],
		      draw(sim, 20) == 0 ? EINTR : 0);
}

/* Minisocks end, the last FIN reaches some; both without a word. */
static void age(struct sim *sim)
{
	for (unsigned int at = 0; at < NR_ENDS; at++) {
		if (sim->ends[at].life != MINI)
			continue;
		if (sim->ends[at].ends_ns + SECOND < sim->f->now_ns || draw(sim, 50000) == 0)
			sim->ends[at].life = FREE;
		if (sim->ends[at].state == TW_FIN_WAIT2 && draw(sim, 1000) == 0) {
			sim->ends[at].state = TW_TIME_WAIT;
			sim->ends[at].ends_ns = sim->f->now_ns + 60 * SECOND;
		}
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
	if (what < 5)
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

/* Returns how many minisocks were there at ready. */
static uint64_t run(struct fixture *f, const struct model_opts *opts, unsigned int loss_permille)
{
	struct sim sim = { .f = f, .random = SEED, .loss_permille = loss_permille };

	uint64_t stock = 0;

	fixture_start(f, opts);
	f->unchecked = true;
	for (unsigned int i = 0; i < NR_RECORDS; i++) {
		if (i == NR_RECORDS / 100) {
			feed_bare(f, TW_READY);
			stock = minisocks_of(f);
		}
		step(&sim);
		check(f, i);
	}
	return stock;
}

static void a_kernel_that_loses_nothing(void **state)
{
	struct fixture *f = *state;
	const uint64_t *count;
	uint64_t stock = run(f, &(struct model_opts){ 0 }, 0);

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

static void a_kernel_that_loses_records(void **state)
{
	run(*state, &(struct model_opts){ 0 }, 30);
}

static void a_kernel_that_loses_records_with_little_room(void **state)
{
	run(*state, &(struct model_opts){ .max_rows = 6, .max_conns = 150 }, 30);
}

static void a_kernel_that_loses_records_under_a_filter(void **state)
{
	run(*state,
	    &(struct model_opts){ .filter = { .service = "[nw]*", .kernel = { .family = 4 } } },
	    30);
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
		head->kind = draw(&sim, 10) ? draw(&sim, 22) : draw(&sim, 256);
		head->from = draw(&sim, 14);
		head->to = draw(&sim, 14);
		head->size = draw(&sim, 3) ? sizeof(room) : sizes[draw(&sim, 10)];
		head->ts_ns = START_NS + i * MS + draw(&sim, 50) * MS;
		/* the cookie, and what is one in a snapshot or a name: one of a few */
		memset(room + 16, 0, 8);
		room[16] = draw(&sim, 30);
		model_feed(sim.f->model, head, draw(&sim, 10) ? sizeof(room) : draw(&sim, 2048),
			   draw(&sim, 2));
		check(sim.f, i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(a_kernel_that_loses_nothing),
		fixture_test(a_kernel_that_loses_records),
		fixture_test(a_kernel_that_loses_records_with_little_room),
		fixture_test(a_kernel_that_loses_records_under_a_filter),
		fixture_test(any_records_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
