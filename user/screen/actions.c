// SPDX-License-Identifier: GPL-2.0-or-later
/* Which key does what: one table, which is also the help and the hints below the page. */
#include <stdio.h>
#include <string.h>

#include "screen/acts.h"

#define MOST_KEYS 3
#define KEYS_WIDTH 19	/* "wheel up wheel down" */
#define WHEEL_ROWS 3
#define ALL_THE_WAY (1L << 40)

struct action {
	uint32_t keys[MOST_KEYS];
	act_fn act;
	long argument;
	bool replay;		/* only of recordings */
	const char *hint;	/* what it does in a word; NULL: not among the hints */
	const char *does;	/* NULL: said by the one before */
};

static const struct action actions[] = {
	{ .keys = { 'q' }, .act = act_ask, .argument = WISH_QUIT, .hint = "quit", .does = "quit" },
	{ .keys = { '?', 'h', KEY_F1 },
	  .act = act_help,
	  .hint = "help",
	  .does = "this help, and back" },
	{ .keys = { KEY_RETURN },
	  .act = act_look,
	  .hint = "look",
	  .does = "look into the row: its connections, all that is known" },
	{ .keys = { KEY_ESCAPE, KEY_ERASE },
	  .act = act_back,
	  .does = "back; where there is a filter, without it" },
	{ .keys = { '/' },
	  .act = act_filter,
	  .hint = "filter",
	  .does = "only rows with some text: Enter keeps it, Esc forgets it" },
	{ .keys = { 's', '>' },
	  .act = act_sort,
	  .argument = 1,
	  .hint = "sort",
	  .does = "sort by the next column, by the one before" },
	{ .keys = { 'S', '<' }, .act = act_sort, .argument = -1 },
	{ .keys = { 'r' }, .act = act_reverse, .does = "reverse the order" },
	{ .keys = { ' ' },
	  .act = act_freeze,
	  .hint = "freeze",
	  .does = "freeze the tables, and let them go on" },
	{ .keys = { KEY_TAB },
	  .act = act_step_tab,
	  .argument = 1,
	  .hint = "tabs",
	  .does = "next tab, tab before" },
	{ .keys = { KEY_BACK_TAB }, .act = act_step_tab, .argument = -1 },
	{ .keys = { '1', '2', '3' }, .act = act_choose_tab, .does = "the tab of this number" },
	{ .keys = { '4', '5', '6' }, .act = act_choose_tab },
	{ .keys = { '7', '8', '9' }, .act = act_choose_tab },
	{ .keys = { KEY_ARROW_UP, 'k' }, .act = act_move, .argument = -1, .does = "up, down" },
	{ .keys = { KEY_ARROW_DOWN, 'j' }, .act = act_move, .argument = 1 },
	{ .keys = { KEY_PAGE_UP }, .act = act_turn, .argument = -1, .does = "a page up, down" },
	{ .keys = { KEY_PAGE_DOWN }, .act = act_turn, .argument = 1 },
	{ .keys = { KEY_TO_START, 'g' },
	  .act = act_move,
	  .argument = -ALL_THE_WAY,
	  .does = "to the first row, to the last" },
	{ .keys = { KEY_TO_END, 'G' }, .act = act_move, .argument = ALL_THE_WAY },
	{ .keys = { KEY_WHEEL_UP }, .act = act_move, .argument = -WHEEL_ROWS, .does = "up, down" },
	{ .keys = { KEY_WHEEL_DOWN }, .act = act_move, .argument = WHEEL_ROWS },
	{ .keys = { KEY_CLICK },
	  .act = act_click,
	  .does = "on a tab, on the name of a column to sort, on a row" },
	{ .keys = { KEY_DOUBLE_CLICK },
	  .act = act_click,
	  .argument = 1,
	  .does = "look into the row" },
	{ .keys = { 'p' },
	  .act = act_ask,
	  .argument = WISH_PAUSE,
	  .replay = true,
	  .hint = "pause",
	  .does = "pause the recording, and go on" },
	{ .keys = { '+' },
	  .act = act_ask,
	  .argument = WISH_FASTER,
	  .replay = true,
	  .hint = "faster",
	  .does = "faster, slower" },
	{ .keys = { '-' },
	  .act = act_ask,
	  .argument = WISH_SLOWER,
	  .replay = true,
	  .hint = "slower" },
	{ .keys = { KEY_ARROW_LEFT },
	  .act = act_seek,
	  .argument = -10,
	  .replay = true,
	  .does = "10 s back, 10 s on" },
	{ .keys = { KEY_ARROW_RIGHT },
	  .act = act_seek,
	  .argument = 10,
	  .replay = true,
	  .hint = "10 s on" },
	{ .keys = { '[' },
	  .act = act_seek,
	  .argument = -60,
	  .replay = true,
	  .does = "a minute back, a minute on" },
	{ .keys = { ']' }, .act = act_seek, .argument = 60, .replay = true },
};

