// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Verdicts on a minute of simulated traffic: each workload leaks in one way, or in none. What
 * a second of it is stands in a function; a table says what is to come of it.
 */
#include "model_fixture.h"

#include "model/leak.h"

#define MAX_ENDS 16384
#define DUMP_EVERY 5

struct sim {
	struct fixture *f;
	struct end ends[MAX_ENDS];
	uint8_t state[MAX_ENDS];	/* 0: gone */
	bool mini[MAX_ENDS];	/* a minisock */
	uint32_t second_of[MAX_ENDS];	/* when it came into it */
	uint32_t talked[MAX_ENDS];	/* the second of its last data */
	uint32_t count, second;
};

/* A new connection of that process to a port of a remote host. */
static uint32_t opened(struct sim *sim, uint32_t pid, const char *comm, uint8_t host, uint16_t port)
{
	uint32_t i = sim->count++;

	assert_true(i < MAX_ENDS);
	sim->ends[i] = end_of(i + 1, 20000 + i, port, pid, comm);
	sim->ends[i].tuple.remote_addr[15] = host;
	feed_connected(sim->f, &sim->ends[i]);
	sim->state[i] = TW_ESTABLISHED;
	sim->second_of[i] = sim->talked[i] = sim->second;
	return i;
}

static uint32_t accepted(struct sim *sim, const char *comm, uint8_t host)
{
	uint32_t i = sim->count++;

	assert_true(i < MAX_ENDS);
	sim->ends[i] = end_of(i + 1, 8080, 20000 + i, 200, comm);
	sim->ends[i].tuple.remote_addr[15] = host;
	feed_transition(sim->f, &sim->ends[i], TW_SYN_RECV, TW_ESTABLISHED,
			TW_F_INCOMING | TW_F_OWNER, 0, TW_TRANSITION_FULL);
	sim->state[i] = TW_ESTABLISHED;
	sim->second_of[i] = sim->talked[i] = sim->second;
	return i;
}

static void went(struct sim *sim, uint32_t i, uint8_t to, uint16_t flags)
{
	feed_brief(sim->f, &sim->ends[i], sim->state[i], to, flags);
	sim->state[i] = to == TW_CLOSE ? 0 : to;
	sim->second_of[i] = sim->second;
}

static void closed(struct sim *sim, uint32_t i)
{
	if (sim->state[i] == TW_CLOSE_WAIT) {
		went(sim, i, TW_LAST_ACK, 0);
		went(sim, i, TW_CLOSE, ORDERLY);
		return;
	}
	went(sim, i, TW_FIN_WAIT1, 0);
	went(sim, i, TW_FIN_WAIT2, 0);
	went(sim, i, TW_CLOSE, ORDERLY);
}

/* All that are older go. */
static void close_after(struct sim *sim, uint32_t seconds)
{
	for (uint32_t i = 0; i < sim->count; i++)
		if (sim->state[i] && sim->second - sim->second_of[i] >= seconds)
			closed(sim, i);
}

/* Every five seconds the kernel is asked for what there is, and when it last had data. */
static void dump(struct sim *sim)
{
	uint32_t minisocks = 0;

	feed_begin(sim->f);
	for (uint32_t i = 0; i < sim->count; i++) {
		struct tw_socket record = { .cookie = sim->ends[i].cookie,
					    .tuple = sim->ends[i].tuple };

		if (!sim->state[i])
			continue;
		record.head = head_of(sim->f, TW_SOCKET, sizeof(record));
		record.head.ts_ns = sim->f->dump_ns;
		record.head.from = sim->state[i];
		if (sim->mini[i]) {
			record.head.to = TW_TIMER_MINISOCK;
			record.expires_ms = (61 - (sim->second - sim->second_of[i])) * 1000;
			minisocks++;
		}
		record.idle_ms = record.data_idle_ms = (sim->second - sim->talked[i]) * 1000;
		feed(sim->f, &record, sizeof(record));
	}
	feed_end(sim->f, minisocks, 0);
}

