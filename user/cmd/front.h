/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What shows the model while it is traced or replayed, and is asked meanwhile: the screen, the
 * HTTP server. It runs in the thread that traces, between records, and never waits.
 *
 *   open | start | (event | attend | interval)... | close
 */
#ifndef CMD_FRONT_H
#define CMD_FRONT_H

#include <stdbool.h>

#include "base/error.h"
#include "sink/sink.h"

struct front {
	void *ctx;
	/* Privileges are there still, and no thread is: what needs them. 0 or -errno. NULL: nothing. */
	int (*open)(void *ctx, struct error *err);
	/* They are gone, and no record has come. @opts, without out, is to be copied. 0 or -errno. */
	int (*start)(void *ctx, const struct sink_opts *opts, struct error *err);
	/* Readable when attend() has something to do; to be waited for only after start(). */
	int (*fd)(void *ctx);
	/* False: the tracing is to end. */
	bool (*attend)(void *ctx, struct model *model);
	/* NULL: events are of no interest. */
	void (*event)(void *ctx, const struct model_event *event);
	/* Every socket of the start is known; the ends of intervals come after it. NULL: nothing. */
	void (*ready)(void *ctx, struct model *model);
	/* False: the tracing is to end. */
	bool (*interval)(void *ctx, struct model *model);
	/* Live: the clock was set, sink_opts.realtime_offset_ns is this from now on. */
	void (*clock)(void *ctx, int64_t offset_ns);
	/* Replay: another model is shown from now on, fed from the beginning. NULL: nothing. */
	void (*restart)(void *ctx);
	/* Releases all. @model: at its end, with the last verdicts; NULL: something has failed. */
	void (*close)(void *ctx, struct model *model);
};

#endif
