/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What commands print at their end, as parts of one greater document. Each part looks the
 * same wherever it is: text into @opts->out, JSON to be freed by whoever gets it.
 */
#ifndef SINK_PART_H
#define SINK_PART_H

#include "base/json.h"
#include "sink/list.h"
#include "sink/sink.h"

/* One part of such a document, with its own heading; in JSON it stands at @key. */
struct part {
	const char *key;
	const char *heading;
	void (*print)(const struct model *model, const struct sink_opts *opts);
	struct json *(*document)(const struct model *model, const struct sink_opts *opts);
	const void *ctx;	/* of a part that another room brings */
};

/* The tables of `top` over all that was traced; in JSON document_new(). */
void top_print(const struct model *model, const struct sink_opts *opts);

/* The sockets that @wants (NULL: all), by @opts->sort, at most @opts->limit. */
void list_print(const struct model *model, const struct sink_opts *opts, list_wants_fn wants);
struct json *list_document(const struct model *model, const struct sink_opts *opts,
			   list_wants_fn wants);

/* The verdicts of the last look. @kind: as document_new() has it. */
void leaks_print(const struct model *model, const struct sink_opts *opts);
struct json *leaks_document(const struct model *model, const struct sink_opts *opts,
			    const char *kind);

#endif
