/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The single sockets of the classes that give cause, in one walk over all of them: how old
 * they are, how many have stayed, whose they are, and where their other ends are. Internal
 * to the model.
 */
#ifndef MODEL_MEMBERS_H
#define MODEL_MEMBERS_H

#include "model/histogram.h"
#include "model/leaks.h"

#define MEMBER_OWNERS 64
#define MEMBER_STACKS 64
#define MEMBER_SAMPLES 8
/* In its state for so long, no program is just about to let go of it. */
#define MEMBER_OLD_NS 10000000000ULL

struct member_count {
	uint32_t of;		/* an owner, a stack */
	uint32_t count;
};

/* The same over one span. */
struct member_span {
	uint64_t start_ns;	/* of the class's series, */
	uint64_t ref_ns;	/* and a moment in it: who came between and is still there has stayed */
	uint32_t stayed, before; /* came between; were there at the start */
	uint32_t quiet, known;	/* of the stayed: without data; with word of that */
};

/* The sockets of a class in one state. */
struct members {
	uint32_t class;
	enum sampled what;
	struct member_span spans[NR_SPANS];
	struct histogram ages;	/* owned */
	struct histogram idle;	/* owned; in CLOSE: without a segment, as far as it is known */
	uint32_t count;
	uint32_t old;		/* in this state for MEMBER_OLD_NS */
	uint32_t waited;	/* for 3 s */
	uint32_t bound;		/* at least as old as they seem */
	uint64_t oldest_ns;	/* since */
	struct member_count owners[MEMBER_OWNERS];
	uint32_t nr_owners, unlisted; /* sockets of further owners */
	struct member_count stacks[MEMBER_STACKS];
	uint32_t nr_stacks, stacked, unstacked;
	uint32_t sample[MEMBER_SAMPLES]; /* connections */
	uint32_t nr_samples;
	uint32_t other;		/* a connection: the other end of one of them; POOL_NONE */
	const struct queue *queue; /* the full listener that they wait for; NULL */
};

/* The walk; 0 or -ENOMEM. What @members has is filled in. */
int members_look(struct model *model, struct members *members, size_t count);
void members_release(struct members *members, size_t count);

#endif
