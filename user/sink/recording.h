/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing a recording: the very records of the wire, compressed as they come. Not
 * one of struct sink's: it takes records, not events.
 */
#ifndef SINK_RECORDING_H
#define SINK_RECORDING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/outlet.h"
#include "tw_record.h"
#include "tw_recording.h"

struct recorder;

struct recorder_opts {
	uint64_t max_bytes;	/* a file never grows beyond: another one begins; 0: one file */
	uint32_t keep;		/* so many files at most (sink/parts.h); 0: all */
	bool threaded;		/* with max_bytes: recorder_start() is called, while privileges last */
	void (*confine)(const char *path); /* then the thread calls it first; NULL: nothing to do */
};

/* @path "-" is standard output. NULL with @err. */
struct recorder *recorder_open(const char *path, const struct tw_recording_head *head,
			       const struct recorder_opts *opts, struct error *err);
/* From here on a thread writes, and nothing waits; no harm where it does already. 0 or -errno. */
int recorder_start(struct recorder *recorder, struct error *err);
/*
 * What stands between it and the file; the recorder's. Once that is started, records for
 * which it has no room are dropped, and a TW_LOSS stands in their place. A dump of sockets
 * that is not whole lacks its end: no socket counts as gone because it does not list it.
 */
struct outlet *recorder_outlet(struct recorder *recorder);
/*
 * Up to TW_READY what there is already takes at most half of a part, and the rest is left out.
 * 0 or -errno; after a failure (a full disk) nothing more is written, what stands there stays
 * readable.
 */
int recorder_write(struct recorder *recorder, const struct tw_record *record);
/*
 * Whether the next part is to begin before @next is written: recorder_next(), then what was
 * known by recorder_restate(), up to a TW_READY. Never before the TW_READY of this part.
 */
bool recorder_is_full(struct recorder *recorder, const struct tw_record *next);
/* The next file, of this head. 0 or -errno. */
int recorder_next(struct recorder *recorder, const struct tw_recording_head *head);
/* No event: where it takes more than half of the file, the rest is left out. */
void recorder_restate(struct recorder *recorder, const struct tw_record *record);
/*
 * Of the part that was begun last, up to its TW_READY; its sockets are told in it as
 * TW_LOSS_LEFT_OUT, events of the start as any others that are missing.
 */
struct recorder_left_out {
	uint64_t records;
	uint64_t sockets;	/* of them */
	uint64_t events;	/* of the start of tracing, which are in no part */
	uint64_t max_bytes;	/* of a part, that all of it would have had room in */
};

struct recorder_left_out recorder_left_out(const struct recorder *recorder);
/* Whether the file is behind, so that waiting a little would give room for @next. */
bool recorder_is_slow(struct recorder *recorder, const struct tw_record *next);
/* Everything so far into the file: at least every second. */
int recorder_flush(struct recorder *recorder);
/* Events that are not in the file: those dropped, and those that still wait. */
uint64_t recorder_missing(struct recorder *recorder);
/*
 * Ends the file with what recorder_flush() has sent on its way and the outlet has written;
 * 0 or the first failure, with its sentence in @err. Frees; NULL is fine.
 */
int recorder_close(struct recorder *recorder, struct error *err);

#endif
