/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the C library's streams lack. */
#ifndef BASE_STREAM_H
#define BASE_STREAM_H

#include <stddef.h>
#include <stdio.h>

/*
 * From now on ferror(@out) is true, and errno is @number (positive): what was to be written
 * could not be made, and what is written is not whole.
 */
void stream_fail(FILE *out, int number);

/*
 * As open_memstream(3), and as there, text and length are what they are after fflush() or
 * fclose(), and the caller's to free. But bytes that there was no memory for show in ferror(),
 * where the C library only fails the call that wrote them, and the text is never NULL. NULL: no
 * memory.
 */
FILE *stream_memory(char **text, size_t *len);

#endif
