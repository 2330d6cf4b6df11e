/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The hash index against a trivial model, with hashes good and bad; the hash functions. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/index.h"

#define SEED 0x5eed
#define NR_KEYS 400

struct keys {
	unsigned int equal_calls;
};

/* Things are their own keys: the thing numbered 7 has the key 7. */
static bool key_equal(const void *ctx, uint32_t id, const void *key)
{
	struct keys *keys = (struct keys *)ctx;

	keys->equal_calls++;
	return id == *(const uint32_t *)key;
}

static uint32_t find(const struct index *index, uint32_t hash, uint32_t key)
{
	struct keys keys = { 0 };

	return index_find(index, hash, key_equal, &keys, &key);
}

static uint32_t home_of(const struct index *index, uint32_t at)
{
	return (uint64_t)index->slots[at].hash * index->nr_homes >> 32;
}

static void assert_sane_index(const struct index *index)
{
	const struct index_slot *slots = index->slots;
	uint32_t occupied = 0;
	uint32_t i, at;

	for (i = 0; i < index->nr_slots; i++) {
		if (slots[i].id == INDEX_NONE) {
			assert_int_equal(slots[i].hash, UINT32_MAX);
			continue;
		}
		occupied++;
		/* Reachable: in order, and no hole between its home and itself. */
		assert_true(home_of(index, i) <= i);
		for (at = home_of(index, i); at < i; at++)
			if (slots[at].id == INDEX_NONE || slots[at].hash > slots[i].hash)
				fail_msg("slot %u of id %u is behind %u", i, slots[i].id, at);
	}
	assert_int_equal(occupied, index->count);
	assert_int_equal(slots[index->nr_slots - 1].id, INDEX_NONE);
	assert_true((uint64_t)index->count * 10 <= (uint64_t)index->nr_homes * 8);
}

static uint32_t next_random(uint64_t *random)
{
	*random = *random * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(*random >> 33);
}

static uint32_t good_hash(uint32_t key)
{
	return hash_u64(key);
}

static uint32_t three_homes(uint32_t key)
{
	return hash_u64(key) % 3;
}

static uint32_t homes_at_the_end(uint32_t key)
{
	return ~(hash_u64(key) & 7);
}

static uint32_t neighbours(uint32_t key)
{
	return key / 2;
}

static void churn(uint32_t (*hash)(uint32_t), const char *why)
{
	bool present[NR_KEYS] = { false };
	uint64_t random = SEED;
	struct index index;
	uint32_t step, key;

	assert_int_equal(index_init(&index), 0);
	for (step = 0; step < 12000; step++) {
		/* Phases that fill and phases that drain, else the size never moves much. */
		bool filling = step / 1500 % 2 == 0;
		bool insert = next_random(&random) % 4 < (filling ? 3 : 1);

		key = next_random(&random) % NR_KEYS;
		if (insert && !present[key]) {
			assert_int_equal(index_insert(&index, hash(key), key), 0);
			present[key] = true;
		} else if (!insert) {
			if (index_remove(&index, hash(key), key) != present[key])
				fail_msg("%s: step %u: wrong answer on removing %u", why, step,
					 key);
			present[key] = false;
		}
		assert_sane_index(&index);
		key = next_random(&random) % NR_KEYS;
		if (find(&index, hash(key), key) != (present[key] ? key : INDEX_NONE))
			fail_msg("%s: step %u: wrong answer on finding %u", why, step, key);
	}
	for (key = 0; key < NR_KEYS; key++) {
		if (find(&index, hash(key), key) != (present[key] ? key : INDEX_NONE))
			fail_msg("%s: at the end: wrong answer on finding %u", why, key);
	}
	index_release(&index);
}

