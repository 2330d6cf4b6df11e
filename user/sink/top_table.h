/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One table of `top` for people: the rows of a dimension, as many columns as fit. */
#ifndef SINK_TOP_TABLE_H
#define SINK_TOP_TABLE_H

#include <stdio.h>

#include "base/names.h"
#include "sink/ranking.h"

struct top_table_opts {
	uint32_t limit;		/* rows, without "other" */
	uint32_t width;		/* columns with the least to say go until it fits; 0: never */
	bool bold;
	struct names *names;	/* of remote hosts; NULL: none */
	struct span span;
};

/*
 * Prints nothing for a dimension without rows; else an empty line, the table and
 * how many rows were left out. @ranking is of @dimension.
 */
void top_table_print(const struct model *model, enum dimension dimension,
		     const struct ranking *ranking, const struct top_table_opts *opts, FILE *out);

#endif
