/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The document of `top` in JSON, which is also the summary that ends a jsonl stream. */
#ifndef SINK_DOCUMENT_H
#define SINK_DOCUMENT_H

#include "base/json.h"
#include "sink/ranking.h"
#include "sink/sink.h"

/* @kind: for a line of jsonl, "interval" or "summary"; NULL for none. Free with json_free(). */
struct json *document_new(const struct model *model, const struct sink_opts *opts, const char *kind,
			  struct span span);
/* The same as one line of @opts->out, written out. */
void document_write_line(const struct model *model, const struct sink_opts *opts, const char *kind,
			 struct span span);

#endif
