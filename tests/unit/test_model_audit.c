// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The audit: what the model counts against what the kernel does, as of one
 * moment, though sockets come and go while the dump is taken.
 */
#include "model_fixture.h"

static void feed_closed_first(struct fixture *f, const struct end *end)
{
	feed_connected(f, end);
	feed_close_first(f, end, ORDERLY);
	pass(f, 20 * MS);
}

/* The ring is read empty after the dump was taken, and before it is delivered. */
static void feed_begin_late(struct fixture *f, uint64_t began_ns)
{
	uint64_t now_ns = f->now_ns;

	f->now_ns = began_ns;
	feed_begin(f);
	f->now_ns = now_ns;
}

static void the_audit_compares_with_the_kernels_own_figures(void **state)
{
	const struct audit *audits;
	struct fixture *f = *state;
	struct end lost = client(8), old = client(9), first = client(1), second = client(2);

	feed_bare(f, TW_READY);
	feed_connected(f, &old);
	feed_closed_first(f, &first);
	feed_closed_first(f, &second);
	pass(f, SECOND);
	feed_begin(f);
	feed_found(f, &lost, TW_ESTABLISHED, FULL);
	feed_found(f, &old, TW_ESTABLISHED, FULL);
	feed_end(f, 1, 0);
	assert_int_equal(model_audits(f->model, &audits), 1);
	assert_int_equal(audits[0].netns_cookie, NETNS);
	assert_true(audits[0].figures[AUDIT_TIME_WAIT].known);
	assert_int_equal(audits[0].figures[AUDIT_TIME_WAIT].kernel, 1);
	assert_int_equal(audits[0].figures[AUDIT_TIME_WAIT].ours, 2);
	assert_int_equal(audits[0].figures[AUDIT_TIME_WAIT].drift, 1);
	assert_int_equal(audits[0].figures[AUDIT_TIME_WAIT].error, 1);
	assert_int_equal(audits[0].figures[AUDIT_ESTABLISHED].kernel, 2);
	assert_int_equal(audits[0].figures[AUDIT_ESTABLISHED].drift, -1);
	assert_int_equal(audits[0].figures[AUDIT_ESTABLISHED].error, 0);
	feed_snapshot(f, TW_SNAPSHOT_BEGIN, NETNS, 0, 0, 0);
	feed_end(f, TW_FIGURE_UNKNOWN, 0);
	assert_false(audits[0].figures[AUDIT_TIME_WAIT].known);
}

/* A recording may hold any. */
static void figures_that_no_kernel_has_overflow_nothing(void **state)
{
	const struct audit *audits;
	struct fixture *f = *state;

	feed_bare(f, TW_READY);
	feed_begin(f);
	feed_end(f, 1ULL << 63, 0);
	assert_int_equal(model_audits(f->model, &audits), 1);
	assert_true(audits[0].figures[AUDIT_TIME_WAIT].error == INT64_MIN);
	pass(f, SECOND);
	feed_begin(f);
	feed_end(f, (1ULL << 63) - 1, 0);
	assert_true(audits[0].figures[AUDIT_TIME_WAIT].error == -INT64_MAX);
}

/* What the dump lists was born: it needs no patience, and the audit would be wrong by it. */
static void a_pending_minisock_that_the_dump_lists_is_no_error_of_the_audit(void **state)
{
	const struct audit *audits;
	struct fixture *f = *state;
	struct end end = client(1);

	feed_bare(f, TW_READY);
	feed_connected(f, &end);
	feed_close_first(f, &end, TW_F_ORPHAN | TW_F_ALL_ACKED);
	f->now_ns += MS;
	feed_begin(f);
	feed_found(f, &end, TW_FIN_WAIT2, 60000);
	feed_end(f, 1, 0);
	assert_int_equal(model_audits(f->model, &audits), 1);
	assert_int_equal(audits[0].figures[AUDIT_TIME_WAIT].ours, 1);
	assert_int_equal(audits[0].figures[AUDIT_TIME_WAIT].error, 0);
}

static const struct audit *only_audit(const struct fixture *f)
{
	const struct audit *audits;

	assert_int_equal(model_audits(f->model, &audits), 1);
	return audits;
}

#define HOUR (3600 * SECOND)

