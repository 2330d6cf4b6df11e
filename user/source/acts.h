/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tracer has done by a keeper (source/keeper.h), what it asks and what it is told: the
 * only things that need privilege over other processes and namespaces.
 */
#ifndef SOURCE_ACTS_H
#define SOURCE_ACTS_H

#include <limits.h>
#include <stdint.h>

#include "source/keeper.h"
#include "source/roots.h"

enum act_number {
	ACT_NETNS_SCAN,		/* nothing -> struct netns_scan, struct netns_seen ... */
	ACT_NETNS_COOKIE,	/* struct netns_way -> struct netns_way */
	ACT_NETNS_OPEN,		/* the same, and descriptors: enum netns_file */
	ACT_NETNS_FACTS,	/* the same, and text (base/facts.h) behind it */
	ACT_NETNS_WALK,		/* with an iterator's link: the same, and the iterator */
	ACT_CGROUP_PATH,	/* uint64_t id, with the mount -> its whole path */
	ACT_PROCESS,		/* struct process_wanted -> struct process_found, the files */
	ACT_MAPS,		/* struct maps_wanted -> struct maps_found; enum maps_file */
	ACT_IMAGE,		/* struct image_wanted, with a root -> its file */
	ACT_PERF_MAP,		/* struct maps_owner, with a root -> its file */
	ACT_BPF,		/* with a map: whether bpf() answers who has no capability effective */
	NR_ACTS
};

/* A way into a network namespace; the answer has the one that was found. */
struct netns_way {
	uint64_t cookie;	/* 0 in a request: whichever has the inode number now */
	uint32_t ino;
	char path[96];
	uint32_t unused;
};

struct netns_scan {
	uint32_t complete;	/* no process was hidden from it */
	uint32_t count;
};

struct netns_seen {
	uint32_t ino;
	char name[64];		/* under /run/netns, "host" for init's; "" */
	char path[96];
};

enum netns_file { NETNS_DIAG, NETNS_SOCKSTAT, NETNS_NETSTAT, NETNS_PORT_RANGE };

enum process_file {
	PROCESS_CMDLINE,
	PROCESS_LIMITS,
	PROCESS_CGROUP,
	PROCESS_STAT,
	NR_PROCESS_FILES
};

#define PROCESS_FILE_BYTES 8192

struct process_wanted {
	uint32_t pid;
	uint32_t files;		/* a bit for each */
	uint32_t fds;		/* not 0: their number, too */
};

/* All of the same process. Their beginnings follow, each ended by NUL, which size has not. */
struct process_found {
	uint32_t fds;		/* 0: not known */
	uint32_t size[NR_PROCESS_FILES];
};

/* Only if it is the program that has its stack there; 0: unknown. */
struct maps_wanted {
	uint64_t stack_start;
	uint32_t pid;
};

/* Whose they are. */
struct maps_owner {
	uint32_t inner_pid;	/* as its own pid namespace numbers it */
	uint32_t uid;		/* that the files it creates get; UINT32_MAX: not known */
};

struct maps_found {
	struct maps_owner who;
	struct root_id root;
};

enum maps_file { MAPS_TEXT, MAPS_ROOT };

/* The file of that region of the process, or while that is out of reach, of that name. */
struct image_wanted {
	uint64_t start, end;
	uint32_t pid;
	char name[PATH_MAX];
};

int act_netns_scan(const struct request *request, struct answer *answer);
int act_netns_cookie(const struct request *request, struct answer *answer);
int act_netns_open(const struct request *request, struct answer *answer);
int act_netns_facts(const struct request *request, struct answer *answer);
int act_netns_walk(const struct request *request, struct answer *answer);
int act_cgroup_path(const struct request *request, struct answer *answer);
int act_process(const struct request *request, struct answer *answer);
int act_maps(const struct request *request, struct answer *answer);
int act_image(const struct request *request, struct answer *answer);
int act_perf_map(const struct request *request, struct answer *answer);

/*
 * keeper_start() with these acts. The first looks into namespaces and processes, and, for
 * --stacks, the second opens files that processes run: in a file system of theirs it may never
 * return, and then it alone is given up.
 */
struct keeper *acts_start_keeper(struct error *err);
struct keeper *acts_start_opener(struct error *err);
/* keeper_ask(); without a keeper the act is done here, with what privilege there is. */
int acts_ask(struct keeper *keeper, enum act_number act, const void *data, size_t size, int fd,
	     struct answer *answer);

#endif
