/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What stands after a source, live or replayed: the recorder, the model, the sink.
 * Takes records, keeps them in step. Internal to the pipeline.
 *
 * The model sees every record. Live, what comes after it never waits: what standard output
 * or the recording is too slow for is dropped, counted, and told there. Only the sockets of
 * the start, which no queue may be long enough for, wait for a recording that makes progress.
 */
#ifndef CMD_STAGE_H
#define CMD_STAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/outlet.h"
#include "cmd/pipeline.h"
#include "model/model.h"
#include "sink/recording.h"
#include "sink/sink.h"
#include "source/source.h"

struct stage {
	const struct pipeline *pipeline;
	struct model *model;		/* owned */
	struct sink *sink;		/* owned; NULL: none */
	const struct front *front;	/* the pipeline's, once it is open; NULL: none */
	struct outlet *output;		/* owned: standard output, for the sink; NULL: none */
	struct names *names;		/* owned; NULL: none */
	struct recorder *recorder;	/* owned; NULL: none */
	struct tw_recording_head head;	/* of the file that it writes */
	struct anonymizer *anonymizer;	/* owned; NULL: what is recorded is as it was */
	bool cramped;			/* it has been said that files are too small */
	bool starting;			/* live, and not ready: the recording is waited for */
	bool live;
	int64_t offset_ns;		/* live: sink_opts.realtime_offset_ns */
	unsigned int source;		/* of the records to come: struct tw_record says not */
	int output_errno;		/* of the first write to standard output that failed */
	uint64_t missing;		/* events that were not printed */
	uint64_t untold;		/* of them, since the output was last told of some */
	uint64_t unmade;		/* tables or documents of intervals, for want of memory */
	uint32_t intervals;		/* of the window */
	bool nearly_over;		/* what is left is no window of its own */
	bool ending;			/* what the model still says is told otherwise */
};

/* Where the records come from: the host that was, or is, traced. */
struct origin {
	const char *host;
	int64_t offset_ns;	/* realtime minus monotonic */
	enum tw_evidence evidence;	/* live: the tier in use */
	bool replay;
	const struct tw_recording_head *head; /* of what is replayed, for a copy; NULL: live */
	const struct recording_note *recordings; /* what is replayed; borrowed, up to the end */
	uint32_t nr_recordings;
};

/* Opens what there is to write to. 0 or -errno. */
int stage_open(struct stage *stage, const struct pipeline *pipeline, const struct origin *origin,
	       struct error *err);
/*
 * From here on something is written: live by threads, so that nothing waits. They keep the
 * privileges that there are; these have been dropped, and signals are caught. 0 or -errno.
 */
int stage_start(struct stage *stage, const struct origin *origin, struct error *err);
/* Replay: all is forgotten that was received, and the front is told. 0 or -errno. */
int stage_restart(struct stage *stage, struct error *err);
/* Every socket is known: from here on nothing is waited for. */
void stage_ready(struct stage *stage);
/* Become readable when standard output, the recording can't be written any more; -1: not there. */
#define STAGE_OUTLETS 2
int stage_outlet_fd(const struct stage *stage, unsigned int which);
/* Where a source delivers to: a struct receiver's function, @ctx a stage. */
void stage_receive(void *ctx, const struct tw_record *record);
/* It will be received soon. */
void stage_expect(void *ctx, const struct tw_record *record);
/* A struct receiver for a live source: stage_receive(), and stage_flush() in its pauses. */
struct receiver stage_receiver(struct stage *stage);
/* What the sink has said so far goes out; false when standard output has been closed. */
bool stage_flush(struct stage *stage);
/* The end of an interval; false when standard output has been closed or the recording failed. */
bool stage_interval(struct stage *stage);

/* Also for what is recorded, in stage_record.c. Without a recorder: see @err. */
void stage_open_recorder(struct stage *stage, const struct origin *origin, struct error *err);
/* Into the file, or into the next one if it is full. */
void stage_record(struct stage *stage, const struct tw_record *record);
/* Into the next one now, if there are to be several: what has happened so far is in files that stay. */
void stage_save(struct stage *stage);

/* Also for how it ends, in stage_end.c. Remembers that standard output failed; false if it has. */
bool stage_output_is_fine(struct stage *stage);
/* A line in the place of events that are not there. */
void stage_tell_missing(struct stage *stage, uint64_t ts_ns);

/* Releases everything without another word: something has failed. */
void stage_abandon(struct stage *stage);
/*
 * The final summary, and one sentence for what was dropped. Waits for the reader of standard
 * output and for the file, after a signal not long. 0, or -errno when one of them failed.
 * Releases everything.
 */
int stage_close(struct stage *stage, struct error *err);

#endif
