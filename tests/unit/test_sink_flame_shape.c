/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sizes, colours and words of flames that are drawn, and how names get into markup. */
#include "test_sink_fake.h"

#include "sink/flame_data.h"
#include "sink/flame_shape.h"
#include "sink/flame_words.h"

static struct flame *new_flame(uint8_t shown, enum flame_color color, const char *base)
{
	struct flame_head head = {
		.weight = WEIGHT_CONNECTIONS,
		.base_name = base,
		.by = { { FRAME_SERVICE, FRAME_STATE, FRAME_CLOSE }, 3 },
		.shown = shown,
		.color = color,
	};
	struct flame *flame = flame_new(&head);

	assert_non_null(flame);
	return flame;
}

static void add(struct flame *flame, enum flame_side side, const char *service, const char *state,
		uint64_t value)
{
	struct flame_part parts[] = { { FRAME_SERVICE, service },
				      { FRAME_STATE, state },
				      { FRAME_CLOSE, "we" } };
	uint64_t weights[NR_FLAME_WEIGHTS] = { value };

	assert_int_equal(flame_add(flame, side, parts, 3, weights), 0);
}

static struct flame_shape shape_of(struct flame *flame, double share)
{
	struct flame_shape shape;

	assert_int_equal(flame_finish(flame, share), 0);
	assert_int_equal(flame_shape_init(&shape, flame), 0);
	return shape;
}

static const struct shape_node *find(const struct flame *flame, const struct flame_shape *shape,
				     const char *name)
{
	for (uint32_t id = 0; id < flame->count; id++)
		if (!strcmp(flame->nodes[id].name, name))
			return &shape->nodes[id];
	fail_msg("there is no '%s'", name);
	return NULL;
}

static void assert_tone(const struct flame *flame, const struct flame_shape *shape,
			const char *name, const char *wanted)
{
	char class[TONE_CLASS_LEN];

	assert_string_equal(flame_tone_class(find(flame, shape, name)->tone, class), wanted);
}

static void colours_a_frame_by_the_state_that_nearly_all_is_in(void **state)
{
	struct flame *flame = new_flame(3, FLAME_BY_STATE, NULL);
	struct flame_shape shape;

	(void)state;
	add(flame, FLAME_NOW, "nearly", "TIME_WAIT", 95);
	add(flame, FLAME_NOW, "nearly", "CLOSING", 5);
	add(flame, FLAME_NOW, "mostly", "TIME_WAIT", 94);
	add(flame, FLAME_NOW, "mostly", "LAST_ACK", 6);
	add(flame, FLAME_NOW, "odd", "(unknown state)", 9);
	shape = shape_of(flame, 0);
	assert_tone(flame, &shape, "nearly", "state-TIME_WAIT");
	assert_tone(flame, &shape, "CLOSING", "state-CLOSING");
	assert_tone(flame, &shape, "mostly", "mixed");
	assert_tone(flame, &shape, "odd", "mixed");
	assert_tone(flame, &shape, "we", "state-LAST_ACK");	/* below: as above it */
	flame_shape_release(&shape);
	flame_free(flame);
}

static void hides_frames_that_are_not_shown_at_first(void **state)
{
	struct flame *flame = new_flame(1, FLAME_BY_STATE, NULL);
	const struct flame_part part = { NR_FLAME_FRAMES, "(other)" };
	uint64_t weights[NR_FLAME_WEIGHTS] = { 50 };
	struct flame_shape shape;

	(void)state;
	add(flame, FLAME_NOW, "one", "TIME_WAIT", 40);
	add(flame, FLAME_NOW, "one", "CLOSE", 10);
	assert_int_equal(flame_add(flame, FLAME_NOW, &part, 1, weights), 0);
	shape = shape_of(flame, 0);
	assert_true(find(flame, &shape, "one")->shown);
	assert_int_equal(find(flame, &shape, "one")->own[FLAME_NOW], 50);
	assert_false(find(flame, &shape, "TIME_WAIT")->shown);
	assert_false(find(flame, &shape, "we")->shown);
	assert_true(find(flame, &shape, "(other)")->shown);
	assert_tone(flame, &shape, "(other)", "folded");
	assert_true(find(flame, &shape, "one")->size == 0.5);
	flame_shape_release(&shape);
	flame_free(flame);
}

