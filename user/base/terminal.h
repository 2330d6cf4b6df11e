/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The terminal as a whole: shows frames, tells of keys. A thread of its own draws and may wait
 * for a slow terminal; whoever has a new frame does not, and frames that were not drawn in
 * time are left out. Only what has changed is written.
 *
 * However the process ends (a crash, a signal), the terminal is left as it was found.
 */
#ifndef BASE_TERMINAL_H
#define BASE_TERMINAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/frame.h"

/* Keys are code points; what has none is one of these. */
enum key {
	KEY_NONE = 0,
	KEY_TAB = '\t',
	KEY_RETURN = '\n',
	KEY_ESCAPE = 27,
	KEY_ERASE = 127,
	KEY_FIRST_NAMED = 0x110000,
	KEY_ARROW_UP = KEY_FIRST_NAMED,
	KEY_ARROW_DOWN,
	KEY_ARROW_LEFT,
	KEY_ARROW_RIGHT,
	KEY_PAGE_UP,
	KEY_PAGE_DOWN,
	KEY_TO_START,
	KEY_TO_END,
	KEY_BACK_TAB,
	KEY_F1,
	KEY_CLICK,		/* with row and column */
	KEY_DOUBLE_CLICK,
	KEY_WHEEL_UP,
	KEY_WHEEL_DOWN,
	KEY_RESIZED,		/* terminal_size() has changed */
	KEY_HANGUP,		/* the terminal has gone */
};

struct key_press {
	uint32_t key;		/* enum key, or a code point */
	uint16_t row, column;	/* of a click or a wheel */
};

struct terminal;

/*
 * Whether $TERM can show frames: 0, or -ENOTTY with @err. Where standard input and output are no
 * terminal it is not to be asked.
 */
int terminal_probe(struct error *err);
/* Takes the terminal of standard input and output over. NULL with @err. Privileges are gone. */
struct terminal *terminal_new(struct error *err);
/* Gives it back. NULL is fine. */
void terminal_free(struct terminal *terminal);
void terminal_size(struct terminal *terminal, unsigned int *width, unsigned int *height);
/* Whether it shows nothing but ASCII: the locale says so. */
bool terminal_is_ascii(const struct terminal *terminal);
/* Readable while there are keys. */
int terminal_fd(const struct terminal *terminal);
/* The next key; false: there is none. Ctrl-L is none: it draws the frame anew. */
bool terminal_key(struct terminal *terminal, struct key_press *press);
/* Copies @frame; never waits. */
void terminal_show(struct terminal *terminal, const struct frame *frame);

#endif
