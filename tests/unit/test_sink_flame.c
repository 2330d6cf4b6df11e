// SPDX-License-Identifier: GPL-2.0-or-later
/* The tree of a flame-style summary, and the two formats that are plain text. */
#include "test_sink_fake.h"

#include "sink/flame.h"
#include "sink/flame_sink.h"

/* A stack of services, remotes and states from "a;b;c", with one weight or all of them. */
static void add(struct flame *flame, enum flame_side side, const char *stack, uint64_t value)
{
	static const enum flame_frame frames[] = { FRAME_SERVICE, FRAME_REMOTE, FRAME_STATE };
	uint64_t weights[NR_FLAME_WEIGHTS] = { [WEIGHT_CONNECTIONS] = value,
					       [WEIGHT_OPEN] = value / 2,
					       [WEIGHT_SECONDS] = value * 1000000 };
	struct flame_part parts[3];
	char text[256], *at = text;
	size_t count = 0;

	snprintf(text, sizeof(text), "%s", stack);
	while (at && count < 3) {
		parts[count] = (struct flame_part){ frames[count], strsep(&at, "\t") };
		count++;
	}
	assert_int_equal(flame_add(flame, side, parts, count, weights), 0);
}

static struct flame *empty(enum flame_weight weight, const char *base)
{
	struct flame_head head = {
		.host = "web1",
		.weight = weight,
		.base_name = base,
		.by = { { FRAME_SERVICE, FRAME_REMOTE, FRAME_STATE }, 3 },
	};
	struct flame *flame = flame_new(&head);

	assert_non_null(flame);
	return flame;
}

/* What a format writes; to be freed. */
static char *written(const struct flame *flame, void (*write)(const struct flame *, FILE *))
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	write(flame, out);
	assert_int_equal(fclose(out), 0);
	return text;
}

/* Finishes, writes it folded, frees it. */
static void check_folded(struct flame *flame, double share, const char *want)
{
	char *text;

	assert_int_equal(flame_finish(flame, share), 0);
	text = written(flame, flame_folded_write);
	assert_string_equal(text, want);
	free(text);
	flame_free(flame);
}

/* ------------------------------------------------------------------------------- tree */

static void stacks_share_their_frames_and_stand_in_order(void **state)
{
	struct flame *flame = empty(WEIGHT_CONNECTIONS, NULL);

	(void)state;
	add(flame, FLAME_NOW, "b\t2", 3);
	add(flame, FLAME_NOW, "a\t1", 1);
	add(flame, FLAME_NOW, "b\t1", 5);
	add(flame, FLAME_NOW, "b\t2", 2);
	add(flame, FLAME_NOW, "b", 7);
	assert_int_equal(flame->stacks, 4);
	assert_int_equal(flame->nodes[FLAME_ROOT].stacks, 4);
	assert_int_equal(flame->nodes[FLAME_ROOT].total[FLAME_NOW][WEIGHT_CONNECTIONS], 18);
	check_folded(flame, 0, "a;1 1\nb 7\nb;1 5\nb;2 5\n");
}

static void small_frames_become_one_and_totals_stay(void **state)
{
	struct flame *flame = empty(WEIGHT_CONNECTIONS, NULL);
	char stack[32];

	(void)state;
	add(flame, FLAME_NOW, "big\thost", 10000);
	for (unsigned int i = 0; i < 1200; i++) {
		snprintf(stack, sizeof(stack), "big\t10.0.%u.%u", i / 256, i % 256);
		add(flame, FLAME_NOW, stack, 2);
	}
	/* two small services, of which one has two stacks */
	add(flame, FLAME_NOW, "small1\ta", 1);
	add(flame, FLAME_NOW, "small1\tb", 1);
	add(flame, FLAME_NOW, "small2\ta", 1);
	check_folded(flame, 0.01,
		     "big;host 10000\nbig;(other: 1,200 stacks) 2400\n(other: 3 stacks) 3\n");
}

static void what_has_the_share_is_not_below_it(void **state)
{
	struct flame *flame = empty(WEIGHT_CONNECTIONS, NULL);

	(void)state;
	add(flame, FLAME_NOW, "a", 10);
	add(flame, FLAME_NOW, "b", 10);
	add(flame, FLAME_NOW, "c", 9);
	add(flame, FLAME_NOW, "d", 1);
	add(flame, FLAME_NOW, "e", 70);
	check_folded(flame, 0.1, "a 10\nb 10\ne 70\n(other: 2 stacks) 10\n");
}

