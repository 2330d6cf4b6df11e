/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the detector keeps: the course of the counts of each class of sockets (a service, a
 * port, a remote host), sampled once a second from the rows that are counted anyway, sockets
 * in CLOSE that are still held, queues of listeners, and what is known of processes. Single
 * sockets are looked at only where a class gives cause (members.c), and no more often than
 * their number allows. Internal to the model.
 */
#ifndef MODEL_LEAKS_H
#define MODEL_LEAKS_H

#include "base/index.h"
#include "base/pool.h"
#include "model/leak.h"
#include "model/rows.h"
#include "model/series.h"
#include "model/tracker.h"

/* What is sampled of a class. */
enum sampled {
	SAMPLED_CLOSE_WAIT,
	SAMPLED_ESTABLISHED,
	SAMPLED_FIN_WAIT2,	/* full sockets */
	SAMPLED_ORPHANS,	/* minisocks in FIN_WAIT2 */
	SAMPLED_SYN_SENT,
	SAMPLED_CLOSED,		/* in CLOSE, still held */
	SAMPLED_TIME_WAIT,
	SAMPLED_OPENED,		/* ever */
	NR_SAMPLED,
};

/* What a course is looked at over: a leak may have begun only now. */
enum span {
	SPAN_ALL,		/* since it was seen first */
	SPAN_RECENT,		/* the last minute */
	NR_SPANS,
};

/* The sockets of a service at a port, of one remote host, or (a site) of all hosts. */
struct leak_class {
	struct row_key key;	/* as its pair's; of a site: remote_addr zero */
	uint32_t site;		/* the site that a pair is part of; POOL_NONE: it is one */
	uint32_t pairs[NR_SAMPLED]; /* site: rows that have any of these */
	uint32_t rows;		/* site: that are part of it */
	uint32_t closed;	/* sockets in CLOSE that a walk has found to be held */
	uint64_t seen_ns;	/* when it last had anything */
	uint64_t ended, one_segment; /* connections; those that sent at most one segment of data */
	uint64_t orphans_expired; /* at the last sample */
	uint32_t now[NR_SAMPLED];
	struct series of[NR_SPANS][NR_SAMPLED];
};

/* What is known of a row of a pair. */
struct row_place {
	uint32_t pair;		/* its class; POOL_NONE: it gives no cause for one */
	uint32_t site;
};

struct closed_socket {
	uint64_t cookie;
	uint64_t since_ns;
	uint64_t walk_ns;	/* when a walk last listed it; 0: never */
	uint64_t found_ns;	/* when the first one did */
	uint64_t idle_ns;	/* without a segment, then; TIME_UNKNOWN */
	uint32_t class;
	uint32_t owner;		/* a reference */
	uint32_t stack;		/* of its opening; 0: none */
	uint16_t source;
	bool at_least;		/* closed before that moment */
};

struct queue {
	uint64_t cookie;
	uint64_t netns_cookie;
	uint64_t full_ns;	/* since it was seen full without a pause; 0: it is not */
	uint64_t ts_ns;
	uint32_t source;
	uint32_t looks;		/* that found it full, in a row */
	uint32_t opened;	/* connections to it, ever, when it was first seen full */
	uint32_t waiting, backlog;
	uint8_t local_addr[16];
	uint16_t local_port;
	struct row_key key;	/* service and port */
	uint32_t owner;		/* a reference */
};

struct process {
	uint64_t told_ns;
	uint64_t fd_limit;
	uint32_t pid, source;
	uint32_t fds;
	char *script;		/* owned, clean; NULL: none */
};

#define LEAK_PROCESSES 256
#define LEAK_WANTED 32

struct leaks {
	struct pool classes;	/* struct leak_class */
	struct index by_key;
	struct row_place *places; /* owned, by row of DIM_PAIR */
	uint32_t nr_places;
	uint64_t unclassed;	/* rows for which there was no room */
	uint64_t sampled_ns, looked_ns;
	struct pool closed;	/* struct closed_socket */
	struct index by_cookie;
	uint64_t closed_unknown; /* more of them than there is room for */
	uint64_t walked_ns;	/* when the last walk over open files ended */
	struct pool queues;	/* struct queue: listeners that have been seen full */
	struct process processes[LEAK_PROCESSES];
	uint32_t nr_processes;
	uint32_t wanted[LEAK_WANTED];
	uint32_t nr_wanted;
	uint64_t ages_ns;	/* when a dump last told ages */
	bool wants_ages;
	uint16_t port_low, port_high; /* ephemeral ports */
	struct verdict *verdicts; /* owned */
	size_t nr_verdicts, room_verdicts;
};

/* NULL: no memory. */
struct leaks *leaks_new(void);
void leaks_free(struct leaks *leaks);

/* At each tick: samples once a second, looks where there is cause. */
void leaks_tick(struct model *model);
/* A connection of that pair has ended. */
void leaks_ended(struct model *model, const struct conn *conn, bool one_segment);
/* The class of that key; POOL_NONE: no room. */
uint32_t leaks_class(struct leaks *leaks, const struct row_key *key);
static inline struct leak_class *leaks_class_at(const struct leaks *leaks, uint32_t id)
{
	return pool_at_sized(&leaks->classes, id, sizeof(struct leak_class));
}

/* In closed.c: a connection has gone to CLOSE, and no process has closed it. */
void closed_note(struct model *model, uint32_t id);
/* By that stack, of which is told late. */
void closed_opened_by(struct model *model, uint64_t cookie, unsigned int source, uint32_t stack);
/* It is in use again, or it has ended. */
void closed_forget(struct model *model, uint64_t cookie, unsigned int source);
/* A walk has found it in a process. */
void closed_held(struct model *model, const struct tw_closed_held *record, unsigned int source);
/* A walk that began then has told all it found. */
void closed_walked(struct model *model, uint64_t began_ns, unsigned int source);

/* In queues.c: what a dump says of a listener. */
void queues_listener(struct model *model, const struct conn *conn, const struct tw_socket *record);
/* The listener at the other end of @conn whose queue is full; NULL. */
const struct queue *queues_full_at(const struct model *model, const struct conn *conn);

/* In processes.c */
void processes_learn(struct model *model, const struct tw_process *record, unsigned int source);
/* NULL: not known. */
const struct process *processes_find(const struct leaks *leaks, uint32_t pid, uint32_t source);
/* Asks for it, unless it was told a moment ago. */
void processes_want(struct model *model, uint32_t pid, uint32_t source);

#endif
