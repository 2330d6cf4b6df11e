// SPDX-License-Identifier: GPL-2.0-or-later
/* Minisocks of which no event told: what the kernel's own counters and the balance say of them. */
#include "model_sums.h"

#define TEN "connections 10 opened 10 closed 10 closed_first 10 time_wait_entered 10 "

/* What the kernel counts. */
static uint32_t births = TW_S_MIB_AT_BIRTH;

static struct tw_kernel_figures since_boot(uint64_t born, uint64_t refused, uint64_t reused)
{
	return (struct tw_kernel_figures){
		.tw_created = 1000 + born,
		.overflow = 50 + refused,
		.tw_recycled = 30 + reused,
	};
}

/* Lists @end, if there is one; then the kernel's counters are so. */
static void feed_counted(struct fixture *f, const struct end *end, struct tw_kernel_figures kernel)
{
	pass(f, SECOND);
	feed_dumped(f, TW_SNAPSHOT_BEGIN, NETNS, &kernel, births, 0);
	if (end)
		feed_found(f, end, TW_TIME_WAIT, 59000);
	feed_dumped(f, TW_SNAPSHOT_END, NETNS, &kernel, births, 0);
}

static void feed_base(struct fixture *f)
{
	feed_counted(f, NULL, since_boot(0, 0, 0));
	feed_bare(f, TW_READY);
	pass(f, SECOND);
}

static void assert_no_error(struct fixture *f, enum audit_kind kind)
{
	const struct audit *audits;

	assert_int_equal(model_audits(f->model, &audits), 1);
	assert_true(audits->figures[kind].known);
	assert_int_equal(audits->figures[kind].error, 0);
}

static void born_and_gone_between_two_dumps(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);

	feed_base(f);
	feed_client_sums(f, &end, 10);
	/* too early: some may be too young for it */
	f->now_ns -= SECOND;
	feed_counted(f, NULL, since_boot(10, 0, 2));
	assert_totals(f, "connections 10 opened 10 closed 10 closed_first 10 time_wait_entered 10");
	feed_counted(f, &end, since_boot(10, 0, 2));
	assert_totals(f, TEN "time_wait_reused 2 time_wait_other 7 time_wait_unknown 7 "
			     "time_wait 1");
	assert_no_error(f, AUDIT_ENTERED);
	assert_no_error(f, AUDIT_REUSED);
	/* and it is said once */
	feed_counted(f, &end, since_boot(10, 0, 2));
	assert_totals(f, TEN "time_wait_reused 2 time_wait_other 7 time_wait_unknown 7 "
			     "time_wait 1");
}

/* Ten lives of which three ends are in no sum. */
static void feed_three_lost(struct fixture *f, const struct end *end)
{
	feed_sum(f, end, TW_SYN_SENT, TW_ESTABLISHED, TW_F_OUTGOING, 10);
	feed_sum(f, end, TW_ESTABLISHED, TW_FIN_WAIT1, TW_F_OUTGOING, 10);
	feed_sum(f, end, TW_FIN_WAIT2, TW_CLOSE, TW_F_OUTGOING | ORDERLY, 7);
}

static void born_though_not_even_a_sum_tells(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);

	feed_base(f);
	feed_three_lost(f, &end);
	feed_counted(f, &end, since_boot(10, 0, 0));
	assert_totals(f, TEN "time_wait_other 9 time_wait_unknown 9 time_wait 1");
	assert_no_error(f, AUDIT_ENTERED);
}

static const struct row *client_port(struct fixture *f)
{
	const struct rows *rows = model_rows(f->model, DIM_PORT);

	for (uint32_t id = pool_next(&rows->pool, 1); id != POOL_NONE;
	     id = pool_next(&rows->pool, id + 1))
		if (rows_at(rows, id)->key.role == ROLE_CLIENT)
			return rows_at(rows, id);
	fail_msg("there is no row of a client's port");
	return NULL;
}

/* The sum can't tell them from births: what lives was born, of the others nobody knows which. */
static void refused_in_sum(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1), other = client(2);

	feed_base(f);
	feed_client_sums(f, &end, 10);
	feed_counted(f, &end, since_boot(6, 4, 0));
	assert_totals(f, "connections 10 opened 10 closed 10 closed_first 10 time_wait_entered 6 "
			 "time_wait_refused 4 time_wait_other 5 time_wait_unknown 5 time_wait 1");
	assert_no_error(f, AUDIT_ENTERED);
	assert_no_error(f, AUDIT_REFUSED);
	assert_int_equal(client_port(f)->count[FIELD_TW_ENTERED], 1);
	/* and they are not taken for refusals to come */
	feed_connected(f, &other);
	feed_close_first(f, &other, ORDERLY);
	feed_counted(f, &end, since_boot(7, 4, 0));
	assert_int_equal(model_totals(f->model)->count[FIELD_TW_REFUSED], 4);
}

/* No sum told of these births, but the ends of their sockets are known otherwise. */
static void born_where_all_have_closed(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);

	feed_base(f);
	feed_client_sums(f, &end, 10);
	feed_counted(f, &end, since_boot(12, 0, 0));
	assert_totals(f, "connections 10 opened 10 closed 10 closed_first 10 time_wait_entered 12 "
			 "time_wait_other 11 time_wait_unknown 11 time_wait 1");
}

