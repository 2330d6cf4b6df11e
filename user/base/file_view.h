/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Several readers of one open file, each with a place of its own. */
#ifndef BASE_FILE_VIEW_H
#define BASE_FILE_VIEW_H

#include <stdio.h>

/*
 * A stream that reads @fd, which stays the caller's, from where it is now. Of a file each of
 * them reads all; what comes through a pipe one of them has, and fseek() fails. NULL: no memory.
 */
FILE *file_view(int fd);

#endif
