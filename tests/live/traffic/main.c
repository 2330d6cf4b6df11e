// SPDX-License-Identifier: GPL-2.0-or-later
/* The door: the table of scenarios, the options, and one run from start to truth. */
#include "traffic.h"

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define FIRST .closers = CLOSES_FIRST
#define BOTH .closers = CLOSES_BOTH
#define NONE .closers = CLOSES_NONE
#define SERVER .by = SIDE_SERVER

const struct scenario scenarios[] = {
	{ "client_first", "churn, the client closes first", run_churn, FIRST, .once = true },
	{ "server_first", "churn, the server closes first", run_churn, FIRST, SERVER,
	  .once = true },
	{ "bucket_overflow", "churn, TIME_WAIT allowed for half of --count", run_bucket_overflow,
	  FIRST, .once = true, .settings = true },
	{ "simultaneous", "both FINs sent before either is seen", run_simultaneous, BOTH },
	{ "simultaneous_race", "two close() calls at one gate, until --count crossed",
	  run_simultaneous_race, BOTH, .once = true },
	{ "self_close", "a socket connected to itself", run_self_close, BOTH, .no_listener = true },
	{ "shutdown_halves", "shutdown, answer, close, close", run_shutdown_halves, FIRST },
	{ "close_in_fin_wait2", "shutdown, then close() in FIN_WAIT2 (E4)", run_close_in_fin_wait2,
	  FIRST },
	{ "orphan_fin_wait2", "close() while the peer stays in CLOSE_WAIT (E3)",
	  run_orphan_fin_wait2, FIRST },
	{ "fin_timeout_handover", "tcp_fin_timeout 62: full socket, then minisock (E5)",
	  run_fin_timeout_handover, FIRST, .settings = true },
	{ "linger0", "SO_LINGER 0 in ESTABLISHED", run_linger0, NONE },
	{ "linger0_server", "the same by the server", run_linger0, NONE, SERVER },
	{ "disconnect", "connect(AF_UNSPEC) in ESTABLISHED", run_disconnect, NONE },
	{ "unread_data", "close() with unread data", run_unread_data, NONE },
	{ "rst_in_fin_wait1", "RST before our FIN is acknowledged", run_rst_in_fin_wait1, FIRST },
	{ "rst_in_fin_wait2", "RST after our FIN is acknowledged", run_rst_in_fin_wait2, FIRST },
	{ "rst_in_closing", "RST in CLOSING", run_rst_in_closing, BOTH },
	{ "rst_in_close_wait", "SO_LINGER 0 in FIN_WAIT2, RST in CLOSE_WAIT", run_rst_in_close_wait,
	  FIRST },
	{ "linger2_close", "TCP_LINGER2 < 0, close() in FIN_WAIT2", run_linger2_close, FIRST },
	{ "linger2_orphan", "TCP_LINGER2 < 0, close() in ESTABLISHED", run_linger2_orphan, FIRST },
	{ "data_after_close", "ACK and data for an orphan in FIN_WAIT1", run_data_after_close,
	  FIRST },
	{ "data_in_fin_wait2", "data for a FIN_WAIT2 minisock", run_data_in_fin_wait2, FIRST },
	{ "fin_timed_out", "nobody acknowledges our FIN", run_fin_timed_out, FIRST },
	{ "last_ack_timed_out", "nobody acknowledges the second FIN", run_last_ack_timed_out,
	  FIRST },
	{ "keepalive_dead", "keepalive gives up in FIN_WAIT2", run_keepalive_dead, FIRST },
	{ "refused", "connect to a closed port", run_refused, NONE, .no_listener = true },
	{ "timed_out", "connect to a peer that never answers", run_timed_out, NONE },
	{ "close_in_syn_sent", "the program gives up its connect", run_close_in_syn_sent, NONE },
	{ "addr_not_avail", "no ephemeral port left", run_addr_not_avail, FIRST, .once = true,
	  .settings = true },
	{ "tuple_in_use", "connect from a port already connected there", run_tuple_in_use, FIRST },
	{ "bind_in_use", "bind to a port listened on", run_bind_in_use, NONE },
	{ "listener_close", "listen, then close", run_listener_close, NONE, .once = true },
	{ "listener_close_pending", "a listener closed over its accept queue",
	  run_listener_close_pending, NONE, .once = true },
	{ "accept_by_other", "a child of the listener accepts and closes", run_accept_by_other,
	  FIRST, SERVER },
	{ "accept_by_other_passive", "the same, the client closes first", run_accept_by_other,
	  FIRST },
	{ "fork_holds", "a child keeps the socket when its parent closes", run_fork_holds, FIRST },
	{ "fork_shares", "parent and child have the socket; the child closes last", run_fork_shares,
	  FIRST },
	{ "fd_passing", "SCM_RIGHTS to another process, which closes", run_fd_passing, FIRST },
	{ "exit_without_close", "exit with open connections", run_exit_without_close, FIRST,
	  .once = true },
	{ "kill9", "SIGKILL with open connections", run_kill9, FIRST, .once = true },
	{ "time_wait_reused", "connect from the same port takes over TIME_WAIT",
	  run_time_wait_reused, FIRST },
	{ "time_wait_reopened", "SYN of the same pair to a server's TIME_WAIT",
	  run_time_wait_reopened, FIRST, SERVER },
	{ "time_wait_reset", "TIME_WAIT killed by an exact RST", run_time_wait_reset, FIRST },
	{ "time_wait_expires", "TIME_WAIT waited out (60 s)", run_time_wait_expires, FIRST },
	{ "idle_hold", "--count ESTABLISHED, --close-wait and --time-wait, held", run_idle_hold,
	  FIRST, .once = true, .hold = true },
	{ NULL },
};

