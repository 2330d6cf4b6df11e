// SPDX-License-Identifier: GPL-2.0-or-later
/* The stand-in's reader: takes each event as it comes and prints a line of it. */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "bench.h"
#include "standin.h"
#include "standin.skel.h"

enum { BUFFER_PAGES = 16, POLL_MS = 100 };

static const char *const states[] = {
	[1] = "ESTABLISHED", [2] = "SYN_SENT",	[3] = "SYN_RECV", [4] = "FIN_WAIT1",
	[5] = "FIN_WAIT2",   [6] = "TIME_WAIT", [7] = "CLOSE",	  [8] = "CLOSE_WAIT",
	[9] = "LAST_ACK",    [10] = "LISTEN",	[11] = "CLOSING", [12] = "NEW_SYN_RECV",
};

static unsigned long long lost;

static const char *state_name(__u32 state)
{
	return state < sizeof(states) / sizeof(*states) && states[state] ? states[state] : "?";
}

static void print_event(void *ctx, int cpu, void *data, __u32 size)
{
	struct standin_event aligned, *event = &aligned;
	char local[INET6_ADDRSTRLEN], remote[INET6_ADDRSTRLEN];

	(void)ctx, (void)cpu, (void)size;
	memcpy(event, data, sizeof(*event)); /* in the buffer it is not */
	inet_ntop(event->family, event->saddr, local, sizeof(local));
	inet_ntop(event->family, event->daddr, remote, sizeof(remote));
	printf("%-16llx %-7u %-10.16s %-2d %-26s %-5u %-26s %-5u %-11s -> %-11s %.3f\n",
	       event->skaddr, event->pid, event->task, event->family == AF_INET ? 4 : 6, local,
	       event->sport, remote, event->dport, state_name(event->from), state_name(event->to),
	       event->delta_us / 1000.0);
}

static void count_lost(void *ctx, int cpu, __u64 count)
{
	(void)ctx, (void)cpu;
	lost += count;
}

/* libbpf looks up a classic tracepoint there. Not everywhere is it mounted: here only. */
static void need_tracefs(void)
{
	static const char tracefs[] = "/sys/kernel/tracing";

	if (!access("/sys/kernel/tracing/events", F_OK))
		return;
	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", tracefs, "tracefs", 0, NULL))
		die("cannot mount tracefs: %s", strerror(errno));
}

int main(int argc, char **argv)
{
	static const struct option table[] = {
		{ "ready-fd", required_argument, NULL, 'r' },
		{},
	};
	int key, ready_fd = -1, err = 0;
	struct standin_bpf *skel;
	struct perf_buffer *buffer;
	struct pollfd ended;

	while ((key = getopt_long(argc, argv, "", table, NULL)) != -1) {
		if (key != 'r')
			return 2;
		ready_fd = parse_number("ready-fd", optarg, 0, 1 << 20);
	}
	ended = (struct pollfd){ .fd = signals_as_fd(), .events = POLLIN };
	need_tracefs();
	skel = standin_bpf__open_and_load();
	if (!skel || standin_bpf__attach(skel))
		die("cannot load or attach the stand-in: %s", strerror(errno));
	buffer = perf_buffer__new(bpf_map__fd(skel->maps.changes), BUFFER_PAGES, print_event,
				  count_lost, NULL, NULL);
	if (!buffer)
		die("no perf buffer: %s", strerror(errno));
	say_ready(ready_fd);
	while (poll(&ended, 1, 0) == 0 && (err >= 0 || err == -EINTR))
		err = perf_buffer__poll(buffer, POLL_MS);
	perf_buffer__consume(buffer);
	if (lost)
		fprintf(stderr, "standin: lost %llu events\n", lost);
	perf_buffer__free(buffer);
	standin_bpf__destroy(skel);
	return EXIT_SUCCESS;
}
