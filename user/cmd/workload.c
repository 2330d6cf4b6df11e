// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A small TCP world of real processes:
 *
 *   demo-churn  ──►  demo-db        the client closes first
 *   demo-client ──►  demo-server    the server closes first
 *               ──►  demo-leaky     the client closes, the server never does
 *
 * One pipe, the line, starts and ends them all: readable means go, hung up means
 * over. What goes wrong before they are in place comes back as a struct report.
 */
#include "cmd/workload.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define BACKLOG 64
#define PAUSE_CHURN_MS 10
#define PAUSE_CLIENT_MS 20
#define VISITS_A_LEAK 10	/* demo-client looks in at demo-leaky once in so many */
#define MOST_LEAKS 800		/* below the 1,024 files a process may have open */
#define PATIENCE_S 1		/* for an answer; no peer here is ever that slow */

static const char hello[] = "hello\n";

/* In a namespace of their own; elsewhere the kernel chooses what is free. */
static const uint16_t usual_ports[NR_WORKLOAD_PORTS] = {
	[WORKLOAD_CHURNED] = 5432,
	[WORKLOAD_SERVED] = 8080,
	[WORKLOAD_LEAKED] = 9090,
};

/* From each process once it is in place: first from the parent of the five. */
struct report {
	struct error err;
	uint32_t netns_ino;
	uint16_t ports[NR_WORKLOAD_PORTS];
};

/* What the processes share, each its own copy. */
struct cast {
	int line, report;			/* read end; write end */
	int listeners[NR_WORKLOAD_PORTS];	/* bound, not listening yet */
	struct report facts;
};

enum manner {
	ECHOES,			/* until the client closes */
	CLOSES_FIRST,
	NEVER_CLOSES,
};

struct role {
	const char *name;
	int (*play)(const struct cast *cast, const struct role *role);
	enum workload_port port;
	enum manner manner;	/* servers */
};

/* Everything of a report goes in one write: pipes keep writes of this size whole. */
_Static_assert(sizeof(struct report) <= 4096, "a report is written whole");

static int say(const struct cast *cast, const struct report *report)
{
	return write(cast->report, report, sizeof(*report)) == sizeof(*report) ? 0 : -EPIPE;
}

static bool hung_up(int line, int patience_ms)
{
	struct pollfd poll_fd = { .fd = line };

	return poll(&poll_fd, 1, patience_ms) > 0;
}

/* Waits until the line is readable; nobody reads it, so that everybody sees it. False: over. */
static bool started(int line)
{
	struct pollfd poll_fd = { .fd = line, .events = POLLIN };

	while (poll(&poll_fd, 1, -1) < 0 && errno == EINTR)
		;
	return (poll_fd.revents & (POLLIN | POLLHUP)) == POLLIN;
}

static int watch_fd(int epoll_fd, int fd, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.fd = fd };

	return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

static int welcome(int epoll_fd, int listener, enum manner manner)
{
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), ret = 0;

	if (fd < 0)
		return errno == EAGAIN || errno == ECONNABORTED || errno == EINTR ? 0 : -errno;
	switch (manner) {
	case ECHOES:
		ret = watch_fd(epoll_fd, fd, EPOLLIN);
		break;
	case CLOSES_FIRST:
		send(fd, hello, sizeof(hello) - 1, MSG_NOSIGNAL);
		close(fd);
		break;
	case NEVER_CLOSES:	/* the descriptor is forgotten: that is the leak */
		break;
	}
	return ret;
}

static void echo(int fd)
{
	char buf[64];
	ssize_t len = recv(fd, buf, sizeof(buf), 0);

	if (len <= 0 || send(fd, buf, len, MSG_NOSIGNAL) != len)
		close(fd);
}

static int serve(const struct cast *cast, const struct role *role)
{
	int listener = cast->listeners[role->port], ret = 0;
	int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	struct report report = { 0 };

	/* only here: the kernel names the process that calls listen() as the owner */
	if (epoll_fd < 0 || listen(listener, BACKLOG) || watch_fd(epoll_fd, listener, EPOLLIN) ||
	    watch_fd(epoll_fd, cast->line, 0))
		error_set(&report.err, -errno, "%s cannot listen on port %u: %s", role->name,
			  cast->facts.ports[role->port], strerror(errno));
	if (say(cast, &report) || report.err.code)
		return -EPIPE;
	while (!ret) {
		struct epoll_event event;

		if (epoll_wait(epoll_fd, &event, 1, -1) < 0) {
			ret = errno == EINTR ? 0 : -errno;
			continue;
		}
		if (event.data.fd == cast->line)
			return 0;
		if (event.data.fd == listener)
			ret = welcome(epoll_fd, listener, role->manner);
		else
			echo(event.data.fd);
	}
	return ret;
}

