// SPDX-License-Identifier: GPL-2.0-or-later
/* The options that commands share: what each is called and says, and what its value may be. */
#include "cmd/option_rows.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/parse.h"

enum key {
	KEY_OUTPUT = 'o',
	KEY_INPUT = 'i',
	KEY_VERBOSE = 'v',
	KEY_FOR = 256,
	KEY_INTERVAL,
	KEY_PORT,
	KEY_LOCAL_PORT,
	KEY_REMOTE,
	KEY_SERVICE,
	KEY_PID,
	KEY_NETNS,
	KEY_FAMILY,
	KEY_RING,
	KEY_SYSCALLS,
	KEY_EVIDENCE,
	KEY_READY_FD,
	KEY_USER,
	KEY_NO_AUDIT,
	KEY_LIMIT,
	KEY_KIND,
	KEY_SORT,
	KEY_NAMES,
	KEY_FAIL,
	KEY_STACKS,
	KEY_DEBUGINFOD,
	KEY_REPORT,
	KEY_RECORD,
};

/* "text, json", with @note behind the first. */
const char *name_formats(const struct sink_ops *const *formats, const char *note,
			 char text[static FORMATS_LEN])
{
	size_t len = 0;

	text[0] = '\0';
	for (size_t i = 0; formats[i] && len < FORMATS_LEN; i++)
		len += snprintf(text + len, FORMATS_LEN - len, "%s%s%s", i ? ", " : "",
				formats[i]->name, i ? "" : note);
	return text;
}

static int set_output(struct options *options, const char *arg, struct error *err)
{
	char known[FORMATS_LEN];

	for (const struct sink_ops *const *format = options->formats; *format; format++)
		if (!strcmp((*format)->name, arg)) {
			options->format = *format;
			options->format_named = true;
			return 0;
		}
	return error_set(err, -EINVAL, "'%s' is no format of this command; there are: %s", arg,
			 name_formats(options->formats, "", known));
}

static int set_input(struct options *options, const char *arg, struct error *err)
{
	if (options->nr_inputs == MAX_INPUTS)
		return error_set(err, -EINVAL, "'%s': more than %d recordings", arg, MAX_INPUTS);
	options->inputs[options->nr_inputs++] = arg;
	return 0;
}

static int set_verbose(struct options *options, const char *arg, struct error *err)
{
	(void)arg;
	(void)err;
	options->verbose++;
	return 0;
}

static int set_for(struct options *options, const char *arg, struct error *err)
{
	if (parse_duration(arg, &options->for_ns, err))
		return err->code;
	if (!options->for_ns)
		return error_set(err, -EINVAL, "'%s' leaves no time to look", arg);
	return 0;
}

static int set_interval(struct options *options, const char *arg, struct error *err)
{
	if (parse_duration(arg, &options->interval_ns, err))
		return err->code;
	if (options->interval_ns < 10000000)
		return error_set(err, -EINVAL, "'%s' is too short; 10ms is the least", arg);
	return 0;
}

static int set_port(struct options *options, const char *arg, struct error *err)
{
	struct tw_filter *filter = &options->filter.kernel;

	return parse_ports(arg, filter->ports, &filter->nr_ports, err);
}

static int set_local_port(struct options *options, const char *arg, struct error *err)
{
	struct tw_filter *filter = &options->filter.kernel;

	return parse_ports(arg, filter->local_ports, &filter->nr_local_ports, err);
}

static int set_remote(struct options *options, const char *arg, struct error *err)
{
	struct tw_filter *filter = &options->filter.kernel;

	if (filter->nr_remotes == TW_MAX_CIDRS)
		return error_set(err, -EINVAL, "'%s': more than %d networks", arg, TW_MAX_CIDRS);
	if (parse_cidr(arg, &filter->remotes[filter->nr_remotes], err))
		return err->code;
	filter->nr_remotes++;
	return 0;
}

