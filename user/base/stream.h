/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the C library's streams lack. */
#ifndef BASE_STREAM_H
#define BASE_STREAM_H

#include <stdio.h>

/*
 * From now on ferror(@out) is true, and errno is @number (positive): what was to be written
 * could not be made, and what is written is not whole.
 */
void stream_fail(FILE *out, int number);

#endif