/* A connection, or -errno; 0 when it failed because everybody is leaving. */
static int dial(const struct cast *cast, enum workload_port port)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_port = htons(cast->facts.ports[port]),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct timeval patience = { .tv_sec = PATIENCE_S };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), ret;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (!connect(fd, (struct sockaddr *)&to, sizeof(to)))
		return fd;
	ret = -errno;
	close(fd);
	return hung_up(cast->line, 0) ? 0 : ret;
}

/* Everything the peer sends, until it closes. */
static void listen_out(int fd)
{
	char buf[64];

	while (recv(fd, buf, sizeof(buf), 0) > 0)
		;
}

static int churn(const struct cast *cast, const struct role *role)
{
	struct report report = { 0 };
	char buf[sizeof(hello)];

	if (say(cast, &report) || !started(cast->line))
		return 0;
	while (!hung_up(cast->line, PAUSE_CHURN_MS)) {
		int fd = dial(cast, role->port);

		if (fd <= 0)
			return fd;
		/* the answer is read whole: closing over unread data would send a RST */
		if (send(fd, hello, sizeof(hello) - 1, MSG_NOSIGNAL) > 0)
			recv(fd, buf, sizeof(hello) - 1, MSG_WAITALL);
		close(fd);
	}
	return 0;
}

static int visit(const struct cast *cast, const struct role *role)
{
	struct report report = { 0 };
	unsigned int visits = 0, leaks = 0;

	if (say(cast, &report) || !started(cast->line))
		return 0;
	while (!hung_up(cast->line, PAUSE_CLIENT_MS)) {
		int fd = dial(cast, role->port);

		if (fd <= 0)
			return fd;
		listen_out(fd);
		close(fd);
		if (visits++ % VISITS_A_LEAK || leaks == MOST_LEAKS)
			continue;
		leaks++;
		fd = dial(cast, WORKLOAD_LEAKED);
		if (fd <= 0)
			return fd;
		close(fd);
	}
	return 0;
}

static const struct role roles[] = {
	{ "demo-db", serve, WORKLOAD_CHURNED, ECHOES },
	{ "demo-server", serve, WORKLOAD_SERVED, CLOSES_FIRST },
	{ "demo-leaky", serve, WORKLOAD_LEAKED, NEVER_CLOSES },
	{ "demo-churn", churn, WORKLOAD_CHURNED, ECHOES },
	{ "demo-client", visit, WORKLOAD_SERVED, CLOSES_FIRST },
};

#define NR_ROLES (sizeof(roles) / sizeof(roles[0]))

/* What a new process begins with; false: its parent has gone already. */
static bool begin(const char *name, pid_t parent)
{
	prctl(PR_SET_NAME, name);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	return getppid() == parent;
}

static int raise_loopback(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), ret = 0;

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request))
		ret = -errno;
	if (fd >= 0)
		close(fd);
	return ret;
}

/* Into a namespace of our own; true if we are there, in working order. */
static bool move_out(void)
{
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	bool moved = home >= 0 && !unshare(CLONE_NEWNET);

	/* unshare() and raising the interface need different capabilities */
	if (moved && raise_loopback())
		moved = setns(home, CLONE_NEWNET) != 0;
	if (home >= 0)
		close(home);
	return moved;
}

static int bind_listener(struct cast *cast, enum workload_port port, bool usual)
{
	struct sockaddr_in at = {
		.sin_family = AF_INET,
		.sin_port = htons(usual ? usual_ports[port] : 0),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(at);

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, len) ||
	    getsockname(fd, (struct sockaddr *)&at, &len))
		return error_set(&cast->facts.err, -errno,
				 "the demo's servers cannot bind on loopback: %s", strerror(errno));
	cast->listeners[port] = fd;
	cast->facts.ports[port] = ntohs(at.sin_port);
	return 0;
}

static int set_up(struct cast *cast)
{
	bool moved = move_out();
	struct stat st;

	if (moved && !stat("/proc/self/ns/net", &st))
		cast->facts.netns_ino = st.st_ino;
	else if (moved)
		return error_set(&cast->facts.err, -errno, "cannot read /proc/self/ns/net: %s",
				 strerror(errno));
	for (unsigned int port = 0; port < NR_WORKLOAD_PORTS; port++)
		if (bind_listener(cast, port, moved))
			return cast->facts.err.code;
	return 0;
}

