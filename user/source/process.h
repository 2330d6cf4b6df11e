/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What /proc says of a process that holds sockets: its descriptors, and what it runs. */
#ifndef SOURCE_PROCESS_H
#define SOURCE_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "source/acts.h"
#include "source/source.h"

/* What a keeper has read of a process. */
struct process_look {
	struct answer answer;	/* owned */
	uint32_t fds;		/* 0: not known, or not asked for */
	const char *text[NR_PROCESS_FILES]; /* each ended by NUL, "" where it is not there */
	size_t size[NR_PROCESS_FILES];
};

/*
 * @files: a bit for each enum process_file; all of one process, be its number another's a moment
 * later. 0 or -errno; process_look_release() in any case.
 */
int process_look(struct keeper *keeper, uint32_t pid, uint32_t files, bool fds,
		 struct process_look *look);
void process_look_release(struct process_look *look);

/* Asks @keeper and delivers a TW_PROCESS; nothing if there is no such process (any more). */
void process_tell(struct keeper *keeper, uint32_t pid, uint64_t now_ns, const struct receiver *to);

#endif
