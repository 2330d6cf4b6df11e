// SPDX-License-Identifier: GPL-2.0-or-later
/* Cells into those of curses, and what it takes to have the terminal for oneself. */
#include "base/canvas.h"

#include <curses.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <unistd.h>
#include <wchar.h>

#include "base/canvas_keys.h"

/* Clicks and the wheel; places in decimal, where the terminal can. */
#define MOUSE_ON "\033[?1000h\033[?1006h"
#define MOUSE_OFF "\033[?1006l\033[?1000l"

struct canvas {
	SCREEN *screen;
	struct canvas_keys keys;
	struct frame drawn;	/* what is on the screen; by cells, NULL: nothing known */
	bool ascii, colours, has_mouse;
};

/*
 * The colours are those that stand out on black and on white: never these two, and the
 * background is the terminal's. Without colours there are attributes.
 */
static const struct look {
	attr_t plain, coloured;
	short few, many;	/* of 8 and of 256 colours; -1: the terminal's own */
} looks[NR_STYLES] = {
	[STYLE_PLAIN] = { A_NORMAL, A_NORMAL, -1, -1 },
	[STYLE_DIM] = { A_DIM, A_DIM, -1, -1 },
	[STYLE_STRONG] = { A_BOLD, A_BOLD, -1, -1 },
	[STYLE_HEAD] = { A_BOLD | A_UNDERLINE, A_BOLD | A_UNDERLINE, -1, -1 },
	[STYLE_SORTED] = { A_REVERSE, A_REVERSE | A_BOLD, -1, -1 },
	[STYLE_SELECTED] = { A_REVERSE, A_REVERSE, -1, -1 },
	[STYLE_TAB] = { A_NORMAL, A_NORMAL, COLOR_CYAN, 31 },
	[STYLE_TAB_OPEN] = { A_REVERSE | A_BOLD, A_REVERSE | A_BOLD, COLOR_CYAN, 31 },
	[STYLE_KEY] = { A_BOLD, A_BOLD, COLOR_CYAN, 31 },
	[STYLE_GOOD] = { A_NORMAL, A_NORMAL, COLOR_GREEN, 34 },
	[STYLE_WARN] = { A_BOLD, A_NORMAL, COLOR_YELLOW, 172 },
	[STYLE_BAD] = { A_BOLD, A_BOLD, COLOR_RED, 160 },
	[STYLE_GRAPH] = { A_NORMAL, A_NORMAL, COLOR_BLUE, 33 },
	[STYLE_INPUT] = { A_UNDERLINE, A_UNDERLINE, -1, -1 },
};

/* --------------------------------------------------------------------------- what it can do */

/* Without what asks the terminal to take its time (terminfo(5): $<5>); it has got it by then. */
static size_t append(char *text, size_t len, const char *sequence)
{
	while (sequence && sequence != (char *)-1 && *sequence && len < RESCUE_BYTES - 1) {
		const char *end = strncmp(sequence, "$<", 2) ? NULL : strchr(sequence, '>');

		if (end)
			sequence = end + 1;
		else
			text[len++] = *sequence++;
	}
	text[len] = '\0';
	return len;
}

static bool terminal_has_mouse(void)
{
	const char *mouse = tigetstr("kmous");

	return mouse && mouse != (char *)-1;
}

static void compose_restore(char restore[static RESCUE_BYTES])
{
	static const char *const names[] = { "sgr0", "op", "rmacs", "cnorm", "rmkx", "rmcup" };
	const char *leaves = tigetstr("rmcup");
	size_t len;

	/* CAN ends a sequence that was cut */
	len = append(restore, 0, "\030");
	if (terminal_has_mouse())
		len = append(restore, len, MOUSE_OFF);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		len = append(restore, len, tigetstr(names[i]));
	/* where there is one screen only, the shell goes on below it */
	if (!leaves || leaves == (char *)-1) {
		append(restore, len, tiparm(tigetstr("cup"), tigetnum("lines") - 1, 0));
		append(restore, strlen(restore), "\r\n");
	}
}

int canvas_probe(char restore[static RESCUE_BYTES], struct error *err)
{
	static const char *const needed[] = { "cup", "clear" };
	const char *name = getenv("TERM");
	int known;

	if (setupterm(NULL, STDOUT_FILENO, &known) == ERR)
		return error_set(err, -ENOTTY, "no terminal '%s' is known (TERM)",
				 name ? name : "");
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		const char *sequence = tigetstr(needed[i]);

		if (!sequence || sequence == (char *)-1) {
			del_curterm(cur_term);
			return error_set(err, -ENOTTY,
					 "a terminal '%s' (TERM) has no screen to draw on",
					 name ? name : "");
		}
	}
	compose_restore(restore);
	del_curterm(cur_term);
	return 0;
}

/* -------------------------------------------------------------------------------- drawing */

static void set_up_colours(struct canvas *canvas)
{
	const char *none = getenv("NO_COLOR");

	if ((none && *none) || !has_colors() || start_color() == ERR ||
	    use_default_colors() == ERR || COLORS < 8)
		return;
	canvas->colours = true;
	for (int style = 0; style < NR_STYLES; style++)
		init_pair(style + 1, COLORS < 256 ? looks[style].few : looks[style].many, -1);
}

