// SPDX-License-Identifier: GPL-2.0-or-later
/* Key codes and sequences, by two tables. */
#include "base/canvas_keys.h"

#include <curses.h>
#include <errno.h>
#include <string.h>
#include <time.h>

/* A lone ESC is a key; the rest of a sequence comes within this, over slow links too. */
#define ESCAPE_MS 25

/* What sequences are to curses, beyond its own keys. */
enum { CODE_MOUSE = KEY_MAX + 1, CODE_OLD_MOUSE };

static const struct {
	int code;
	uint32_t key;
} named[] = {
	{ KEY_UP, KEY_ARROW_UP },	{ KEY_DOWN, KEY_ARROW_DOWN }, { KEY_LEFT, KEY_ARROW_LEFT },
	{ KEY_RIGHT, KEY_ARROW_RIGHT }, { KEY_PPAGE, KEY_PAGE_UP },   { KEY_NPAGE, KEY_PAGE_DOWN },
	{ KEY_HOME, KEY_TO_START },	{ KEY_END, KEY_TO_END },      { KEY_BTAB, KEY_BACK_TAB },
	{ KEY_F(1), KEY_F1 },		{ KEY_BACKSPACE, KEY_ERASE }, { KEY_DC, KEY_ERASE },
	{ KEY_ENTER, KEY_RETURN },
};

/* What terminals send beside what their description says. */
static const struct {
	const char *sequence;
	int code;
} sequences[] = {
	{ "\033[A", KEY_UP },	  { "\033OA", KEY_UP },		{ "\033[B", KEY_DOWN },
	{ "\033OB", KEY_DOWN },	  { "\033[C", KEY_RIGHT },	{ "\033OC", KEY_RIGHT },
	{ "\033[D", KEY_LEFT },	  { "\033OD", KEY_LEFT },	{ "\033[H", KEY_HOME },
	{ "\033OH", KEY_HOME },	  { "\033[1~", KEY_HOME },	{ "\033[7~", KEY_HOME },
	{ "\033[F", KEY_END },	  { "\033OF", KEY_END },	{ "\033[4~", KEY_END },
	{ "\033[8~", KEY_END },	  { "\033[Z", KEY_BTAB },	{ "\033[5~", KEY_PPAGE },
	{ "\033[6~", KEY_NPAGE }, { "\033OP", KEY_F(1) },	{ "\033[11~", KEY_F(1) },
	{ "\033[<", CODE_MOUSE }, { "\033[M", CODE_OLD_MOUSE },
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

/* The rest of a sequence, up to one of @ends, @size - 1 bytes at most. Returns how many. */
static size_t read_rest(struct canvas_keys *keys, char *text, size_t size, const char *ends)
{
	size_t len = 0;
	wint_t code;

	wtimeout(keys->pad, ESCAPE_MS);
	while (len + 1 < size && wget_wch(keys->pad, &code) == OK) {
		text[len++] = (char)code;
		if (code < 0x80 && strchr(ends, (char)code))
			break;
	}
	text[len] = '\0';
	nodelay(keys->pad, TRUE);
	return len;
}

static struct key_press read_mouse(struct canvas_keys *keys, bool old)
{
	char text[32];

	if (!old) {
		read_rest(keys, text, sizeof(text), "mM");
		return mouse_read(&keys->mouse, text, now_ns());
	}
	if (read_rest(keys, text, 4, "") < 3)
		return (struct key_press){ .key = KEY_NONE };
	return mouse_read_old(&keys->mouse, text, now_ns());
}

static struct key_press key_of(struct canvas_keys *keys, int kind, wint_t code)
{
	if (kind == OK)
		return (struct key_press){ .key = code == '\r' ? KEY_RETURN :
						  code == '\b' ? KEY_ERASE :
								 code };
	if (code == CODE_MOUSE || code == CODE_OLD_MOUSE)
		return read_mouse(keys, code == CODE_OLD_MOUSE);
	for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++)
		if ((wint_t)named[i].code == code)
			return (struct key_press){ .key = named[i].key };
	return (struct key_press){ .key = KEY_NONE };
}

bool canvas_keys_next(struct canvas_keys *keys, struct key_press *press)
{
	wint_t code;
	int kind;

	while ((kind = wget_wch(keys->pad, &code)) != ERR) {
		*press = key_of(keys, kind, code);
		if (press->key != KEY_NONE)
			return true;
	}
	return false;
}

int canvas_keys_init(struct canvas_keys *keys)
{
	*keys = (struct canvas_keys){ .pad = newpad(1, 1) };
	if (!keys->pad)
		return -ENOMEM;
	set_escdelay(ESCAPE_MS);
	keypad(keys->pad, TRUE);
	nodelay(keys->pad, TRUE);
	for (size_t i = 0; i < sizeof(sequences) / sizeof(sequences[0]); i++)
		define_key(sequences[i].sequence, sequences[i].code);
	cbreak();
	noecho();
	nonl();
	return 0;
}

void canvas_keys_release(struct canvas_keys *keys)
{
	if (keys->pad)
		delwin(keys->pad);
}
