// SPDX-License-Identifier: GPL-2.0-or-later
/* Losses since the last time, from counters that only grow. */
#include "source/losses.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>

#include "twtrace.skel.h"

int losses_init(struct losses *losses)
{
	int cpus = libbpf_num_possible_cpus();

	/* the kernel fills in as many as there can be, whatever room there is */
	if (cpus < 0)
		return cpus;
	*losses = (struct losses){ .cpus = cpus };
	losses->counters = calloc(losses->cpus, sizeof(*losses->counters));
	return losses->counters ? 0 : -ENOMEM;
}

void losses_release(struct losses *losses)
{
	free(losses->counters);
	losses->counters = NULL;
}

/* By how much @total has outgrown what was told of it before: told now. */
static uint64_t news(uint64_t total, uint64_t *told)
{
	uint64_t more = total > *told ? total - *told : 0;

	*told += more;
	return more;
}

/* All processors' counters, as they are now; what can't be read has not grown. */
static struct tw_counters sum_up(struct losses *losses, const struct probes *probes)
{
	struct tw_counters sum = { .lost_ring = 0 };
	__u32 zero = 0;

	if (bpf_map_lookup_elem(bpf_map__fd(probes->skel->maps.counters), &zero, losses->counters))
		return sum;
	for (unsigned int cpu = 0; cpu < losses->cpus; cpu++) {
		sum.lost_ring += losses->counters[cpu].lost_ring;
		sum.lost_sum += losses->counters[cpu].lost_sum;
		sum.spilled += losses->counters[cpu].spilled;
		sum.caught += losses->counters[cpu].caught;
	}
	return sum;
}

struct lost losses_since(struct losses *losses, const struct probes *probes, bool last)
{
	/*
	 * What was missed until the last time against what is caught by now: an event is
	 * missed before it is caught, and its task may be preempted between the two.
	 */
	uint64_t missed = probes_skipped(probes);
	uint64_t skipped = last ? missed : losses->missed;
	struct tw_counters sum = sum_up(losses, probes);
	struct lost lost = { { 0 } };

	losses->missed = missed;
	lost.of[TW_LOSS_SKIPPED] =
		news(skipped > sum.caught ? skipped - sum.caught : 0, &losses->told.looks) +
		news(tier_skipped(&probes->tier, probes->skel), &losses->told.tier);
	lost.of[TW_LOSS_RING_FULL] = news(sum.lost_ring + sum.lost_sum, &losses->told.ring);
	lost.of[TW_LOSS_NO_MEMORY] = news(losses->no_memory, &losses->told.no_memory);
	return lost;
}

uint64_t losses_spilled(struct losses *losses, const struct probes *probes)
{
	return news(sum_up(losses, probes).spilled, &losses->told.spilled);
}

bool losses_tell(const struct lost *lost, uint64_t now_ns, const struct receiver *to)
{
	bool any = false;

	for (unsigned int cause = 0; cause < TW_NR_LOSS; cause++) {
		struct tw_loss loss = {
			.head = { .size = sizeof(loss),
				  .kind = TW_LOSS,
				  .from = cause,
				  .ts_ns = now_ns },
			.count = lost->of[cause],
		};

		if (loss.count)
			deliver(to, &loss);
		any |= loss.count != 0;
	}
	return any;
}

void losses_pairs(const struct losses *losses, __u64 count[TW_NR_STATES * TW_NR_STATES])
{
	for (unsigned int cpu = 0; cpu < losses->cpus; cpu++)
		for (size_t i = 0; i < TW_NR_STATES * TW_NR_STATES; i++)
			count[i] += losses->counters[cpu].pairs[i];
}
