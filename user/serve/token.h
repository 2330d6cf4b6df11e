/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The secret that clients show: a file of one line, read again whenever it has changed. */
#ifndef SERVE_TOKEN_H
#define SERVE_TOKEN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct token;

/* @path is borrowed. NULL with @err: it can't be read, is empty or of several lines. */
struct token *token_open(const char *path, struct error *err);
void token_free(struct token *token);
/*
 * Whether an Authorization header (NULL: none was sent) is "Bearer " and the secret. A file that
 * has gone or is empty meanwhile leaves the old one in place, and somebody is told.
 */
bool token_is_shown(struct token *token, const char *header);
/* How long it takes tells nothing of where they differ. */
bool token_equal(const char *given, size_t given_len, const char *secret, size_t len);

#endif
