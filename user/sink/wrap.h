/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Paragraphs for people, as wide as the terminal. Private to this room. */
#ifndef SINK_WRAP_H
#define SINK_WRAP_H

#include "sink/sink.h"

size_t wrap_width(const struct sink_opts *opts);
/*
 * @text and a newline, broken between words; the first line begins in column @at, where the
 * cursor is, and so does every other one.
 */
void print_wrapped(FILE *out, size_t width, size_t at, const char *text);

#endif