/* By the kernel so many minisocks were born in all, of which nothing was told. */
static int64_t late_after(struct fixture *f, uint64_t ns, uint64_t born)
{
	struct tw_kernel_figures figures = { .tw_created = born };

	pass(f, ns);
	feed_dumped(f, TW_SNAPSHOT_BEGIN, NETNS, &figures, TW_S_MIB_AT_BIRTH, 0);
	feed_dumped(f, TW_SNAPSHOT_END, NETNS, &figures, TW_S_MIB_AT_BIRTH, 0);
	return audit_late(&only_audit(f)->figures[AUDIT_ENTERED]);
}

static void what_was_missed_is_of_late_for_an_hour_or_two(void **state)
{
	struct fixture *f = *state;

	feed_bare(f, TW_READY);
	assert_int_equal(late_after(f, SECOND, 10), 0);
	assert_int_equal(late_after(f, SECOND, 13), -3);
	assert_int_equal(late_after(f, HOUR, 13), -3);
	/* the next ones, while the first ones still are */
	assert_int_equal(late_after(f, HOUR / 2, 15), -5);
	assert_int_equal(late_after(f, HOUR / 2, 15), -2);
	assert_int_equal(only_audit(f)->figures[AUDIT_ENTERED].error, -5);
	assert_int_equal(late_after(f, HOUR, 15), 0);
	/* after a pause in which nobody looked what is found is news */
	assert_int_equal(late_after(f, 9 * HOUR, 16), -1);
	assert_int_equal(late_after(f, 9 * HOUR, 16), 0);
	assert_int_equal(only_audit(f)->figures[AUDIT_ENTERED].error, -6);
}

static void what_opened_since_the_dump_began_is_no_error(void **state)
{
	struct fixture *f = *state;
	struct end missed = client(1), listed = client(2);
	uint64_t began_ns;

	feed_bare(f, TW_READY);
	pass(f, SECOND);
	began_ns = f->now_ns;
	feed_connected(f, &missed);
	feed_connected(f, &listed);
	feed_begin_late(f, began_ns);
	feed_found(f, &listed, TW_ESTABLISHED, FULL);
	feed_end(f, 0, 0);
	assert_int_equal(only_audit(f)->figures[AUDIT_ESTABLISHED].error, 0);
	assert_int_equal(only_audit(f)->figures[AUDIT_ESTABLISHED].drift, 0);
}

static void what_closed_since_the_dump_began_is_no_error(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);
	uint64_t began_ns;

	feed_bare(f, TW_READY);
	feed_connected(f, &end);
	pass(f, SECOND);
	began_ns = f->now_ns;
	feed_brief(f, &end, TW_ESTABLISHED, TW_CLOSE_WAIT, 0);
	feed_begin_late(f, began_ns);
	feed_found(f, &end, TW_ESTABLISHED, FULL);
	feed_end(f, 0, 0);
	assert_int_equal(only_audit(f)->figures[AUDIT_ESTABLISHED].error, 0);
}

/* sockstat is read at the end of the dump, the ring after that. */
static void a_minisock_born_after_the_dump_is_no_error(void **state)
{
	struct fixture *f = *state;
	struct end before = client(1), after = client(2);
	uint64_t began_ns, end_ns;

	feed_bare(f, TW_READY);
	pass(f, SECOND);
	began_ns = f->now_ns;
	feed_connected(f, &before);
	feed_close_first(f, &before, ORDERLY);
	end_ns = f->now_ns;
	feed_connected(f, &after);
	feed_close_first(f, &after, ORDERLY);
	feed_begin_late(f, began_ns);
	f->now_ns = end_ns;
	feed_end(f, 1, 0);
	assert_int_equal(only_audit(f)->figures[AUDIT_TIME_WAIT].ours, 1);
	assert_int_equal(only_audit(f)->figures[AUDIT_TIME_WAIT].error, 0);
}

static void what_a_dump_corrected_is_drift_and_no_error(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);

	feed_bare(f, TW_READY);
	feed_closed_first(f, &end);
	pass(f, SECOND);
	feed_begin(f);
	feed_end(f, 0, 0);
	assert_int_equal(only_audit(f)->figures[AUDIT_TIME_WAIT].drift, 1);
	assert_int_equal(only_audit(f)->figures[AUDIT_TIME_WAIT].error, 0);
}

/* ------------------------------------------------------------- substates and what happened */

/* "ours 2 kernel 1 drift 1 error 1", or "unknown". */
static void check_figure(const struct fixture *f, enum audit_kind kind, const char *want, int line)
{
	const struct audit_figure *figure = &only_audit(f)->figures[kind];
	char text[128] = "unknown";

	if (figure->known)
		snprintf(text, sizeof(text),
			 "ours %" PRIu64 " kernel %" PRIu64 " drift %" PRId64 " error %" PRId64,
			 figure->ours, figure->kernel, figure->drift, figure->error);
	check_text(audit_name(kind), text, want, __FILE__, line);
}