/* ----------------------------------------------------------------------------- leaks */

static void ignores_the_end(struct sim *sim)
{
	for (unsigned int i = 0; i < 3; i++)
		went(sim, accepted(sim, "server", 2), TW_CLOSE_WAIT, 0);
}

static void ignores_the_end_slowly(struct sim *sim)
{
	if (sim->second % 3 == 0)
		went(sim, accepted(sim, "server", 2), TW_CLOSE_WAIT, 0);
}

/* Among others that are closed, from many hosts. */
static void ignores_some(struct sim *sim)
{
	for (unsigned int i = 0; i < 10; i++) {
		uint32_t id = accepted(sim, "server", sim->count % 50);

		went(sim, id, TW_CLOSE_WAIT, 0);
		if (i < 8)
			closed(sim, id);
	}
}

static void forgets(struct sim *sim)
{
	opened(sim, 100, "client", 2, 80);
	opened(sim, 100, "client", 2, 80);
}

static void forgets_with_one_backend(struct sim *sim)
{
	/* the other one has a pool of twenty, of which some talk */
	while (sim->second == 0 && sim->count < 20)
		opened(sim, 100, "client", 3, 80);
	for (uint32_t i = 0; i < 20; i++)
		if ((sim->second + i) % 7 == 0)
			sim->talked[i] = sim->second;
	opened(sim, 100, "client", 2, 80);
}

/* A pool without a bound: all of it is used now and then. */
static void has_no_bound(struct sim *sim)
{
	opened(sim, 100, "client", 2, 80);
	for (uint32_t i = 0; i < sim->count; i++)
		if ((sim->second + i) % 7 == 0)
			sim->talked[i] = sim->second;
}

static void half_closes(struct sim *sim)
{
	uint32_t i = opened(sim, 100, "client", 2, 80);

	went(sim, i, TW_FIN_WAIT1, 0);
	went(sim, i, TW_FIN_WAIT2, 0);
}

static void is_left_alone(struct sim *sim)
{
	uint32_t i = opened(sim, 100, "client", 2, 80);

	went(sim, i, TW_FIN_WAIT1, 0);
	went(sim, i, TW_FIN_WAIT2, 0);
	/* a minisock from here on: the peer's FIN has not come */
	went(sim, i, TW_CLOSE, TW_F_ORPHAN | TW_F_ALL_ACKED);
	sim->state[i] = TW_FIN_WAIT2;
	sim->mini[i] = true;
}

/* A walk over open files finds them all. */
static void walk(struct sim *sim)
{
	struct tw_record end = head_of(sim->f, TW_CLOSED_END, sizeof(end));

	for (uint32_t i = 0; i < sim->count; i++) {
		struct tw_closed_held held = { .cookie = sim->ends[i].cookie,
					       .owner = sim->ends[i].owner,
					       .tuple = sim->ends[i].tuple,
					       .fd_count = 1,
					       .idle_ms = UINT32_MAX };

		held.head = head_of(sim->f, TW_CLOSED_HELD, sizeof(held));
		feed(sim->f, &held, sizeof(held));
	}
	feed(sim->f, &end, sizeof(end));
}

/* Both FINs, and no close(). */
static void keeps_descriptors(struct sim *sim)
{
	uint32_t i = opened(sim, 100, "client", 2, 80);

	went(sim, i, TW_FIN_WAIT1, 0);
	went(sim, i, TW_FIN_WAIT2, 0);
	went(sim, i, TW_CLOSE, TW_F_DONE | TW_F_ALL_ACKED);
	if (sim->second % 5 == 4)
		walk(sim);
}

static void dials_the_dead(struct sim *sim)
{
	uint32_t i = sim->count++;

	sim->ends[i] = end_of(i + 1, 20000 + i, 80, 100, "client");
	feed_connect(sim->f, &sim->ends[i]);
	sim->state[i] = TW_SYN_SENT;
}

