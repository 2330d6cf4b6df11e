// SPDX-License-Identifier: GPL-2.0-or-later
/* Buttons are bits: 0 to 2 the button, 4 shift, 8 meta, 16 control, 32 moved, 64 the wheel. */
#include "base/mouse.h"

#include <stdio.h>

#define BUTTON_MODIFIERS (4 | 8 | 16)
#define BUTTON_LEFT 0
#define BUTTON_WHEEL_UP 64
#define BUTTON_WHEEL_DOWN 65

static uint32_t click(struct mouse *mouse, unsigned int row, unsigned int column, uint64_t now_ns)
{
	bool again = mouse->clicked_ns && now_ns - mouse->clicked_ns < MOUSE_DOUBLE_NS &&
		     mouse->row == row && mouse->column == column;

	/* the third click begins anew */
	*mouse = (struct mouse){ again ? 0 : now_ns, row, column };
	return again ? KEY_DOUBLE_CLICK : KEY_CLICK;
}

/* Of a button that was pressed; @row and @column from 1 on. */
static struct key_press press_of(struct mouse *mouse, unsigned int button, unsigned int row,
				 unsigned int column, uint64_t now_ns)
{
	struct key_press press = { .key = KEY_NONE };

	button &= ~BUTTON_MODIFIERS;
	if (!row || !column || row > UINT16_MAX || column > UINT16_MAX)
		return press;
	press.row = row - 1;
	press.column = column - 1;
	if (button == BUTTON_LEFT)
		press.key = click(mouse, press.row, press.column, now_ns);
	else if (button == BUTTON_WHEEL_UP)
		press.key = KEY_WHEEL_UP;
	else if (button == BUTTON_WHEEL_DOWN)
		press.key = KEY_WHEEL_DOWN;
	return press;
}

struct key_press mouse_read(struct mouse *mouse, const char *text, uint64_t now_ns)
{
	unsigned int button, row, column;
	char end;

	if (sscanf(text, "%5u;%5u;%5u%c", &button, &column, &row, &end) != 4 || end != 'M')
		return (struct key_press){ .key = KEY_NONE };
	return press_of(mouse, button, row, column, now_ns);
}

struct key_press mouse_read_old(struct mouse *mouse, const char bytes[static 3], uint64_t now_ns)
{
	unsigned char button = bytes[0] - 32, column = bytes[1] - 32, row = bytes[2] - 32;

	return press_of(mouse, button, row, column, now_ns);
}