#define assert_figure(f, kind, want) check_figure(f, kind, want, __LINE__)
#define AGREE(count) "ours " #count " kernel " #count " drift 0 error 0"

/* The kernel's counters since boot, after so many births, refusals and reuses. */
static struct tw_kernel_figures since_boot(uint64_t time_wait, uint64_t timed, uint64_t overflow,
					   uint64_t recycled)
{
	return (struct tw_kernel_figures){
		.time_wait = time_wait,
		.tw_created = 1000 + timed,
		.tw_killed = 100,
		.overflow = 50 + overflow,
		.tw_recycled = 30 + recycled,
	};
}

static void feed_end_with(struct fixture *f, struct tw_kernel_figures figures, uint32_t flags)
{
	feed_dumped(f, TW_SNAPSHOT_END, NETNS, &figures, flags, 0);
}

/* The first dump, which lists nothing: from here on what happened is compared. */
static void feed_base(struct fixture *f, enum tw_evidence tier, uint32_t flags)
{
	feed_tier(f, tier);
	feed_begin(f);
	feed_end_with(f, since_boot(0, 0, 0, 0), flags);
	feed_bare(f, TW_READY);
}

static struct end feed_minisock(struct fixture *f, uint64_t cookie, enum tw_state substate)
{
	struct end end = client(cookie);

	feed_connected(f, &end);
	feed_brief(f, &end, TW_ESTABLISHED, TW_FIN_WAIT1, 0);
	feed_brief(f, &end, TW_FIN_WAIT1, TW_FIN_WAIT2, 0);
	feed_born(f, &end, substate);
	feed_brief(f, &end, TW_FIN_WAIT2, TW_CLOSE, ORDERLY);
	return end;
}

static void each_substate_is_compared_with_what_the_dump_lists(void **state)
{
	struct fixture *f = *state;
	struct end ends[4];

	feed_base(f, TW_BY_FENTRY, 0);
	for (unsigned int i = 0; i < 4; i++)
		ends[i] = feed_minisock(f, i + 1, i ? TW_TIME_WAIT : TW_FIN_WAIT2);
	pass(f, SECOND);
	feed_begin(f);
	for (unsigned int i = 0; i < 4; i++)
		feed_found(f, &ends[i], i ? TW_TIME_WAIT : TW_FIN_WAIT2, 50000);
	feed_end(f, 4, 0);
	assert_figure(f, AUDIT_TRUE_TIME_WAIT, AGREE(3));
	assert_figure(f, AUDIT_FIN_WAIT2, AGREE(1));
	assert_figure(f, AUDIT_TIME_WAIT, AGREE(4));
	/* the FIN has come without a word, and one that the dump misses is no error of it alone */
	pass(f, SECOND);
	feed_begin(f);
	for (unsigned int i = 0; i < 3; i++)
		feed_found(f, &ends[i], TW_TIME_WAIT, 50000);
	feed_end(f, 4, 0);
	assert_figure(f, AUDIT_TRUE_TIME_WAIT, "ours 4 kernel 3 drift 0 error 1");
	assert_figure(f, AUDIT_FIN_WAIT2, "ours 0 kernel 0 drift 1 error 0");
	assert_figure(f, AUDIT_TIME_WAIT, AGREE(4));
}

/* Neither side can tell what it was at the moment of the dump. */
static void a_minisock_that_changes_during_the_dump_has_no_substate(void **state)
{
	struct fixture *f = *state;
	struct end turned, ended, born = client(3), found = client(4);
	uint64_t began_ns;

	feed_tier(f, TW_BY_FENTRY);
	feed_begin(f);
	feed_found(f, &found, TW_FIN_WAIT2, 50000);
	feed_end(f, 1, 0);
	feed_bare(f, TW_READY);
	turned = feed_minisock(f, 1, TW_FIN_WAIT2);
	ended = feed_minisock(f, 2, TW_TIME_WAIT);
	pass(f, SECOND);
	began_ns = f->now_ns;
	feed_mini(f, TW_MINI_TURNED, &turned, TW_TIME_WAIT, 0);
	feed_mini(f, TW_MINI_TURNED, &found, TW_TIME_WAIT, 0);
	feed_ended(f, &ended, TW_TIME_WAIT, TW_END_RESET);
	born = feed_minisock(f, 3, TW_TIME_WAIT);
	feed_begin_late(f, began_ns);
	feed_found(f, &turned, TW_FIN_WAIT2, 50000);
	feed_found(f, &ended, TW_TIME_WAIT, 50000);
	feed_found(f, &born, TW_TIME_WAIT, 60000);
	feed_found(f, &found, TW_TIME_WAIT, 60000);
	feed_end(f, 3, 0);
	assert_figure(f, AUDIT_TRUE_TIME_WAIT, AGREE(0));
	assert_figure(f, AUDIT_FIN_WAIT2, AGREE(0));
	assert_figure(f, AUDIT_TIME_WAIT, AGREE(3));
}

