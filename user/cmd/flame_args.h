/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options of `twtrace flame` alone. */
#ifndef CMD_FLAME_ARGS_H
#define CMD_FLAME_ARGS_H

#include <stdbool.h>

#include "cmd/delivery.h"
#include "cmd/options.h"
#include "model/flame.h"

/* Frames and a weight that go together: a picture for each question. */
struct flame_view {
	const char *name;
	enum flame_weight weight;
	struct flame_by by;
};

/* What the command line says. */
struct flame_args {
	const struct flame_view *view;	/* NULL: not chosen by name */
	struct flame_by by;		/* empty: not chosen */
	enum flame_weight weight;	/* NR_FLAME_WEIGHTS: not chosen */
	int color;			/* enum flame_color; -1: not chosen */
	double share;			/* below 0: not chosen */
	const char *diff;		/* NULL: none */
	int diff_fd;			/* as options.input_fds */
	bool normalize;
	uint64_t interval_ns;		/* a summary for each; 0: not chosen */
	struct delivery_config delivery;
};

/* For struct option_spec.own; struct options.own is a struct flame_args, which this prepares. */
extern const struct option_row flame_rows[];
void flame_args_init(struct flame_args *args);

/* The view for a weight of which nothing else was said; NR_FLAME_WEIGHTS: for anything. */
const struct flame_view *flame_view_of(enum flame_weight weight);
/* Unless it is there. */
void flame_by_append(struct flame_by *by, enum flame_frame frame);

#endif