static void gives_room_to_the_larger_side(void **state)
{
	struct flame *flame = new_flame(3, FLAME_BY_STATE, "base");
	struct flame_shape shape;

	(void)state;
	add(flame, FLAME_BASE, "gone", "CLOSE", 60);
	add(flame, FLAME_NOW, "new", "CLOSE", 20);
	add(flame, FLAME_NOW, "same", "CLOSE", 100);
	add(flame, FLAME_BASE, "same", "CLOSE", 99);
	add(flame, FLAME_NOW, "halved", "CLOSE", 10);
	add(flame, FLAME_BASE, "halved", "CLOSE", 20);
	shape = shape_of(flame, 0);
	assert_true(find(flame, &shape, "gone")->size == 0.3);
	assert_true(find(flame, &shape, "new")->size == 0.1);
	assert_true(find(flame, &shape, "halved")->size == 0.1);
	assert_true(find(flame, &shape, "all")->size == 1);
	assert_tone(flame, &shape, "gone", "shrunk-5");
	assert_tone(flame, &shape, "new", "grown-5");
	assert_tone(flame, &shape, "same", "same");
	assert_tone(flame, &shape, "halved", "shrunk-3");
	flame_shape_release(&shape);
	flame_free(flame);
}

static void colours_all_below_a_service_alike(void **state)
{
	struct flame *flame = new_flame(3, FLAME_BY_SERVICE, NULL);
	struct flame_shape shape;

	(void)state;
	add(flame, FLAME_NOW, "one", "CLOSE", 60);
	add(flame, FLAME_NOW, "two", "LAST_ACK", 60);
	shape = shape_of(flame, 0);
	assert_int_equal(find(flame, &shape, "one")->tone, TONE_SERVICE + flame_hue("one"));
	assert_int_equal(find(flame, &shape, "CLOSE")->tone, TONE_SERVICE + flame_hue("one"));
	assert_int_equal(find(flame, &shape, "LAST_ACK")->tone, TONE_SERVICE + flame_hue("two"));
	assert_tone(flame, &shape, "all", "mixed");
	flame_shape_release(&shape);
	flame_free(flame);
}