static void churns(struct sim *sim)
{
	for (unsigned int i = 0; i < 60; i++) {
		uint32_t id = opened(sim, 100, "client", 2, 80);

		went(sim, id, TW_FIN_WAIT1, 0);
		went(sim, id, TW_FIN_WAIT2, 0);
		went(sim, id, TW_CLOSE, ORDERLY | TW_F_ONE_SEGMENT);
	}
}

/* For two minutes there is nothing but a pool of ten. */
static void begins_late(struct sim *sim)
{
	while (sim->count < 10)
		opened(sim, 100, "client", 2, 80);
	if (sim->second >= 120)
		opened(sim, 100, "client", 2, 80);
}

static void ignores_late(struct sim *sim)
{
	if (sim->second % 60 == 0)
		closed(sim, accepted(sim, "server", 2));
	if (sim->second >= 120)
		went(sim, accepted(sim, "server", 2), TW_CLOSE_WAIT, 0);
}

/* It has answered, and then its host is gone. */
static void loses_its_backend(struct sim *sim)
{
	if (sim->second < 60)
		closed(sim, opened(sim, 100, "client", 2, 80));
	else
		dials_the_dead(sim);
}

/* Hundreds of hosts with one each, and one with twelve. */
static void ignores_everybody(struct sim *sim)
{
	for (unsigned int i = 0; i < 10; i++) {
		uint32_t id = accepted(sim, "server", sim->count % 250);

		went(sim, id, TW_CLOSE_WAIT, 0);
	}
	if (sim->second % 5 == 0)
		went(sim, accepted(sim, "server", 251), TW_CLOSE_WAIT, 0);
}

/* ---------------------------------------------------------------------- no leaks */

/* Five a second, each used once and closed after a minute of idleness. */
static void expires(struct sim *sim)
{
	for (unsigned int i = 0; i < 5; i++)
		opened(sim, 100, "client", 2, 80);
	close_after(sim, 60);
}

/* One for each of many hosts, as a scraper that begins has it. */
static void scrapes(struct sim *sim)
{
	for (unsigned int i = 0; i < 3 && sim->count < 200; i++)
		opened(sim, 100, "client", sim->count, 80);
}

/* Of many clients that it closes some just go away. */
static void serves_the_world(struct sim *sim)
{
	for (unsigned int i = 0; i < 20; i++) {
		uint32_t id = accepted(sim, "server", sim->count % 200);

		if (i || sim->second % 4) {
			closed(sim, id);
			continue;
		}
		went(sim, id, TW_FIN_WAIT1, 0);
		went(sim, id, TW_FIN_WAIT2, 0);
		went(sim, id, TW_CLOSE, TW_F_ORPHAN | TW_F_ALL_ACKED);
		sim->state[id] = TW_FIN_WAIT2;
		sim->mini[id] = true;
	}
	for (uint32_t i = 0; i < sim->count; i++)
		if (sim->mini[i] && sim->second - sim->second_of[i] > 60)
			sim->state[i] = 0;
}

/* One is stuck, the others are worked on for two minutes. */
static void works_for_long(struct sim *sim)
{
	if (sim->second % 5 == 0)
		went(sim, accepted(sim, "server", 2), TW_CLOSE_WAIT, 0);
	for (uint32_t i = 1; i < sim->count; i++)
		if (sim->state[i] && sim->second - sim->second_of[i] >= 120)
			closed(sim, i);
}

static void bursts(struct sim *sim)
{
	for (unsigned int i = 0; i < 40 && sim->second >= 5 && sim->second < 15; i++)
		opened(sim, 100, "client", 2, 80);
	close_after(sim, 20);
}

static void has_a_pool(struct sim *sim)
{
	while (sim->count < 50)
		opened(sim, 100, "client", 2, 80);
}

