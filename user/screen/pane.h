/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text to scroll in, as other commands print it: their colours (SGR) become styles. */
#ifndef SCREEN_PANE_H
#define SCREEN_PANE_H

#include <stddef.h>

#include "base/frame.h"

struct pane {
	char *text;		/* owned; lines end in NUL */
	const char **lines;	/* owned */
	size_t count, top;
	unsigned int height;	/* of the last drawing */
};

/*
 * @text becomes the pane's, also where memory is short. Lines that are wider than @width go on in
 * the next one, from a blank on, or within a word that is wider: nothing is cut, for it may be
 * copied. What is on the screen stays there.
 */
void pane_set(struct pane *pane, char *text, unsigned int width);
void pane_release(struct pane *pane);
void pane_move(struct pane *pane, long by);
void pane_draw(struct pane *pane, struct frame *frame, unsigned int row, unsigned int height);
/* One line with its colours. */
void pane_put(struct frame *frame, unsigned int row, const char *line);

#endif
