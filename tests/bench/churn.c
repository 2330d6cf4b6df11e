// SPDX-License-Identifier: GPL-2.0-or-later
/* The door of the generator: the options, the two processes, begin and end. */
#include "churn.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

enum { CREDIT = 1024 };

static const char usage[] =
	"usage: churn [OPTION]...\n"
	"Opens and closes TCP connections over loopback as fast as it can, in a network\n"
	"namespace of its own, until SIGTERM or SIGINT; then the connections under way are\n"
	"finished, and their number is printed.\n"
	"\n"
	"  --threads N          so many threads of clients, and of servers (1)\n"
	"  --ports P            so many server ports (20)\n"
	"  --first-port N       from this one on (10000)\n"
	"  --remotes R          so many server addresses, from 127.0.0.1 on (64)\n"
	"  --bind               connect from the same address, so that both ends have R remotes;\n"
	"                       without it the server's one remote is 127.0.0.1\n"
	"  --first client|server  who closes first (client)\n"
	"  --count N            end after N connections\n"
	"  --for TIME           end after this time: 2s, 500ms\n"
	"  --here               in the network namespace it is started in, as that is set up\n"
	"  --ready-fd FD        write a line there when all ports listen\n"
	"  --control FD         begin when a byte comes from there, end when that is closed\n"
	"  --json               exact counts by port and by remote, of both ends\n"
	"\n"
	"Exit status 1: a connect failed, or the two ends did not count the same.\n";

bool churn_drain(int fd)
{
	char buf[512];
	ssize_t got;

	while ((got = read(fd, buf, sizeof(buf))) > 0 || (got < 0 && errno == EINTR))
		continue;
	return got == 0;
}

void churn_threads(struct churn *churn, void *(*run)(void *job))
{
	struct churn_job jobs[MAX_THREADS];
	pthread_t threads[MAX_THREADS];
	unsigned int nr = churn->opts.threads;

	for (unsigned int i = 0; i < nr; i++) {
		jobs[i] = (struct churn_job){ .churn = churn, .number = i };
		if (pthread_create(&threads[i], NULL, run, &jobs[i]))
			die("cannot start %u threads", nr);
	}
	for (unsigned int i = 0; i < nr; i++)
		pthread_join(threads[i], NULL);
}

static int new_eventfd(unsigned int value, int flags)
{
	int fd = eventfd(value, EFD_CLOEXEC | flags);

	if (fd < 0)
		die("eventfd: %s", strerror(errno));
	return fd;
}

/* Shared with the children, who begin as copies of this process. */
static struct churn *churn_new(const struct churn_opts *opts)
{
	unsigned int files = opts->ports + 8 * opts->threads + 64;
	struct churn *churn = mmap(NULL, sizeof(*churn), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (churn == MAP_FAILED)
		die("no memory");
	churn->opts = *opts;
	if (raise_file_limit(files) < files)
		die("the limit of open files is below %u", files);
	if (longest_queue() < CREDIT)
		die("net.core.somaxconn is %u here, less than the %u connections that may wait",
		    longest_queue(), CREDIT);
	churn->start_fd = new_eventfd(0, EFD_SEMAPHORE);
	if (pipe2(churn->listening, O_CLOEXEC))
		die("pipe: %s", strerror(errno));
	for (unsigned int i = 0; i < opts->threads; i++) {
		churn->pairs[i].credit_fd = new_eventfd(CREDIT, 0);
		churn->pairs[i].over_fd = new_eventfd(0, 0);
	}
	return churn;
}

static pid_t start(struct churn *churn, void (*run)(struct churn *), int *pidfd)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();

	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		run(churn);
	}
	*pidfd = syscall(SYS_pidfd_open, pid, 0);
	if (*pidfd < 0)
		die("pidfd_open: %s", strerror(errno));
	return pid;
}

static bool ended_well(pid_t pid, const char *name)
{
	int status;

	if (waitpid(pid, &status, 0) < 0)
		die("waitpid: %s", strerror(errno));
	if (WIFSIGNALED(status))
		fprintf(stderr, "churn: the %s ended by signal %d\n", name, WTERMSIG(status));
	return WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS;
}

/* One has. If it failed, the other would wait for it for ever. */
static bool both_ended_well(pid_t client, int client_fd, pid_t server, int server_fd)
{
	struct pollfd fds[] = { { .fd = client_fd, .events = POLLIN },
				{ .fd = server_fd, .events = POLLIN } };

	poll(fds, 2, -1);
	if (fds[0].revents) {
		if (ended_well(client, "clients"))
			return ended_well(server, "servers");
		kill(server, SIGKILL);
		ended_well(server, "servers");
	} else {
		if (ended_well(server, "servers"))
			return ended_well(client, "clients");
		kill(client, SIGKILL);
		ended_well(client, "clients");
	}
	return false;
}

/* The servers close their end when all listen, or when they could not. */
static void await_listeners(struct churn *churn)
{
	char byte;

	close(churn->listening[1]);
	if (read(churn->listening[0], &byte, 1) != 1)
		exit(EXIT_FAILURE);
	close(churn->listening[0]);
}