static void one_small_frame_stays_itself(void **state)
{
	struct flame *flame = empty(WEIGHT_CONNECTIONS, NULL);

	(void)state;
	add(flame, FLAME_NOW, "big", 10000);
	add(flame, FLAME_NOW, "small\ta", 1);
	add(flame, FLAME_NOW, "small\tb", 1);
	check_folded(flame, 0.01, "big 10000\nsmall;(other: 2 stacks) 2\n");
}

static void what_is_large_in_one_weight_or_on_one_side_is_not_folded(void **state)
{
	uint64_t failures[NR_FLAME_WEIGHTS] = { [WEIGHT_FAILURES] = 3 };
	struct flame_part part = { FRAME_SERVICE, "failing" };
	struct flame *flame = empty(WEIGHT_CONNECTIONS, "base");

	(void)state;
	add(flame, FLAME_NOW, "big", 10000);
	add(flame, FLAME_NOW, "was", 1);
	add(flame, FLAME_NOW, "small1", 1);
	add(flame, FLAME_NOW, "small2", 1);
	add(flame, FLAME_BASE, "was", 500);
	assert_int_equal(flame_add(flame, FLAME_NOW, &part, 1, failures), 0);
	assert_int_equal(flame_finish(flame, 0.01), 0);
	assert_int_equal(flame->count, 5);
	assert_string_equal(flame->nodes[flame->nodes[FLAME_ROOT].child].name, "big");
	assert_string_equal(flame->nodes[2].name, "failing");
	assert_string_equal(flame->nodes[3].name, "was");
	assert_true(flame->nodes[4].folded);
	assert_int_equal(flame->nodes[4].stacks, 2);
	flame_free(flame);
}

static void a_base_is_merged_and_scaled(void **state)
{
	struct flame *flame = empty(WEIGHT_CONNECTIONS, "base");
	struct flame *base = empty(WEIGHT_CONNECTIONS, NULL);

	(void)state;
	add(flame, FLAME_NOW, "a\t1", 30);
	add(flame, FLAME_NOW, "new", 10);
	add(base, FLAME_NOW, "a\t1", 5);
	add(base, FLAME_NOW, "a\tgone", 15);
	assert_int_equal(flame_merge(flame, FLAME_BASE, base), 0);
	flame_free(base);
	assert_int_equal(flame->stacks, 3);
	assert_int_equal(flame_base(flame, FLAME_ROOT, WEIGHT_CONNECTIONS), 20);
	flame->head.normalized = true;
	assert_int_equal(flame_base(flame, FLAME_ROOT, WEIGHT_CONNECTIONS), 40);
	check_folded(flame, 0, "a;1 10 30\na;gone 30 0\nnew 0 10\n");
}

static void a_base_goes_without_the_frames_that_this_side_lacks(void **state)
{
	static const uint64_t weights[NR_FLAME_WEIGHTS] = { 7 };
	struct flame *flame = empty(WEIGHT_CONNECTIONS, "base");
	struct flame *base = empty(WEIGHT_CONNECTIONS, NULL);
	struct flame_part parts[2] = { { FRAME_HOST, "web1" }, { FRAME_SERVICE, "a" } };

	(void)state;
	assert_int_equal(flame_add(base, FLAME_NOW, parts, 2, weights), 0);
	assert_int_equal(flame_add(base, FLAME_NOW, parts, 1, weights), 0);
	assert_int_equal(flame_merge(flame, FLAME_BASE, base), 0);
	flame_free(base);
	check_folded(flame, 0, "all 7 0\na 7 0\n");
}

/* What is rounded off must not be left on frames in which no stack ends. */
static void a_scaled_base_has_no_stacks_of_its_own(void **state)
{
	struct flame *flame = empty(WEIGHT_CONNECTIONS, "base");

	(void)state;
	flame->head.normalized = true;
	add(flame, FLAME_NOW, "a\t1", 7);
	add(flame, FLAME_BASE, "a\t1", 1);
	add(flame, FLAME_BASE, "a\t2", 1);
	add(flame, FLAME_BASE, "b\t1", 1);
	check_folded(flame, 0, "a;1 2 7\na;2 2 0\nb;1 3 0\n");
}

