/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the rooms meet: a source's records into the recorder, the model and, as
 * events and intervals, the sink. The same for the live host and for recordings.
 */
#ifndef CMD_PIPELINE_H
#define CMD_PIPELINE_H

#include <stdbool.h>

#include "base/error.h"
#include "cmd/command.h"
#include "cmd/options.h"
#include "model/history.h"
#include "model/leak.h"

struct child;
struct front;
struct pace;
struct part;
struct scope;
struct whatif_ask;

struct pipeline {
	const struct options *options;
	const char *record_to;		/* a file, NULL: none */
	uint64_t record_max_bytes;	/* then it goes on in another one; 0: it is the only one */
	uint32_t record_keep;		/* so many of them; 0: all */
	bool anonymize;			/* what is recorded (sink/anonymize.h) */
	bool once;			/* end at ready: `list` */
	bool quiet;			/* no sink: `record` */
	const struct front *front;	/* in the place of a sink (cmd/front.h); NULL: none */
	struct pace *pace;		/* recordings are played at, for a front (cmd/pace.h); NULL: at once */
	const struct flame_opts *flame;	/* of a flame-style summary; NULL: none is made */
	const struct whatif_ask *what_if; /* what `ports` is asked; NULL: nothing */
	bool announces;			/* says on a terminal that it is tracing */
	uint32_t window;		/* a summary each time so many intervals are over; 0: one */
	struct compared *compared;	/* for a comparison (sink/compared.h); NULL */
	const struct part *extra;	/* of a report (sink/part.h); NULL: none */
	const struct list_only *only;	/* which sockets are listed (sink/list.h); NULL: all */
	bool leaks;			/* look for leaks, and tell what tells of them */
	bool ports;			/* keep budgets of ephemeral ports */
	bool facts;			/* and the files of each namespace */
	enum history_of history;	/* keep the course of the totals (model/history.h) */
	enum leak_level *worst;		/* the level of the worst verdict at the end; NULL */
	struct child *child;		/* the command that is traced; NULL: none */
	struct scope *scope;		/* what belongs to it */
	uint64_t *leaked;		/* sockets that it left to its exit; NULL */
	struct error *untraceable;	/* takes why this host can't be traced; NULL: it is printed */
	int report_fd;			/* where the sink writes; 0: standard output */
};

/* Runs until its end, says on standard error what went wrong, returns the exit status. */
enum status pipeline_run(const struct pipeline *pipeline);

#endif