void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, "traffic: ");
	vfprintf(stderr, format, args);
	fprintf(stderr, "\n");
	va_end(args);
	exit(EXIT_FAILURE);
}

uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ULL + now.tv_nsec / 1000000;
}

void poll_pause(int ms)
{
	poll(NULL, 0, ms);
}

void close_fd(int fd)
{
	close(fd);
}

const struct scenario *scenario_find(const char *name)
{
	for (const struct scenario *scenario = scenarios; scenario->name; scenario++)
		if (!strcmp(scenario->name, name))
			return scenario;
	return NULL;
}

static _Noreturn void usage(FILE *out)
{
	fprintf(out,
		"usage: traffic SCENARIO [--family 4|6|mapped] [--server ADDR] [--port N]\n"
		"\t[--count N] [--hosts H] [--ports P] [--by client|server] [--own-netns|--here]\n"
		"\t[--netns-client PATH] [--netns-server PATH] [--cookies] [--hold]\n"
		"\t[--close-wait N] [--time-wait N]\n\nscenarios:\n");
	for (const struct scenario *scenario = scenarios; scenario->name; scenario++)
		fprintf(out, "  %-23s %s\n", scenario->name, scenario->summary);
	fprintf(out, "  %-23s %s\n", "spin", "burn one CPU until SIGTERM");
	exit(out == stdout ? 0 : 2);
}

static unsigned parse_number(const char *text, unsigned min, unsigned max)
{
	char *end;
	unsigned long number;

	errno = 0;
	number = strtoul(text, &end, 10);
	if (errno || !*text || *end || number < min || number > max) {
		fprintf(stderr, "traffic: '%s' is not a number from %u to %u\n", text, min, max);
		exit(2);
	}
	return number;
}

static int parse_word(const char *text, const char *const words[], int nr_words)
{
	for (int i = 0; i < nr_words; i++)
		if (!strcmp(text, words[i]))
			return i;
	fprintf(stderr, "traffic: '%s' is not understood\n", text);
	exit(2);
}

static const struct option long_options[] = {
	{ "here", no_argument, NULL, 'e' },
	{ "family", required_argument, NULL, 'f' },
	{ "server", required_argument, NULL, 's' },
	{ "port", required_argument, NULL, 'p' },
	{ "count", required_argument, NULL, 'n' },
	{ "hosts", required_argument, NULL, 'H' },
	{ "ports", required_argument, NULL, 'P' },
	{ "by", required_argument, NULL, 'b' },
	{ "netns-client", required_argument, NULL, 'c' },
	{ "netns-server", required_argument, NULL, 'S' },
	{ "close-wait", required_argument, NULL, 'w' },
	{ "time-wait", required_argument, NULL, 't' },
	{ "own-netns", no_argument, NULL, 'o' },
	{ "cookies", no_argument, NULL, 'k' },
	{ "hold", no_argument, NULL, 'h' },
	{ "help", no_argument, NULL, '?' },
	{ NULL },
};

