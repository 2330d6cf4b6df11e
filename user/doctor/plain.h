/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text of web pages as plain characters. Private to this room. */
#ifndef DOCTOR_PLAIN_H
#define DOCTOR_PLAIN_H

#include <stdbool.h>
#include <stddef.h>

/* What the text of a line of @len bytes needs at most. */
#define PLAIN_SIZE(len) ((len) + 1)

/* Whether anything had to be replaced. @line has no NUL; @text has room for PLAIN_SIZE(@len). */
bool plain_text(const char *line, size_t len, char *text);

#endif
