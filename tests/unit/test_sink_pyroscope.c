/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The body of a push, read field by field; which labels are taken. */
#include "test_sink_fake.h"

#include <ctype.h>
#include <errno.h>

#include "sink/pyroscope.h"
#include "wire.h"

#define MOST 8
#define PROFILE "\x1f\x8b\x08\0\n profile \xff"	/* bytes, not text */

static const struct pyroscope_label labels[] = {
	{ "__name__", "twtrace" },
	{ "service_name", "nginx.service" },
	{ "_zone9", "\xc3\xa9u \"1\"" },
	{ "empty", "" },
};

#define NR_LABELS (sizeof(labels) / sizeof(labels[0]))

/* What a body holds. */
struct push {
	unsigned char *bytes;	/* owned */
	struct wire names[MOST], values[MOST], profile, id;
	size_t nr_labels, nr_samples;
};

static struct wire field_of(struct wire wire, uint32_t number)
{
	struct wire found = { NULL, NULL };
	struct wire_field field;

	while (wire_next(&wire, &field)) {
		assert_in_range(field.number, 1, 2);
		assert_false(field.is_number);
		if (field.number == number)
			found = field.bytes;
	}
	return found;
}

static void pushed(struct push *push)
{
	struct error err = { 0 };
	struct wire_field field = { 0 };
	struct wire wire;
	size_t len;

	*push = (struct push){ .nr_labels = 0 };
	assert_int_equal(pyroscope_body(PROFILE, sizeof(PROFILE), labels, NR_LABELS, &push->bytes,
					&len, &err),
			 0);
	wire = (struct wire){ push->bytes, push->bytes + len };
	assert_true(wire_next(&wire, &field));
	assert_int_equal(field.number, 1);
	assert_int_equal(wire_len(&wire), 0);
	wire = field.bytes;
	while (wire_next(&wire, &field)) {
		if (field.number == 1) {
			assert_true(push->nr_labels < MOST);
			push->names[push->nr_labels] = field_of(field.bytes, 1);
			push->values[push->nr_labels++] = field_of(field.bytes, 2);
			continue;
		}
		assert_int_equal(field.number, 2);
		push->nr_samples++;
		push->profile = field_of(field.bytes, 1);
		push->id = field_of(field.bytes, 2);
	}
}

static void has_the_labels_and_the_profile(void **state)
{
	struct push push;

	(void)state;
	pushed(&push);
	assert_int_equal(push.nr_labels, NR_LABELS);
	for (size_t i = 0; i < NR_LABELS; i++) {
		assert_true(wire_equal(&push.names[i], labels[i].name));
		assert_true(wire_equal(&push.values[i], labels[i].value));
	}
	assert_int_equal(push.nr_samples, 1);
	assert_int_equal(wire_len(&push.profile), sizeof(PROFILE));
	assert_memory_equal(push.profile.at, PROFILE, sizeof(PROFILE));
	free(push.bytes);
}

static void each_push_has_an_id_of_its_own(void **state)
{
	struct push first, second;

	(void)state;
	pushed(&first);
	pushed(&second);
	assert_int_equal(wire_len(&first.id), 36);
	assert_int_equal(wire_len(&second.id), 36);
	for (size_t i = 0; i < 36; i++) {
		if (i == 8 || i == 13 || i == 18 || i == 23)
			assert_int_equal(first.id.at[i], '-');
		else
			assert_true(isxdigit(first.id.at[i]) && !isupper(first.id.at[i]));
	}
	assert_int_equal(first.id.at[14], '4');
	assert_non_null(strchr("89ab", first.id.at[19]));
	assert_memory_not_equal(first.id.at, second.id.at, 36);
	free(first.bytes);
	free(second.bytes);
}

static void takes_names_that_prometheus_takes(void **state)
{
	static const char *const good[] = { "a", "_", "__name__", "Zz09_", "service_name" };
	static const char *const bad[] = { "", "9a", "a-b", "a.b", "a b", "\xc3\xa9", "a\n", " a" };

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (!pyroscope_is_label_name(good[i]))
			fail_msg("'%s' is refused", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (pyroscope_is_label_name(bad[i]))
			fail_msg("'%s' is taken", bad[i]);
}

static void refuses_labels_that_the_server_would(void **state)
{
	static const struct {
		struct pyroscope_label labels[4];
		size_t count;
		const char *says;
	} cases[] = {
		{ { { "__name__", "x" }, { "service_name", "y" }, { "a-b", "z" } }, 3, "'a-b'" },
		{ { { "__name__", "x" }, { "service_name", "y" }, { "a", "1" }, { "a", "1" } },
		  4,
		  "'a' is there twice" },
		{ { { "service_name", "y" } }, 1, "'__name__' is missing" },
		{ { { "__name__", "x" } }, 1, "'service_name' is missing" },
		{ { { NULL, NULL } }, 0, "is missing" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unsigned char *body;
		struct error err = { 0 };
		size_t len;

		assert_int_equal(pyroscope_body("x", 1, cases[i].labels, cases[i].count, &body,
						&len, &err),
				 -EINVAL);
		if (!strstr(err.text, cases[i].says))
			fail_msg("said '%s', not '%s'", err.text, cases[i].says);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(has_the_labels_and_the_profile),
		cmocka_unit_test(each_push_has_an_id_of_its_own),
		cmocka_unit_test(takes_names_that_prometheus_takes),
		cmocka_unit_test(refuses_labels_that_the_server_would),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