static void take_option(struct options *opts, int option)
{
	static const char *const families[] = { "4", "6", "mapped" };
	static const char *const sides[] = { "client", "server" };

	switch (option) {
	case 'f':
		opts->family = parse_word(optarg, families, 3);
		break;
	case 's':
		opts->server = optarg;
		break;
	case 'p':
		opts->port = parse_number(optarg, 0, 65535);
		break;
	case 'n':
		opts->count = parse_number(optarg, 0, 10000000);
		break;
	case 'H':
		opts->hosts = parse_number(optarg, 1, MAX_HOSTS);
		break;
	case 'P':
		opts->ports = parse_number(optarg, 1, MAX_PORTS);
		break;
	case 'b':
		opts->by = parse_word(optarg, sides, 2);
		break;
	case 'c':
		opts->netns_client = optarg;
		break;
	case 'S':
		opts->netns_server = optarg;
		break;
	case 'w':
		opts->close_wait = parse_number(optarg, 0, 100000);
		break;
	case 't':
		opts->time_wait = parse_number(optarg, 0, 100000);
		break;
	case 'o':
		opts->own_netns = true;
		break;
	case 'e':
		opts->here = true;
		break;
	case 'k':
		opts->cookies = true;
		break;
	case 'h':
		opts->hold = true;
		break;
	default:
		usage(stderr);
	}
}

static void parse_options(struct options *opts, int argc, char **argv)
{
	int option;

	opts->by = opts->scenario->by;
	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		take_option(opts, option);
	if (optind != argc)
		usage(stderr);
	if (opts->port + opts->ports > 65536) {
		fprintf(stderr, "traffic: there are no %u ports from %u on\n", opts->ports,
			opts->port);
		exit(2);
	}
	opts->hold |= opts->scenario->hold;
	opts->own_netns |= opts->scenario->settings && !opts->here;
}

static volatile sig_atomic_t stop_spinning;

static void on_term(int signal)
{
	(void)signal;
	stop_spinning = 1;
}

static int spin(void)
{
	prctl(PR_SET_NAME, "tw-spin");
	signal(SIGTERM, on_term);
	signal(SIGINT, on_term);
	printf("{\"scenario\": \"spin\", \"actors\": {\"spin\": {\"pid\": %d}}}\n", getpid());
	fflush(stdout);
	while (!stop_spinning)
		continue;
	return 0;
}

/* A port that was free a moment ago, for scenarios without a listener of their own. */
static void borrow_port(struct stage *stage)
{
	struct request req = { .op = OP_CLOSE };

	stage_listen(stage);
	for (unsigned i = 0; i < shared->nr_ports * shared->nr_hosts; i++) {
		req.fd = shared->listeners[i];
		actor_ask(stage->server, &req);
	}
}

static void raise_file_limit(void)
{
	struct rlimit limit;

	if (!getrlimit(RLIMIT_NOFILE, &limit)) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

int main(int argc, char **argv)
{
	static struct stage stage;
	struct options opts = { .count = 1, .hosts = 1, .ports = 1 };

	if (argc < 2)
		usage(stderr);
	if (!strcmp(argv[1], "--help"))
		usage(stdout);
	if (!strcmp(argv[1], "spin"))
		return spin();
	opts.scenario = scenario_find(argv[1]);
	if (!opts.scenario)
		usage(stderr);
	parse_options(&opts, argc - 1, argv + 1);
	prctl(PR_SET_NAME, "tw-traffic");
	raise_file_limit();
	stage_open(&stage, &opts);
	if (opts.scenario->no_listener)
		borrow_port(&stage);
	else
		stage_listen(&stage);
	for (unsigned i = 0; i < (opts.scenario->once ? 1 : opts.count); i++)
		opts.scenario->run(&stage);
	stage_settle(&stage);
	if (!stage.reported)
		report_print(&stage);
	stage_close(&stage);
	netns_restore();
	return 0;
}
