/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The course of a gauge as a line of bars. */
#ifndef SCREEN_SPARK_H
#define SCREEN_SPARK_H

#include <stdint.h>

#include "base/frame.h"
#include "model/model.h"

struct spark {
	unsigned int at;	/* of the fields with a history */
	uint64_t peak;		/* the greatest of all points, and of now */
	uint64_t span_ns;	/* from the first point to the last; 0: there are not two */
};

struct spark spark_of(const struct model *model, enum field field);
/* In at most @width columns, the newest to the right. Returns how many it took. */
unsigned int spark_draw(const struct spark *spark, const struct model *model, struct frame *frame,
			unsigned int row, unsigned int column, unsigned int width);

#endif
