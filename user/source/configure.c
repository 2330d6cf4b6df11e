// SPDX-License-Identifier: GPL-2.0-or-later
/* Sizes of buffers, constants of the programs, and which of them are loaded. */
#include "source/configure.h"

#include <bpf/libbpf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/procfs.h"
#include "base/text.h"
#include "tw_lane.h"
#include "tw_stack.h"
#include "twtrace.skel.h"

/* All buffers together: so much, but never more than this share of the memory. */
#define BUFFER_BYTES (4 * 1024 * 1024ULL)
#define BUFFER_SHARE 256
#define MIN_LANE_BYTES 4096

/* The reader is woken when a quarter of the ring waits, or after so long. */
#define WAKEUP_SHARE 4
#define WAKEUP_NS (20 * 1000000ULL)

static uint64_t power_of_two_up_to(uint64_t most)
{
	uint64_t bytes = 1;

	while (bytes * 2 <= most)
		bytes *= 2;
	return bytes;
}

/* What all buffers may take together: as asked for, or by the machine. */
static uint64_t buffer_bytes(uint64_t wanted)
{
	uint64_t memory = (uint64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);

	if (wanted)
		return wanted;
	return memory / BUFFER_SHARE < BUFFER_BYTES ? memory / BUFFER_SHARE : BUFFER_BYTES;
}

/* Half for the lanes, one a processor, half for the ring that all share. */
static uint64_t lane_bytes(uint64_t wanted, int cpus)
{
	uint64_t bytes = power_of_two_up_to(buffer_bytes(wanted) / 2 / cpus);

	return bytes < MIN_LANE_BYTES ? MIN_LANE_BYTES : bytes;
}

static uint64_t ring_bytes(uint64_t wanted)
{
	uint64_t page = sysconf(_SC_PAGESIZE);
	uint64_t bytes = power_of_two_up_to(buffer_bytes(wanted) / 2);

	return bytes < page ? page : bytes;
}

static bool filter_is_set(const struct tw_filter *filter)
{
	static const struct tw_filter none;

	return memcmp(filter, &none, sizeof(none)) != 0;
}

/* Without --stacks there is neither a program nor a map of them. */
static void configure_stacks(struct twtrace_bpf *skel, bool wanted, const struct features *features,
			     bool with_accept)
{
	char text[TEXT_LEN];
	uint64_t frames;

	bpf_map__set_autocreate(skel->maps.user_stacks, wanted);
	bpf_map__set_autocreate(skel->maps.stack_counters, wanted);
	bpf_map__set_autocreate(skel->maps.stack_programs, wanted);
	bpf_program__set_autoload(skel->progs.stack_change, wanted);
	bpf_program__set_autoload(skel->progs.stack_accept_plain,
				  wanted && with_accept && !features->accept_arg);
	bpf_program__set_autoload(skel->progs.stack_accept_arg,
				  wanted && with_accept && features->accept_arg);
	bpf_program__set_autoload(skel->progs.stack_exit_accept, wanted && !with_accept);
	/* deeper ones than the host's limit make no map */
	if (wanted &&
	    procfs_read("/proc/sys/kernel/perf_event_max_stack", text, sizeof(text)) > 0) {
		frames = strtoul(text, NULL, 10);
		if (frames && frames < TW_STACK_FRAMES)
			bpf_map__set_value_size(skel->maps.user_stacks, frames * sizeof(uint64_t));
	}
}

/*
 * How a bind() that fails is seen: by the first of these ways that is to be had. Who insists on
 * kprobes gets them here, too.
 */
enum bind_way configure_bind_way(const struct live_opts *opts, const struct features *features,
				 bool with_fexit)
{
	if (with_fexit && opts->evidence != TW_BY_KPROBE)
		return BIND_FEXIT;
	if (!features->no_kprobes[0])
		return BIND_KPROBE;
	return opts->syscalls ? BIND_SYSCALL : BIND_NOT;
}

static void configure_failures(struct twtrace_bpf *skel, const struct live_opts *opts,
			       enum bind_way way)
{
	bool wanted = opts->failures;

