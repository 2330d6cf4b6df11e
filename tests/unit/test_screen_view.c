// SPDX-License-Identifier: GPL-2.0-or-later
/* The full-screen view of a model that goes on: what keys ask for, what stays and what changes. */
#include "model_fixture.h"

#include "base/frame.h"
#include "screen/view.h"

#define WIDTH 100
#define HEIGHT 30
#define MANY_CONNS 1200

struct screen {
	struct fixture f;
	struct view *view;
	struct view_now now;
	struct frame frame;
	char *text;		/* of the last frame */
	uint64_t cookies;
};

static void to_view(void *ctx, const struct model_event *event)
{
	view_event(((struct screen *)ctx)->view, event);
}

static void start(struct screen *screen, bool replay)
{
	static const struct sink_opts opts = { .host = "web-1" };

	fixture_start(&screen->f, &(struct model_opts){ .leaks = true, .history = HISTORY_LAST });
	screen->f.unchecked = true;
	screen->view = view_new(&(struct view_opts){ .opts = &opts, .replay = replay });
	assert_non_null(screen->view);
	model_subscribe(screen->f.model, to_view, screen);
	feed_bare(&screen->f, TW_READY);
}

static int open_live(void **state)
{
	struct screen *screen = calloc(1, sizeof(*screen));

	assert_non_null(screen);
	start(screen, false);
	*state = screen;
	return 0;
}

static int open_replay(void **state)
{
	struct screen *screen = calloc(1, sizeof(*screen));

	assert_non_null(screen);
	start(screen, true);
	*state = screen;
	return 0;
}

static int close_screen(void **state)
{
	struct screen *screen = *state;

	view_free(screen->view);
	model_free(screen->f.model);
	frame_release(&screen->frame);
	free(screen->text);
	free(screen);
	return 0;
}

static const char *draw_sized(struct screen *screen, unsigned int width, unsigned int height)
{
	size_t size;
	FILE *out;

	free(screen->text);
	frame_release(&screen->frame);
	assert_int_equal(frame_init(&screen->frame, width, height, false), 0);
	screen->now.wall_ns += SECOND;
	screen->now.self.cpu_ns += 15 * MS;
	view_draw(screen->view, screen->f.model, &screen->now, &screen->frame);
	out = open_memstream(&screen->text, &size);
	assert_non_null(out);
	frame_write(&screen->frame, out, false);
	fclose(out);
	return screen->text;
}

static const char *draw(struct screen *screen)
{
	return draw_sized(screen, WIDTH, HEIGHT);
}

/* A second goes by, and is drawn as the end of an interval is. */
static const char *interval(struct screen *screen)
{
	const char *text;

	pass(&screen->f, SECOND);
	text = draw(screen);
	model_mark_interval(screen->f.model, screen->f.now_ns);
	return text;
}

static enum wish press(struct screen *screen, uint32_t key)
{
	struct key_press press = { .key = key };
	enum wish wish = view_key(screen->view, screen->f.model, &press);

	draw(screen);
	return wish;
}

static void type(struct screen *screen, const char *keys)
{
	for (; *keys; keys++)
		press(screen, (unsigned char)*keys);
}

/* One more connection of that process to that port. */
static void connect_to(struct screen *screen, const char *comm, uint16_t port)
{
	uint64_t number = ++screen->cookies;
	struct end end = end_of(number, (uint16_t)(32768 + number), port, 1000, comm);

	feed_connected(&screen->f, &end);
}

static void assert_said(const struct screen *screen, const char *why, const char *words)
{
	if (!strstr(screen->text, words))
		fail_msg("%s: there is no '%s' in\n%s", why, words, screen->text);
}

static void assert_unsaid(const struct screen *screen, const char *why, const char *words)
{
	if (strstr(screen->text, words))
		fail_msg("%s: there is '%s' in\n%s", why, words, screen->text);
}