static int set_service(struct options *options, const char *arg, struct error *err)
{
	if (!arg[0])
		return error_set(err, -EINVAL, "'' matches no service");
	options->filter.service = arg;
	return 0;
}

static int set_pid(struct options *options, const char *arg, struct error *err)
{
	uint64_t pid;

	if (parse_u64(arg, 1, INT_MAX, &pid, err))
		return err->code;
	options->filter.pid = pid;
	return 0;
}

/* "all", an inode number, a path, or a name as `ip netns` knows it. */
static int set_netns(struct options *options, const char *arg, struct error *err)
{
	char path[PATH_MAX];
	struct statfs fs;
	struct stat st;
	uint64_t ino;

	if (!strcmp(arg, "all")) {
		options->filter.kernel.netns_ino = 0;
		return 0;
	}
	if (arg[0] && arg[strspn(arg, "0123456789")] == '\0') {
		if (parse_u64(arg, 1, UINT32_MAX, &ino, err))
			return err->code;
		options->filter.kernel.netns_ino = ino;
		return 0;
	}
	snprintf(path, sizeof(path), "%s%s", strchr(arg, '/') ? "" : "/run/netns/", arg);
	if (stat(path, &st) || statfs(path, &fs))
		return error_set(err, -errno, "'%s' is no network namespace: %s: %s", arg, path,
				 strerror(errno));
	if (fs.f_type != NSFS_MAGIC)
		return error_set(err, -EINVAL, "'%s' is no network namespace: %s is a plain file",
				 arg, path);
	options->filter.kernel.netns_ino = st.st_ino;
	return 0;
}

static int set_family(struct options *options, const char *arg, struct error *err)
{
	if (strcmp(arg, "4") && strcmp(arg, "6"))
		return error_set(err, -EINVAL, "'%s' is neither 4 nor 6", arg);
	options->filter.kernel.family = arg[0] - '0';
	return 0;
}

static int set_ring(struct options *options, const char *arg, struct error *err)
{
	if (parse_size(arg, &options->ring_bytes, err))
		return err->code;
	if (options->ring_bytes < 4096 || options->ring_bytes > 1ULL << 30)
		return error_set(err, -EINVAL, "'%s' is not between 4K and 1G", arg);
	return 0;
}

static int set_syscalls(struct options *options, const char *arg, struct error *err)
{
	(void)arg;
	(void)err;
	options->syscalls = true;
	return 0;
}

static int set_names(struct options *options, const char *arg, struct error *err)
{
	(void)arg;
	(void)err;
	options->names = true;
	return 0;
}

int options_set_fail(struct options *options, const char *arg, struct error *err)
{
	(void)arg;
	(void)err;
	options->fail = true;
	return 0;
}

static int set_report(struct options *options, const char *arg, struct error *err)
{
	(void)err;
	options->report = arg;
	return 0;
}

static int set_record(struct options *options, const char *arg, struct error *err)
{
	(void)err;
	options->record_to = arg;
	return 0;
}

static int set_evidence(struct options *options, const char *arg, struct error *err)
{
	for (unsigned int tier = 0; tier < NR_EVIDENCE; tier++)
		if (tier != EVIDENCE_SNAPSHOT && !strcmp(arg, evidence_name(tier))) {
			options->evidence = tier;
			return 0;
		}
	return error_set(err, -EINVAL,
			 "'%s' is no tier of evidence; there are: fentry, kprobe, timer, inferred",
			 arg);
}

static int set_stacks(struct options *options, const char *arg, struct error *err)
{
	uint64_t share = 1;

	if (arg && parse_u64(arg, 1, 1000000, &share, err))
		return err->code;
	options->stacks = share;
	return 0;
}

static int set_debuginfod(struct options *options, const char *arg, struct error *err)
{
	(void)arg;
	(void)err;
	options->debuginfod = true;
	return 0;
}

static int set_user(struct options *options, const char *arg, struct error *err)
{
	return user_find(&options->user, arg, err);
}