static void starts_slowly(struct sim *sim)
{
	if (sim->second < 45 && sim->second % 2 == 0)
		for (unsigned int i = 0; i < 2; i++)
			opened(sim, 100, "client", 2, 80);
}

/* WebSocket: they come and stay, and say something now and then. */
static void has_long_clients(struct sim *sim)
{
	opened(sim, 100, "client", 2, 80);
	accepted(sim, "server", 2);
	for (uint32_t i = 0; i < sim->count; i++)
		if ((sim->second + i) % 5 == 0)
			sim->talked[i] = sim->second;
}

/* Each its own process, and silent. */
static void has_many_processes(struct sim *sim)
{
	opened(sim, 1000 + sim->count, "client", 2, 80);
}

/* Nobody knows whether it is the server or its clients, who are elsewhere. */
static void is_held_by_its_clients(struct sim *sim)
{
	accepted(sim, "server", 2);
}

static void works_after_the_end(struct sim *sim)
{
	for (unsigned int i = 0; i < 3; i++)
		went(sim, accepted(sim, "server", 2), TW_CLOSE_WAIT, 0);
	close_after(sim, 8);
}

/* More work by the minute: ever more are in CLOSE_WAIT, and each of them ends. */
static void is_busier_and_busier(struct sim *sim)
{
	for (unsigned int i = 0; i < sim->second / 6; i++)
		went(sim, accepted(sim, "server", 2), TW_CLOSE_WAIT, 0);
	close_after(sim, 14);
}

static void lives_for_a_while(struct sim *sim)
{
	for (unsigned int i = 0; i < 3; i++)
		opened(sim, 100, "client", 2, 80);
	close_after(sim, 15);
}

static void gives_up(struct sim *sim)
{
	dials_the_dead(sim);
	for (uint32_t i = 0; i + 3 < sim->count; i++)
		if (sim->state[i])
			went(sim, i, TW_CLOSE, TW_F_ORPHAN);
}

static void ends_well(struct sim *sim)
{
	for (unsigned int i = 0; i < 3; i++)
		closed(sim, opened(sim, 100, "client", 2, 80));
}

