// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Holds the empty program attached: the floor of what tracing costs, and with --stats,
 * while the kernel counts and times the runs of every program, the count of transitions.
 */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "bench.h"
#include "empty.skel.h"

int main(int argc, char **argv)
{
	static const struct option table[] = {
		{ "stats", no_argument, NULL, 's' },
		{ "ready-fd", required_argument, NULL, 'r' },
		{},
	};
	int key, ready_fd = -1, stats_fd = -1, signal_fd;
	struct empty_bpf *skel;
	bool stats = false;

	while ((key = getopt_long(argc, argv, "", table, NULL)) != -1) {
		if (key == 's')
			stats = true;
		else if (key == 'r')
			ready_fd = parse_number("ready-fd", optarg, 0, 1 << 20);
		else
			return 2;
	}
	signal_fd = signals_as_fd();
	if (stats) {
		stats_fd = bpf_enable_stats(BPF_STATS_RUN_TIME);
		if (stats_fd < 0)
			die("cannot have BPF statistics: %s", strerror(errno));
	}
	skel = empty_bpf__open_and_load();
	if (!skel || empty_bpf__attach(skel))
		die("cannot load or attach the empty program: %s", strerror(errno));
	say_ready(ready_fd);
	wait_for_signal(signal_fd);
	empty_bpf__destroy(skel);
	if (stats_fd >= 0)
		close(stats_fd);
	return EXIT_SUCCESS;
}
