// SPDX-License-Identifier: GPL-2.0-or-later
/* Opens the live source: helpers first, then what needs privilege, and what is left of it. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/caps.h"
#include "base/log.h"
#include "source/acts.h"
#include "source/live_inside.h"
#include "source/wheel.h"
#include "twtrace.skel.h"

/* What is switched off without a capability; that namespaces are hidden the survey tells. */
static void tell_missing(const struct live *live)
{
	if (!keeper_has(live->keeper, CAP_OF_DAC_READ_SEARCH))
		log_msg(LOG_WARNING, "services have the names of their commands, not of their "
				     "control groups (CAP_DAC_READ_SEARCH is missing)");
	if (!live->opener)
		return;
	if (!keeper_has(live->opener, CAP_OF_SYS_PTRACE))
		log_msg(LOG_WARNING, "--stacks: only of processes of the same user, without "
				     "capabilities (CAP_SYS_PTRACE is missing)");
	else if (!keeper_has(live->opener, CAP_OF_CHECKPOINT_RESTORE))
		log_msg(LOG_WARNING, "--stacks: addresses only in programs that have been replaced "
				     "on disk (CAP_CHECKPOINT_RESTORE is missing)");
}

/* They are forked from a process that has nothing open or mapped yet. */
static int start_helpers(struct live *live, const struct live_opts *opts, struct error *err)
{
	live->keeper = acts_start_keeper(err);
	if (live->keeper && opts->stacks)
		live->opener = acts_start_opener(err);
	return live->keeper && (live->opener || !opts->stacks) ? 0 : err->code;
}

/* The shared ring is read into a copy, from which its records take their turn. */
static int on_ring(void *ctx, void *data, size_t size)
{
	const struct tw_record *record = data;
	struct live *live = ctx;

	/* a nudge: it has woken the reader, and that was all */
	if (size < sizeof(*record) || record->size < sizeof(*record) || record->size > size)
		return 0;
	if (lanes_add(&live->lanes, record, record->size))
		live->losses.no_memory++;
	return 0;
}

static int open_buffers(struct live *live, struct error *err)
{
	const struct twtrace_bpf *skel = live->probes.skel;
	int ret;

	live->ring = ring_buffer__new(bpf_map__fd(skel->maps.events), on_ring, live, NULL);
	if (!live->ring)
		return error_set(err, -errno, "cannot map the ring buffer: %s", strerror(errno));
	ret = ring_whole_open(&live->whole, bpf_map__fd(skel->maps.events), err);
	if (!ret)
		ret = lanes_open(&live->lanes, bpf_map__fd(skel->maps.lanes), live->losses.cpus,
				 live->probes.lane_bytes, err);
	if (!ret)
		ret = spill_init(&live->spill, bpf_map__fd(skel->maps.spill),
				 bpf_map__fd(skel->maps.spill_first), err);
	return ret;
}

static int open_stacks(struct live *live, const struct live_opts *opts, struct error *err)
{
	const struct stacks_opts stacks = {
		.ids_fd = bpf_map__fd(live->probes.skel->maps.user_stacks),
		.counters_fd = bpf_map__fd(live->probes.skel->maps.stack_counters),
		.keeper = live->keeper,
		.opener = live->opener,
		.debuginfod = opts->debuginfod,
	};

	if (!opts->stacks)
		return 0;
	live->stacks = stacks_new(&stacks, err);
	return live->stacks ? 0 : err->code;
}

/* Asked of a process that has it permitted and not effective, as this one will. */
static uint32_t find_kept(const struct live *live)
{
	struct answer answer;
	int ret = acts_ask(live->keeper, ACT_BPF, NULL, 0,
			   bpf_map__fd(live->probes.skel->maps.spill), &answer);

	answer_release(&answer);
	return !ret ? NO_CAPS : caps_have(CAP_OF_BPF) ? CAPS(BPF) : CAPS(SYS_ADMIN);
}

static int open_all(struct live *live, const struct live_opts *opts, struct error *err)
{
	int ret = start_helpers(live, opts, err);

	if (ret)
		return ret;
	live->cgroups = cgroups_new(live->keeper);
	ret = live->cgroups ? losses_init(&live->losses) : -ENOMEM;
	if (ret == -ENOMEM)
		return error_set(err, ret, "no memory");
	if (ret)
		return error_set(
			err, ret,
			"/sys/devices/system/cpu/possible does not say how many processors "
			"there can be: %s",
			strerror(-ret));
	/* loading takes the most: programs, their statistics, addresses of functions, tracefs; and
	 * before 5.11 memory under RLIMIT_MEMLOCK, which libbpf lifts */
	caps_raise(ALL_CAPS);
	ret = survey_init(&live->survey, live->keeper, opts->ages, opts->filter.netns_ino, err);
	if (!ret)
		ret = probes_load(&live->probes, opts, err);
	if (ret)
		return ret;
	live->kept = find_kept(live);
	live->survey.facts = opts->facts;
	if (opts->failures)
		live->bound.skel = live->probes.skel;
	live->bound.survey = &live->survey;
	looks_init(&live->bound.looks, live_now_ns());
	ret = open_buffers(live, err);
	if (!ret)
		ret = open_stacks(live, opts, err);
	if (!ret)
		ret = probes_attach(&live->probes, opts, err);
	if (ret)
		return ret;
	live->survey.flags = live->probes.features.mib_at_birth ? TW_S_MIB_AT_BIRTH :
								  TW_S_MIB_AT_EXPIRY;
	live->tier.head = (struct tw_record){
		.size = sizeof(live->tier),
		.kind = TW_TIER,
		.from = live->probes.tier.evidence,
		.to = live->probes.binds,
	};
	wheel_look(&live->tier, live->probes.skel);
	tell_missing(live);
	return 0;
}

struct live *live_new(const struct live_opts *opts, struct error *err)
{
	struct live *live = calloc(1, sizeof(*live));

	if (!live) {
		error_set(err, -ENOMEM, "no memory");
		return NULL;
	}
	live->leaks = opts->leaks;
	live->no_audit = opts->no_audit;
	if (open_all(live, opts, err)) {
		live_free(live);
		return NULL;
	}
	return live;
}

void live_free(struct live *live)
{
	bool opener_is_idle;

	if (!live)
		return;
	opener_is_idle = stacks_free(live->stacks);
	spill_release(&live->spill);
	lanes_close(&live->lanes);
	probes_close(&live->probes);
	ring_whole_close(&live->whole);
	ring_buffer__free(live->ring);
	survey_release(&live->survey);
	cgroups_free(live->cgroups);
	losses_release(&live->losses);
	/* else it ends with this process */
	if (opener_is_idle)
		keeper_end(live->opener);
	keeper_end(live->keeper);
	free(live);
}

uint32_t live_kept_caps(const struct live *live)
{
	return live->kept;
}
