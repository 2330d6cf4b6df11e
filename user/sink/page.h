/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The web page: one document without a request to anywhere else. Served, it asks its server for
 * what it shows (api/v1/NAME, a document each); as a file it has these within it.
 */
#ifndef SINK_PAGE_H
#define SINK_PAGE_H

#include <stdio.h>

#include "base/json.h"
#include "model/model.h"
#include "sink/sink.h"

/* The page as it is served, and what its Content-Security-Policy must be. */
void page_write(FILE *out);
const char *page_policy(void);

/* The course of the totals: "fields", and "points" of a time and a figure for each field. */
struct json *history_document(const struct model *model, const struct sink_opts *opts);
/*
 * What the page's flame graph is drawn of: every stack with all of its weights. Wants a model
 * with the frames of page_flame_by().
 */
struct flame_by;
struct flame_opts;
const struct flame_by *page_flame_by(void);
/* The same with all that a pipeline wants to know of a flame. */
const struct flame_opts *page_flame(void);
struct json *flame_document(const struct model *model, const struct sink_opts *opts);

/* `report --html`: the same page with all that recordings tell in it. */
extern const struct sink_ops report_html_sink;

#endif
