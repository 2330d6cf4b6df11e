/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Flame-style summaries as outputs of a command: what they are asked for, and where they go. */
#ifndef SINK_FLAME_SINK_H
#define SINK_FLAME_SINK_H

#include "sink/flame.h"
#include "sink/sink.h"

/* What `flame` was asked for. */
struct flame_opts {
	struct flame_by by;	/* the model's too: what stacks are made of */
	uint8_t shown;		/* of them, so many at first */
	enum flame_weight weight;
	enum flame_color color;
	double share;		/* smaller frames are folded; below 0: as the format has it */
	bool normalized;
	bool host_if_several;	/* the first frame is the host: left out where there is one only */
	bool stacks_expected;	/* the user asked for them: that there are none is worth a word */
	const struct flame *base; /* to be compared with; NULL: nothing */
	const char *base_name;
	/*
	 * Takes the summary of each window over (free() it; NULL: it could not be made), with
	 * the window's two ends in CLOCK_REALTIME. NULL: there is one summary, at the end, and
	 * it goes to the output.
	 */
	void (*deliver)(void *ctx, char *bytes, size_t len, uint64_t from_ns, uint64_t to_ns);
	void *ctx;
	struct flame **keep;	/* flame_keep_sink's: where it puts the summary, NULL: no memory */
};

#define CAVEAT_LEN 256
/*
 * The summary of @opts->flame, to be finished; what its figures rest on goes into @caveat,
 * which it points to. Frames of the model that it does not name are left out. flame_free() it;
 * NULL: no memory, and somebody has been told.
 */
struct flame *flame_of_model(const struct model *model, const struct sink_opts *opts,
			     char caveat[static CAVEAT_LEN]);
/*
 * A profile in pprof's format into @opts->out, of those frames of @opts->flame->by that the
 * model's stacks have. 0 or -ENOMEM.
 */
int flame_profile_write(const struct model *model, const struct sink_opts *opts);

/* How files of that format end: ".svg". */
const char *flame_suffix(const struct sink_ops *format);

#endif
