/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The head of a recording file. After it come zstd frames of wire records
 * (tw_record.h), at least one a second while there are any, each with a checksum: a
 * file cut anywhere can be read up to its last whole block.
 *
 * A run that goes on in the next file tells there, up to its TW_READY, what was known when that
 * began: sockets with their holders, names, settings. Who reads all parts has read it already.
 */
#ifndef TW_RECORDING_H
#define TW_RECORDING_H

#include "tw_config.h"

#define TW_RECORDING_MAGIC "TWTRACE\n"
#define TW_RECORDING_VERSION 1

struct tw_recording_head {
	char magic[8];
	__u32 version;		/* a reader refuses a newer one */
	__u32 size;		/* of this head; a reader skips what it does not know */
	__u64 realtime_ns;	/* CLOCK_REALTIME at the same moment as */
	__u64 monotonic_ns;	/* CLOCK_MONOTONIC, the clock of every ts_ns */
	char boot_id[40];	/* recordings of one boot share cookies and clock */
	char host[64];
	char kernel[64];	/* utsname.release */
	char program[32];	/* version of twtrace */
	__u32 evidence;		/* enum evidence of minisocks */
	__u32 pid_filter;
	char service_filter[128];
	struct tw_filter filter;
	/* a run may go on in several files, its parts: when it began, by its first head; 0: unknown */
	__u64 run_ns;		/* CLOCK_MONOTONIC */
	__u32 part;		/* from 0 on; all but the first begin with what is known (TW_READY) */
	__u32 pad;
};

#endif
