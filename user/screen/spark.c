// SPDX-License-Identifier: GPL-2.0-or-later
/* The course of a gauge as a line of bars. */
#include "screen/spark.h"

#define NS_PER_SECOND 1000000000ULL
#define NR_BARS 8

static const char *const bars[NR_BARS] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };

struct spark spark_of(const struct model *model, enum field field)
{
	size_t count = model_history(model);
	struct spark spark = { .peak = model_totals(model)->count[field] };

	while (spark.at < NR_HISTORY_FIELDS - 1 && history_field(spark.at) != field)
		spark.at++;
	for (size_t i = 0; i < count; i++)
		if (model_history_at(model, i)->count[spark.at] > spark.peak)
			spark.peak = model_history_at(model, i)->count[spark.at];
	if (count > 1)
		spark.span_ns = model_history_at(model, count - 1)->ts_ns -
				model_history_at(model, 0)->ts_ns;
	return spark;
}

/* None is as low as it gets, and one is not none. */
static const char *bar_of(uint64_t value, uint64_t peak)
{
	if (!value || !peak)
		return " ";
	return bars[(value * NR_BARS - 1) / peak < NR_BARS ? (value * NR_BARS - 1) / peak :
							     NR_BARS - 1];
}

/*
 * A column is the same time everywhere, and shows the greatest that fell into it: a peak is
 * never lost. Where no point did, it is what it was before.
 */
unsigned int spark_draw(const struct spark *spark, const struct model *model, struct frame *frame,
			unsigned int row, unsigned int column, unsigned int width)
{
	size_t count = model_history(model), i = 0;
	uint64_t first_ns = count ? model_history_at(model, 0)->ts_ns : 0, value = 0;
	uint64_t step_ns = width ? spark->span_ns / width + 1 : 0;
	unsigned int columns;

	if (!spark->span_ns || !width)
		return 0;
	step_ns = step_ns < NS_PER_SECOND ? NS_PER_SECOND : step_ns;
	columns = (unsigned int)(spark->span_ns / step_ns) + 1;
	for (unsigned int at = 0; at < columns; at++) {
		uint64_t greatest = 0, until_ns = first_ns + (at + 1) * step_ns;
		bool any = false;

		for (; i < count && model_history_at(model, i)->ts_ns < until_ns; i++) {
			value = model_history_at(model, i)->count[spark->at];
			greatest = value > greatest ? value : greatest;
			any = true;
		}
		frame_put(frame, row, column + at, 1, STYLE_GRAPH,
			  bar_of(any ? greatest : value, spark->peak));
	}
	return columns;
}