static void births_are_compared_where_the_mib_counts_births(void **state)
{
	struct tw_kernel_figures figures = since_boot(3, 2, 0, 0);
	struct fixture *f = *state;
	struct end ends[3];

	feed_base(f, TW_BY_FENTRY, TW_S_MIB_AT_BIRTH);
	assert_figure(f, AUDIT_ENTERED, AGREE(0));
	assert_figure(f, AUDIT_EXPIRED, "unknown");
	for (unsigned int i = 0; i < 3; i++)
		ends[i] = feed_minisock(f, i + 1, TW_TIME_WAIT);
	pass(f, SECOND);
	feed_begin(f);
	for (unsigned int i = 0; i < 3; i++)
		feed_found(f, &ends[i], TW_TIME_WAIT, 50000);
	/* one of them of up to 4 s (tcp_fin_timeout): TWKilled */
	figures.tw_killed++;
	feed_end_with(f, figures, TW_S_MIB_AT_BIRTH);
	assert_figure(f, AUDIT_ENTERED, AGREE(3));
	assert_figure(f, AUDIT_EXPIRED, "unknown");
	/* ends change nothing of it */
	feed_ended(f, &ends[0], TW_TIME_WAIT, TW_END_EXPIRED);
	pass(f, SECOND);
	feed_begin(f);
	for (unsigned int i = 1; i < 3; i++)
		feed_found(f, &ends[i], TW_TIME_WAIT, 50000);
	figures.tw_created++;
	feed_end_with(f, figures, TW_S_MIB_AT_BIRTH);
	assert_figure(f, AUDIT_ENTERED, "ours 3 kernel 4 drift -1 error -1");
}

static void expiries_are_compared_where_the_mib_counts_expiries(void **state)
{
	struct fixture *f = *state;
	struct end ends[3];

	feed_base(f, TW_BY_FENTRY, TW_S_MIB_AT_EXPIRY);
	for (unsigned int i = 0; i < 3; i++)
		ends[i] = feed_minisock(f, i + 1, i ? TW_TIME_WAIT : TW_FIN_WAIT2);
	feed_ended(f, &ends[0], TW_FIN_WAIT2, TW_END_EXPIRED);
	feed_ended(f, &ends[1], TW_TIME_WAIT, TW_END_EXPIRED);
	feed_ended(f, &ends[2], TW_TIME_WAIT, TW_END_RESET);
	pass(f, SECOND);
	feed_begin(f);
	feed_end_with(f, since_boot(0, 2, 0, 0), TW_S_MIB_AT_EXPIRY);
	assert_figure(f, AUDIT_EXPIRED, AGREE(2));
	assert_figure(f, AUDIT_ENTERED, "unknown");
	/* what the counters count is not known */
	pass(f, SECOND);
	feed_begin(f);
	feed_end_with(f, since_boot(0, 2, 0, 0), 0);
	assert_figure(f, AUDIT_EXPIRED, "unknown");
	assert_figure(f, AUDIT_ENTERED, "unknown");
}

static void refusals_and_reuses_are_compared(void **state)
{
	struct fixture *f = *state;
	struct end refused = client(1), reused, reopened;

	feed_base(f, TW_BY_FENTRY, TW_S_MIB_AT_BIRTH);
	feed_connected(f, &refused);
	feed_brief(f, &refused, TW_ESTABLISHED, TW_FIN_WAIT1, 0);
	feed_brief(f, &refused, TW_FIN_WAIT1, TW_FIN_WAIT2, 0);
	feed_mini(f, TW_MINI_REFUSED, &refused, TW_TIME_WAIT, 0);
	feed_brief(f, &refused, TW_FIN_WAIT2, TW_CLOSE, ORDERLY);
	reused = feed_minisock(f, 2, TW_TIME_WAIT);
	reopened = feed_minisock(f, 3, TW_TIME_WAIT);
	feed_ended(f, &reused, TW_TIME_WAIT, TW_END_REUSED);
	/* the peer's SYN is none of TWRecycled */
	feed_ended(f, &reopened, TW_TIME_WAIT, TW_END_REOPENED);
	pass(f, SECOND);
	feed_begin(f);
	feed_end_with(f, since_boot(0, 2, 1, 1), TW_S_MIB_AT_BIRTH);
	assert_figure(f, AUDIT_ENTERED, AGREE(2));
	assert_figure(f, AUDIT_REFUSED, AGREE(1));
	assert_figure(f, AUDIT_REUSED, AGREE(1));
}