static void nothing_at_all_is_fine(void **state)
{
	(void)state;
	check_folded(empty(WEIGHT_CONNECTIONS, NULL), 0.1, "");
	check_folded(empty(WEIGHT_SECONDS, "base"), 0, "");
}

/* ----------------------------------------------------------------------------- folded */

static void names_do_not_break_lines(void **state)
{
	struct flame *flame = empty(WEIGHT_CONNECTIONS, NULL);

	(void)state;
	add(flame, FLAME_NOW, "#evil;name\t<script>\tport 443", 1);
	add(flame, FLAME_NOW, "\t::1\tv 1.5.", 2);
	add(flame, FLAME_NOW, "443\t 7\tx  9", 3);
	check_folded(flame, 0,
		     "(empty);::1;v_1.5. 2\n_#evil:name;(script);port_443 1\n443;_7;x _9 3\n");
}

static void times_are_in_microseconds_and_add_up(void **state)
{
	static const uint64_t ns[] = { 400, 400, 400, 1234567, 999 };
	struct flame *flame = empty(WEIGHT_SECONDS, NULL);
	uint64_t weights[NR_FLAME_WEIGHTS] = { 0 };

	(void)state;
	for (unsigned int i = 0; i < 5; i++) {
		char name[2] = { 'a' + i, '\0' };
		struct flame_part part = { FRAME_SERVICE, name };

		weights[WEIGHT_SECONDS] = ns[i];
		assert_int_equal(flame_add(flame, FLAME_NOW, &part, 1, weights), 0);
	}
	/* 1,236,766 ns in all */
	check_folded(flame, 0, "b 1\nd 1235\ne 1\n");
}

/* ------------------------------------------------------------------------- speedscope */

static void speedscope_has_a_profile_for_each_weight(void **state)
{
	struct flame *flame = empty(WEIGHT_OPEN, NULL);
	char *text;

	(void)state;
	add(flame, FLAME_NOW, "a\tx", 30);
	add(flame, FLAME_NOW, "x\ta", 10);
	assert_int_equal(flame_finish(flame, 0), 0);
	text = written(flame, flame_speedscope_write);
	/* frames of one name are one, whatever they are of */
	assert_string_equal(text,
			    "{\"$schema\":\"https://www.speedscope.app/file-format-schema.json\","
			    "\"name\":\"twtrace web1 1970-01-01T00:00:00.000000000Z\","
			    "\"exporter\":\"twtrace\",\"activeProfileIndex\":0,"
			    "\"shared\":{\"frames\":[{\"name\":\"a\"},{\"name\":\"x\"}]},"
			    "\"profiles\":["
			    "{\"type\":\"sampled\",\"name\":\"open\",\"unit\":\"none\","
			    "\"startValue\":0,\"endValue\":20,"
			    "\"samples\":[[0,1],[1,0]],\"weights\":[15,5]},"
			    "{\"type\":\"sampled\",\"name\":\"connections\",\"unit\":\"none\","
			    "\"startValue\":0,\"endValue\":40,"
			    "\"samples\":[[0,1],[1,0]],\"weights\":[30,10]},"
			    "{\"type\":\"sampled\",\"name\":\"seconds\",\"unit\":\"nanoseconds\","
			    "\"startValue\":0,\"endValue\":40000000,"
			    "\"samples\":[[0,1],[1,0]],\"weights\":[30000000,10000000]}]}\n");
	free(text);
	flame_free(flame);
}

static void a_comparison_for_speedscope_has_its_base_beside(void **state)
{
	struct flame *flame = empty(WEIGHT_OPEN, "base");
	char *text;

	(void)state;
	add(flame, FLAME_NOW, "a", 30);
	add(flame, FLAME_BASE, "b", 10);
	assert_int_equal(flame_finish(flame, 0), 0);
	text = written(flame, flame_speedscope_write);
	assert_non_null(strstr(text, "\"name\":\"open\",\"unit\":\"none\",\"startValue\":0,"
				     "\"endValue\":15,\"samples\":[[0]],\"weights\":[15]}"));
	assert_non_null(strstr(text, "\"name\":\"open (base)\",\"unit\":\"none\","
				     "\"startValue\":0,\"endValue\":5,\"samples\":[[1]],"
				     "\"weights\":[5]}"));
	free(text);
	flame_free(flame);
}

