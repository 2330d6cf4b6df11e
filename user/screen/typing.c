// SPDX-License-Identifier: GPL-2.0-or-later
/* The filter, as it is typed. */
#include <stdio.h>
#include <string.h>

#include "screen/state.h"

/* The last character, with what combines with it. */
static void erase(char *filter)
{
	size_t len = strlen(filter);

	while (len && ((unsigned char)filter[--len] & 0xc0) == 0x80)
		;
	filter[len] = '\0';
}

static void append(char *filter, uint32_t rune)
{
	size_t len = strlen(filter), shift;
	unsigned int more = rune < 0x80 ? 0 : rune < 0x800 ? 1 : rune < 0x10000 ? 2 : 3;

	if (len + more + 1 >= FILTER_LEN)
		return;
	shift = 6 * more;
	/* 0, 0xc0, 0xe0, 0xf0: so many bytes are said by the first one */
	filter[len++] = (char)((more ? 0xf00 >> more & 0xff : 0) | rune >> shift);
	while (shift) {
		shift -= 6;
		filter[len++] = (char)(0x80 | (rune >> shift & 0x3f));
	}
	filter[len] = '\0';
}

static bool is_printable(uint32_t key)
{
	return key >= 0x20 && key < KEY_FIRST_NAMED && !(key >= 0x7f && key < 0xa0) &&
	       !(key >= 0xd800 && key < 0xe000);
}

bool view_type(struct view *view, const struct key_press *press)
{
	struct grid *grid = &view_page(view)->grid;

	if (press->key == KEY_RETURN || press->key == KEY_ESCAPE) {
		view->typing = false;
		if (press->key == KEY_ESCAPE)
			*grid->filter = '\0';
	} else if (press->key == KEY_ERASE) {
		erase(grid->filter);
	} else if (is_printable(press->key)) {
		append(grid->filter, press->key);
	} else {
		return false;
	}
	grid_arrange(grid);
	return true;
}