static void a_figure_that_could_not_be_read_is_unknown(void **state)
{
	static const uint64_t none = TW_FIGURE_UNKNOWN;
	struct tw_kernel_figures figures[] = {
		{ none, 0, 0, 0, 0 }, { 0, none, 0, 0, 0 }, { 0, 0, none, 0, 0 },
		{ 0, 0, 0, none, 0 }, { 0, 0, 0, 0, none },
	};
	static const enum audit_kind unknown[] = { AUDIT_TIME_WAIT, AUDIT_REFUSED, AUDIT_ENTERED,
						   AUDIT_ENTERED, AUDIT_REUSED };
	struct fixture *f = *state;

	for (unsigned int i = 0; i < 10; i++) {
		struct tw_kernel_figures all = { 0 };

		/* now, or at the first dump */
		fixture_start(f, &(struct model_opts){ 0 });
		feed_begin(f);
		feed_end_with(f, i < 5 ? all : figures[i - 5], TW_S_MIB_AT_BIRTH);
		pass(f, SECOND);
		feed_begin(f);
		feed_end_with(f, i < 5 ? figures[i] : all, TW_S_MIB_AT_BIRTH);
		for (enum audit_kind kind = 0; kind < NR_AUDIT_KINDS; kind++) {
			bool known = kind != AUDIT_EXPIRED && kind != unknown[i % 5];

			/* sockstat needs no base */
			known |= i >= 5 && kind == AUDIT_TIME_WAIT;
			assert_int_equal(only_audit(f)->figures[kind].known, known);
		}
	}
}

/* A namespace made while traced: all that its counters know of was seen. */
static void refusals_before_the_first_dump_are_told_where_all_was_seen(void **state)
{
	struct fixture *f = *state;
	struct end ends[3];

	feed_bare(f, TW_READY);
	for (unsigned int i = 0; i < 3; i++) {
		ends[i] = client(i + 1);
		feed_connected(f, &ends[i]);
		feed_close_first(f, &ends[i], ORDERLY);
	}
	pass(f, SECOND);
	feed_begin(f);
	feed_found(f, &ends[0], TW_TIME_WAIT, 59000);
	feed_end_with(f, (struct tw_kernel_figures){ 1, 2, 1, 0, 0 }, TW_S_MIB_AT_BIRTH);
	assert_figure(f, AUDIT_REFUSED, "ours 2 kernel 2 drift -2 error 0");
	assert_figure(f, AUDIT_ENTERED, "ours 1 kernel 1 drift 2 error 0");
	assert_int_equal(model_totals(f->model)->count[FIELD_TW_REFUSED], 2);
}

