// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * To be preloaded: makes allocations and system calls of a program fail, and says where it did.
 *
 *   FAULT=CLASS:MODE:WHICH[:ERRNO]   which of them fail (none where it is not set)
 *     CLASS   alloc, or a name of `classes` below
 *     MODE    nth     the WHICHth call only
 *             from    the WHICHth and all that follow
 *             every   one in WHICH, at random (FAULT_SEED)
 *             place   the first call whose callers have this number (see FAULT_CALLS)
 *             named   every one that is for the program, the map or the file called so
 *     ERRNO   a number; by default what the class's own is
 *   FAULT_WHILE=FILE     they fail while its first byte is 1
 *   FAULT_TIMES=NUMBER   so many fail at most
 *   FAULT_CALLS=FILE     takes a line for each call of CLASS: its number, its place, what it was for
 *   FAULT_LOG=FILE       takes the callers of those that failed
 *
 * Addresses are where the program is loaded: places are the same in two runs without
 * randomization (setarch -R) only. The program's children are left alone, unless it only forks.
 */
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/bpf.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <unistd.h>

#include "next.h"

#define CALLERS 16

enum class {
	ALLOC,
	PROG_LOAD,
	MAP_CREATE,
	ATTACH,
	BPF,
	PERF_EVENT,
	THREAD,
	FORK,
	SOCKET,
	OPEN,
	EPOLL,
	TIMER,
	WRITE,
	NR_CLASSES,
};

static const struct {
	const char *name;
	int number;	/* errno, where none is given */
} classes[NR_CLASSES] = {
	[ALLOC] = { "alloc", ENOMEM },		/* memory, by whichever function */
	[PROG_LOAD] = { "prog_load", EPERM },	/* bpf(2): BPF_PROG_LOAD */
	[MAP_CREATE] = { "map_create", ENOMEM },
	[ATTACH] = { "attach", EBUSY },		/* BPF_LINK_CREATE, BPF_RAW_TRACEPOINT_OPEN */
	[BPF] = { "bpf", EPERM },		/* all other commands of bpf(2) */
	[PERF_EVENT] = { "perf_event", EPERM },
	[THREAD] = { "thread", EAGAIN },
	[FORK] = { "fork", EAGAIN },
	[SOCKET] = { "socket", EMFILE },
	[OPEN] = { "open", EMFILE },
	[EPOLL] = { "epoll", EMFILE },
	[TIMER] = { "timer", EMFILE },
	[WRITE] = { "write", ENOSPC },
};

enum mode { NTH, FROM, EVERY, PLACE, NAMED, NR_MODES };

static const char *const modes[NR_MODES] = { "nth", "from", "every", "place", "named" };

static struct {
	enum class class;
	enum mode mode;
	char name[64];
	uint64_t number;
	int error;
} fault = { .class = NR_CLASSES };

static _Atomic uint64_t calls, failed, seed;
static uint64_t most;
static const volatile char *wanted = "1";	/* FAULT_WHILE */
static int calls_fd = -1, log_fd = -1;
/* what is called on the way from here is not counted; a preloaded library has room for it */
static __thread bool within __attribute__((tls_model("initial-exec")));

/* ------------------------------------------------------------------------------ what fails */

static int open_to_append(const char *name)
{
	const char *path = getenv(name);

	return path ? (int)syscall(SYS_openat, AT_FDCWD, path,
				   O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644) :
		      -1;
}

/* Whoever writes to the file is heard at once. */
static const volatile char *map_first_byte(const char *path)
{
	int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	char *byte = mmap(NULL, 1, PROT_READ, MAP_SHARED, fd, 0);

	if (byte == MAP_FAILED) {
		fprintf(stderr, "FAULT_WHILE=%s: %s\n", path, strerror(errno));
		_exit(125);
	}
	close(fd);
	return byte;
}

static unsigned int place_in(const char *word, const char *const *words, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count && strcmp(word, words[i]) != 0; i++)
		continue;
	return i;
}

static void refuse(const char *text)
{
	fprintf(stderr, "FAULT=%s: not CLASS:MODE:WHICH[:ERRNO]\n", text);
	_exit(125);
}