static const struct workload {
	const char *name;
	void (*second)(struct sim *sim);
	enum leak_kind kind;	/* NR_LEAK_KINDS: none */
	enum leak_level level;	/* of that kind; of none: the most that may be said */
	const char *service;
	uint8_t host;		/* the last byte of the remote address; 0: several */
	uint32_t seconds;	/* 0: a minute */
} workloads[] = {
	{ "ignores_the_end", ignores_the_end, LEAK_CLOSE_WAIT, LEVEL_LEAK, "server", 2, 0 },
	{ "ignores_slowly", ignores_the_end_slowly, LEAK_CLOSE_WAIT, LEVEL_LEAK, "server", 2, 0 },
	{ "ignores_some", ignores_some, LEAK_CLOSE_WAIT, LEVEL_LEAK, "server", 0, 0 },
	{ "forgets", forgets, LEAK_ESTABLISHED_GROWTH, LEVEL_LEAK, "client", 2, 0 },
	{ "forgets_one", forgets_with_one_backend, LEAK_ESTABLISHED_GROWTH, LEVEL_LEAK, "client", 2,
	  0 },
	{ "has_no_bound", has_no_bound, LEAK_ESTABLISHED_GROWTH, LEVEL_WATCH, "client", 2, 0 },
	{ "half_closes", half_closes, LEAK_FIN_WAIT2_HELD, LEVEL_LEAK, "client", 2, 0 },
	{ "is_left_alone", is_left_alone, LEAK_FIN_WAIT2_ORPHAN, LEVEL_LEAK, "client", 2, 0 },
	{ "keeps_descriptors", keeps_descriptors, LEAK_CLOSED_HELD, LEVEL_LEAK, "client", 2, 0 },
	{ "dials_the_dead", dials_the_dead, LEAK_SYN_SENT, LEVEL_LEAK, "client", 2, 0 },
	{ "churns", churns, LEAK_TIME_WAIT_CHURN, LEVEL_LEAK, "client", 2, 0 },
	{ "begins_late", begins_late, LEAK_ESTABLISHED_GROWTH, LEVEL_LEAK, "client", 2, 180 },
	{ "ignores_late", ignores_late, LEAK_CLOSE_WAIT, LEVEL_LEAK, "server", 2, 180 },
	{ "loses_its_backend", loses_its_backend, LEAK_SYN_SENT, LEVEL_LEAK, "client", 2, 120 },
	{ "ignores_everybody", ignores_everybody, LEAK_CLOSE_WAIT, LEVEL_LEAK, "server", 0, 0 },
	{ "scrapes", scrapes, NR_LEAK_KINDS, LEVEL_SUSPECT, NULL, 0, 0 },
	{ "serves_the_world", serves_the_world, NR_LEAK_KINDS, LEVEL_WATCH, NULL, 0, 0 },
	{ "bursts", bursts, NR_LEAK_KINDS, LEVEL_NONE, NULL, 0, 0 },
	{ "has_a_pool", has_a_pool, NR_LEAK_KINDS, LEVEL_NONE, NULL, 0, 0 },
	{ "starts_slowly", starts_slowly, NR_LEAK_KINDS, LEVEL_NONE, NULL, 0, 0 },
	{ "has_long_clients", has_long_clients, NR_LEAK_KINDS, LEVEL_WATCH, NULL, 0, 0 },
	{ "has_many_processes", has_many_processes, NR_LEAK_KINDS, LEVEL_WATCH, NULL, 0, 0 },
	{ "is_held_by_clients", is_held_by_its_clients, NR_LEAK_KINDS, LEVEL_SUSPECT, NULL, 0, 0 },
	{ "works_after_the_end", works_after_the_end, NR_LEAK_KINDS, LEVEL_NONE, NULL, 0, 0 },
	{ "is_busier", is_busier_and_busier, NR_LEAK_KINDS, LEVEL_SUSPECT, NULL, 0, 0 },
	{ "lives_for_a_while", lives_for_a_while, NR_LEAK_KINDS, LEVEL_NONE, NULL, 0, 0 },
	{ "gives_up", gives_up, NR_LEAK_KINDS, LEVEL_WATCH, NULL, 0, 0 },
	{ "ends_well", ends_well, NR_LEAK_KINDS, LEVEL_NONE, NULL, 0, 0 },
};

static struct sim *sim_new(struct fixture *f)
{
	struct sim *sim = calloc(1, sizeof(*sim));

	assert_non_null(sim);
	fixture_start(f, &(struct model_opts){ .leaks = true });
	/* the owners of verdicts are more than connections point to */
	f->unchecked = true;
	sim->f = f;
	feed_begin(f);
	feed_end(f, 0, 0);
	feed_bare(f, TW_READY);
	return sim;
}

static void play(struct sim *sim, void (*second)(struct sim *sim), uint32_t seconds)
{
	for (uint32_t i = 0; i < seconds; i++) {
		second(sim);
		pass(sim->f, SECOND);
		sim->second++;
		if (sim->second % DUMP_EVERY == 0)
			dump(sim);
	}
	model_judge(sim->f->model);
}

static enum leak_level worst(const struct fixture *f)
{
	const struct verdict *verdicts;

	return model_verdicts(f->model, &verdicts) ? verdicts[0].level : LEVEL_NONE;
}

static void fail_with_verdicts(const struct fixture *f, const char *name, const char *why)
{
	const struct verdict *verdicts;
	size_t count = model_verdicts(f->model, &verdicts);

	for (size_t i = 0; i < count; i++)
		print_error("%s: %s %s of %s: %" PRIu64 ", host %u, +%.1f, %.3f, %u of %u\n", name,
			    leak_level_name(verdicts[i].level), leak_kind_name(verdicts[i].kind),
			    verdicts[i].service, verdicts[i].count, verdicts[i].remote_addr[15],
			    verdicts[i].per_minute, verdicts[i].confidence, verdicts[i].stayed,
			    verdicts[i].grown);
	fail_msg("%s: %s", name, why);
}