static void agrees_with_a_model_under_churn(void **state)
{
	static const struct {
		uint32_t (*hash)(uint32_t);
		const char *why;
	} cases[] = {
		{ good_hash, "the everyday case" },
		{ three_homes, "long runs of equal hashes" },
		{ homes_at_the_end, "runs that wrap around the end of the table" },
		{ neighbours, "runs that touch each other" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		churn(cases[i].hash, cases[i].why);
}

static void grows_to_many_and_shrinks_to_none(void **state)
{
	const uint32_t many = 200000;
	struct index index;
	uint32_t key;

	(void)state;
	assert_int_equal(index_init(&index), 0);
	for (key = 0; key < many; key++)
		assert_int_equal(index_insert(&index, hash_u64(key), key), 0);
	assert_sane_index(&index);
	assert_int_equal(index.count, many);
	for (key = 0; key < many; key++)
		assert_int_equal(find(&index, hash_u64(key), key), key);
	for (key = 0; key < many; key++)
		assert_true(index_remove(&index, hash_u64(key), key));
	assert_sane_index(&index);
	assert_int_equal(index.count, 0);
	assert_int_equal(find(&index, hash_u64(1), 1), INDEX_NONE);
	index_release(&index);
}

static void does_not_grow_while_it_churns_at_one_size(void **state)
{
	struct index index;
	uint32_t homes, key;

	(void)state;
	assert_int_equal(index_init(&index), 0);
	for (key = 0; key < 1000; key++)
		assert_int_equal(index_insert(&index, hash_u64(key), key), 0);
	homes = index.nr_homes;
	for (; key < 100000; key++) {
		assert_true(index_remove(&index, hash_u64(key - 1000), key - 1000));
		assert_int_equal(index_insert(&index, hash_u64(key), key), 0);
	}
	assert_sane_index(&index);
	assert_int_equal(index.nr_homes, homes);
	index_release(&index);
}

static void asks_for_equality_only_where_hashes_match(void **state)
{
	struct keys keys = { 0 };
	struct index index;
	uint32_t key = 2;

	(void)state;
	assert_int_equal(index_init(&index), 0);
	/* One home, different hashes. */
	assert_int_equal(index_insert(&index, 0x10000005, 1), 0);
	assert_int_equal(index_insert(&index, 0x20000005, 2), 0);
	assert_sane_index(&index);
	assert_int_equal(index_find(&index, 0x20000005, key_equal, &keys, &key), 2);
	assert_int_equal(keys.equal_calls, 1);
	assert_int_equal(index_find(&index, 0x30000005, key_equal, &keys, &key), INDEX_NONE);
	assert_int_equal(keys.equal_calls, 1);
	index_release(&index);
}

static void tells_equal_hashes_apart_by_key(void **state)
{
	struct index index;
	uint32_t key;

	(void)state;
	assert_int_equal(index_init(&index), 0);
	for (key = 0; key < 20; key++)
		assert_int_equal(index_insert(&index, 42, key), 0);
	for (key = 0; key < 20; key++)
		assert_int_equal(find(&index, 42, key), key);
	assert_int_equal(find(&index, 42, 20), INDEX_NONE);
	index_release(&index);
}

static void removes_only_what_is_stored_with_that_hash(void **state)
{
	struct index index;

	(void)state;
	assert_int_equal(index_init(&index), 0);
	assert_int_equal(index_insert(&index, 5, 1), 0);
	assert_false(index_remove(&index, 5 + (1u << 20), 1));
	assert_false(index_remove(&index, 5, 2));
	assert_sane_index(&index);
	assert_int_equal(find(&index, 5, 1), 1);
	assert_true(index_remove(&index, 5, 1));
	assert_false(index_remove(&index, 5, 1));
	assert_sane_index(&index);
	index_release(&index);
}

/* Each bit of the input should turn about half of the 32 bits of the output. */
static void assert_avalanche(uint32_t (*hash)(const void *, size_t), size_t len, const char *why)
{
	const unsigned int rounds = 400;
	uint64_t random = SEED;
	unsigned char input[64];
	unsigned int bit, round;
	size_t i;

	for (bit = 0; bit < len * 8; bit++) {
		unsigned int turned = 0;

		for (round = 0; round < rounds; round++) {
			uint32_t before;

			for (i = 0; i < len; i++)
				input[i] = (unsigned char)next_random(&random);
			before = hash(input, len);
			input[bit / 8] ^= (unsigned char)(1u << (bit % 8));
			turned += (unsigned int)__builtin_popcount(before ^ hash(input, len));
		}
		if (turned < rounds * 14 || turned > rounds * 18)
			fail_msg("%s: bit %u of %zu bytes turns %u.%02u bits", why, bit, len,
				 turned / rounds, turned * 100 / rounds % 100);
	}
}

static uint32_t hash_as_u64(const void *data, size_t len)
{
	uint64_t value;

	assert_int_equal(len, sizeof(value));
	memcpy(&value, data, sizeof(value));
	return hash_u64(value);
}

static void mixes_every_bit_of_the_input_into_the_hash(void **state)
{
	static const size_t lengths[] = { 1, 3, 7, 8, 9, 16, 20, 40, 43 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
		assert_avalanche(hash_bytes, lengths[i], "hash_bytes");
	assert_avalanche(hash_as_u64, sizeof(uint64_t), "hash_u64");
}

static void does_not_let_two_changes_cancel_out(void **state)
{
	unsigned char input[24] = "10.0.0.1:4321-10.0.0.2";
	const uint32_t before = hash_bytes(input, sizeof(input));
	unsigned int a, b;

	(void)state;
	for (a = 0; a < sizeof(input) * 8; a++) {
		input[a / 8] ^= (unsigned char)(1u << (a % 8));
		for (b = 0; b < a; b++) {
			input[b / 8] ^= (unsigned char)(1u << (b % 8));
			if (hash_bytes(input, sizeof(input)) == before)
				fail_msg("bits %u and %u cancel out", a, b);
			input[b / 8] ^= (unsigned char)(1u << (b % 8));
		}
		input[a / 8] ^= (unsigned char)(1u << (a % 8));
	}
}

static void tells_lengths_apart(void **state)
{
	static const char zeros[32];
	size_t a, b;

	(void)state;
	for (a = 0; a <= sizeof(zeros); a++) {
		for (b = 0; b < a; b++)
			assert_int_not_equal(hash_bytes(zeros, a), hash_bytes(zeros, b));
	}
}

static void does_not_care_about_alignment(void **state)
{
	char buf[48] = "x10.0.0.1:4321 to 10.0.0.2:80 in namespace 7";

	(void)state;
	for (size_t shift = 0; shift < 8; shift++) {
		char moved[64];

		memcpy(moved + shift, buf, sizeof(buf));
		assert_int_equal(hash_bytes(moved + shift, sizeof(buf)),
				 hash_bytes(buf, sizeof(buf)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_a_model_under_churn),
		cmocka_unit_test(grows_to_many_and_shrinks_to_none),
		cmocka_unit_test(does_not_grow_while_it_churns_at_one_size),
		cmocka_unit_test(asks_for_equality_only_where_hashes_match),
		cmocka_unit_test(tells_equal_hashes_apart_by_key),
		cmocka_unit_test(removes_only_what_is_stored_with_that_hash),
		cmocka_unit_test(mixes_every_bit_of_the_input_into_the_hash),
		cmocka_unit_test(does_not_let_two_changes_cancel_out),
		cmocka_unit_test(tells_lengths_apart),
		cmocka_unit_test(does_not_care_about_alignment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