static int set_no_audit(struct options *options, const char *arg, struct error *err)
{
	(void)arg;
	(void)err;
	options->no_audit = true;
	return 0;
}

static int set_ready_fd(struct options *options, const char *arg, struct error *err)
{
	uint64_t fd;

	if (parse_u64(arg, 0, INT_MAX, &fd, err))
		return err->code;
	if (fcntl(fd, F_GETFD) < 0)
		return error_set(err, -errno, "'%s' is not an open file descriptor", arg);
	options->ready_fd = fd;
	return 0;
}

static int set_limit(struct options *options, const char *arg, struct error *err)
{
	uint64_t limit;

	if (parse_u64(arg, 1, UINT32_MAX, &limit, err))
		return err->code;
	options->limit = limit;
	return 0;
}

static int set_kind(struct options *options, const char *arg, struct error *err)
{
	const char *at = arg;

	for (;;) {
		size_t len = strcspn(at, ",");
		unsigned int kind = 0;

		while (kind < NR_EVENT_KINDS && (strlen(event_kind_name(kind)) != len ||
						 memcmp(event_kind_name(kind), at, len)))
			kind++;
		if (kind == NR_EVENT_KINDS)
			return error_set(
				err, -EINVAL,
				"'%s': there is no kind '%.*s', but these: transition, "
				"time_wait_enter, time_wait_exit, time_wait_substate, "
				"time_wait_refused, connect_failed, bind_failed, reset_sent, loss",
				arg, (int)len, at);
		options->kinds |= 1U << kind;
		if (!at[len])
			return 0;
		at += len + 1;
	}
}

static int set_sort(struct options *options, const char *arg, struct error *err)
{
	char known[128] = "";

	for (unsigned int sort = 0; sort < NR_LIST_SORTS; sort++) {
		size_t len = strlen(known);

		if (!strcmp(list_sort_name(sort), arg)) {
			options->sort = sort;
			return 0;
		}
		snprintf(known + len, sizeof(known) - len, "%s%s", len ? ", " : "",
			 list_sort_name(sort));
	}
	return error_set(err, -EINVAL, "'%s' is nothing to sort by; there are: %s", arg, known);
}

