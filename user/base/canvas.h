/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The terminal of standard input and output as ncurses knows it: cells are put on it, keys come
 * from it. One thread has it; there is one at a time.
 */
#ifndef BASE_CANVAS_H
#define BASE_CANVAS_H

#include <stdbool.h>

#include "base/error.h"
#include "base/frame.h"
#include "base/rescue.h"
#include "base/terminal.h"

struct canvas;

/*
 * Whether $TERM can do what is needed, by terminfo(5): 0, or -ENOTTY with @err. Draws nothing.
 * @restore takes what leaves the screen: the normal one, attributes, cursor, keys, mouse.
 */
int canvas_probe(char restore[static RESCUE_BYTES], struct error *err);
/* Takes the terminal over; @ascii: it shows nothing else. NULL with @err. */
struct canvas *canvas_new(bool ascii, struct error *err);
/* Gives it back. NULL is fine. */
void canvas_free(struct canvas *canvas);
/* Gives it back for a while, and takes it again, with nothing on it. */
void canvas_leave(struct canvas *canvas);
void canvas_enter(struct canvas *canvas);
/* Its size may have changed: it is empty now. */
void canvas_resize(struct canvas *canvas);
void canvas_size(const struct canvas *canvas, unsigned int *width, unsigned int *height);
/* What has changed since the last one, as far as there is room for it. Waits for the terminal. */
void canvas_draw(struct canvas *canvas, const struct frame *frame);
/* All of the last one again: something else has been written over it. Waits as well. */
void canvas_repaint(struct canvas *canvas);
/* A key that waits; false: there is none. */
bool canvas_key(struct canvas *canvas, struct key_press *press);

#endif
