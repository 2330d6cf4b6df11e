// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the kernel itself says about a namespace: its sockets and its counters.
 * Read through files opened while an actor lived there, for the namespace may
 * have no process left when the question is asked.
 */
#include "traffic.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

const char *const mib_names[MIB_COUNT] = {
	"ActiveOpens",	    "PassiveOpens",	"AttemptFails",
	"EstabResets",	    "OutRsts",		"TW",
	"TWRecycled",	    "TWKilled",		"TCPTimeWaitOverflow",
	"TCPAbortOnData",   "TCPAbortOnClose",	"TCPAbortOnTimeout",
	"TCPAbortOnLinger", "TCPAbortOnMemory", "InSegs",
};

static struct {
	int fd;
	char value[64];
} changed[8];
static unsigned nr_changed;

bool netns_sysctl_if_there(const char *name, const char *value)
{
	char path[128];
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/net/ipv4/%s", name);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return false;
	/* a scenario repeats itself: only the first value is the old one */
	if (nr_changed < sizeof(changed) / sizeof(changed[0])) {
		len = pread(fd, changed[nr_changed].value, sizeof(changed[0].value) - 1, 0);
		changed[nr_changed].fd = len > 0 ? dup(fd) : -1;
		nr_changed++;
	}
	if (pwrite(fd, value, strlen(value), 0) < 0)
		die("cannot write '%s' to %s: %s", value, path, strerror(errno));
	close(fd);
	return true;
}

void netns_sysctl(const char *name, const char *value)
{
	if (!netns_sysctl_if_there(name, value))
		die("there is no setting %s: %s", name, strerror(errno));
}

void netns_restore(void)
{
	while (nr_changed) {
		const char *value = changed[--nr_changed].value;

		if (pwrite(changed[nr_changed].fd, value, strlen(value), 0) < 0)
			fprintf(stderr, "traffic: cannot restore '%s'\n", value);
		close(changed[nr_changed].fd);
	}
}

void netns_enter_own(void)
{
	struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd;

	if (unshare(CLONE_NEWNET))
		die("cannot make a network namespace: %s", strerror(errno));
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &ifr))
		die("cannot set lo up in the new namespace: %s", strerror(errno));
	close(fd);
}

static int view_open_one(pid_t pid, const char *name)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/net/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && strcmp(name, "tcp6"))
		die("cannot open %s: %s", path, strerror(errno));
	return fd;
}

void view_open(struct netns_view *view, pid_t pid)
{
	view->tcp = view_open_one(pid, "tcp");
	view->tcp6 = view_open_one(pid, "tcp6");
	view->netstat = view_open_one(pid, "netstat");
	view->snmp = view_open_one(pid, "snmp");
	view_mib(view, view->mib_before);
}

/* The whole file as one string, to be freed; NULL for a file that is not there. */
static char *slurp(int fd)
{
	size_t size = 65536, used = 0;
	char *text, *grown;
	ssize_t got;

	if (fd < 0)
		return NULL;
	lseek(fd, 0, SEEK_SET);
	text = malloc(size);
	while (text && (got = read(fd, text + used, size - used - 1)) > 0) {
		used += got;
		if (size - used >= 32768)
			continue;
		grown = realloc(text, size *= 2);
		if (!grown)
			free(text);
		text = grown;
	}
	if (!text)
		die("out of memory");
	text[used] = 0;
	return text;
}

/* The files have pairs of lines: "TcpExt: names" and "TcpExt: values". */
static void mib_pick(char *text, const char *prefix, uint64_t values[static MIB_COUNT])
{
	char *names = strstr(text, prefix), *figures, *name, *figure, *save_n, *save_f;

	if (!names || !(figures = strstr(names + 1, prefix)))
		die("the kernel's counters have no line '%s'", prefix);
	figures[-1] = 0;
	figures[strcspn(figures, "\n")] = 0;
	name = strtok_r(names, " ", &save_n);
	figure = strtok_r(figures, " ", &save_f);
	while (name && figure) {
		for (int i = 0; i < MIB_COUNT; i++)
			if (!strcmp(name, mib_names[i]))
				values[i] = strtoull(figure, NULL, 10);
		name = strtok_r(NULL, " ", &save_n);
		figure = strtok_r(NULL, " ", &save_f);
	}
}