const struct option_row shared_rows[] = {
	{ GROUP_FOR,
	  set_for,
	  { "for", KEY_FOR, "DURATION", 0, "stop after this long: 500ms, 10s, 5m, 1h", 1 } },
	{ GROUP_INTERVAL,
	  set_interval,
	  { "interval", KEY_INTERVAL, "DURATION", 0,
	    "refresh and compare with the kernel this often (default 1s)", 1 } },
	{ GROUP_OUTPUT,
	  set_output,
	  { "output", KEY_OUTPUT, "FORMAT", 0, NULL /* the command's formats */, 1 } },
	{ GROUP_TABLE,
	  set_limit,
	  { "limit", KEY_LIMIT, "N", 0, "show at most N rows of a table", 1 } },
	{ GROUP_SORT,
	  set_sort,
	  { "sort", KEY_SORT, "KEY", 0, "age (default), state, left, local, remote, service, pid",
	    1 } },
	{ GROUP_KIND,
	  set_kind,
	  { "kind", KEY_KIND, "K[,K]", 0,
	    "only these kinds: transition, time_wait_enter, time_wait_exit, time_wait_substate, time_wait_refused, connect_failed, bind_failed, reset_sent, loss",
	    1 } },
	{ GROUP_NAMES,
	  set_names,
	  { "names", KEY_NAMES, NULL, 0,
	    "show remote hosts by name (reverse DNS; names appear as answers come)", 1 } },
	{ GROUP_FAIL,
	  options_set_fail,
	  { "fail", KEY_FAIL, NULL, 0, "end with status 4 if something leaks (for scripts)", 1 } },
	{ GROUP_REPORT,
	  set_report,
	  { "report", KEY_REPORT, "FILE", 0, "write the report to FILE (default: standard error)",
	    1 } },
	{ GROUP_REPORT,
	  set_record,
	  { "record", KEY_RECORD, "FILE", 0, "record the events too, for -i FILE", 1 } },
	{ GROUP_INPUT,
	  set_input,
	  { "input", KEY_INPUT, "FILE", 0,
	    "read a recording instead of this host (repeatable; needs no privilege)", 2 } },
	{ GROUP_FILTER,
	  set_port,
	  { "port", KEY_PORT, "N[,N|A-B]", 0, "only connections with such a port at either end",
	    3 } },
	{ GROUP_FILTER,
	  set_local_port,
	  { "local-port", KEY_LOCAL_PORT, "N[,N|A-B]", 0, "only with such a local port", 3 } },
	{ GROUP_FILTER,
	  set_remote,
	  { "remote", KEY_REMOTE, "CIDR", 0,
	    "only with such a remote address: 10.0.0.0/8, ::1 (repeatable)", 3 } },
	{ GROUP_FILTER,
	  set_service,
	  { "service", KEY_SERVICE, "GLOB", 0, "only of such services: 'nginx*'", 3 } },
	{ GROUP_FILTER, set_pid, { "pid", KEY_PID, "N", 0, "only of this process", 3 } },
	{ GROUP_FILTER,
	  set_netns,
	  { "netns", KEY_NETNS, "ID|PATH|all", 0,
	    "only in this network namespace: inode number, path or name (default all)", 3 } },
	{ GROUP_FILTER,
	  set_family,
	  { "family", KEY_FAMILY, "4|6", 0, "only IPv4 (mapped addresses too) or IPv6", 3 } },
	{ GROUP_LIVE,
	  set_ring,
	  { "ring", KEY_RING, "SIZE", 0, "size of the ring buffers: 64K, 8M (default 4M)", 4 } },
	{ GROUP_LIVE,
	  set_syscalls,
	  { "syscalls", KEY_SYSCALLS, NULL, 0,
	    "trace accept() and bind() as system calls, where the kernel's functions can't be traced: names owners at once, tells of ports in use and (on any kernel) of bind() to an address that the host lacks, and slows every system call of the host a little",
	    4 } },
	{ GROUP_LIVE,
	  set_evidence,
	  { "evidence", KEY_EVIDENCE, "TIER", 0,
	    "how births and ends of TIME_WAIT are told: fentry, kprobe, timer, inferred (default: the best that this kernel has, but never timer)",
	    4 } },
	{ GROUP_LIVE,
	  set_ready_fd,
	  { "ready-fd", KEY_READY_FD, "N", 0,
	    "write a line to file descriptor N once tracing (for scripts)", 4 } },
	{ GROUP_LIVE,
	  set_user,
	  { "user", KEY_USER, "NAME", 0,
	    "run as this user (a name or an id), with the capabilities that tracing needs; the "
	    "COMMAND of run does not",
	    4 } },
	{ GROUP_LIVE,
	  set_no_audit,
	  { "no-audit", KEY_NO_AUDIT, NULL, 0,
	    "look into other network namespaces at the start only, and give up what that needs",
	    4 } },
	{ GROUP_STACKS,
	  set_stacks,
	  { "stacks", KEY_STACKS, "N", OPTION_ARG_OPTIONAL,
	    "tell where in its code a process connects, accepts and closes, for every socket or for one in N",
	    4 } },
	{ GROUP_STACKS,
	  set_debuginfod,
	  { "debuginfod", KEY_DEBUGINFOD, NULL, 0,
	    "with --stacks, ask the servers in $DEBUGINFOD_URLS for names that this host does not have",
	    4 } },
	{ GROUP_COMMON,
	  set_verbose,
	  { "verbose", KEY_VERBOSE, NULL, 0,
	    "say which probes are used and why; twice: what libbpf says too", 9 } },
};

_Static_assert(sizeof(shared_rows) / sizeof(shared_rows[0]) == NR_SHARED_ROWS,
	       "who makes a table of them all has room");