/* The counters are as of the end of the dump, and the ring was read empty after that. */
static void what_happened_after_the_dump_is_not_counted_yet(void **state)
{
	struct fixture *f = *state;
	struct end reused, expired, refused = client(3), born, pending = client(5);
	uint64_t began_ns, end_ns;

	feed_base(f, TW_BY_FENTRY, TW_S_MIB_AT_BIRTH);
	reused = feed_minisock(f, 1, TW_TIME_WAIT);
	expired = feed_minisock(f, 2, TW_TIME_WAIT);
	feed_connected(f, &refused);
	feed_connected(f, &pending);
	feed_brief(f, &refused, TW_ESTABLISHED, TW_FIN_WAIT1, 0);
	feed_brief(f, &refused, TW_FIN_WAIT1, TW_FIN_WAIT2, 0);
	pass(f, SECOND);
	began_ns = f->now_ns;
	f->now_ns += 100 * MS;
	/* no tier has told of this one, and the kernel has counted it all the same */
	feed_close_first(f, &pending, TW_F_ORPHAN | TW_F_ALL_ACKED);
	end_ns = f->now_ns;
	f->now_ns += MS;
	feed_ended(f, &reused, TW_TIME_WAIT, TW_END_REUSED);
	feed_ended(f, &expired, TW_TIME_WAIT, TW_END_EXPIRED);
	feed_mini(f, TW_MINI_REFUSED, &refused, TW_TIME_WAIT, 0);
	feed_brief(f, &refused, TW_FIN_WAIT2, TW_CLOSE, ORDERLY);
	born = feed_minisock(f, 4, TW_TIME_WAIT);
	feed_begin_late(f, began_ns);
	f->now_ns = end_ns;
	feed_end_with(f, since_boot(3, 3, 0, 0), TW_S_MIB_AT_BIRTH);
	assert_figure(f, AUDIT_TIME_WAIT, AGREE(3));
	assert_figure(f, AUDIT_ENTERED, AGREE(3));
	assert_figure(f, AUDIT_REFUSED, AGREE(0));
	assert_figure(f, AUDIT_REUSED, AGREE(0));
	/* the next one has it all */
	pass(f, 2 * SECOND);
	feed_begin(f);
	feed_found(f, &born, TW_TIME_WAIT, 50000);
	feed_found(f, &pending, TW_FIN_WAIT2, 50000);
	feed_end_with(f, since_boot(2, 4, 1, 1), TW_S_MIB_AT_BIRTH);
	assert_figure(f, AUDIT_TIME_WAIT, AGREE(2));
	assert_figure(f, AUDIT_ENTERED, AGREE(4));
	assert_figure(f, AUDIT_REFUSED, AGREE(1));
	assert_figure(f, AUDIT_REUSED, AGREE(1));
}

static void expiries_after_the_dump_are_not_counted_yet(void **state)
{
	struct fixture *f = *state;
	struct end expired;
	uint64_t began_ns;

	feed_base(f, TW_BY_FENTRY, TW_S_MIB_AT_EXPIRY);
	expired = feed_minisock(f, 1, TW_TIME_WAIT);
	pass(f, SECOND);
	began_ns = f->now_ns;
	f->now_ns += MS;
	feed_ended(f, &expired, TW_TIME_WAIT, TW_END_EXPIRED);
	feed_begin_late(f, began_ns);
	f->now_ns = began_ns;
	feed_end_with(f, since_boot(1, 0, 0, 0), TW_S_MIB_AT_EXPIRY);
	assert_figure(f, AUDIT_EXPIRED, AGREE(0));
	assert_figure(f, AUDIT_TIME_WAIT, AGREE(1));
}

/* A birth was believed in, and the dump with its overflow says otherwise. */
static void a_refusal_that_is_inferred_is_drift_and_no_error(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);

	feed_base(f, TW_BY_INFERENCE, TW_S_MIB_AT_BIRTH);
	feed_closed_first(f, &end);
	pass(f, SECOND);
	feed_begin(f);
	feed_end_with(f, since_boot(0, 0, 1, 0), TW_S_MIB_AT_BIRTH);
	assert_figure(f, AUDIT_ENTERED, "ours 0 kernel 0 drift 1 error 0");
	assert_figure(f, AUDIT_REFUSED, "ours 1 kernel 1 drift -1 error 0");
	assert_figure(f, AUDIT_TIME_WAIT, "ours 0 kernel 0 drift 1 error 0");
}

static void a_birth_that_a_dump_heals_is_drift_and_no_error(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);

	feed_base(f, TW_BY_INFERENCE, TW_S_MIB_AT_BIRTH);
	feed_connected(f, &end);
	pass(f, SECOND);
	feed_begin(f);
	feed_found(f, &end, TW_TIME_WAIT, 59000);
	feed_end_with(f, since_boot(1, 1, 0, 0), TW_S_MIB_AT_BIRTH);
	assert_figure(f, AUDIT_ENTERED, "ours 1 kernel 1 drift -1 error 0");
	assert_figure(f, AUDIT_TRUE_TIME_WAIT, "ours 1 kernel 1 drift -1 error 0");
}

