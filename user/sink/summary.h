/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What frames the tables for people: the figures above them, loss and audit below. */
#ifndef SINK_SUMMARY_H
#define SINK_SUMMARY_H

#include "sink/ranking.h"
#include "sink/sink.h"

/* Whether nothing was found and nothing has happened. */
bool summary_is_empty(const struct model *model);
void summary_print_head(const struct model *model, const struct sink_opts *opts, struct span span,
			FILE *out);
/*
 * Lines about loss, when there was any, and about the audit, when there was one;
 * an empty line before them.
 */
void summary_print_foot(const struct model *model, const struct sink_opts *opts, FILE *out);
/* The lines about loss alone, right below what stands there. */
void summary_print_loss(const struct model *model, FILE *out);
/* "no room in the ring buffer (--ring enlarges it)" */
const char *loss_explanation(unsigned int cause);

#endif
