// SPDX-License-Identifier: GPL-2.0-or-later
/* Labels that stay, counters that never decrease, sums that are the total: whatever rows do. */
#include "sink/metrics_shelf.h"

#include "test_sink_fake.h"

#define CAP 4
#define NR_KEYS 12
#define SEED 0x5eed

/* What the model has: counts of keys 1 to NR_KEYS, and of "other". */
struct world {
	uint64_t count[NR_KEYS + 1][NR_FIELDS];
	uint64_t total[NR_FIELDS];
};

static struct row_key key_of(unsigned int number, enum role role)
{
	return (struct row_key){ .port = (uint16_t)number, .role = (uint8_t)role };
}

static char *labels_of(const void *ctx, const struct row_key *key)
{
	char text[16];

	(void)ctx;
	snprintf(text, sizeof(text), "%u", key->port);
	return strdup(text);
}

static void add_world(struct shelf *shelf, const struct world *world, enum role role)
{
	for (unsigned int i = 1; i <= NR_KEYS; i++) {
		struct row_key key = key_of(i, role);

		shelf_add(shelf, &key, world->count[i]);
	}
}

static void look_as(struct shelf *shelf, const struct world *world, enum role role, bool folded)
{
	shelf_begin(shelf);
	add_world(shelf, world, role);
	if (shelf_admit(shelf, labels_of, NULL))
		add_world(shelf, world, role);
	shelf_settle(shelf, world->total, folded);
}

static void look(struct shelf *shelf, const struct world *world, bool folded)
{
	look_as(shelf, world, ROLE_SERVER, folded);
}

/* So many connections more are opened. */
static void open_more(struct world *world, unsigned int number, uint64_t count)
{
	world->count[number][FIELD_CONNECTIONS] += count;
	world->count[number][FIELD_OPENED] += count;
	world->total[FIELD_CONNECTIONS] += count;
	world->total[FIELD_OPENED] += count;
}

/* All of one is another's; 0: "other" of the model. */
static void move_all(struct world *world, unsigned int from, unsigned int to)
{
	for (unsigned int field = 0; field < NR_FIELDS; field++) {
		world->count[to][field] += world->count[from][field];
		world->count[from][field] = 0;
	}
}

/* NULL: it has no labels. */
static const struct shelf_entry *entry_of(const struct shelf *shelf, unsigned int number)
{
	for (uint32_t i = 1; i < shelf->count; i++)
		if (shelf->entries[i].key.port == number)
			return &shelf->entries[i];
	return NULL;
}

static uint64_t shown(const struct shelf *shelf, unsigned int number)
{
	const struct shelf_entry *entry = entry_of(shelf, number);

	assert_non_null(entry);
	return entry->shown[FIELD_OPENED];
}

static uint64_t shown_of_others(const struct shelf *shelf)
{
	return shelf->entries[SHELF_OTHER].shown[FIELD_OPENED];
}

/* The model has forgotten the name of what it had folded, and numbers it anew: one series. */
static void what_comes_again_by_another_key_keeps_its_labels(void **state)
{
	struct row_key again = key_of(1, ROLE_SERVER);
	uint64_t count[NR_FIELDS] = { [FIELD_CONNECTIONS] = 4, [FIELD_OPENED] = 4 };
	struct world world = { 0 };
	struct shelf shelf;

	(void)state;
	assert_int_equal(shelf_init(&shelf, CAP, false), 0);
	open_more(&world, 1, 7);
	look(&shelf, &world, false);
	move_all(&world, 1, 0);
	look(&shelf, &world, true);
	again.service = 9;
	open_more(&world, 0, 4);
	world.count[0][FIELD_OPENED] -= 4;
	for (unsigned int i = 0; i < 2; i++) {
		shelf_begin(&shelf);
		shelf_add(&shelf, &again, count);
		assert_int_equal(shelf_admit(&shelf, labels_of, NULL), i == 0);
		if (!i)
			shelf_add(&shelf, &again, count);
		shelf_settle(&shelf, world.total, false);
		assert_int_equal(shelf.count, 2);
		assert_int_equal(shelf.entries[1].now[FIELD_CONNECTIONS], 4);
		assert_int_equal(shown(&shelf, 1), 11);
		assert_int_equal(shown_of_others(&shelf), 0);
	}
	shelf_begin(&shelf);
	count[FIELD_OPENED] += 5;
	world.total[FIELD_OPENED] += 5;
	shelf_add(&shelf, &again, count);
	shelf_settle(&shelf, world.total, false);
	assert_int_equal(shown(&shelf, 1), 16);
	assert_int_equal(shown_of_others(&shelf), 0);
	shelf_release(&shelf);
}