/* Both at once: births that no sum told, and sums that told of births that were none. */
static void refused_in_sum_and_born_without(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);

	feed_base(f);
	feed_three_lost(f, &end);
	feed_counted(f, &end, since_boot(6, 4, 0));
	assert_totals(f, "connections 10 opened 10 closed 10 closed_first 10 time_wait_entered 6 "
			 "time_wait_refused 4 time_wait_other 5 time_wait_unknown 5 time_wait 1");
	assert_no_error(f, AUDIT_ENTERED);
	assert_no_error(f, AUDIT_REFUSED);
}

/* Before Linux 5.18 no counter tells of births. */
static void refused_in_sum_where_births_are_not_counted(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);

	births = TW_S_MIB_AT_EXPIRY;
	feed_base(f);
	feed_client_sums(f, &end, 10);
	feed_counted(f, &end, since_boot(0, 4, 0));
	births = TW_S_MIB_AT_BIRTH;
	assert_totals(f, "connections 10 opened 10 closed 10 closed_first 10 time_wait_entered 6 "
			 "time_wait_refused 4 time_wait_other 5 time_wait_unknown 5 time_wait 1");
}

static void a_sum_elsewhere_does_not_matter(void **state)
{
	struct fixture *f = *state;
	struct end elsewhere = client(1), lost = client(2);

	feed_base(f);
	elsewhere.tuple.netns_cookie = NETNS + 1;
	feed_client_sums(f, &elsewhere, 10);
	pass(f, SECOND);
	feed_begin(f);
	feed_found(f, &lost, TW_ESTABLISHED, FULL);
	feed_end(f, 0, 0);
	assert_int_equal(model_totals(f->model)->count[FIELD_OPENED], 11);
}

/* A minisock that is known, and ten more of which a sum tells. */
static void feed_known_and_ten(struct fixture *f, const struct end *known)
{
	struct end other = client(2);

	feed_base(f);
	feed_connected(f, known);
	feed_close_first(f, known, ORDERLY);
	pass(f, SECOND);
	feed_client_sums(f, &other, 10);
}

#define ELEVEN "connections 11 opened 11 closed 11 closed_first 11 time_wait_entered 11 "

/* Who took it over was told in sum: that it has ended the dump tells, and how the kernel's count. */
static void reused_by_one_in_sum(void **state)
{
	struct fixture *f = *state;
	struct end known = client(1), last = client(3);

	feed_known_and_ten(f, &known);
	feed_counted(f, &last, since_boot(11, 0, 10));
	assert_totals(f, ELEVEN "time_wait_reused 10 time_wait 1");
	assert_no_error(f, AUDIT_REUSED);
	assert_int_equal(client_port(f)->count[FIELD_TW_REUSED], 1);
	/* events will tell of others: they may be on their way */
	feed_counted(f, &last, since_boot(11, 0, 10));
	feed_counted(f, NULL, since_boot(11, 0, 11));
	assert_totals(f, ELEVEN "time_wait_reused 10 time_wait_other 1 time_wait_unknown 1");
}

static void reused_before_the_sums_can_match(void **state)
{
	struct fixture *f = *state;
	struct end known = client(1), last = client(3);

	feed_known_and_ten(f, &known);
	f->now_ns -= SECOND;
	feed_counted(f, &last, since_boot(11, 0, 10));
	assert_int_equal(client_port(f)->count[FIELD_TW_REUSED], 1);
	feed_counted(f, &last, since_boot(11, 0, 10));
	assert_totals(f, ELEVEN "time_wait_reused 10 time_wait 1");
	assert_no_error(f, AUDIT_REUSED);
}

/* The first dump may have missed it: only the second one tells that it has ended. */
static void reused_and_found_out_late(void **state)
{
	struct fixture *f = *state;
	struct end known = client(1), last = client(3);
	struct tw_kernel_figures kernel = since_boot(11, 0, 10);

	feed_known_and_ten(f, &known);
	kernel.time_wait = 2;
	feed_counted(f, &last, kernel);
	feed_counted(f, &last, kernel);
	assert_totals(f, ELEVEN "time_wait_reused 10 time_wait 1");
	assert_no_error(f, AUDIT_REUSED);
}

static void no_more_are_reused_than_the_kernel_knows(void **state)
{
	struct fixture *f = *state;
	struct end known = client(1), last = client(3);

	feed_known_and_ten(f, &known);
	feed_counted(f, &last, since_boot(11, 0, 0));
	assert_totals(f, ELEVEN "time_wait_other 10 time_wait_unknown 10 time_wait 1");
	assert_no_error(f, AUDIT_REUSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(born_and_gone_between_two_dumps),
		fixture_test(born_though_not_even_a_sum_tells),
		fixture_test(refused_in_sum),
		fixture_test(born_where_all_have_closed),
		fixture_test(refused_in_sum_and_born_without),
		fixture_test(refused_in_sum_where_births_are_not_counted),
		fixture_test(a_sum_elsewhere_does_not_matter),
		fixture_test(reused_by_one_in_sum),
		fixture_test(reused_before_the_sums_can_match),
		fixture_test(reused_and_found_out_late),
		fixture_test(no_more_are_reused_than_the_kernel_knows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
