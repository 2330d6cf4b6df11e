/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who has had his time, and who goes when there are too many. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "serve/clients.h"

#define SECOND_NS 1000000000ULL
#define NR 4

static struct client all[NR];

/* They came a second apart, the first one at second 1. */
static void fill(struct clients *clients)
{
	*clients = (struct clients){ .others = { .count = 0 } };
	for (unsigned int i = 0; i < NR; i++) {
		all[i] = (struct client){ .fd = (int)i };
		clients_add(clients, &all[i], (i + 1) * SECOND_NS);
	}
}

static void who_does_not_ask_has_had_his_time(void **state)
{
	struct clients clients;

	(void)state;
	fill(&clients);
	assert_int_equal(clients_deadline(&clients), SECOND_NS + HTTP_REQUEST_NS);
	assert_null(clients_late(&clients, SECOND_NS + HTTP_REQUEST_NS - 1));
	assert_ptr_equal(clients_late(&clients, SECOND_NS + HTTP_REQUEST_NS), &all[0]);
	clients_become(&clients, &all[0], CLIENT_TAKES, 3 * SECOND_NS);
	assert_int_equal(clients_deadline(&clients), 2 * SECOND_NS + HTTP_REQUEST_NS);
	/* who has been ended waits for nothing */
	for (unsigned int i = 1; i < NR; i++)
		clients_become(&clients, &all[i], CLIENT_ENDED, 5 * SECOND_NS);
	assert_int_equal(clients_deadline(&clients), 3 * SECOND_NS + HTTP_ANSWER_NS);
	clients_become(&clients, &all[0], CLIENT_IDLES, 4 * SECOND_NS);
	assert_int_equal(clients_deadline(&clients), 4 * SECOND_NS + HTTP_IDLE_NS);
	clients_remove(&clients, &all[0]);
	assert_int_equal(clients_deadline(&clients), UINT64_MAX);
}

static void who_is_told_of_events_stays_as_long_as_he_listens(void **state)
{
	struct clients clients;

	(void)state;
	fill(&clients);
	for (unsigned int i = 0; i < NR; i++)
		clients_become(&clients, &all[i], CLIENT_STREAMS, 5 * SECOND_NS);
	for (unsigned int i = 0; i < NR; i++)
		all[i].suspended = true;
	assert_int_equal(clients_deadline(&clients), UINT64_MAX);
	assert_null(clients_surplus(&clients, 0));
	/* there is something to take, and he does not */
	all[2].suspended = false;
	all[2].owed_ns = 7 * SECOND_NS;
	assert_int_equal(clients_deadline(&clients), 7 * SECOND_NS + HTTP_ANSWER_NS);
	assert_ptr_equal(clients_late(&clients, 7 * SECOND_NS + HTTP_ANSWER_NS), &all[2]);
}

static void who_idles_goes_first_then_who_is_longest_at_it(void **state)
{
	struct clients clients;

	(void)state;
	fill(&clients);
	assert_int_equal(clients_count(&clients), NR);
	assert_null(clients_surplus(&clients, NR));
	assert_ptr_equal(clients_surplus(&clients, NR - 1), &all[0]);
	clients_become(&clients, &all[0], CLIENT_ENDED, 5 * SECOND_NS);
	assert_ptr_equal(clients_surplus(&clients, NR - 1), &all[1]);
	clients_become(&clients, &all[2], CLIENT_IDLES, 6 * SECOND_NS);
	assert_ptr_equal(clients_surplus(&clients, NR - 1), &all[2]);
	/* those who stream count, and are never it */
	clients_become(&clients, &all[2], CLIENT_STREAMS, 7 * SECOND_NS);
	assert_int_equal(clients_count(&clients), NR);
	assert_ptr_equal(clients_surplus(&clients, NR - 1), &all[1]);
	for (unsigned int i = 0; i < NR; i++)
		clients_remove(&clients, &all[i]);
	assert_int_equal(clients_count(&clients), 0);
}

static void the_slowest_is_who_takes_for_longest(void **state)
{
	struct clients clients;

	(void)state;
	fill(&clients);
	assert_null(clients_slowest(&clients));
	clients_become(&clients, &all[2], CLIENT_TAKES, 5 * SECOND_NS);
	clients_become(&clients, &all[0], CLIENT_IDLES, 6 * SECOND_NS);
	clients_become(&clients, &all[1], CLIENT_TAKES, 7 * SECOND_NS);
	assert_ptr_equal(clients_slowest(&clients), &all[2]);
	clients_become(&clients, &all[2], CLIENT_ENDED, 8 * SECOND_NS);
	assert_ptr_equal(clients_slowest(&clients), &all[1]);
	clients_become(&clients, &all[1], CLIENT_STREAMS, 9 * SECOND_NS);
	assert_null(clients_slowest(&clients));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_does_not_ask_has_had_his_time),
		cmocka_unit_test(who_is_told_of_events_stays_as_long_as_he_listens),
		cmocka_unit_test(who_idles_goes_first_then_who_is_longest_at_it),
		cmocka_unit_test(the_slowest_is_who_takes_for_longest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
