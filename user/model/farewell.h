/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A command's connections, each counted once, by how it ended: what `run` reports and no
 * row has. Who belongs to the command is told by records (TW_SCOPE, TW_FORK, TW_EXIT);
 * without the first of them there is nothing here.
 */
#ifndef MODEL_FAREWELL_H
#define MODEL_FAREWELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/event.h"
#include "model/histogram.h"

struct model;

enum farewell_end {
	FAREWELL_BY_US,		/* in order, and our FIN was first (or at the same time) */
	FAREWELL_BY_PEER,
	FAREWELL_RESET_SENT,
	FAREWELL_RESET_RECEIVED,
	FAREWELL_TIMED_OUT,	/* nobody answered any more */
	FAREWELL_UNSEEN,	/* its end was lost */
	NR_FAREWELL_ENDS,
};

#define FAREWELL_ERRNOS 256
#define FAREWELL_DIRECTIONS 3

struct farewell_counts {
	uint64_t opened[FAREWELL_DIRECTIONS];	/* by enum direction */
	uint64_t ended[NR_FAREWELL_ENDS];
	uint64_t closing;	/* closed, and the peer has not answered yet */
	uint64_t open;		/* not closed */
	uint64_t closed_first;	/* our FIN came first, be the connection over or not */
	uint64_t failed[FAREWELL_ERRNOS];	/* connects, by errno */
	uint64_t given_up;	/* connects that the program itself closed before the answer */
	uint64_t leaked;
	uint64_t time_wait;	/* there at the end, of its closes */
	uint64_t fin_wait2;	/* the same, of peers that have not closed yet */
};

#define FAREWELL_STACKS 3

/* Sockets that nothing but the exit of a process closed. */
struct farewell_leak {
	uint32_t pid;
	char comm[TW_COMM_LEN * 4 + 1];	/* clean */
	uint32_t service;	/* for model_service_name(); its process' */
	enum direction direction;
	uint8_t remote_addr[16]; /* incoming: zero, of whatever hosts */
	uint16_t port;		/* outgoing: the peer's; incoming: our own */
	uint8_t state;		/* in which they were left */
	uint64_t count;
	struct histogram ages;
	struct {
		uint32_t number;	/* of the stack that opened them, for stacks_at() */
		uint64_t count;
	} stacks[FAREWELL_STACKS];
	uint32_t nr_stacks;
};

/* A process that runs on and holds sockets of the command's. */
struct farewell_holder {
	uint32_t pid;
	char comm[TW_COMM_LEN * 4 + 1];	/* clean */
	uint64_t sockets;	/* of them: */
	uint64_t listeners;
};

struct farewell_stack {
	const char *text;	/* a line a frame */
	const char *thread;
	enum tw_deed deed;
	bool incomplete;
};

struct farewell_command {
	const char *words;	/* each ends with NUL, clean */
	uint32_t nr_words;
	uint32_t pid;
	bool by_cgroup;		/* a control group of its own; else the process tree */
	bool ended;
	int status;		/* as wait() gives it, once ended */
	uint32_t processes;	/* of it that run on */
};

/* False: the records are not of a command. */
bool model_farewell_command(const struct model *model, struct farewell_command *command);
void model_farewell_counts(const struct model *model, struct farewell_counts *counts);
/* Most first. What is returned belongs to the model and lasts until the next record. */
size_t model_farewell_leaks(const struct model *model, const struct farewell_leak **leaks);
struct farewell_stack model_farewell_stack(const struct model *model, uint32_t number);
/* Most first, at most @room; how many there are. */
size_t model_farewell_holders(const struct model *model, struct farewell_holder *holders,
			      size_t room);
/* Whether connections that the program has closed still wait for an answer. */
bool model_farewell_settling(const struct model *model);

#endif