/* A minisock that was thought to have expired is listed: it has not. */
static void an_end_that_a_dump_takes_back_never_happened(void **state)
{
	struct fixture *f = *state;
	struct end end;

	feed_base(f, TW_BY_FENTRY, TW_S_MIB_AT_EXPIRY);
	end = feed_minisock(f, 1, TW_TIME_WAIT);
	pass(f, SECOND);
	feed_ended(f, &end, TW_TIME_WAIT, TW_END_EXPIRED);
	f->now_ns += 20 * MS;
	feed_begin(f);
	feed_found(f, &end, TW_TIME_WAIT, 59000);
	feed_end_with(f, since_boot(1, 0, 0, 0), TW_S_MIB_AT_EXPIRY);
	assert_figure(f, AUDIT_EXPIRED, "ours 0 kernel 0 drift 1 error 0");
	assert_figure(f, AUDIT_TIME_WAIT, "ours 1 kernel 1 drift -1 error 0");
	assert_int_equal(model_totals(f->model)->count[FIELD_TW_ENTERED], 1);
}

/* The kernel counts on from the first dump, whatever the tables begin with. */
static void what_happens_between_the_first_dump_and_ready_is_compared(void **state)
{
	struct fixture *f = *state;
	struct end living, reused;

	feed_tier(f, TW_BY_FENTRY);
	feed_begin(f);
	feed_end_with(f, since_boot(0, 0, 0, 0), TW_S_MIB_AT_BIRTH);
	living = feed_minisock(f, 1, TW_TIME_WAIT);
	reused = feed_minisock(f, 2, TW_TIME_WAIT);
	feed_ended(f, &reused, TW_TIME_WAIT, TW_END_REUSED);
	feed_bare(f, TW_READY);
	assert_totals(f, "time_wait 1");
	pass(f, SECOND);
	feed_begin(f);
	feed_found(f, &living, TW_TIME_WAIT, 59000);
	feed_end_with(f, since_boot(1, 2, 0, 1), TW_S_MIB_AT_BIRTH);
	assert_figure(f, AUDIT_ENTERED, AGREE(2));
	assert_figure(f, AUDIT_REUSED, AGREE(1));
	assert_figure(f, AUDIT_TRUE_TIME_WAIT, AGREE(1));
}

/* What happened before the first dump is in the kernel's counters and in ours. */
static void the_first_dump_is_where_the_comparison_begins(void **state)
{
	struct tw_kernel_figures first = since_boot(1, 77, 5, 6);
	struct fixture *f = *state;
	struct end end;

	feed_tier(f, TW_BY_FENTRY);
	end = feed_minisock(f, 1, TW_TIME_WAIT);
	pass(f, SECOND);
	feed_begin(f);
	feed_found(f, &end, TW_TIME_WAIT, 59000);
	feed_end_with(f, first, TW_S_MIB_AT_BIRTH);
	assert_figure(f, AUDIT_ENTERED, AGREE(0));
	assert_figure(f, AUDIT_REFUSED, AGREE(0));
	assert_figure(f, AUDIT_REUSED, AGREE(0));
	assert_figure(f, AUDIT_TIME_WAIT, AGREE(1));
	/* a dump that failed is no base and no comparison */
	feed_begin(f);
	feed_dumped(f, TW_SNAPSHOT_END, NETNS, &(struct tw_kernel_figures){ 0 }, 0, 4);
	assert_figure(f, AUDIT_TIME_WAIT, AGREE(1));
}

static void what_is_not_dumped_any_more_is_not_audited_any_more(void **state)
{
	struct tw_kernel_figures none = since_boot(0, 0, 0, 0);
	const struct audit *audits;
	struct fixture *f = *state;

	feed_base(f, TW_BY_FENTRY, TW_S_MIB_AT_BIRTH);
	feed_dumped(f, TW_SNAPSHOT_BEGIN, NETNS + 1, &none, 0, 0);
	feed_dumped(f, TW_SNAPSHOT_END, NETNS + 1, &none, TW_S_MIB_AT_BIRTH, 0);
	assert_int_equal(model_audits(f->model, &audits), 2);
	feed_dumped(f, TW_SNAPSHOT_BEGIN, NETNS + 1, &none, 0, 0);
	feed_dumped(f, TW_SNAPSHOT_END, NETNS + 1, &none, 0, TW_SNAPSHOT_NO_MORE);
	assert_int_equal(model_audits(f->model, &audits), 1);
	assert_int_equal(audits[0].netns_cookie, NETNS);
}

