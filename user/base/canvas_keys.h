/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is typed on a canvas; for canvas.c alone. */
#ifndef BASE_CANVAS_KEYS_H
#define BASE_CANVAS_KEYS_H

#include <stdbool.h>

#include "base/mouse.h"
#include "base/terminal.h"

struct canvas_keys {
	void *pad;		/* owned: a WINDOW of ncurses; reading from a pad draws nothing */
	struct mouse mouse;
};

/* The terminal's modes too. 0 or -ENOMEM. */
int canvas_keys_init(struct canvas_keys *keys);
void canvas_keys_release(struct canvas_keys *keys);
/* A key that waits; false: there is none. */
bool canvas_keys_next(struct canvas_keys *keys, struct key_press *press);

#endif
