/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the targets of libFuzzer share. A target takes bytes and never reads a clock, a network
 * or, unless its input names them, files; it leaves nothing behind for the next input.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

/* libFuzzer's: always 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);
/* Changes @data, which has room for @max_size bytes. Returns its new size. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);
/* Its own way of doing so, for a part of the input. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

/* Takes all that is printed; the same one each time. */
FILE *fuzz_nowhere(void);
/* The bytes and no more: what reads on is caught. To be freed. */
void *fuzz_copy(const uint8_t *data, size_t size);
/* The bytes and a NUL, likewise. */
char *fuzz_text(const uint8_t *data, size_t size);
/* A file in memory that holds them; *path, of at least 32 bytes, is its name. To be closed. */
int fuzz_file(const uint8_t *data, size_t size, char *path);

#endif
