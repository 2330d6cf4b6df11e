// SPDX-License-Identifier: GPL-2.0-or-later
/* The door: the options, and one run from start to truth. */
#include "peer.h"

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

#define TRY "TRAFFIC_TRY"
enum { MAX_TRIES = 5, TRY_PORTS = 256 };

static struct stage stage;
static char **arguments;
static pid_t director;

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

void cannot(const char *what, int error)
{
	fprintf(stderr, "traffic: this kernel cannot %s: %s\n", what, strerror(error));
	exit(STATUS_CANNOT);
}

/* Which try this is, from 0 on. */
static unsigned tries(void)
{
	const char *text = getenv(TRY);

	return text ? atoi(text) : 0;
}

void begin_anew(const char *whose, const char *what)
{
	char text[16];

	if (stage.reported || tries() >= MAX_TRIES)
		die("%s: its minisock %s", whose, what);
	fprintf(stderr, "traffic: %s: its minisock %s; once more\n", whose, what);
	snprintf(text, sizeof(text), "%u", tries() + 1);
	setenv(TRY, text, 1);
	stage_close(&stage);
	netns_restore();
	execv("/proc/self/exe", arguments);
	die("cannot begin anew: %s", strerror(errno));
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
	if (opts->port)
		opts->port += tries() * TRY_PORTS;
	if (opts->port + opts->ports > 65536) {
		fprintf(stderr, "traffic: there are no %u ports from %u on\n", opts->ports,
			opts->port);
		exit(2);
	}
	opts->hold |= opts->scenario->hold;
	opts->own_netns |= (opts->scenario->settings || opts->scenario->peer) && !opts->here;
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
static void borrow_port(void)
{
	struct request req = { .op = OP_CLOSE };

	stage_listen(&stage);
	for (unsigned i = 0; i < shared->nr_ports * shared->nr_hosts; i++) {
		req.fd = shared->listeners[i];
		actor_ask(stage.server, &req);
	}
}

static void find_ports(void)
{
	if (stage.opts->scenario->peer)
		peer_open(&stage);
	if (stage.opts->scenario->no_listener)
		borrow_port();
	else if (!stage.opts->scenario->peer || stage.opts->by == SIDE_SERVER)
		stage_listen(&stage);
}

/* Whatever happened: the settings are as they were. */
static void restore_at_exit(void)
{
	if (getpid() == director)
		netns_restore();
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
	arguments = argv;
	director = getpid();
	atexit(restore_at_exit);
	prctl(PR_SET_NAME, "tw-traffic");
	raise_file_limit();
	stage_open(&stage, &opts);
	find_ports();
	for (unsigned i = 0; i < (opts.scenario->once ? 1 : opts.count); i++)
		opts.scenario->run(&stage);
	stage_settle(&stage);
	if (!stage.reported)
		report_print(&stage);
	stage_close(&stage);
	return 0;
}