static void namespaces_are_compared_each_for_itself(void **state)
{
	struct tw_kernel_figures one = since_boot(1, 1, 0, 0), none = since_boot(0, 0, 0, 0);
	const struct audit *audits;
	struct fixture *f = *state;
	struct end end;

	feed_base(f, TW_BY_FENTRY, TW_S_MIB_AT_BIRTH);
	feed_dumped(f, TW_SNAPSHOT_BEGIN, NETNS + 1, &none, 0, 0);
	feed_dumped(f, TW_SNAPSHOT_END, NETNS + 1, &none, TW_S_MIB_AT_BIRTH, 0);
	end = feed_minisock(f, 1, TW_TIME_WAIT);
	pass(f, SECOND);
	feed_begin(f);
	feed_found(f, &end, TW_TIME_WAIT, 59000);
	feed_end_with(f, one, TW_S_MIB_AT_BIRTH);
	feed_dumped(f, TW_SNAPSHOT_BEGIN, NETNS + 1, &none, 0, 0);
	feed_dumped(f, TW_SNAPSHOT_END, NETNS + 1, &none, TW_S_MIB_AT_BIRTH, 0);
	assert_int_equal(model_audits(f->model, &audits), 2);
	for (unsigned int i = 0; i < 2; i++) {
		bool here = audits[i].netns_cookie == NETNS;

		assert_int_equal(audits[i].figures[AUDIT_ENTERED].ours, here);
		assert_int_equal(audits[i].figures[AUDIT_ENTERED].error, 0);
		assert_int_equal(audits[i].figures[AUDIT_TIME_WAIT].ours, here);
		assert_int_equal(audits[i].figures[AUDIT_TIME_WAIT].error, 0);
	}
}

static void feed_name(struct fixture *f, enum tw_kind kind, const char *text)
{
	struct {
		struct tw_name name;
		char text[16];
	} record = { .name = { .id = NETNS, .ino = 4026531840 } };

	record.name.head = head_of(f, kind, sizeof(record));
	strcpy(record.text, text);
	feed(f, &record, sizeof(record));
}

/* Its name is, and whoever looked at the audit between two dumps read freed memory. */
static void a_namespace_that_goes_during_its_dump_is_in_no_audit(void **state)
{
	const struct audit *audits;
	struct fixture *f = *state;
	struct end end = client(1);

	feed_tier(f, TW_BY_FENTRY);
	feed_name(f, TW_NETNS, "blue");
	feed_bare(f, TW_READY);
	feed_connected(f, &end);
	feed_born(f, &end, TW_TIME_WAIT);
	feed_close_first(f, &end, ORDERLY);
	feed_begin(f);
	feed_found(f, &end, TW_TIME_WAIT, 59000);
	feed_name(f, TW_NETNS_GONE, "");
	feed_end(f, 1, 0);
	assert_int_equal(model_audits(f->model, &audits), 0);
	feed_ended(f, &end, TW_TIME_WAIT, TW_END_PURGED);
	pass(f, SECOND);
	assert_int_equal(model_audits(f->model, &audits), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(what_was_missed_is_of_late_for_an_hour_or_two),
		fixture_test(the_audit_compares_with_the_kernels_own_figures),
		fixture_test(a_pending_minisock_that_the_dump_lists_is_no_error_of_the_audit),
		fixture_test(what_opened_since_the_dump_began_is_no_error),
		fixture_test(what_closed_since_the_dump_began_is_no_error),
		fixture_test(a_minisock_born_after_the_dump_is_no_error),
		fixture_test(what_a_dump_corrected_is_drift_and_no_error),
		fixture_test(each_substate_is_compared_with_what_the_dump_lists),
		fixture_test(a_minisock_that_changes_during_the_dump_has_no_substate),
		fixture_test(births_are_compared_where_the_mib_counts_births),
		fixture_test(expiries_are_compared_where_the_mib_counts_expiries),
		fixture_test(refusals_and_reuses_are_compared),
		fixture_test(a_figure_that_could_not_be_read_is_unknown),
		fixture_test(refusals_before_the_first_dump_are_told_where_all_was_seen),
		fixture_test(what_happened_after_the_dump_is_not_counted_yet),
		fixture_test(expiries_after_the_dump_are_not_counted_yet),
		fixture_test(a_refusal_that_is_inferred_is_drift_and_no_error),
		fixture_test(a_birth_that_a_dump_heals_is_drift_and_no_error),
		fixture_test(an_end_that_a_dump_takes_back_never_happened),
		fixture_test(what_happens_between_the_first_dump_and_ready_is_compared),
		fixture_test(the_first_dump_is_where_the_comparison_begins),
		fixture_test(what_is_not_dumped_any_more_is_not_audited_any_more),
		fixture_test(namespaces_are_compared_each_for_itself),
		fixture_test(a_namespace_that_goes_during_its_dump_is_in_no_audit),
		fixture_test(figures_that_no_kernel_has_overflow_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
