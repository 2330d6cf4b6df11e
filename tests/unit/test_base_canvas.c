// SPDX-License-Identifier: GPL-2.0-or-later
/* What is written to a terminal: what has changed, and all of it where that is not known. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/canvas.h"
#include "scarcity.h"

/* A terminal of two rows in place of standard input and output, which are kept. */
struct terminal {
	struct canvas *canvas;
	int master, input, output;
	char written[4096];
};

static int open_terminal(void **state)
{
	static struct terminal terminal;
	const struct winsize size = { .ws_row = 2, .ws_col = 20 };
	struct error err = { 0 };
	int fd;

	terminal.master = posix_openpt(O_RDWR | O_NOCTTY);
	if (terminal.master < 0 || grantpt(terminal.master) || unlockpt(terminal.master) ||
	    ioctl(terminal.master, TIOCSWINSZ, &size))
		return -1;
	fd = open(ptsname(terminal.master), O_RDWR | O_NOCTTY);
	fflush(stdout);
	terminal.input = dup(0);
	terminal.output = dup(1);
	if (fd < 0 || dup2(fd, 0) || dup2(fd, 1) != 1)
		return -1;
	close(fd);
	setenv("TERM", "xterm", 1);
	terminal.canvas = canvas_new(false, &err);
	*state = &terminal;
	return terminal.canvas ? 0 : -1;
}

static int close_terminal(void **state)
{
	struct terminal *terminal = *state;

	canvas_free(terminal->canvas);
	fflush(stdout);
	dup2(terminal->input, 0);
	dup2(terminal->output, 1);
	close(terminal->input);
	close(terminal->output);
	close(terminal->master);
	return 0;
}

/* What has been written since the last time. */
static const char *written(struct terminal *terminal)
{
	size_t len = 0;

	assert_int_equal(write(1, "\a", 1), 1);
	do {
		assert_true(len < sizeof(terminal->written));
		assert_int_equal(read(terminal->master, &terminal->written[len], 1), 1);
	} while (terminal->written[len++] != '\a');
	terminal->written[len - 1] = '\0';
	return terminal->written;
}

/* What drawing these two rows writes. */
static const char *drawn(struct terminal *terminal, const char *first, const char *second)
{
	struct frame frame;

	assert_int_equal(frame_init(&frame, 20, 2, false), 0);
	frame_put(&frame, 0, 0, 20, STYLE_PLAIN, first);
	frame_put(&frame, 1, 0, 20, STYLE_PLAIN, second);
	frame.cursor_row = -1;
	memory.now = true;
	canvas_draw(terminal->canvas, &frame);
	memory.now = false;
	frame_release(&frame);
	return written(terminal);
}

static void writes_what_has_changed(void **state)
{
	const char *text = drawn(*state, "ABC", "DEF");

	assert_non_null(strstr(text, "ABC"));
	assert_non_null(strstr(text, "DEF"));
	text = drawn(*state, "ABC", "GHI");
	assert_null(strstr(text, "ABC"));
	assert_non_null(strstr(text, "GHI"));
	assert_string_equal(drawn(*state, "ABC", "GHI"), "");
}

/* It is not known then what is there, so that what was there before is not taken for it. */
static void writes_what_has_changed_where_memory_ran_out(void **state)
{
	drawn(*state, "ABC", "DEF");
	memory = (struct scarcity){ .one_in = 1 };
	assert_non_null(strstr(drawn(*state, "abc", "DEF"), "abc"));
	assert_true(memory.failed);
	memory.one_in = 0;
	assert_non_null(strstr(drawn(*state, "ABC", "DEF"), "ABC"));
	assert_string_equal(drawn(*state, "ABC", "DEF"), "");
}

/* Something else may have been written over it. */
static void writes_all_of_it_again_when_asked(void **state)
{
	struct terminal *terminal = *state;

	drawn(terminal, "ABC", "DEF");
	canvas_repaint(terminal->canvas);
	assert_non_null(strstr(written(terminal), "ABC"));
	canvas_resize(terminal->canvas);
	assert_non_null(strstr(drawn(terminal, "ABC", "DEF"), "ABC"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(writes_what_has_changed, open_terminal,
						close_terminal),
		cmocka_unit_test_setup_teardown(writes_what_has_changed_where_memory_ran_out,
						open_terminal, close_terminal),
		cmocka_unit_test_setup_teardown(writes_all_of_it_again_when_asked, open_terminal,
						close_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