static void a_host_without_connections_says_so(void **state)
{
	struct screen *screen = *state;

	draw(screen);
	assert_said(screen, "a table", "No TCP connection so far.");
	assert_said(screen, "the header", "no outgoing connection so far");
	press(screen, '8');
	assert_said(screen, "events", "Nothing has happened so far.");
	press(screen, '9');
	assert_said(screen, "no doctor", "There are no findings to be had here.");
}

static void tables_go_on_until_they_are_frozen(void **state)
{
	struct screen *screen = *state;

	press(screen, '3');
	connect_to(screen, "first", 80);
	interval(screen);
	assert_said(screen, "a row", "first");
	assert_said(screen, "a range that nobody told", "how many there are is not known; 1 used");
	assert_int_equal(press(screen, ' '), WISH_DRAW);
	connect_to(screen, "second", 80);
	interval(screen);
	interval(screen);
	assert_unsaid(screen, "frozen", "second");
	assert_said(screen, "the header goes on", "2 open");
	press(screen, '4');
	assert_said(screen, "another tab", "first");
	assert_unsaid(screen, "another tab, as it was then", "second");
	press(screen, ' ');
	interval(screen);
	assert_said(screen, "it goes on", "second");
}

static void a_key_does_not_make_rates_of_a_part_of_an_interval(void **state)
{
	struct screen *screen = *state;

	press(screen, '3');
	interval(screen);
	connect_to(screen, "client", 80);
	interval(screen);
	assert_said(screen, "over the whole", "1.0");
	pass(&screen->f, 100 * MS);
	press(screen, KEY_ARROW_DOWN);
	assert_said(screen, "still that", "1.0");
	/* a frame that was held up: its interval has ended before it */
	pass(&screen->f, 900 * MS);
	model_mark_interval(screen->f.model, screen->f.now_ns);
	pass(&screen->f, 30 * MS);
	draw(screen);
	assert_said(screen, "until there are others", "1.0 ");
	pass(&screen->f, 500 * MS);
	draw(screen);
	assert_unsaid(screen, "others", "1.0 ");
}

static void a_row_opens_its_connections_and_they_what_is_known_of_them(void **state)
{
	struct screen *screen = *state;

	connect_to(screen, "nginx", 80);
	connect_to(screen, "curl", 443);
	interval(screen);
	type(screen, "3");
	type(screen, "/curl");
	press(screen, KEY_RETURN);
	assert_int_equal(press(screen, KEY_RETURN), WISH_DRAW);
	assert_said(screen, "the way", "curl: connections");
	assert_said(screen, "its connection", "10.0.0.2:443");
	assert_unsaid(screen, "that of another", "nginx[1000]");
	press(screen, KEY_RETURN);
	assert_said(screen, "the connection", "direction  outgoing");
	press(screen, KEY_RETURN);
	assert_said(screen, "there is no more", "direction  outgoing");
	press(screen, KEY_ESCAPE);
	press(screen, KEY_ERASE);
	assert_said(screen, "back, with its filter", "filter: curl");
	press(screen, KEY_ESCAPE);
	assert_said(screen, "without it", "nginx");
	assert_int_equal(press(screen, KEY_ESCAPE), WISH_NOTHING);
}

static void of_many_connections_some_are_shown_and_the_others_counted(void **state)
{
	struct screen *screen = *state;

	for (unsigned int i = 0; i < MANY_CONNS; i++)
		connect_to(screen, "nginx", 80);
	interval(screen);
	press(screen, '3');
	press(screen, KEY_RETURN);
	assert_said(screen, "a bound", "200 more (twtrace list shows all)");
	assert_said(screen, "rows", "1/1,000");
}

static void a_connection_that_has_ended_is_told_so(void **state)
{
	struct screen *screen = *state;
	struct end end = end_of(9000, 40000, 80, 1000, "nginx");

	feed_connected(&screen->f, &end);
	interval(screen);
	press(screen, '3');
	press(screen, KEY_RETURN);
	press(screen, KEY_RETURN);
	feed_brief(&screen->f, &end, TW_ESTABLISHED, TW_CLOSE, TW_F_DONE);
	pass(&screen->f, SECOND);
	interval(screen);
	assert_said(screen, "gone", "It has ended since.");
	press(screen, KEY_ESCAPE);
	interval(screen);
	assert_said(screen, "gone from the table", "None is there now.");
}