/* -------------------------------------------------------------------------- of a model */

static void fake_flame(struct fake_output *output, struct flame_opts *opts)
{
	static const struct flame_part parts[] = { { FRAME_HOST, "web-1" },
						   { FRAME_SERVICE, "shop" },
						   { FRAME_REMOTE, "10.0.0.9" } };
	static const struct flame_part other = { NR_FLAME_FRAMES, "(other)" };
	static uint8_t addr[ADDR_LEN], none[ADDR_LEN];

	fake_addr(addr, 10, 0, 0, 9);
	fake_stacks[0] = (struct flame_stack){ .parts = parts,
					       .count = 3,
					       .remote_addr = addr,
					       .weights = { 5 } };
	fake_stacks[1] = (struct flame_stack){ .parts = &other,
					       .count = 1,
					       .remote_addr = none,
					       .weights = { 2 } };
	nr_fake_stacks = 2;
	*opts = (struct flame_opts){ .by = { { FRAME_HOST, FRAME_SERVICE, FRAME_REMOTE }, 3 },
				     .shown = 3,
				     .share = -1 };
	fake_output_init(output);
	output->opts.flame = opts;
}

static void what_had_no_room_is_other_and_said_to_be(void **state)
{
	struct model *model = fake_model();
	struct fake_output output;
	struct flame_opts opts;

	(void)state;
	fake_flame(&output, &opts);
	fake_draw(&flame_folded_sink, &output, model, false, true);
	fake_output_expect(&output, "(other) 2\nweb-1;shop;10.0.0.9 5\n");
	fake_flame(&output, &opts);
	fake_unplaced = 2;
	fake_draw(&flame_svg_sink, &output, model, false, true);
	fflush(output.opts.out);
	assert_non_null(strstr(output.text, "2 figures had no room and are under (other)"));
	fclose(output.opts.out);
	free(output.text);
	fake_unplaced = 0;
	fake_model_free(model);
}

static void one_host_is_no_frame_and_remotes_have_names(void **state)
{
	struct model *model = fake_model();
	struct names *names = fake_names();
	struct fake_output output;
	struct flame_opts opts;

	(void)state;
	fake_flame(&output, &opts);
	opts.host_if_several = true;
	output.opts.names = names;
	fake_draw(&flame_folded_sink, &output, model, false, true);
	fake_output_expect(&output, "(other) 2\nshop;client.example 5\n");
	names_free(names);
	fake_model_free(model);
}

static void figures_for_people(void **state)
{
	char text[TEXT_LEN];

	(void)state;
	assert_string_equal(flame_value_text(WEIGHT_OPEN, 1234567, text), "1,234,567");
	assert_string_equal(flame_value_text(WEIGHT_SECONDS, 200000000000, text), "3m20s");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stacks_share_their_frames_and_stand_in_order),
		cmocka_unit_test(small_frames_become_one_and_totals_stay),
		cmocka_unit_test(what_has_the_share_is_not_below_it),
		cmocka_unit_test(a_scaled_base_has_no_stacks_of_its_own),
		cmocka_unit_test(one_small_frame_stays_itself),
		cmocka_unit_test(what_is_large_in_one_weight_or_on_one_side_is_not_folded),
		cmocka_unit_test(a_base_is_merged_and_scaled),
		cmocka_unit_test(a_base_goes_without_the_frames_that_this_side_lacks),
		cmocka_unit_test(nothing_at_all_is_fine),
		cmocka_unit_test(names_do_not_break_lines),
		cmocka_unit_test(times_are_in_microseconds_and_add_up),
		cmocka_unit_test(speedscope_has_a_profile_for_each_weight),
		cmocka_unit_test(a_comparison_for_speedscope_has_its_base_beside),
		cmocka_unit_test(what_had_no_room_is_other_and_said_to_be),
		cmocka_unit_test(one_host_is_no_frame_and_remotes_have_names),
		cmocka_unit_test(figures_for_people),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
