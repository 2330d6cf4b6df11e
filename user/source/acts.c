// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of acts: what each is asked with, and what must be raised for it. */
#include "source/acts.h"

#include <bpf/bpf.h>
#include <errno.h>

/* To see another process, wherever /proc is mounted hidepid or its files are its user's. */
#define LOOK (CAPS(SYS_PTRACE) | CAPS(DAC_READ_SEARCH))
/* To enter another namespace, too. */
#define VISIT (LOOK | CAPS(SYS_ADMIN))

/*
 * Before 5.19 all of bpf() is for who may load programs (c8644cd0efe7): what is asked for does not
 * matter. Of this, unlike of keys, the kernel writes no more than there is room for, whatever map
 * it is.
 */
static int act_bpf(const struct request *request, struct answer *answer)
{
	struct bpf_map_info info = { 0 };
	uint32_t size = sizeof(info);

	(void)answer;
	return bpf_obj_get_info_by_fd(request->fd, &info, &size) ? -errno : 0;
}

static const struct act acts[NR_ACTS] = {
	[ACT_NETNS_SCAN] = { act_netns_scan, 0, LOOK },
	[ACT_NETNS_COOKIE] = { act_netns_cookie, sizeof(struct netns_way), VISIT },
	[ACT_NETNS_OPEN] = { act_netns_open, sizeof(struct netns_way), VISIT },
	[ACT_NETNS_FACTS] = { act_netns_facts, sizeof(struct netns_way), VISIT },
	/* CAP_SYS_ADMIN stands for CAP_BPF where bpf() asks for it */
	[ACT_NETNS_WALK] = { act_netns_walk, sizeof(struct netns_way), VISIT },
	[ACT_CGROUP_PATH] = { act_cgroup_path, sizeof(uint64_t), CAPS(DAC_READ_SEARCH) },
	[ACT_PROCESS] = { act_process, sizeof(struct process_wanted), LOOK },
	[ACT_MAPS] = { act_maps, sizeof(struct maps_wanted), LOOK },
	/* /proc/PID/map_files (proc_map_files_get_link(), fs/proc/base.c) */
	[ACT_IMAGE] = { act_image, sizeof(struct image_wanted), LOOK | CAPS(CHECKPOINT_RESTORE) },
	[ACT_PERF_MAP] = { act_perf_map, sizeof(struct maps_owner), LOOK },
	[ACT_BPF] = { act_bpf, 0, NO_CAPS },
};

struct keeper *acts_start_keeper(struct error *err)
{
	static const struct keeper_opts opts = {
		.acts = acts,
		.nr_acts = NR_ACTS,
		.caps = VISIT,
		.name = "twtrace-keeper",
		.gone = "other network namespaces and new services can't be looked into any more",
	};

	return keeper_start(&opts, err);
}

struct keeper *acts_start_opener(struct error *err)
{
	static const struct keeper_opts opts = {
		.acts = acts,
		.nr_acts = NR_ACTS,
		.caps = LOOK | CAPS(CHECKPOINT_RESTORE),
		.name = "twtrace-opener",
		.gone = "stacks in programs not seen before will have no names",
	};

	return keeper_start(&opts, err);
}

int acts_ask(struct keeper *keeper, enum act_number act, const void *data, size_t size, int fd,
	     struct answer *answer)
{
	const struct request request = { data, size, fd };

	if (keeper)
		return keeper_ask(keeper, act, data, size, fd, answer);
	*answer = ANSWER_NONE;
	return acts[act].run(&request, answer);
}