static void the_first_look_shows_all_that_there_is(void **state)
{
	struct world world = { 0 };
	struct shelf shelf;

	(void)state;
	assert_int_equal(shelf_init(&shelf, CAP, false), 0);
	open_more(&world, 1, 7);
	open_more(&world, 2, 5);
	open_more(&world, 0, 3);
	look(&shelf, &world, false);
	assert_int_equal(shown(&shelf, 1), 7);
	assert_int_equal(shown(&shelf, 2), 5);
	assert_int_equal(shown_of_others(&shelf), 3);
	shelf_release(&shelf);
}

static void one_that_comes_between_two_looks_is_shown_whole(void **state)
{
	struct world world = { 0 };
	struct shelf shelf;

	(void)state;
	assert_int_equal(shelf_init(&shelf, CAP, false), 0);
	open_more(&world, 1, 7);
	look(&shelf, &world, false);
	open_more(&world, 1, 1);
	open_more(&world, 2, 100);
	look(&shelf, &world, false);
	assert_int_equal(shown(&shelf, 1), 8);
	assert_int_equal(shown(&shelf, 2), 100);
	assert_int_equal(shown_of_others(&shelf), 0);
	shelf_release(&shelf);
}

static void labels_stay_whoever_has_more_later(void **state)
{
	struct world world = { 0 };
	struct shelf shelf;

	(void)state;
	assert_int_equal(shelf_init(&shelf, CAP, false), 0);
	for (unsigned int i = 1; i <= CAP; i++)
		open_more(&world, i, 1);
	look(&shelf, &world, false);
	for (unsigned int i = CAP + 1; i <= NR_KEYS; i++)
		open_more(&world, i, 1000);
	look(&shelf, &world, false);
	assert_int_equal(shelf.count, CAP + 1);
	for (unsigned int i = 1; i <= CAP; i++)
		assert_int_equal(shown(&shelf, i), 1);
	assert_int_equal(shown_of_others(&shelf), 8000);
	shelf_release(&shelf);
}

static void those_with_most_get_labels_first(void **state)
{
	struct world world = { 0 };
	struct shelf shelf;

	(void)state;
	assert_int_equal(shelf_init(&shelf, CAP, false), 0);
	for (unsigned int i = 1; i <= NR_KEYS; i++)
		open_more(&world, i, 100 + i);
	look(&shelf, &world, false);
	for (unsigned int i = 1; i <= NR_KEYS; i++)
		assert_true((entry_of(&shelf, i) != NULL) == (i > NR_KEYS - CAP));
	shelf_release(&shelf);
}

/* Its row was folded, and made anew: it begins at 0 there. */
static void a_folded_row_goes_on_from_where_it_was(void **state)
{
	struct world world = { 0 };
	struct shelf shelf;

	(void)state;
	assert_int_equal(shelf_init(&shelf, CAP, false), 0);
	open_more(&world, 1, 100);
	look(&shelf, &world, false);
	move_all(&world, 1, 0);
	look(&shelf, &world, true);
	assert_int_equal(shown(&shelf, 1), 100);
	assert_int_equal(shown_of_others(&shelf), 0);
	open_more(&world, 1, 10);
	open_more(&world, 0, 5);
	look(&shelf, &world, false);
	assert_int_equal(shown(&shelf, 1), 110);
	assert_int_equal(shown_of_others(&shelf), 5);
	shelf_release(&shelf);
}

