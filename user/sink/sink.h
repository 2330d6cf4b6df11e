/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An output: something that is told of events as they happen and of the model at
 * each interval and at the end. One format a file; the list of them is a table.
 */
#ifndef SINK_SINK_H
#define SINK_SINK_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/names.h"
#include "model/model.h"

/* What `list` puts first; ties go by cookie. */
enum list_sort {
	LIST_SORT_AGE,		/* longest in its state first */
	LIST_SORT_STATE,
	LIST_SORT_LEFT,		/* minisocks that end soonest first */
	LIST_SORT_LOCAL,	/* port before address */
	LIST_SORT_REMOTE,	/* address before port */
	LIST_SORT_SERVICE,
	LIST_SORT_PID,
	NR_LIST_SORTS,
};

/* As --sort takes it: "age". */
const char *list_sort_name(enum list_sort sort);

struct flame_opts;
struct list_only;
struct whatif_ask;
struct recording_note;
struct compared;
struct part;

struct sink_opts {
	FILE *out;			/* borrowed */
	const char *host;		/* of the host traced (a recording's, when replayed) */
	int64_t realtime_offset_ns;	/* CLOCK_REALTIME - CLOCK_MONOTONIC */
	uint32_t kinds;			/* trace: 1 << enum event_kind; 0: all */
	uint32_t limit;			/* rows of a table; 0: the format's default */
	uint32_t width, height;		/* of the terminal; 0: not known */
	enum list_sort sort;		/* list */
	const struct list_only *only;	/* list: those asked for; borrowed; NULL: all */
	struct names *names;		/* borrowed; NULL: addresses stay addresses */
	bool terminal;			/* out is one: colour, and tables refresh in place */
	bool replay;			/* events come from a recording */
	bool once;			/* the user named an end: tables in a file are printed there */
	bool filtered;			/* not everything is looked at */
	bool filtered_within;		/* nor all of a namespace that is looked at */
	const struct flame_opts *flame;	/* what `flame` was asked for; borrowed */
	const struct whatif_ask *what_if; /* what --what-if asks; borrowed; NULL: nothing */
	const struct recording_note *recordings; /* what is replayed; complete at the end; borrowed */
	uint32_t nr_recordings;
	struct compared *compared;	/* where compared_sink keeps what it has seen; borrowed */
	const struct part *extra;	/* report: one more, of another room; borrowed; NULL: none */
	bool stacks;			/* the code that opened connections is asked for */
};

struct sink;

struct sink_ops {
	const char *name;		/* as --output takes it: "jsonl" */
	struct sink *(*open)(const struct sink_ops *ops, const struct sink_opts *opts);
	void (*event)(struct sink *sink, const struct model_event *event);	/* may be NULL */
	void (*interval)(struct sink *sink, const struct model *model);		/* may be NULL */
	void (*end)(struct sink *sink, const struct model *model);		/* final summary; may be NULL */
	void (*free)(struct sink *sink);
};

struct sink {
	const struct sink_ops *ops;
	struct sink_opts opts;
};

extern const struct sink_ops trace_text_sink, trace_jsonl_sink, trace_csv_sink;
extern const struct sink_ops top_text_sink, top_json_sink, top_jsonl_sink;
extern const struct sink_ops list_text_sink, list_json_sink;
extern const struct sink_ops leaks_text_sink, leaks_json_sink, leaks_jsonl_sink;
extern const struct sink_ops ports_text_sink, ports_json_sink, ports_jsonl_sink;
extern const struct sink_ops report_text_sink, report_json_sink;
extern const struct sink_ops run_text_sink, run_json_sink;
extern const struct sink_ops flame_folded_sink, flame_svg_sink, flame_html_sink;
extern const struct sink_ops flame_speedscope_sink, flame_pprof_sink, flame_keep_sink;

#endif