static void read_fault(const char *text)
{
	char class[16], mode[16];
	unsigned int i = 0;
	int ret = sscanf(text, "%15[a-z_]:%15[a-z]:%63[^:]:%d", class, mode, fault.name,
			 &fault.error);

	while (i < NR_CLASSES && strcmp(class, classes[i].name) != 0)
		i++;
	fault.mode = place_in(mode, modes, NR_MODES);
	if (ret < 3 || i == NR_CLASSES || fault.mode == NR_MODES)
		refuse(text);
	fault.number = strtoull(fault.name, NULL, 10);
	if (!fault.number && fault.mode != NAMED)
		refuse(text);
	if (ret < 4)
		fault.error = classes[i].number;
	fault.class = i;
}

static uint64_t number_in(const char *variable, uint64_t otherwise)
{
	const char *text = getenv(variable);

	return text ? strtoull(text, NULL, 10) : otherwise;
}

__attribute__((constructor)) static void begin(void)
{
	const char *text = getenv("FAULT");
	void *callers[2];

	within = true;
	seed = number_in("FAULT_SEED", 0) * 2 + 1;
	most = number_in("FAULT_TIMES", UINT64_MAX);
	if (getenv("FAULT_WHILE"))
		wanted = map_first_byte(getenv("FAULT_WHILE"));
	calls_fd = open_to_append("FAULT_CALLS");
	log_fd = open_to_append("FAULT_LOG");
	/* the first time it loads a library */
	backtrace(callers, 2);
	unsetenv("LD_PRELOAD");
	if (text)
		read_fault(text);
	within = false;
}

/* A number of who called: the same as long as everything lies where it lay. */
static uint64_t place_of(void *const *callers, int count)
{
	uint64_t sum = 14695981039346656037ULL;

	for (int i = 0; i < count; i++)
		sum = (sum ^ (uintptr_t)callers[i]) * 1099511628211ULL;
	return sum | 1;
}

static bool by_chance(void)
{
	uint64_t x = atomic_fetch_add(&seed, 0x9e3779b97f4a7c15ULL);

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return (x ^ x >> 31) % fault.number == 0;
}

static void note_call(uint64_t number, uint64_t place, const char *what)
{
	char line[128];
	int len = snprintf(line, sizeof(line), "%" PRIu64 " %" PRIu64 " %s\n", number, place, what);

	if (syscall(SYS_write, calls_fd, line, len) < 0)
		abort();
}

static void note_failure(uint64_t number, const char *what, void *const *callers, int count)
{
	char line[128];
	int len = snprintf(line, sizeof(line), "%s %" PRIu64 " %s\n", classes[fault.class].name,
			   number, what);

	if (syscall(SYS_write, log_fd, line, len) < 0)
		abort();
	backtrace_symbols_fd(callers + 2, count - 2, log_fd);
}

static bool is_chosen(uint64_t number, uint64_t place, const char *what)
{
	switch (fault.mode) {
	case NTH:
		return number == fault.number;
	case FROM:
		return number >= fault.number;
	case EVERY:
		return by_chance();
	case NAMED:
		return !strcmp(what, fault.name);
	default:
		return place == fault.number;
	}
}

/* Whether this call is to fail, with errno set. @what: its object's name. */
static bool fails(enum class class, const char *what)
{
	bool needs_callers = calls_fd >= 0 || log_fd >= 0 || fault.mode == PLACE;
	void *callers[CALLERS];
	int count = 0, saved = errno;
	uint64_t number, place = 0;
	bool chosen;

	if (class != fault.class || within || *wanted != '1')
		return false;
	within = true;
	number = atomic_fetch_add(&calls, 1) + 1;
	if (needs_callers)
		count = backtrace(callers, CALLERS);
	if (calls_fd >= 0 || fault.mode == PLACE)
		place = place_of(callers, count);
	if (calls_fd >= 0)
		note_call(number, place, what);
	chosen = is_chosen(number, place, what) && atomic_fetch_add(&failed, 1) < most &&
		 (fault.mode != PLACE || failed == 1);
	if (chosen && log_fd >= 0)
		note_failure(number, what, callers, count);
	errno = chosen ? fault.error : saved;
	within = false;
	return chosen;
}

/* -------------------------------------------------------------------------------- memory */