static void escapes_what_markup_would_take_for_its_own(void **state)
{
	static const struct {
		const char *text;
		size_t columns;	/* 0: all of it */
		const char *wanted;
	} rows[] = {
		{ "<a href='x'>\"&\"]]>", 0, "&lt;a href=&#39;x&#39;&gt;&quot;&amp;&quot;]]&gt;" },
		{ "\xef\xbf\xbe\xef\xbf\xbf\xef\xbf\xbd", 0,
		  "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xf0\x9f\x92\xa3", 0, "\xf0\x9f\x92\xa3" },
		{ "abcdef", 6, "abcdef" },
		{ "abcdef", 5, "abcd\xe2\x80\xa6" },
		{ "cut \xe6\x94", 0, "cut \xef\xbf\xbd\xef\xbf\xbd" },
		{ "\x1b", 0, "\xef\xbf\xbd" },
		{ "<<<<", 3, "&lt;&lt;\xe2\x80\xa6" },
		{ "\xe6\x94\xaf\xe6\x94\xaf\xe6\x94\xaf", 4, "\xe6\x94\xaf\xe2\x80\xa6" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char is[128] = "";
		FILE *out = fmemopen(is, sizeof(is), "w");

		assert_non_null(out);
		if (rows[i].columns)
			markup_text_cut(rows[i].text, rows[i].columns, out);
		else
			markup_text(rows[i].text, out);
		assert_int_equal(fclose(out), 0);
		assert_string_equal(is, rows[i].wanted);
	}
}

static void rounds_shares_so_that_something_is_never_nothing(void **state)
{
	static const struct {
		uint64_t part, whole;
		const char *wanted;
	} rows[] = {
		{ 1, 3, "33.3 %" },
		{ 1, 100000, "under 0.1 %" },
		{ 0, 7, "0.0 %" },
		{ 7, 7, "100 %" },
		{ 0, 0, "-" },
		{ 3125, 10000, "31.3 %" },
		{ 20817, 200, "10409 %" },
	};
	char text[FLAME_SHARE_LEN];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(flame_share_text(rows[i].part, rows[i].whole, text),
				    rows[i].wanted);
}

static void names_the_heaviest_services(void **state)
{
	struct flame *flame = new_flame(3, FLAME_BY_SERVICE, NULL);
	struct flame_service services[FLAME_HEAVIEST];
	struct flame_shape shape;
	char name[16];

	(void)state;
	for (unsigned int i = 0; i < 12; i++) {
		snprintf(name, sizeof(name), "service %u", i);
		add(flame, FLAME_NOW, name, "CLOSE", i);
		add(flame, FLAME_NOW, name, "LAST_ACK", i);
	}
	shape = shape_of(flame, 0);
	assert_int_equal(flame_services(flame, &shape, services), 11);	/* one weighs nothing */
	for (unsigned int i = 0; i < FLAME_HEAVIEST; i++) {
		snprintf(name, sizeof(name), "service %u", 11 - i);
		assert_string_equal(services[i].name, name);
		assert_int_equal(services[i].total, 2 * (11 - i));
	}
	flame_shape_release(&shape);
	flame_free(flame);
}

static void names_a_service_once_wherever_it_stands(void **state)
{
	struct flame *flame = new_flame(2, FLAME_BY_SERVICE, NULL);
	struct flame_service services[FLAME_HEAVIEST];
	struct flame_shape shape;

	(void)state;
	flame->head.by = (struct flame_by){ { FRAME_STATE, FRAME_SERVICE }, 2 };
	for (unsigned int i = 0; i < 3; i++) {
		struct flame_part parts[] = { { FRAME_STATE, i ? "CLOSE" : "LAST_ACK" },
					      { FRAME_SERVICE, i == 2 ? "two" : "one" } };
		uint64_t weights[NR_FLAME_WEIGHTS] = { 10 + i };

		assert_int_equal(flame_add(flame, FLAME_NOW, parts, 2, weights), 0);
	}
	shape = shape_of(flame, 0);
	assert_int_equal(flame_services(flame, &shape, services), 2);
	assert_string_equal(services[0].name, "one");
	assert_int_equal(services[0].total, 21);
	flame_shape_release(&shape);
	flame->head.shown = 1;	/* and where they are not shown there is none */
	assert_int_equal(flame_shape_init(&shape, flame), 0);
	assert_int_equal(flame_services(flame, &shape, services), 0);
	flame_shape_release(&shape);
	flame_free(flame);
}

static void tells_the_page_times_whose_sum_is_right(void **state)
{
	struct flame *flame = new_flame(3, FLAME_BY_STATE, NULL);
	static const char *const services[] = { "a", "b", "c" };
	char json[4096] = "";
	FILE *out = fmemopen(json, sizeof(json), "w");

	(void)state;
	assert_non_null(out);
	flame->head.weight = WEIGHT_SECONDS;
	for (size_t i = 0; i < 3; i++) {
		struct flame_part part = { FRAME_SERVICE, services[i] };
		uint64_t weights[NR_FLAME_WEIGHTS] = { [WEIGHT_SECONDS] = 1400 };

		assert_int_equal(flame_add(flame, FLAME_NOW, &part, 1, weights), 0);
	}
	assert_int_equal(flame_finish(flame, 0), 0);
	assert_int_equal(flame_data_write(flame, out), 0);
	assert_int_equal(fclose(out), 0);
	/* 4.2 us */
	assert_non_null(strstr(json, "[[0,0],0,1],\n[[0,1],0,2],\n[[0,2],0,1]]"));
	flame_free(flame);
}

static void says_both_totals_and_that_lengths_differ(void **state)
{
	static const struct {
		unsigned int now_s, base_s;
		bool normalized;
		const char *hint;
	} rows[] = {
		{ 30, 25, false,
		  "The lengths of the two differ (30.0s and 25.0s): --normalize compares shares" },
		{ 25, 30, false,
		  "The lengths of the two differ (25.0s and 30.0s): --normalize compares shares" },
		{ 30, 25, true, NULL },
		{ 30, 27, false, NULL },
		{ 30, 33, false, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct flame *flame = new_flame(1, FLAME_BY_STATE, "base");
		struct flame_words words;

		flame->head.to_ns[FLAME_NOW] = rows[i].now_s * 1000000000ULL;
		flame->head.to_ns[FLAME_BASE] = rows[i].base_s * 1000000000ULL;
		flame->head.normalized = rows[i].normalized;
		add(flame, FLAME_NOW, "one", "CLOSE", 1727);
		add(flame, FLAME_BASE, "one", "CLOSE", 1078);
		assert_int_equal(flame_finish(flame, 0), 0);
		assert_int_equal(flame_words_init(&words, flame), 0);
		assert_string_equal(words.by,
				    "1,727 connections now, 1,078 in the base, by service");
		if (rows[i].hint)
			assert_string_equal(words.hint, rows[i].hint);
		else
			assert_null(words.hint);
		flame_words_release(&words);
		flame_free(flame);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(colours_a_frame_by_the_state_that_nearly_all_is_in),
		cmocka_unit_test(hides_frames_that_are_not_shown_at_first),
		cmocka_unit_test(gives_room_to_the_larger_side),
		cmocka_unit_test(colours_all_below_a_service_alike),
		cmocka_unit_test(escapes_what_markup_would_take_for_its_own),
		cmocka_unit_test(names_the_heaviest_services),
		cmocka_unit_test(names_a_service_once_wherever_it_stands),
		cmocka_unit_test(tells_the_page_times_whose_sum_is_right),
		cmocka_unit_test(says_both_totals_and_that_lengths_differ),
		cmocka_unit_test(rounds_shares_so_that_something_is_never_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