/* Connections of nobody turn out to be somebody's. */
static void one_whose_owner_is_learned_late_is_made_up_for(void **state)
{
	struct world world = { 0 };
	struct shelf shelf;

	(void)state;
	assert_int_equal(shelf_init(&shelf, CAP, false), 0);
	open_more(&world, 1, 10);
	open_more(&world, 2, 1);
	look(&shelf, &world, false);
	move_all(&world, 1, 2);
	look(&shelf, &world, false);
	/* nothing can be taken back, and nothing is counted twice */
	assert_int_equal(shown(&shelf, 1), 10);
	assert_int_equal(shown(&shelf, 2), 1);
	open_more(&world, 1, 10);
	look(&shelf, &world, false);
	assert_int_equal(shown(&shelf, 1), 10);
	assert_int_equal(shown(&shelf, 2), 11);
	shelf_release(&shelf);
}

static void what_others_had_shown_of_a_newcomer_stays_there(void **state)
{
	struct world world = { 0 };
	struct shelf shelf;

	(void)state;
	assert_int_equal(shelf_init(&shelf, CAP, true), 0);
	open_more(&world, 1, 10000);
	open_more(&world, 2, 100);
	look_as(&shelf, &world, ROLE_CLIENT, false);
	/* a hundredth is too little, */
	assert_null(entry_of(&shelf, 2));
	assert_int_equal(shown_of_others(&shelf), 100);
	/* a twentieth is not */
	open_more(&world, 2, 900);
	look_as(&shelf, &world, ROLE_CLIENT, false);
	assert_int_equal(shown(&shelf, 2), 900);
	assert_int_equal(shown_of_others(&shelf), 100);
	/* nor does it get back later what is not its own */
	open_more(&world, 2, 1);
	open_more(&world, 0, 50);
	look_as(&shelf, &world, ROLE_CLIENT, false);
	assert_int_equal(shown(&shelf, 2), 901);
	assert_int_equal(shown_of_others(&shelf), 150);
	shelf_release(&shelf);
}

static void ports_of_all_the_world_leave_half_of_the_labels_to_servers(void **state)
{
	struct world world = { 0 };
	struct shelf shelf;

	(void)state;
	assert_int_equal(shelf_init(&shelf, CAP, false), 0);
	open_more(&world, 1, 1000);
	for (unsigned int i = 2; i <= NR_KEYS; i++)
		open_more(&world, i, 1);
	look_as(&shelf, &world, ROLE_CLIENT, false);
	assert_int_equal(shelf.count, CAP / 2 + 1);
	look_as(&shelf, &world, ROLE_SERVER, false);
	assert_int_equal(shelf.count, CAP + 1);
	shelf_release(&shelf);
}

static void a_server_on_any_port_is_no_better_than_a_client(void **state)
{
	struct row_key any = key_of(40000, ROLE_SERVER), given = key_of(8080, ROLE_SERVER);
	uint64_t much[NR_FIELDS] = { [FIELD_CONNECTIONS] = 1000 };
	uint64_t little[NR_FIELDS] = { [FIELD_CONNECTIONS] = 1 };
	struct shelf shelf;

	(void)state;
	assert_int_equal(shelf_init(&shelf, 1, false), 0);
	shelf_begin(&shelf);
	shelf_add(&shelf, &any, much);
	shelf_add(&shelf, &given, little);
	assert_true(shelf_admit(&shelf, labels_of, NULL));
	assert_int_equal(shelf.entries[1].key.port, 8080);
	shelf_release(&shelf);
}

