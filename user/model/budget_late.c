// SPDX-License-Identifier: GPL-2.0-or-later
/* How bad a budget was of late: its level ends some time after its cause. */
#include "model/budgets.h"

static void raise(uint32_t *peak, uint32_t used)
{
	if (used > *peak)
		*peak = used;
}

static void turn(struct budget_row *row, uint64_t now_ns)
{
	struct budget_late *late = &row->late;
	enum lately_turn turned = lately_turn(&late->lately, now_ns);
	unsigned int now = lately_now(&late->lately);

	if (turned == LATELY_SAME)
		return;
	if (turned == LATELY_PAUSE)
		late->peak[!now] = late->failures[!now] = 0;
	/* what was used last was so until now */
	late->peak[now] = row->used;
	late->failures[now] = 0;
}

void budget_note_used(struct budget_row *row, uint64_t now_ns, uint32_t used)
{
	turn(row, now_ns);
	raise(&row->peak, used);
	raise(&row->late.peak[lately_now(&row->late.lately)], used);
}

void budget_note_failures(struct budget_row *row, uint64_t now_ns, uint64_t count)
{
	turn(row, now_ns);
	row->failures += count;
	row->late.failures[lately_now(&row->late.lately)] += count;
}

uint32_t budget_peak_late(struct budget_row *row, uint64_t now_ns)
{
	turn(row, now_ns);
	return row->late.peak[0] > row->late.peak[1] ? row->late.peak[0] : row->late.peak[1];
}

uint64_t budget_failures_late(struct budget_row *row, uint64_t now_ns)
{
	turn(row, now_ns);
	return row->late.failures[0] + row->late.failures[1];
}