void view_mib(const struct netns_view *view, uint64_t values[static MIB_COUNT])
{
	char *text;

	memset(values, 0, MIB_COUNT * sizeof(*values));
	text = slurp(view->netstat);
	mib_pick(text, "TcpExt:", values);
	free(text);
	text = slurp(view->snmp);
	mib_pick(text, "Tcp:", values);
	free(text);
}

uint64_t view_now(const struct netns_view *view, const char *mib_name)
{
	uint64_t values[MIB_COUNT];
	int i = 0;

	while (strcmp(mib_names[i], mib_name))
		i++;
	view_mib(view, values);
	return values[i];
}

uint64_t view_grown(const struct netns_view *view, const char *mib_name)
{
	int i = 0;

	while (strcmp(mib_names[i], mib_name))
		i++;
	return view_now(view, mib_name) - view->mib_before[i];
}

struct row {
	unsigned local_port, remote_port;
	struct tuple_state state;
};

typedef void row_fn(void *ctx, const struct row *row);

static void each_row_of(int fd, row_fn *fn, void *ctx)
{
	char *text = slurp(fd), *line, *save;

	if (!text)
		return;
	strtok_r(text, "\n", &save);	/* the headings */
	while ((line = strtok_r(NULL, "\n", &save))) {
		unsigned timer, left;
		struct row row;

		if (sscanf(line, "%*u: %*[0-9A-F]:%x %*[0-9A-F]:%x %x %*x:%*x %x:%x",
			   &row.local_port, &row.remote_port, (unsigned *)&row.state.state, &timer,
			   &left) != 5)
			continue;
		/* timer 3 is how the kernel marks a minisock here; what is left is in USER_HZ */
		row.state.minisock = timer == 3;
		row.state.left_ms = left * 10;
		fn(ctx, &row);
	}
	free(text);
}

static void each_row(const struct netns_view *view, row_fn *fn, void *ctx)
{
	each_row_of(view->tcp, fn, ctx);
	each_row_of(view->tcp6, fn, ctx);
}

static void row_counts_minisock(void *ctx, const struct row *row)
{
	*(unsigned *)ctx += row->state.minisock;
}

unsigned view_minisocks(const struct netns_view *view)
{
	unsigned count = 0;

	each_row(view, row_counts_minisock, &count);
	return count;
}

struct search {
	unsigned local_port, remote_port;
	struct tuple_state found;
	const uint16_t *ports;
	unsigned nr_ports, full;
	unsigned *states;
	bool remote;
};

static void row_matches_tuple(void *ctx, const struct row *row)
{
	struct search *search = ctx;

	if (row->local_port == search->local_port && row->remote_port == search->remote_port)
		search->found = row->state;
}

struct tuple_state view_tuple(const struct netns_view *view, unsigned local_port,
			      unsigned remote_port)
{
	struct search search = { .local_port = local_port, .remote_port = remote_port };

	each_row(view, row_matches_tuple, &search);
	return search.found;
}

static bool among(const struct search *search, unsigned port)
{
	for (unsigned i = 0; i < search->nr_ports; i++)
		if (search->ports[i] == port)
			return true;
	return false;
}

static void row_counts_full(void *ctx, const struct row *row)
{
	struct search *search = ctx;

	if (row->state.minisock || row->state.state == TCP_LISTEN)
		return;
	if (among(search, row->local_port) || among(search, row->remote_port))
		search->full++;
}

unsigned view_full_sockets(const struct netns_view *view, const uint16_t *ports, unsigned nr_ports)
{
	struct search search = { .ports = ports, .nr_ports = nr_ports };

	each_row(view, row_counts_full, &search);
	return search.full;
}

static void row_counts_state(void *ctx, const struct row *row)
{
	struct search *search = ctx;

	if (among(search, search->remote ? row->remote_port : row->local_port) &&
	    row->state.state < NR_TCP_STATES)
		search->states[row->state.state]++;
}

void view_states(const struct netns_view *view, const uint16_t *ports, unsigned nr_ports,
		 bool remote, unsigned states[static NR_TCP_STATES])
{
	struct search search = {
		.ports = ports,
		.nr_ports = nr_ports,
		.remote = remote,
		.states = states,
	};

	memset(states, 0, NR_TCP_STATES * sizeof(*states));
	each_row(view, row_counts_state, &search);
}
