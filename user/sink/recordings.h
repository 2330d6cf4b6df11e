/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The recordings that a document is made of. */
#ifndef SINK_RECORDINGS_H
#define SINK_RECORDINGS_H

#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "model/filter.h"
#include "sink/sink.h"

/* Text and filter belong to whoever reads the recording; clean but for path and globs. */
struct recording_note {
	const char *path;
	const char *host, *kernel, *program;	/* program: the version that recorded it */
	const char *damage;	/* one sentence; NULL: it ended as it should */
	struct filter filter;	/* what it was recorded with */
	enum evidence evidence;	/* as the recorder chose it */
	uint64_t from_ns, to_ns; /* of its records, on the model's clock; 0: it has none */
	uint64_t left_out;	/* sockets that it had no room to begin with */
	uint64_t records;	/* so many were read */
	uint64_t unknown;	/* of them of a kind that nobody here knows: a newer version's */
};

#define FILTER_TEXT_LEN 512

/* As the options that make it: "--port 80,443 --service 'shop*'"; "none". */
const char *filter_text(const struct filter *filter, char text[static FILTER_TEXT_LEN]);
/* A paragraph each. */
void recordings_print(const struct sink_opts *opts);
struct json *recordings_json(const struct sink_opts *opts);
/* One of them, with its times in wall time by @opts. */
struct json *recording_json(const struct recording_note *note, const struct sink_opts *opts);

#endif