	skel->rodata->config.infer_listen = wanted && way >= BIND_SYSCALL;
	bpf_program__set_autoload(skel->progs.bind_fexit, wanted && way == BIND_FEXIT);
	bpf_program__set_autoload(skel->progs.bind_kprobe, wanted && way == BIND_KPROBE);
	bpf_program__set_autoload(skel->progs.bind_kretprobe, wanted && way == BIND_KPROBE);
	bpf_map__set_autocreate(skel->maps.bind_calls, wanted && way == BIND_KPROBE);
	skel->rodata->config.exit_bind = wanted && opts->syscalls;
	skel->rodata->config.exit_bind_in_use = wanted && way == BIND_SYSCALL;
	bpf_program__set_autoload(skel->progs.bound_hashed, wanted);
	bpf_program__set_autoload(skel->progs.bound_unhashed, wanted);
}

void configure(struct twtrace_bpf *skel, const struct live_opts *opts,
	       const struct features *features, enum tw_evidence evidence, bool with_fexit)
{
	bool with_accept = with_fexit && features->has_accept;
	uint64_t bytes = ring_bytes(opts->ring_bytes);
	int cpus = libbpf_num_possible_cpus();
	struct stat st = { 0 };

	stat("/proc/self/ns/pid", &st);
	skel->rodata->config.pidns_ino = st.st_ino;
	skel->rodata->config.wakeup_bytes = bytes / WAKEUP_SHARE;
	skel->rodata->config.wakeup_ns = WAKEUP_NS;
	skel->rodata->config.has_filter = filter_is_set(&opts->filter);
	skel->rodata->config.cpus = cpus;
	skel->rodata->config.pid = opts->pid;
	skel->rodata->config.leaks = opts->leaks;
	skel->rodata->config.stacks = opts->stacks;
	skel->rodata->config.scope_pid = opts->scope_pid;
	skel->rodata->config.scope_cgroup = opts->scope_cgroup;
	skel->rodata->config.has_tier = evidence != TW_BY_INFERENCE;
	skel->rodata->config.lane_bytes = lane_bytes(opts->ring_bytes, cpus);
	skel->rodata->filter = opts->filter;
	bpf_map__set_max_entries(skel->maps.events, bytes);
	bpf_map__set_max_entries(skel->maps.lanes, cpus);
	bpf_map__set_value_size(skel->maps.lanes, TW_LANE_SIZE(skel->rodata->config.lane_bytes));
	bpf_program__set_autoload(skel->progs.closed_held, opts->leaks);
	bpf_program__set_autoload(skel->progs.process_forked, opts->scope_pid);
	bpf_program__set_autoload(skel->progs.process_exits, opts->scope_pid);
	bpf_program__set_autoload(skel->progs.process_freed, opts->scope_pid);
	if (!opts->scope_pid)
		bpf_map__set_max_entries(skel->maps.members, 1);
	bpf_program__set_autoload(skel->progs.reset_plain, !features->reset_reason);
	bpf_program__set_autoload(skel->progs.reset_reason, features->reset_reason);
	bpf_program__set_autoload(skel->progs.accept_plain, with_accept && !features->accept_arg);
	bpf_program__set_autoload(skel->progs.accept_arg, with_accept && features->accept_arg);
	skel->rodata->config.exit_accept = opts->syscalls && !with_accept;
	configure_stacks(skel, opts->stacks, features, with_accept);
	configure_failures(skel, opts, configure_bind_way(opts, features, with_fexit));
	bpf_program__set_autoload(skel->progs.exit_call, skel->rodata->config.exit_accept ||
								 skel->rodata->config.exit_bind);
}

void configure_least(struct twtrace_bpf *skel)
{
	struct bpf_program *const programs[] = {
		skel->progs.reset_plain,  skel->progs.reset_reason,   skel->progs.holders,
		skel->progs.bound_hashed, skel->progs.bound_unhashed, skel->progs.read_ticks,
	};

	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
		bpf_program__set_autoload(programs[i], false);
}
