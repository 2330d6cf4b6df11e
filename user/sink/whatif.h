/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `ports --what-if` adds to the documents of `ports`. Private to this room and cmd/. */
#ifndef SINK_WHATIF_H
#define SINK_WHATIF_H

#include "model/whatif.h"
#include "sink/sink.h"

#define WHATIF_MAX_ASKED 32

struct json;

/* What was asked for. Zero it as a whole: changes are compared as bytes. */
struct whatif_ask {
	struct whatif_changes changes;
	const char *asked[WHATIF_MAX_ASKED];	/* as it was given: borrowed */
	const char *names[WHATIF_MAX_ASKED];	/* of the setting, without its value */
	const char *remarks[WHATIF_MAX_ASKED];	/* on each, why it changes nothing; NULL: it may */
	unsigned int count;
};

/* What became of it; null where nothing can be replayed. */
void json_add_what_if(struct json *parent, const char *key, const struct model *model,
		      const struct sink_opts *opts);
void whatif_print(const struct model *model, const struct sink_opts *opts);

#endif