static void play_role(const struct cast *cast, const struct role *role, pid_t parent)
{
	if (!begin(role->name, parent))
		_exit(EXIT_FAILURE);
	for (unsigned int port = 0; port < NR_WORKLOAD_PORTS; port++)
		if (port != role->port || role->play != serve)
			close(cast->listeners[port]);
	_exit(role->play(cast, role) ? EXIT_FAILURE : EXIT_SUCCESS);
}

static int fork_roles(struct cast *cast)
{
	pid_t self = getpid();

	for (size_t i = 0; i < NR_ROLES; i++) {
		pid_t pid = fork();

		if (!pid)
			play_role(cast, &roles[i], self);
		if (pid < 0)
			return error_set(&cast->facts.err, -errno, "cannot start %s: %s",
					 roles[i].name, strerror(errno));
	}
	for (unsigned int port = 0; port < NR_WORKLOAD_PORTS; port++)
		close(cast->listeners[port]);
	return 0;
}

/* The parent of the five; what it leaves behind when it ends early dies with it. */
static void direct(struct cast *cast, int ready_fd, pid_t parent)
{
	static const char line[] = "ready\n";
	bool failed = false;
	int status;

	if (!begin("demo", parent))
		_exit(EXIT_FAILURE);
	if (!set_up(cast))
		fork_roles(cast);
	if (say(cast, &cast->facts) || cast->facts.err.code)
		_exit(EXIT_FAILURE);
	if (started(cast->line) && ready_fd >= 0 &&
	    write(ready_fd, line, sizeof(line) - 1) != sizeof(line) - 1)
		failed = true;
	while (wait(&status) > 0)
		failed |= status != 0;
	_exit(failed ? EXIT_FAILURE : EXIT_SUCCESS);
}

/* Until everybody is in place. */
static int hear_reports(struct workload *workload, int fd, struct error *err)
{
	struct report report;

	for (size_t i = 0; i < NR_ROLES + 1; i++) {
		if (read(fd, &report, sizeof(report)) != sizeof(report))
			return error_set(err, -ECHILD,
					 "the demo's processes ended before they began");
		if (report.err.code) {
			*err = report.err;
			return err->code;
		}
		if (!report.ports[0])
			continue;
		memcpy(workload->ports, report.ports, sizeof(workload->ports));
		workload->netns_ino = report.netns_ino;
	}
	return 0;
}

static int fork_director(struct workload *workload, int line[2], int reports[2], int ready_fd,
			 struct error *err)
{
	struct cast cast = { .line = line[0], .report = reports[1] };
	pid_t self = getpid();

	workload->pid = fork();
	if (workload->pid < 0)
		return error_set(err, -errno, "cannot start the demo's processes: %s",
				 strerror(errno));
	if (workload->pid)
		return 0;
	/* the line must hang up when the parent lets go of it, and so for the reports */
	close(line[1]);
	close(reports[0]);
	direct(&cast, ready_fd, self);
	return 0;
}

int workload_start(struct workload *workload, int ready_fd, struct error *err)
{
	int line[2], reports[2], ret;

	*workload = (struct workload){ .line = -1, .pid = -1 };
	if (pipe2(line, O_CLOEXEC))
		return error_set(err, -errno, "cannot make a pipe: %s", strerror(errno));
	if (pipe2(reports, O_CLOEXEC)) {
		ret = error_set(err, -errno, "cannot make a pipe: %s", strerror(errno));
		close(line[0]);
		close(line[1]);
		return ret;
	}
	ret = fork_director(workload, line, reports, ready_fd, err);
	close(line[0]);
	close(reports[1]);
	workload->line = line[1];
	if (!ret)
		ret = hear_reports(workload, reports[0], err);
	close(reports[0]);
	if (ret) {
		struct error unused;

		workload_stop(workload, &unused);
	}
	return ret;
}

int workload_stop(struct workload *workload, struct error *err)
{
	int status = 0;

	close(workload->line);
	workload->line = -1;
	while (workload->pid > 0 && waitpid(workload->pid, &status, 0) < 0 && errno == EINTR)
		;
	workload->pid = -1;
	if (status)
		return error_set(err, -ECHILD, "one of the demo's processes ended early");
	return 0;
}
