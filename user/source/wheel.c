// SPDX-License-Identifier: GPL-2.0-or-later
/* Waits for the next tick to begin: from then on all are counted. */
#include "source/wheel.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "source/jiffies.h"
#include "twtrace.skel.h"

/* Longer than any tick is (HZ=100). */
#define PATIENCE_NS (12 * 1000000ULL)
/* A look that took longer was interrupted: when the tick began is not known that well. */
#define PROMPT_NS (50 * 1000ULL)
#define TRIES 4

static bool look(const struct twtrace_bpf *skel, struct tw_ticks *ticks)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);

	/* since 5.10; a program that was not loaded has no descriptor */
	if (bpf_prog_test_run_opts(bpf_program__fd(skel->progs.read_ticks), &opts))
		return false;
	*ticks = skel->bss->ticks;
	return true;
}

/* When one began; false: none came, or how long ago it did is not known. */
static bool await_tick(const struct twtrace_bpf *skel, struct tw_ticks *now)
{
	struct tw_ticks first, before;

	if (!look(skel, &first))
		return false;
	*now = first;
	do {
		before = *now;
		if (!look(skel, now) || now->ts_ns - first.ts_ns > PATIENCE_NS)
			return false;
	} while (now->jiffies == before.jiffies);
	return now->jiffies == before.jiffies + 1 && now->ts_ns - before.ts_ns <= PROMPT_NS;
}

void wheel_look(struct tw_tier *tier, const struct twtrace_bpf *skel)
{
	struct tw_ticks now;

	for (unsigned int i = 0; i < TRIES; i++) {
		if (!await_tick(skel, &now))
			continue;
		jiffies_wheel(tier, &now, jiffies_per_second(now.jiffies, now.ts_ns));
		return;
	}
}
