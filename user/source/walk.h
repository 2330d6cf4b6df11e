/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs a BPF iterator to its end and keeps the records that it wrote, all of one size. */
#ifndef SOURCE_WALK_H
#define SOURCE_WALK_H

#include <stddef.h>

struct bpf_program;

struct walk {
	char *records;		/* owned */
	size_t count, room;
};

/* 0 or -errno; what was read before it failed stays. */
int walk_read(struct walk *walk, const struct bpf_program *program, size_t record_size);
/* Of an iterator that is made already; @fd stays the caller's. */
int walk_read_fd(struct walk *walk, int fd, size_t record_size);
void walk_release(struct walk *walk);

#endif