static const struct {
	const char *why;
	uint32_t key;
	enum wish wish;
	int64_t by_s;
} replay_keys[] = {
	{ "pause", 'p', WISH_PAUSE, 0 },	  { "faster", '+', WISH_FASTER, 0 },
	{ "slower", '-', WISH_SLOWER, 0 },	  { "back", KEY_ARROW_LEFT, WISH_SEEK, -10 },
	{ "on", KEY_ARROW_RIGHT, WISH_SEEK, 10 }, { "a minute back", '[', WISH_SEEK, -60 },
	{ "a minute on", ']', WISH_SEEK, 60 },
};

static void a_recording_has_keys_of_its_own(void **state)
{
	struct screen *screen = *state;

	screen->now.from_ns = screen->f.now_ns;
	screen->now.to_ns = screen->now.from_ns + 100 * SECOND;
	pass(&screen->f, 50 * SECOND - 1000);
	draw(screen);
	assert_said(screen, "how far it is", "50.0s of 1m40s");
	for (size_t i = 0; i < sizeof(replay_keys) / sizeof(replay_keys[0]); i++) {
		if (press(screen, replay_keys[i].key) != replay_keys[i].wish)
			fail_msg("%s: it asks for something else", replay_keys[i].why);
		if (replay_keys[i].wish == WISH_SEEK &&
		    view_seek_by_ns(screen->view) != replay_keys[i].by_s * (int64_t)SECOND)
			fail_msg("%s: by %" PRId64 " ns", replay_keys[i].why,
				 view_seek_by_ns(screen->view));
	}
	screen->now.paused = true;
	draw(screen);
	assert_said(screen, "it stands", "PAUSED");
}

static void live_nothing_can_be_sought(void **state)
{
	struct screen *screen = *state;

	draw(screen);
	for (size_t i = 0; i < sizeof(replay_keys) / sizeof(replay_keys[0]); i++)
		assert_int_equal(press(screen, replay_keys[i].key), WISH_NOTHING);
	assert_int_equal(press(screen, 'x'), WISH_NOTHING);
	assert_int_equal(press(screen, KEY_NONE), WISH_NOTHING);
	assert_int_equal(press(screen, KEY_RESIZED), WISH_DRAW);
	assert_int_equal(press(screen, 'q'), WISH_QUIT);
}

static void another_model_is_shown_with_the_same_tab_and_filter(void **state)
{
	struct screen *screen = *state;

	connect_to(screen, "before", 80);
	interval(screen);
	type(screen, "3/e");
	press(screen, KEY_RETURN);
	press(screen, ' ');
	fixture_start(&screen->f, &(struct model_opts){ .leaks = true, .history = HISTORY_LAST });
	screen->f.unchecked = true;
	view_restart(screen->view);
	feed_bare(&screen->f, TW_READY);
	connect_to(screen, "elsewhere", 80);
	draw(screen);
	assert_said(screen, "its rows", "elsewhere");
	assert_unsaid(screen, "those before it", "before");
	assert_unsaid(screen, "it goes on", "FROZEN");
	assert_said(screen, "the filter", "filter: e");
	press(screen, KEY_ESCAPE);
	press(screen, '8');
	assert_said(screen, "no event of before", "Nothing has happened so far.");
}

static void of_events_the_last_thousand_are_kept(void **state)
{
	struct screen *screen = *state;

	for (unsigned int i = 0; i < MANY_CONNS; i++)
		connect_to(screen, "nginx", 80);
	press(screen, '8');
	assert_said(screen, "the newest is selected", "1,000/1,000");
	press(screen, KEY_ARROW_UP);
	connect_to(screen, "later", 80);
	interval(screen);
	assert_unsaid(screen, "who has moved up stays there", "1,000/1,000");
	press(screen, 'G');
	assert_said(screen, "the newest again", "later");
	press(screen, KEY_RETURN);
	assert_said(screen, "all of it", "owner   later[1000]");
}

