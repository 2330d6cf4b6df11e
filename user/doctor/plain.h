/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text of web pages as plain characters. Private to this room. */
#ifndef DOCTOR_PLAIN_H
#define DOCTOR_PLAIN_H

#include <stdbool.h>
#include <stddef.h>

/* Whether anything had to be replaced. What is longer than @size is cut. */
bool plain_text(const char *line, char *text, size_t size);

#endif
