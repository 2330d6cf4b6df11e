// SPDX-License-Identifier: GPL-2.0-or-later
/* A line through (wall_ns, at_ns) whose slope is the speed; whatever changes begins a new one. */
#include "cmd/pace.h"

static const double speeds[] = { 0.25, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000 };

#define NR_SPEEDS (sizeof(speeds) / sizeof(speeds[0]))
#define REAL_TIME 2

void pace_init(struct pace *pace)
{
	*pace = (struct pace){ .gear = REAL_TIME };
}

double pace_speed(const struct pace *pace)
{
	return speeds[pace->gear];
}

void pace_arrive(struct pace *pace, uint64_t at_ns, uint64_t wall_ns)
{
	pace->at_ns = at_ns;
	pace->wall_ns = wall_ns;
	pace->seeking = false;
	pace->back = false;
}

void pace_begin(struct pace *pace, uint64_t at_ns, uint64_t wall_ns)
{
	pace->from_ns = at_ns;
	if (!pace->seeking)
		pace_arrive(pace, at_ns, wall_ns);
	pace->wall_ns = wall_ns;
}

uint64_t pace_due_ns(const struct pace *pace, uint64_t wall_ns)
{
	if (!pace->wall_ns || pace->paused || pace->seeking || wall_ns < pace->wall_ns)
		return pace->at_ns;
	return pace->at_ns + (uint64_t)((wall_ns - pace->wall_ns) * pace_speed(pace));
}

uint64_t pace_wall_ns(const struct pace *pace, uint64_t ts_ns)
{
	if (ts_ns <= pace->at_ns)
		return pace->wall_ns;
	if (pace->paused)
		return UINT64_MAX;
	return pace->wall_ns + (uint64_t)((ts_ns - pace->at_ns) / pace_speed(pace));
}

/* What is due now stays due. */
static void settle(struct pace *pace, uint64_t wall_ns)
{
	if (pace->seeking)
		return;
	pace->at_ns = pace_due_ns(pace, wall_ns);
	pace->wall_ns = wall_ns;
}

void pace_toggle(struct pace *pace, uint64_t wall_ns)
{
	settle(pace, wall_ns);
	pace->paused = !pace->paused;
}

void pace_shift(struct pace *pace, bool up, uint64_t wall_ns)
{
	settle(pace, wall_ns);
	if (up && pace->gear + 1 < NR_SPEEDS)
		pace->gear++;
	else if (!up && pace->gear)
		pace->gear--;
}

void pace_seek(struct pace *pace, int64_t by_ns, uint64_t fed_ns)
{
	uint64_t at_ns = pace->seeking ? pace->at_ns : fed_ns;

	if (by_ns < 0)
		at_ns -= at_ns > -(uint64_t)by_ns ? -(uint64_t)by_ns : at_ns;
	else if (pace->to_ns > at_ns)
		at_ns = pace->to_ns - at_ns > (uint64_t)by_ns ? at_ns + by_ns : pace->to_ns;
	pace->at_ns = at_ns < pace->from_ns ? pace->from_ns : at_ns;
	pace->seeking = true;
	pace->back = pace->at_ns < fed_ns;
}