static void keys_that_are_typed_do_nothing_else(void **state)
{
	struct screen *screen = *state;

	connect_to(screen, "quiet", 80);
	connect_to(screen, "loud", 80);
	interval(screen);
	type(screen, "3/q");
	assert_said(screen, "typed", "filter: q");
	assert_unsaid(screen, "filtered", "loud");
	assert_int_equal(screen->frame.cursor_row, HEIGHT - 1);
	press(screen, 0xe9);
	assert_said(screen, "not ASCII", "filter: q\xc3\xa9");
	press(screen, KEY_ERASE);
	press(screen, KEY_ERASE);
	press(screen, KEY_ERASE);
	assert_said(screen, "erased", "loud");
	press(screen, KEY_ESCAPE);
	assert_int_equal(screen->frame.cursor_row, -1);
	assert_int_equal(press(screen, 'q'), WISH_QUIT);
}

static void it_tells_what_it_costs(void **state)
{
	struct screen *screen = *state;

	screen->now.self.resident_bytes = 24 << 20;
	draw(screen);
	assert_said(screen, "no share of nothing yet", "twtrace - CPU, 24 MB");
	draw(screen);
	assert_said(screen, "15 ms of a second", "twtrace 1.5% CPU, 24 MB");
}

static void every_size_and_every_key_can_be_drawn(void **state)
{
	static const char keys[] = "123456789?sSr/a\n <>kjgG";
	struct screen *screen = *state;
	unsigned int width, height;

	connect_to(screen, "nginx", 80);
	interval(screen);
	for (width = 0; width < 320; width += 19)
		for (height = 0; height < 110; height += 7)
			for (size_t key = 0; keys[key]; key++) {
				struct key_press pressed = { .key = (unsigned char)keys[key] };

				view_key(screen->view, screen->f.model, &pressed);
				draw_sized(screen, width, height);
				pressed.key = KEY_DOUBLE_CLICK;
				pressed.row = (uint16_t)(key + height / 3);
				pressed.column = (uint16_t)(3 * key);
				view_key(screen->view, screen->f.model, &pressed);
			}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_host_without_connections_says_so, open_live,
						close_screen),
		cmocka_unit_test_setup_teardown(tables_go_on_until_they_are_frozen, open_live,
						close_screen),
		cmocka_unit_test_setup_teardown(a_key_does_not_make_rates_of_a_part_of_an_interval,
						open_live, close_screen),
		cmocka_unit_test_setup_teardown(
			a_row_opens_its_connections_and_they_what_is_known_of_them, open_live,
			close_screen),
		cmocka_unit_test_setup_teardown(
			of_many_connections_some_are_shown_and_the_others_counted, open_live,
			close_screen),
		cmocka_unit_test_setup_teardown(a_connection_that_has_ended_is_told_so, open_live,
						close_screen),
		cmocka_unit_test_setup_teardown(a_recording_has_keys_of_its_own, open_replay,
						close_screen),
		cmocka_unit_test_setup_teardown(live_nothing_can_be_sought, open_live,
						close_screen),
		cmocka_unit_test_setup_teardown(another_model_is_shown_with_the_same_tab_and_filter,
						open_live, close_screen),
		cmocka_unit_test_setup_teardown(of_events_the_last_thousand_are_kept, open_live,
						close_screen),
		cmocka_unit_test_setup_teardown(keys_that_are_typed_do_nothing_else, open_live,
						close_screen),
		cmocka_unit_test_setup_teardown(it_tells_what_it_costs, open_live, close_screen),
		cmocka_unit_test_setup_teardown(every_size_and_every_key_can_be_drawn, open_live,
						close_screen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
