/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a terminal says of its mouse (xterm's control sequences), as key presses. */
#ifndef BASE_MOUSE_H
#define BASE_MOUSE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/terminal.h"

/* The last click: a second one soon after it, at the same place, is a double click. */
struct mouse {
	uint64_t clicked_ns;	/* 0: none */
	uint16_t row, column;
};

#define MOUSE_DOUBLE_NS 400000000ULL

/* What follows ESC [ <, with its end: "0;12;5M". KEY_NONE: nothing that is of interest. */
struct key_press mouse_read(struct mouse *mouse, const char *text, uint64_t now_ns);
/* The three bytes that follow ESC [ M, of terminals that know only these. */
struct key_press mouse_read_old(struct mouse *mouse, const char bytes[static 3], uint64_t now_ns);

#endif
