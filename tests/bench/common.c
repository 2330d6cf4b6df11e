// SPDX-License-Identifier: GPL-2.0-or-later
/* Sentences, numbers, signals and limits. */
#include "bench.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, "%s: ", program_invocation_short_name);
	vfprintf(stderr, format, args);
	fprintf(stderr, "\n");
	va_end(args);
	exit(EXIT_FAILURE);
}

uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

uint64_t parse_number(const char *option, const char *text, uint64_t min, uint64_t max)
{
	unsigned long long number;
	char *end;

	errno = 0;
	number = strtoull(text, &end, 10);
	if (errno || end == text || *end || *text == '-' || number < min || number > max)
		die("--%s '%s' is not a number from %llu to %llu", option, text,
		    (unsigned long long)min, (unsigned long long)max);
	return number;
}

uint64_t parse_duration_ns(const char *option, const char *text)
{
	double number;
	char *end;

	number = strtod(text, &end);
	if (!strcmp(end, "ms"))
		number /= 1000;
	else if (*end && strcmp(end, "s"))
		number = -1;
	if (end == text || !(number > 0 && number < 1e6))
		die("--%s '%s' is not a duration like 2s or 500ms", option, text);
	return number * 1e9;
}

void say_ready(int fd)
{
	static const char line[] = "ready\n";

	if (fd >= 0 && write(fd, line, sizeof(line) - 1) < 0)
		die("cannot say that it is ready: %s", strerror(errno));
}

int signals_as_fd(void)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	if (fd < 0)
		die("signalfd: %s", strerror(errno));
	return fd;
}

void wait_for_signal(int fd)
{
	struct signalfd_siginfo info;

	while (read(fd, &info, sizeof(info)) < 0 && errno == EINTR)
		continue;
}

uint64_t raise_file_limit(uint64_t wanted)
{
	struct rlimit limit, raised;

	getrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_cur >= wanted)
		return limit.rlim_cur;
	raised.rlim_cur = wanted;
	raised.rlim_max = limit.rlim_max < wanted ? wanted : limit.rlim_max;
	if (!setrlimit(RLIMIT_NOFILE, &raised))
		return wanted;
	/* not even root may go beyond the hard limit everywhere */
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	return limit.rlim_cur;
}