#define NR_ACTIONS (sizeof(actions) / sizeof(actions[0]))

static bool is_had(const struct action *action, bool replay)
{
	return replay || !action->replay;
}

enum wish view_act(struct view *view, const struct model *model, const struct key_press *press)
{
	for (size_t i = 0; i < NR_ACTIONS; i++) {
		struct act act = { view, model, press, actions[i].argument };

		if (!is_had(&actions[i], view->site.replay))
			continue;
		for (unsigned int key = 0; key < MOST_KEYS; key++)
			if (press->key && actions[i].keys[key] == press->key)
				return actions[i].act(&act);
	}
	return WISH_NOTHING;
}

static const struct {
	uint32_t key;
	const char *name;
} names[] = {
	{ KEY_TAB, "Tab" },
	{ KEY_RETURN, "Enter" },
	{ KEY_ESCAPE, "Esc" },
	{ KEY_ERASE, "Backspace" },
	{ ' ', "Space" },
	{ KEY_ARROW_UP, "↑" },
	{ KEY_ARROW_DOWN, "↓" },
	{ KEY_ARROW_LEFT, "←" },
	{ KEY_ARROW_RIGHT, "→" },
	{ KEY_PAGE_UP, "PgUp" },
	{ KEY_PAGE_DOWN, "PgDn" },
	{ KEY_TO_START, "Home" },
	{ KEY_TO_END, "End" },
	{ KEY_BACK_TAB, "Shift-Tab" },
	{ KEY_F1, "F1" },
	{ KEY_CLICK, "click" },
	{ KEY_DOUBLE_CLICK, "double click" },
	{ KEY_WHEEL_UP, "wheel up" },
	{ KEY_WHEEL_DOWN, "wheel down" },
};

static const char *key_name(uint32_t key, char text[static TEXT_LEN])
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].key == key)
			return names[i].name;
	snprintf(text, TEXT_LEN, "%c", (int)key);
	return text;
}

/* With the keys of those after it that are the other half of what it does. */
static void print_action(size_t at, FILE *out)
{
	char keys[TEXT_LEN * MOST_KEYS] = "", text[TEXT_LEN];
	const char *does = actions[at].does;
	int width;

	do {
		for (unsigned int i = 0; i < MOST_KEYS && actions[at].keys[i]; i++)
			snprintf(keys + strlen(keys), sizeof(keys) - strlen(keys), "%s%s",
				 *keys ? " " : "", key_name(actions[at].keys[i], text));
	} while (++at < NR_ACTIONS && !actions[at].does);
	width = (int)text_width(keys);
	fprintf(out, "  \033[1m%s\033[0m%*s  %s\n", keys,
		width < KEYS_WIDTH ? KEYS_WIDTH - width : 0, "", does);
}

static void print_help(struct page *page, const struct site *site, const struct model *model,
		       FILE *out)
{
	(void)page;
	(void)model;
	for (size_t i = 0; i < NR_ACTIONS; i++)
		if (is_had(&actions[i], site->replay) && actions[i].does)
			print_action(i, out);
}

const struct page_ops help_page = {
	.name = "help",
	.print = print_help,
};

void draw_hints(const struct view *view, struct frame *frame, unsigned int row, unsigned int width)
{
	unsigned int at = 0;
	char text[TEXT_LEN];

	for (size_t i = 0; i < NR_ACTIONS; i++) {
		const char *key = key_name(actions[i].keys[0], text);

		if (!actions[i].hint || !is_had(&actions[i], view->site.replay))
			continue;
		if (at + text_width(key) + strlen(actions[i].hint) + 1 > width)
			break;
		at += frame_put(frame, row, at, width - at, STYLE_KEY, key);
		at += frame_put(frame, row, at + 1, width - at, STYLE_DIM, actions[i].hint) + 3;
	}
}