static void gauges_are_as_they_are_and_others_have_the_rest(void **state)
{
	struct world world = { 0 };
	struct shelf shelf;

	(void)state;
	assert_int_equal(shelf_init(&shelf, CAP, false), 0);
	open_more(&world, 1, 5);
	world.count[1][FIELD_ESTABLISHED] = 3;
	world.total[FIELD_ESTABLISHED] = 10;
	look(&shelf, &world, false);
	assert_int_equal(entry_of(&shelf, 1)->now[FIELD_ESTABLISHED], 3);
	assert_int_equal(shelf.entries[SHELF_OTHER].now[FIELD_ESTABLISHED], 7);
	world.count[1][FIELD_ESTABLISHED] = 0;
	world.total[FIELD_ESTABLISHED] = 1;
	look(&shelf, &world, false);
	assert_int_equal(entry_of(&shelf, 1)->now[FIELD_ESTABLISHED], 0);
	assert_int_equal(shelf.entries[SHELF_OTHER].now[FIELD_ESTABLISHED], 1);
	/* it was there once, so it is shown on */
	assert_true(entry_of(&shelf, 1)->seen & FIELD_BIT(FIELD_ESTABLISHED));
	assert_false(entry_of(&shelf, 1)->seen & FIELD_BIT(FIELD_CLOSE_WAIT));
	shelf_release(&shelf);
}

static uint32_t draw(uint32_t *random, uint32_t below)
{
	*random = *random * 1103515245 + 12345;
	return (*random >> 8) % below;
}

/* One thing that may happen between two looks; true: a row was folded. */
static bool happen(struct world *world, uint32_t *random)
{
	unsigned int number = 1 + draw(random, NR_KEYS);

	switch (draw(random, 5)) {
	case 0:
		move_all(world, number, 0);
		return true;
	case 1:
		move_all(world, number, 1 + draw(random, NR_KEYS));
		return false;
	case 2:
		/* a filter turns one down late */
		if (world->count[number][FIELD_OPENED]) {
			world->count[number][FIELD_OPENED]--;
			world->total[FIELD_OPENED]--;
		}
		return false;
	default:
		open_more(world, draw(random, NR_KEYS + 1), draw(random, 20));
		return false;
	}
}

static void no_counter_decreases_and_all_are_the_total_whatever_rows_do(void **state)
{
	uint64_t before[CAP + 1] = { 0 }, highest = 0;
	struct world world = { 0 };
	uint32_t random = SEED;
	struct shelf shelf;

	(void)state;
	assert_int_equal(shelf_init(&shelf, CAP, false), 0);
	for (unsigned int step = 0; step < 20000; step++) {
		bool folded = false;
		uint64_t sum = 0;

		for (unsigned int i = draw(&random, 4); i; i--)
			folded |= happen(&world, &random);
		look(&shelf, &world, folded);
		for (uint32_t i = 0; i < shelf.count; i++) {
			uint64_t now = shelf.entries[i].shown[FIELD_OPENED];

			assert_true(now >= before[i]);
			before[i] = now;
			sum += now;
		}
		assert_true(sum >= highest);
		highest = sum;
		assert_int_equal(sum, shelf.total[FIELD_OPENED]);
		assert_true(sum >= world.total[FIELD_OPENED]);
		assert_true(shelf.count <= CAP + 1);
	}
	shelf_release(&shelf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_look_shows_all_that_there_is),
		cmocka_unit_test(one_that_comes_between_two_looks_is_shown_whole),
		cmocka_unit_test(labels_stay_whoever_has_more_later),
		cmocka_unit_test(those_with_most_get_labels_first),
		cmocka_unit_test(a_folded_row_goes_on_from_where_it_was),
		cmocka_unit_test(one_whose_owner_is_learned_late_is_made_up_for),
		cmocka_unit_test(what_others_had_shown_of_a_newcomer_stays_there),
		cmocka_unit_test(ports_of_all_the_world_leave_half_of_the_labels_to_servers),
		cmocka_unit_test(what_comes_again_by_another_key_keeps_its_labels),
		cmocka_unit_test(a_server_on_any_port_is_no_better_than_a_client),
		cmocka_unit_test(gauges_are_as_they_are_and_others_have_the_rest),
		cmocka_unit_test(no_counter_decreases_and_all_are_the_total_whatever_rows_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
