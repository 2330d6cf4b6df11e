/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The far side of a recorder: compresses records into a file, or into one after the other. What
 * an outlet calls; its context is a packer. Private to the recorder.
 */
#ifndef SINK_PACKER_H
#define SINK_PACKER_H

#include <stdint.h>

#include "base/error.h"
#include "base/outlet.h"
#include "sink/recording.h"

struct packer;

/* Between two records, and in no file: the next part begins. Beside enum tw_kind. */
#define PACKER_NEXT 254

struct packer_next {
	struct tw_record record;
	struct tw_recording_head head;
};

_Static_assert(sizeof(struct packer_next) % 8 == 0, "it is as long as a record may be");

/* How far the file is: what it has taken in of its part, and what has become of that. */
struct packed {
	uint32_t part;
	uint32_t flushes;
	uint64_t taken;		/* bytes of records, all of them compressed into */
	uint64_t bytes;		/* of the file, with its head */
};

extern const struct outlet_ops packer_ops;

/* Opens the file. NULL with @err. */
struct packer *packer_new(const char *path, const struct tw_recording_head *head,
			  const struct recorder_opts *opts, struct error *err);
void packer_free(void *packer);
/* By any thread. */
void packer_progress(struct packer *packer, struct packed *packed);
/* A network file system reports a full disk only here. 0 or the first -errno. */
int packer_close(struct packer *packer);
/* The most bytes that @len more bytes of records, flushed so often, can become. */
uint64_t packer_most(uint64_t len, uint32_t flushes);

#endif
