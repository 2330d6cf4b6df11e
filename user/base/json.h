/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON documents (json-c is known here only). An unknown value is null, never 0
 * or "". Text must be valid UTF-8 already: text_clean() where it enters.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct json;	/* json-c's object */

struct json *json_object(void);
struct json *json_array(void);
void json_free(struct json *json);
/*
 * Each hands ownership of @child to @parent; @key is NULL in an array. Without memory, for it or
 * before (NULL), @parent is spoilt.
 */
void json_add(struct json *parent, const char *key, struct json *child);
void json_add_u64(struct json *parent, const char *key, uint64_t value);
void json_add_i64(struct json *parent, const char *key, int64_t value);
/* At most three decimals, or three figures of a value below 0.001; null if not finite. */
void json_add_double(struct json *parent, const char *key, double value);
void json_add_bool(struct json *parent, const char *key, bool value);
void json_add_text(struct json *parent, const char *key, const char *text);	/* NULL: null */
void json_add_null(struct json *parent, const char *key);
/* Another document as it is, text that is JSON already; takes @text over (NULL: null). */
void json_add_ready(struct json *parent, const char *key, char *text);
/* There was no memory for something that was to be in it: it will not be written. */
void json_spoil(struct json *json);
/*
 * One line with its newline, or indented. A failed write shows in ferror(file), and so does a
 * document of which anything is spoilt, or that is NULL: of it nothing is written.
 */
void json_write_line(const struct json *json, FILE *file);
void json_write_pretty(const struct json *json, FILE *file);

#endif