void *malloc(size_t size)
{
	return fails(ALLOC, "malloc") ? NULL : NEXT(malloc)(size);
}

void *calloc(size_t count, size_t size)
{
	return fails(ALLOC, "calloc") ? NULL : NEXT(calloc)(count, size);
}

void *realloc(void *old, size_t size)
{
	return fails(ALLOC, "realloc") ? NULL : NEXT(realloc)(old, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
	return fails(ALLOC, "aligned_alloc") ? NULL : NEXT(aligned_alloc)(alignment, size);
}

int posix_memalign(void **to, size_t alignment, size_t size)
{
	return fails(ALLOC, "posix_memalign") ? errno : NEXT(posix_memalign)(to, alignment, size);
}

void *mmap(void *at, size_t len, int protection, int flags, int fd, off_t offset)
{
	if ((flags & MAP_ANONYMOUS) && fails(ALLOC, "mmap"))
		return MAP_FAILED;
	return NEXT(mmap)(at, len, protection, flags, fd, offset);
}

/* -------------------------------------------------------------------------- system calls */

static enum class bpf_class(long command) {
	switch (command){
		case BPF_PROG_LOAD : return PROG_LOAD; case BPF_MAP_CREATE : return MAP_CREATE;
		case BPF_LINK_CREATE : case BPF_RAW_TRACEPOINT_OPEN : return ATTACH;
		default : return BPF;
	}
}

/* What the program or the map is called, where the command says so. */
static const char *bpf_name(long command, const union bpf_attr *attr)
{
	if (command == BPF_PROG_LOAD)
		return attr->prog_name;
	return command == BPF_MAP_CREATE ? attr->map_name : "-";
}

/* libbpf calls the kernel through this. */
long syscall(long number, ...)
{
	static long (*next)(long number, ...);
	long arg[6];
	va_list args;

	va_start(args, number);
	for (unsigned int i = 0; i < 6; i++)
		arg[i] = va_arg(args, long);
	va_end(args);
	if (!next)
		next = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
	if (number == SYS_bpf && fails(bpf_class(arg[0]), bpf_name(arg[0], (void *)arg[1])))
		return -1;
	if (number == SYS_perf_event_open && fails(PERF_EVENT, "-"))
		return -1;
	return next(number, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *), void *ctx)
{
	return fails(THREAD, "-") ? errno : NEXT(pthread_create)(thread, attr, run, ctx);
}

pid_t fork(void)
{
	return fails(FORK, "-") ? -1 : NEXT(fork)();
}

int socket(int domain, int type, int protocol)
{
	return fails(SOCKET, "-") ? -1 : NEXT(socket)(domain, type, protocol);
}

static mode_t mode_of(int flags, va_list args)
{
	return flags & (O_CREAT | O_TMPFILE) ? va_arg(args, mode_t) : 0;
}

int open(const char *path, int flags, ...)
{
	va_list args;
	mode_t mode;

	va_start(args, flags);
	mode = mode_of(flags, args);
	va_end(args);
	return fails(OPEN, path) ? -1 : NEXT(open)(path, flags, mode);
}

int openat(int dir, const char *path, int flags, ...)
{
	va_list args;
	mode_t mode;

	va_start(args, flags);
	mode = mode_of(flags, args);
	va_end(args);
	return fails(OPEN, path) ? -1 : NEXT(openat)(dir, path, flags, mode);
}

FILE *fopen(const char *path, const char *how)
{
	return fails(OPEN, path) ? NULL : NEXT(fopen)(path, how);
}

/* so libraries call them, libbpf for one */
int open64(const char *path, int flags, ...) __attribute__((alias("open")));
FILE *fopen64(const char *path, const char *how) __attribute__((alias("fopen")));

int epoll_create1(int flags)
{
	return fails(EPOLL, "-") ? -1 : (int)syscall(SYS_epoll_create1, flags);
}

int timerfd_create(int clock, int flags)
{
	return fails(TIMER, "-") ? -1 : (int)syscall(SYS_timerfd_create, clock, flags);
}

ssize_t write(int fd, const void *bytes, size_t count)
{
	return fails(WRITE, "-") ? -1 : NEXT(write)(fd, bytes, count);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
	return fails(WRITE, "-") ? -1 : NEXT(writev)(fd, parts, count);
}
