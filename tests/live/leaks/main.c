// SPDX-License-Identifier: GPL-2.0-or-later
/* The door: the table of workloads, and their processes from start to end. */
#include "leaks.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	FD_LIMIT = 4096,	/* the same everywhere, for what is said of it */
	NOBODYS = 0xc0000201,	/* 192.0.2.1, for documentation */
};

static int ready_fd = -1;

/* The processes of each workload in the order of their start, and the rate if none is given. */
static const struct role {
	const char *workload;
	const char *comm;
	double rate;
	role_fn *play;
} roles[] = {
	/* leaking: lk-NAME is to be accused */
	{ "closewait", "lk-closewait", 3, forgetful_server },
	{ "closewait", "peer-closewait", 3, visitor },
	{ "cw-client", "peer-cw-client", 3, closing_server },
	{ "cw-client", "lk-cw-client", 3, ignore_end },
	{ "cw-slow", "lk-cw-slow", 0.33, forgetful_server },
	{ "cw-slow", "peer-cw-slow", 0.33, visitor },
	{ "cw-prefork", "lk-cw-prefork", 6, forgetful_prefork },
	{ "cw-prefork", "peer-cw-prefork", 6, visitor },
	{ "cw-thread", "lk-cw-thread", 3, forgetful_thread },
	{ "cw-thread", "peer-cw-thread", 3, visitor },
	{ "growth", "peer-growth", 3, echo_server },
	{ "growth", "lk-growth", 3, forget_handle },
	{ "growth-irr", "peer-growth-irr", 3, echo_server },
	{ "growth-irr", "lk-growth-irr", 3, forget_irregularly },
	{ "growth-one", "peer-leaked", 3, echo_server },
	{ "growth-one", "peer-pooled", 3, echo_server_2 },
	{ "growth-one", "lk-growth-one", 3, forget_one_backend },
	{ "fw2-held", "peer-fw2-held", 3, far_deaf_server },
	{ "fw2-held", "lk-fw2-held", 3, hold_half_closed },
	{ "fw2-orphan", "peer-fw2-orphan", 3, far_deaf_server },
	{ "fw2-orphan", "lk-fw2-orphan", 3, orphan },
	{ "closed-fin", "peer-closed-fin", 3, echo_server },
	{ "closed-fin", "lk-closed-fin", 3, hold_closed },
	{ "closed-rst", "peer-closed-rst", 3, resetting_server },
	{ "closed-rst", "lk-closed-rst", 3, hold_reset },
	{ "refused", "lk-refused", 3, hold_refused },
	{ "syn-sent", "lk-syn-sent", 3, dial_the_dead },
	{ "acceptq", "lk-acceptq", 3, accept_nothing },
	{ "acceptq", "peer-acceptq", 3, call_and_give_up },
	{ "tw-churn", "peer-tw-churn", 100, echo_server },
	{ "tw-churn", "lk-tw-churn", 100, churn },
	/* innocent, all of them */
	{ "burst", "peer-burst", 250, echo_server },
	{ "burst", "ok-burst", 250, burst },
	{ "busy-pool", "peer-busy-pool", 50, echo_server },
	{ "busy-pool", "ok-busy-pool", 50, busy_pool },
	{ "idle-pool", "peer-idle-pool", 1, echo_server },
	{ "idle-pool", "ok-idle-pool", 1, idle_pool },
	{ "slow-start", "peer-slow-start", 2, echo_server },
	{ "slow-start", "ok-slow-start", 2, slow_start },
	{ "websocket", "ok-websocket", 2, echo_server },
	{ "websocket", "peer-websocket", 2, websocket_clients },
	{ "longlived", "ok-longlived", 1, echo_server },
	{ "longlived", "peer-longlived", 1, longlived_clients },
	{ "halfclose", "ok-halfclose", 2, halfclose_server },
	{ "halfclose", "peer-halfclose", 2, halfclose_clients },
	{ "short", "peer-short", 5, echo_server },
	{ "short", "ok-short", 5, visitor },
	{ "restart", "ok-restart", 1, restarting_server },
	{ "restart", "peer-restart", 1, reconnecting_clients },
	{ "life15", "peer-life15", 3, echo_server },
	{ "life15", "ok-life15", 3, life15 },
	{ "download", "ok-download", 1, download_server },
	{ "download", "peer-download", 1, download_clients },
	{ "late-accept", "ok-late-accept", 1, late_acceptor },
	{ "late-accept", "peer-lateaccept", 1, burst_callers },
	{ "giveup", "ok-giveup", 1, patient_giver_up },
	{ "prefork", "ok-prefork", 100, prefork_server },
	{ "prefork", "peer-prefork", 100, keepalive_clients },
	{ "unconnected", "ok-unconnected", 1, hold_unconnected },
	/* around servers of others: a proxy stands at the next port, a redis at the port itself */
	{ "nginx-off", "be-nginx-off", 100, http_backend },
	{ "nginx-off", "load-nginx-off", 100, http_load },
	{ "nginx-on", "be-nginx-on", 100, http_backend },
	{ "nginx-on", "load-nginx-on", 100, http_load },
	{ "haproxy-ok", "be-haproxy-ok", 50, http_backend },
	{ "haproxy-ok", "load-haproxy-ok", 50, http_load },
	{ "haproxy-lk", "lk-haproxy-be", 3, http_backend_leaky },
	{ "haproxy-lk", "load-haproxy-lk", 3, http_load },
	{ "haproxy-tcp", "lk-haproxy-tcp", 3, forgetful_server },
	{ "haproxy-tcp", "peer-haproxytcp", 3, visitor_of_proxy },
	{ "redis-idle", "ok-redis-idle", 1, big_idle_pool },
	{ "redis-lk", "lk-redis-cli", 3, forget_handle },
};

