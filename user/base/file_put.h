/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whole files: a reader finds the file of before or the new one, never half of it. */
#ifndef BASE_FILE_PUT_H
#define BASE_FILE_PUT_H

#include <stddef.h>

#include "base/error.h"

/*
 * To be called while privileges are there and no other thread is: files that root writes into
 * somebody's folder, without the capability to write anywhere, are written as, and become,
 * that folder's owner's.
 */
void file_put_prepare(const char *path);
/* Replaces the file at @path, or makes it. 0, or -errno with a sentence. */
int file_put(const char *path, const void *bytes, size_t len, struct error *err);

#endif
