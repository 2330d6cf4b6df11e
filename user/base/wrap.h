/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Paragraphs for people, broken between words. */
#ifndef BASE_WRAP_H
#define BASE_WRAP_H

#include <stddef.h>
#include <stdio.h>

/*
 * @text and a newline, in lines of @width columns; the first one begins in column @at, where
 * the cursor is, and so does every other one. Several blanks between words are one. A word that
 * is wider than a line has one for itself.
 */
void print_wrapped(FILE *out, size_t width, size_t at, const char *text);
/* The same, with @mark ("# ", not wider than @at) at the start of every line but the first. */
void print_wrapped_marked(FILE *out, size_t width, size_t at, const char *mark, const char *text);

#endif
