/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What clients ask for in ways of their own takes so much of the time, and no more. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdbool.h>

#include "cmd/serve_documents.h"

#define MS 1000000ULL

static void what_is_spent_is_paid_off_by_time(void **state)
{
	struct allowance allowance = { .debt_ns = 0 };
	uint64_t now = 1000 * MS;

	(void)state;
	assert_true(allowance_is_left(&allowance, now));
	allowance_spend(&allowance, ALLOWANCE_NS);
	assert_false(allowance_is_left(&allowance, now));
	assert_false(allowance_is_left(&allowance, now + ALLOWANCE_SHARE - 1));
	assert_true(allowance_is_left(&allowance, now + ALLOWANCE_SHARE * MS));
	/* and nothing is saved up */
	now += 3600000 * MS;
	assert_true(allowance_is_left(&allowance, now));
	assert_int_equal(allowance.debt_ns, 0);
	allowance_spend(&allowance, 3 * ALLOWANCE_NS);
	assert_false(allowance_is_left(&allowance, now + ALLOWANCE_SHARE * 2 * ALLOWANCE_NS));
	assert_true(allowance_is_left(&allowance, now + ALLOWANCE_SHARE * 2 * ALLOWANCE_NS +
							  ALLOWANCE_SHARE * MS));
}

/* Asked for as often as may be, it takes a quarter of the time in the long run. */
static void a_flood_costs_no_more_than_its_share(void **state)
{
	struct allowance allowance = { .debt_ns = 0 };
	uint64_t now = 0, spent = 0;

	(void)state;
	while (now < 100000 * MS) {
		if (allowance_is_left(&allowance, now)) {
			allowance_spend(&allowance, 20 * MS);
			spent += 20 * MS;
			now += 20 * MS;
		} else {
			now += MS;
		}
	}
	assert_in_range(spent, 20000 * MS, 26000 * MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_spent_is_paid_off_by_time),
		cmocka_unit_test(a_flood_costs_no_more_than_its_share),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
