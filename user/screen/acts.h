/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What keys can do; which key does it: actions.c. */
#ifndef SCREEN_ACTS_H
#define SCREEN_ACTS_H

#include "screen/state.h"

/* One press of a key; the argument is the row's of the table. */
struct act {
	struct view *view;
	const struct model *model;
	const struct key_press *press;
	long argument;
};

typedef enum wish (*act_fn)(const struct act *act);

enum wish act_ask(const struct act *act);	/* for the wish that is the argument */
enum wish act_help(const struct act *act);
enum wish act_look(const struct act *act);
enum wish act_back(const struct act *act);
enum wish act_filter(const struct act *act);
enum wish act_sort(const struct act *act);	/* 1: by the next column, -1: by the one before */
enum wish act_reverse(const struct act *act);
enum wish act_freeze(const struct act *act);
enum wish act_step_tab(const struct act *act);	/* by so many */
enum wish act_choose_tab(const struct act *act);	/* by the digit that was pressed */
enum wish act_move(const struct act *act);	/* by so many rows */
enum wish act_turn(const struct act *act);	/* by so many pages */
enum wish act_click(const struct act *act);	/* 1: twice */
enum wish act_seek(const struct act *act);	/* by so many seconds */

#endif
