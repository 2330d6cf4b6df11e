// SPDX-License-Identifier: GPL-2.0-or-later
/* Counts and times the programs of the timer tier in a skeleton of their own. */
#include "source/estimate.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>
#include <unistd.h>

#include "tw_config.h"
#include "twtrace.skel.h"

#define WINDOW_NS 200000000L
#define NR_PROGRAMS 3
/* The tier's handler is no such address: every timer is looked at, none is told of. */
#define NO_HANDLER 1

static struct twtrace_bpf *load(void)
{
	struct twtrace_bpf *skel = twtrace_bpf__open();
	struct bpf_program *program;

	if (!skel)
		return NULL;
	bpf_object__for_each_program(program, skel->obj)
		bpf_program__set_autoload(program, program == skel->progs.timer_armed ||
							   program == skel->progs.timer_cancelled ||
							   program == skel->progs.timer_expired);
	bpf_map__set_max_entries(skel->maps.events, sysconf(_SC_PAGESIZE));
	bpf_map__set_autocreate(skel->maps.works, false);
	/* as in probes.c */
	if (!twtrace_bpf__load(skel) && skel->bss) {
		skel->bss->timer_handler = NO_HANDLER;
		return skel;
	}
	twtrace_bpf__destroy(skel);
	return NULL;
}

/* Runs and nanoseconds so far, of all of them together. */
static void add_up(struct bpf_program *const *programs, uint64_t *runs, uint64_t *ns)
{
	*runs = *ns = 0;
	for (size_t i = 0; i < NR_PROGRAMS; i++) {
		struct bpf_prog_info info = { 0 };
		__u32 len = sizeof(info);

		if (bpf_obj_get_info_by_fd(bpf_program__fd(programs[i]), &info, &len))
			continue;
		*runs += info.run_cnt;
		*ns += info.run_time_ns;
	}
}

static int watch(struct bpf_program *const *programs, struct estimate *estimate)
{
	struct timespec window = { .tv_nsec = WINDOW_NS };
	struct bpf_link *links[NR_PROGRAMS] = { NULL };
	uint64_t runs, ns;
	int ret = 0;

	for (size_t i = 0; !ret && i < NR_PROGRAMS; i++) {
		links[i] = bpf_program__attach(programs[i]);
		ret = links[i] ? 0 : -errno;
	}
	if (!ret)
		nanosleep(&window, NULL);
	for (size_t i = 0; i < NR_PROGRAMS; i++)
		bpf_link__destroy(links[i]);
	add_up(programs, &runs, &ns);
	estimate->events_per_s = runs * 1e9 / WINDOW_NS;
	estimate->ns = runs ? (double)ns / runs : 0;
	return ret;
}

int estimate_timer_tier(struct estimate *estimate)
{
	int statistics = bpf_enable_stats(BPF_STATS_RUN_TIME), ret;
	struct twtrace_bpf *skel;

	if (statistics < 0)
		return -errno;
	skel = load();
	if (skel) {
		struct bpf_program *const programs[NR_PROGRAMS] = {
			skel->progs.timer_armed,
			skel->progs.timer_cancelled,
			skel->progs.timer_expired,
		};

		ret = watch(programs, estimate);
		twtrace_bpf__destroy(skel);
	} else {
		ret = -errno;
	}
	close(statistics);
	return ret;
}