enum { NR_ROLES = sizeof(roles) / sizeof(*roles) };

void die(const char *format, ...)
{
	va_list args;
	char comm[16];

	prctl(PR_GET_NAME, comm);
	va_start(args, format);
	fprintf(stderr, "leaks: %s: ", comm);
	vfprintf(stderr, format, args);
	fprintf(stderr, "\n");
	va_end(args);
	_exit(EXIT_FAILURE);
}

void ready(void)
{
	if (write(ready_fd, "r", 1) < 0 && errno != EPIPE)
		die("cannot say ready: %s", strerror(errno));
}

pid_t start_child(void)
{
	pid_t parent = getpid(), pid = fork();

	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (pid == 0 && (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent))
		_exit(EXIT_FAILURE);
	return pid;
}

static void start_role(const struct role *role, const struct load *load)
{
	int pipe_fds[2];
	sigset_t none;
	char byte;

	if (pipe2(pipe_fds, O_CLOEXEC))
		die("pipe: %s", strerror(errno));
	if (start_child() == 0) {
		close(pipe_fds[0]);
		ready_fd = pipe_fds[1];
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		prctl(PR_SET_NAME, role->comm);
		srandom(getpid());
		role->play(load);
		rest();
	}
	close(pipe_fds[1]);
	if (read(pipe_fds[0], &byte, 1) != 1)
		die("%s has ended", role->comm);
	close(pipe_fds[0]);
}

static _Noreturn void usage(FILE *out)
{
	fprintf(out, "usage: leaks WORKLOAD [--port N] [--rate R] [--stop-after N]\n"
		     "\t[--dead ADDR] [--far ADDR --far-netns PATH]\n\nworkloads:\n");
	for (int i = 0; i < NR_ROLES; i++)
		fprintf(out, "  %-12s %s\n", roles[i].workload, roles[i].comm);
	exit(out == stdout ? 0 : 2);
}

static double parse_number(const char *text, double min, double max)
{
	char *end;
	double number = strtod(text, &end);

	if (!*text || *end || !(number >= min && number <= max)) {
		fprintf(stderr, "leaks: '%s' is not a number from %g to %g\n", text, min, max);
		exit(2);
	}
	return number;
}

static struct in_addr parse_address(const char *text)
{
	struct in_addr addr;

	if (inet_pton(AF_INET, text, &addr) != 1) {
		fprintf(stderr, "leaks: '%s' is not an IPv4 address\n", text);
		exit(2);
	}
	return addr;
}

/* Which row of the table is the first one of the workload asked for. */
static int parse_options(int argc, char **argv, struct load *load)
{
	static const struct option options[] = {
		{ "port", required_argument, NULL, 'p' },
		{ "rate", required_argument, NULL, 'r' },
		{ "stop-after", required_argument, NULL, 's' },
		{ "dead", required_argument, NULL, 'd' },
		{ "far", required_argument, NULL, 'f' },
		{ "far-netns", required_argument, NULL, 'n' },
		{ "help", no_argument, NULL, 'h' },
		{},
	};
	int option, first = 0;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'p':
			load->here.sin_port = htons(parse_number(optarg, 1, 65534));
			break;
		case 'r':
			load->rate = parse_number(optarg, 0.001, 1e6);
			break;
		case 's':
			load->stop_after = parse_number(optarg, 1, 1e6);
			break;
		case 'd':
			load->dead.sin_addr = parse_address(optarg);
			break;
		case 'f':
			load->far.sin_addr = parse_address(optarg);
			break;
		case 'n':
			load->far_netns = optarg;
			break;
		default:
			usage(option == 'h' ? stdout : stderr);
		}
	}
	if (optind + 1 != argc)
		usage(stderr);
	while (first < NR_ROLES && strcmp(roles[first].workload, argv[optind]))
		first++;
	if (first == NR_ROLES)
		usage(stderr);
	load->rate = load->rate ?: roles[first].rate;
	load->server.sin_port = load->far.sin_port = load->dead.sin_port = load->here.sin_port;
	return first;
}

static void limit_descriptors(void)
{
	struct rlimit limit;

	if (!getrlimit(RLIMIT_NOFILE, &limit)) {
		limit.rlim_cur = limit.rlim_max < FD_LIMIT ? limit.rlim_max : FD_LIMIT;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

int main(int argc, char **argv)
{
	struct load load = {
		.here = { .sin_family = AF_INET, .sin_port = htons(20000) },
		.server = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } },
		.far = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } },
		.dead = { .sin_family = AF_INET, .sin_addr = { htonl(NOBODYS) } },
	};
	int first = parse_options(argc, argv, &load);
	const char *workload = roles[first].workload;
	pid_t starter = getppid();
	sigset_t awaited;
	int signal_number;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != starter)
		return EXIT_FAILURE;
	limit_descriptors();
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&awaited);
	sigaddset(&awaited, SIGTERM);
	sigaddset(&awaited, SIGINT);
	sigaddset(&awaited, SIGCHLD);
	sigprocmask(SIG_BLOCK, &awaited, NULL);
	for (int i = first; i < NR_ROLES && !strcmp(roles[i].workload, workload); i++)
		start_role(&roles[i], &load);
	puts("ready");
	fflush(stdout);
	sigwait(&awaited, &signal_number);
	if (signal_number == SIGCHLD)
		die("a process of '%s' has ended", workload);
	_exit(EXIT_SUCCESS);	/* and the children with it */
}