static bool is_named(const struct fixture *f, const struct workload *workload)
{
	const struct verdict *verdicts;
	size_t count = model_verdicts(f->model, &verdicts);

	for (size_t i = 0; i < count; i++)
		if (verdicts[i].kind == workload->kind && verdicts[i].level == workload->level &&
		    !strcmp(verdicts[i].service, workload->service) &&
		    verdicts[i].remote_addr[15] == workload->host)
			return true;
	return false;
}

static void each_leak_is_named_and_nobody_else(void **state)
{
	for (size_t i = 0; i < sizeof(workloads) / sizeof(workloads[0]); i++) {
		const struct workload *workload = &workloads[i];
		struct sim *sim = sim_new(*state);

		play(sim, workload->second, workload->seconds ? workload->seconds : 60);
		if (workload->kind == NR_LEAK_KINDS && worst(sim->f) > workload->level)
			fail_with_verdicts(sim->f, workload->name, "accused");
		if (workload->kind != NR_LEAK_KINDS && !is_named(sim->f, workload))
			fail_with_verdicts(sim->f, workload->name, "not named");
		free(sim);
	}
}

/* As many as there are to choose, of what the fixture's snapshot tells: both ends are of them. */
static void the_ports_that_churn_takes_are_those_of_the_whole_range(void **state)
{
	const struct verdict *verdicts;
	struct sim *sim = sim_new(*state);

	play(sim, churns, 60);
	assert_true(model_verdicts(sim->f->model, &verdicts) > 0);
	assert_int_equal(verdicts[0].kind, LEAK_TIME_WAIT_CHURN);
	assert_int_equal(verdicts[0].limit, 60999 - 32768 + 1);
	free(sim);
}

/* Whenever somebody looks, not only at the end. */
static void the_innocent_are_not_accused_at_any_time(void **state)
{
	for (size_t i = 0; i < sizeof(workloads) / sizeof(workloads[0]); i++) {
		const struct workload *workload = &workloads[i];
		struct sim *sim;

		if (workload->kind != NR_LEAK_KINDS)
			continue;
		sim = sim_new(*state);
		for (uint32_t second = 0; second < 120; second++) {
			play(sim, workload->second, 1);
			if (worst(sim->f) == LEVEL_LEAK)
				fail_with_verdicts(sim->f, workload->name, "accused on the way");
		}
		free(sim);
	}
}

/* What lives for a minute or two looks like a leak until the first of them have ended. */
static void what_lives_long_is_let_alone_once_it_is_known(void **state)
{
	static const struct {
		void (*second)(struct sim *sim);
		uint32_t known;
	} longlived[] = { { expires, 130 }, { works_for_long, 200 } };

	for (size_t i = 0; i < sizeof(longlived) / sizeof(longlived[0]); i++) {
		struct sim *sim = sim_new(*state);

		play(sim, longlived[i].second, longlived[i].known);
		for (uint32_t second = 0; second < 200; second++) {
			play(sim, longlived[i].second, 1);
			if (worst(sim->f) == LEVEL_LEAK)
				fail_with_verdicts(sim->f, "long-lived", "accused");
		}
		free(sim);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_lives_long_is_let_alone_once_it_is_known),
		cmocka_unit_test(each_leak_is_named_and_nobody_else),
		cmocka_unit_test(the_ports_that_churn_takes_are_those_of_the_whole_range),
		cmocka_unit_test(the_innocent_are_not_accused_at_any_time),
	};

	return cmocka_run_group_tests(tests, fixture_open, fixture_close);
}