static void begin(struct churn *churn, uint64_t *until_ns)
{
	uint64_t threads = churn->opts.threads;

	if (churn->opts.time_ns)
		*until_ns = now_ns() + churn->opts.time_ns;
	if (write(churn->start_fd, &threads, sizeof(threads)) < 0)
		die("eventfd: %s", strerror(errno));
}

/* Until one side has ended. */
static void supervise(struct churn *churn, int signal_fd, int client_fd, int server_fd)
{
	enum { CLIENT, SERVER, SIGNAL, CONTROL, NR };
	struct pollfd fds[NR] = { [CLIENT] = { .fd = client_fd, .events = POLLIN },
				  [SERVER] = { .fd = server_fd, .events = POLLIN },
				  [SIGNAL] = { .fd = signal_fd, .events = POLLIN },
				  [CONTROL] = { .fd = churn->opts.control_fd, .events = POLLIN } };
	bool begun = churn->opts.control_fd < 0;
	uint64_t until_ns = UINT64_MAX, now;
	char bytes[64];
	int timeout;

	if (begun)
		begin(churn, &until_ns);
	while (!fds[CLIENT].revents && !fds[SERVER].revents) {
		now = now_ns();
		if (now >= until_ns) {
			churn->stop = true;
			until_ns = UINT64_MAX;
		}
		timeout = until_ns == UINT64_MAX ? -1 : (int)((until_ns - now) / 1000000 + 1);
		if (poll(fds, NR, timeout) < 0 && errno != EINTR)
			die("poll: %s", strerror(errno));
		if (fds[SIGNAL].revents) {
			wait_for_signal(signal_fd);
			churn->stop = true;
		}
		if (fds[CONTROL].revents && read(fds[CONTROL].fd, bytes, sizeof(bytes)) <= 0) {
			churn->stop = true;
			fds[CONTROL].fd = -1;
		}
		if (!begun && (fds[CONTROL].revents || churn->stop)) {
			begun = true;
			begin(churn, &until_ns);
		}
	}
}

static void parse_options(int argc, char **argv, struct churn_opts *opts)
{
	static const struct option table[] = {
		{ "threads", required_argument, NULL, 't' },
		{ "ports", required_argument, NULL, 'p' },
		{ "first-port", required_argument, NULL, 'P' },
		{ "remotes", required_argument, NULL, 'r' },
		{ "bind", no_argument, NULL, 'b' },
		{ "first", required_argument, NULL, 'f' },
		{ "count", required_argument, NULL, 'n' },
		{ "for", required_argument, NULL, 'd' },
		{ "here", no_argument, NULL, 'H' },
		{ "ready-fd", required_argument, NULL, 'R' },
		{ "control", required_argument, NULL, 'c' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{},
	};
	int key, index;

	while ((key = getopt_long(argc, argv, "", table, &index)) != -1) {
		const char *name = key == '?' ? NULL : table[index].name;

		switch (key) {
		case 't':
			opts->threads = parse_number(name, optarg, 1, MAX_THREADS);
			break;
		case 'p':
			opts->ports = parse_number(name, optarg, 1, MAX_PORTS);
			break;
		case 'P':
			opts->first_port = parse_number(name, optarg, 1, 65535);
			break;
		case 'r':
			opts->remotes = parse_number(name, optarg, 1, MAX_REMOTES);
			break;
		case 'b':
			opts->bind_source = true;
			break;
		case 'f':
			opts->server_first = !strcmp(optarg, "server");
			if (!opts->server_first && strcmp(optarg, "client"))
				die("--first '%s' is neither client nor server", optarg);
			break;
		case 'n':
			opts->count = parse_number(name, optarg, 1, UINT32_MAX);
			break;
		case 'd':
			opts->time_ns = parse_duration_ns(name, optarg);
			break;
		case 'H':
			opts->here = true;
			break;
		case 'R':
			opts->ready_fd = parse_number(name, optarg, 0, 1 << 20);
			break;
		case 'c':
			opts->control_fd = parse_number(name, optarg, 0, 1 << 20);
			break;
		case 'j':
			opts->json = true;
			break;
		case 'h':
			fputs(usage, stdout);
			exit(EXIT_SUCCESS);
		default:
			exit(2);
		}
	}
	if (optind < argc)
		die("'%s' is not an option", argv[optind]);
	if (opts->first_port + opts->ports > 65536)
		die("there are no %u ports from %u on", opts->ports, opts->first_port);
	if (opts->threads > opts->ports)
		die("%u threads need as many ports", opts->threads);
}

int main(int argc, char **argv)
{
	struct churn_opts opts = { .threads = 1,
				   .first_port = 10000,
				   .ports = 20,
				   .remotes = 64,
				   .ready_fd = -1,
				   .control_fd = -1 };
	int signal_fd, client_fd, server_fd;
	pid_t client, server;
	struct churn *churn;
	bool well;

	parse_options(argc, argv, &opts);
	signal_fd = signals_as_fd();
	if (!opts.here)
		enter_own_netns();
	churn = churn_new(&opts);
	server = start(churn, churn_servers, &server_fd);
	await_listeners(churn);
	client = start(churn, churn_clients, &client_fd);
	say_ready(opts.ready_fd);
	supervise(churn, signal_fd, client_fd, server_fd);
	well = both_ended_well(client, client_fd, server, server_fd);
	return churn_report(churn) && well ? EXIT_SUCCESS : EXIT_FAILURE;
}
