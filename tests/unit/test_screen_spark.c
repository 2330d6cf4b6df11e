// SPDX-License-Identifier: GPL-2.0-or-later
/* Lines of bars: a peak is never lost, whatever there is room for. */
#include "model_fixture.h"

#include "screen/spark.h"

static int open_history(void **state)
{
	fixture_open(state);
	fixture_start(*state, &(struct model_opts){ .history = HISTORY_LAST });
	((struct fixture *)*state)->unchecked = true;
	feed_bare(*state, TW_READY);
	return 0;
}

/* As many in CLOSE-WAIT as there are, and seconds later a point of it. */
static void point_of(struct fixture *f, unsigned int count, uint64_t seconds)
{
	static uint64_t cookie;

	for (unsigned int i = 0; i < count; i++) {
		struct end end = client(++cookie);

		feed_connected(f, &end);
		feed_brief(f, &end, TW_ESTABLISHED, TW_CLOSE_WAIT, 0);
	}
	pass(f, seconds * SECOND);
	model_mark_interval(f->model, f->now_ns);
}

static void end_all(void *ctx, const struct conn_view *view)
{
	struct end *ends = ctx;

	while (ends->cookie)
		ends++;
	ends->cookie = view->cookie;
}

static void empty(struct fixture *f)
{
	struct end ends[64] = { 0 };

	model_each_conn(f->model, end_all, ends);
	for (const struct end *end = ends; end->cookie; end++)
		feed_brief(f, end, TW_CLOSE_WAIT, TW_CLOSE, TW_F_DONE);
}

static void assert_drawn(const struct fixture *f, const char *why, unsigned int width, bool ascii,
			 const char *expected)
{
	struct spark spark = spark_of(f->model, FIELD_CLOSE_WAIT);
	struct frame frame;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_int_equal(frame_init(&frame, 20, 1, ascii), 0);
	assert_true(spark_draw(&spark, f->model, &frame, 0, 0, width) <= width);
	frame_write(&frame, out, false);
	fclose(out);
	text[strcspn(text, "\n")] = '\0';
	if (strcmp(text, expected))
		fail_msg("%s: '%s', not '%s'", why, text, expected);
	free(text);
	frame_release(&frame);
}

static void without_two_points_there_is_no_course(void **state)
{
	struct fixture *f = *state;

	assert_drawn(f, "none", 10, false, "");
	point_of(f, 3, 1);
	assert_int_equal(spark_of(f->model, FIELD_CLOSE_WAIT).span_ns, 0);
	assert_int_equal(spark_of(f->model, FIELD_CLOSE_WAIT).peak, 3);
	assert_drawn(f, "one", 10, false, "");
}

static void bars_are_parts_of_the_greatest(void **state)
{
	struct fixture *f = *state;

	for (unsigned int i = 0; i < 8; i++)
		point_of(f, 1, 1);
	assert_drawn(f, "a column a second", 20, false, "▁▂▃▄▅▆▇█");
	assert_drawn(f, "in ASCII", 20, true, "_.--==*#");
	empty(f);
	point_of(f, 0, 1);
	assert_drawn(f, "none is blank", 20, false, "▁▂▃▄▅▆▇█");
	point_of(f, 1, 1);
	assert_drawn(f, "one is not", 20, false, "▁▂▃▄▅▆▇█ ▁");
}

static void a_peak_is_not_lost_where_there_is_less_room(void **state)
{
	struct fixture *f = *state;

	for (unsigned int i = 0; i < 12; i++) {
		if (i == 6) {
			point_of(f, 7, 1);
			empty(f);
		} else {
			point_of(f, i == 0, 1);
		}
	}
	assert_int_equal(spark_of(f->model, FIELD_CLOSE_WAIT).peak, 8);
	assert_drawn(f, "two to three points a column", 4, false, "▁▁█");
}

static void what_was_not_looked_at_is_what_it_was(void **state)
{
	struct fixture *f = *state;

	point_of(f, 8, 1);
	point_of(f, 0, 4);
	empty(f);
	point_of(f, 2, 1);
	assert_drawn(f, "a gap of four seconds", 10, false, "█████▂");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(without_two_points_there_is_no_course, open_history,
						fixture_close),
		cmocka_unit_test_setup_teardown(bars_are_parts_of_the_greatest, open_history,
						fixture_close),
		cmocka_unit_test_setup_teardown(a_peak_is_not_lost_where_there_is_less_room,
						open_history, fixture_close),
		cmocka_unit_test_setup_teardown(what_was_not_looked_at_is_what_it_was, open_history,
						fixture_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
