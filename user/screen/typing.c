// SPDX-License-Identifier: GPL-2.0-or-later
/* The filter, as it is typed. */
#include <string.h>

#include "base/text.h"
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
	char text[RUNE_LEN];

	if (strlen(filter) + rune_format(rune, text) < FILTER_LEN)
		strcat(filter, text);
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