/* The characters of a cell, as far as this terminal has them at that width. */
static void put_cell(const struct canvas *canvas, int row, int column, const struct cell *cell,
		     int width)
{
	unsigned int style = cell->style < NR_STYLES ? cell->style : STYLE_PLAIN;
	wchar_t text[FRAME_MARKS + 2] = { cell->rune };
	cchar_t character;

	if ((canvas->ascii && cell->rune > '~') || wcwidth(cell->rune) != width)
		text[0] = '?';
	for (unsigned int i = 0, at = 1; i < FRAME_MARKS && text[0] != '?'; i++)
		if (cell->marks[i] && !wcwidth(cell->marks[i]))
			text[at++] = cell->marks[i];
	setcchar(&character, text, canvas->colours ? looks[style].coloured : looks[style].plain,
		 canvas->colours ? style + 1 : 0, NULL);
	mvadd_wch(row, column, &character);
}

static void put_row(const struct canvas *canvas, const struct frame *frame, int row)
{
	const struct cell *cells = &frame->cells[row * frame->width];

	for (int column = 0; column < frame->width && column < COLS; column++) {
		bool wide = column + 1 < frame->width && !cells[column + 1].rune;

		if (cells[column].rune)
			put_cell(canvas, row, column, &cells[column], wide ? 2 : 1);
	}
}

/* What is on the screen from now on; without memory all of it is put again the next time. */
static void remember(struct canvas *canvas, const struct frame *frame)
{
	size_t size = (size_t)frame->width * frame->height * sizeof(*frame->cells);
	struct cell *cells = realloc(canvas->drawn.cells, size ? size : 1);

	if (!cells) {
		free(canvas->drawn.cells);
		canvas->drawn = (struct frame){ 0 };
		return;
	}
	canvas->drawn = *frame;
	canvas->drawn.cells = memcpy(cells, frame->cells, size);
}

static void forget(struct canvas *canvas)
{
	canvas->drawn.width = 0;
}

/*
 * Rows that are as they were are left alone; of the others ncurses writes what has changed. A
 * row is put whole: half of a wide character takes the other half with it.
 */
void canvas_draw(struct canvas *canvas, const struct frame *frame)
{
	size_t row_bytes = frame->width * sizeof(*frame->cells);
	const struct frame *drawn = &canvas->drawn;
	bool same = drawn->width == frame->width && drawn->height == frame->height;

	for (int row = 0; row < frame->height && row < LINES; row++)
		if (!same || memcmp(&frame->cells[row * frame->width],
				    &drawn->cells[row * frame->width], row_bytes))
			put_row(canvas, frame, row);
	remember(canvas, frame);
	curs_set(frame->cursor_row >= 0);
	if (frame->cursor_row >= 0)
		move(frame->cursor_row, frame->cursor_column);
	refresh();
}

void canvas_repaint(struct canvas *canvas)
{
	(void)canvas;
	clearok(curscr, TRUE);
	refresh();
}

void canvas_resize(struct canvas *canvas)
{
	struct winsize size;

	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_row && size.ws_col)
		resize_term(size.ws_row, size.ws_col);
	erase();
	clearok(stdscr, TRUE);
	forget(canvas);
}

void canvas_size(const struct canvas *canvas, unsigned int *width, unsigned int *height)
{
	(void)canvas;
	*width = COLS;
	*height = LINES;
}

bool canvas_key(struct canvas *canvas, struct key_press *press)
{
	return canvas_keys_next(&canvas->keys, press);
}

/* ------------------------------------------------------------------------------- its life */

/* Past ncurses, which has no say in it. */
static void set_mouse(const struct canvas *canvas, const char *sequence)
{
	if (!canvas->has_mouse)
		return;
	while (write(STDOUT_FILENO, sequence, strlen(sequence)) < 0 && errno == EINTR)
		continue;
}

void canvas_leave(struct canvas *canvas)
{
	set_mouse(canvas, MOUSE_OFF);
	endwin();
}

void canvas_enter(struct canvas *canvas)
{
	/* after SIGSTOP nobody has left it */
	if (!isendwin())
		endwin();
	reset_prog_mode();
	set_mouse(canvas, MOUSE_ON);
	canvas_resize(canvas);
	refresh();
}

struct canvas *canvas_new(bool ascii, struct error *err)
{
	struct canvas *canvas = calloc(1, sizeof(*canvas));

	if (canvas) {
		canvas->ascii = ascii;
		canvas->screen = newterm(NULL, stdout, stdin);
	}
	if (!canvas || !canvas->screen || canvas_keys_init(&canvas->keys)) {
		error_set(err, -ENOMEM, "no memory for the screen");
		canvas_free(canvas);
		return NULL;
	}
	set_up_colours(canvas);
	canvas->has_mouse = terminal_has_mouse();
	set_mouse(canvas, MOUSE_ON);
	canvas_resize(canvas);
	return canvas;
}

void canvas_free(struct canvas *canvas)
{
	if (!canvas)
		return;
	if (canvas->screen && !isendwin())
		canvas_leave(canvas);
	canvas_keys_release(&canvas->keys);
	if (canvas->screen)
		delscreen(canvas->screen);
	free(canvas->drawn.cells);
	free(canvas);
}
