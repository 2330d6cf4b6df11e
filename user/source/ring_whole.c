// SPDX-License-Identifier: GPL-2.0-or-later
/* The ring's positions, as libbpf's reader and the kernel share them. */
#include "source/ring_whole.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int ring_whole_open(struct ring_whole *whole, int map_fd, struct error *err)
{
	void *mapped;

	*whole = (struct ring_whole){ .page = sysconf(_SC_PAGESIZE) };
	mapped = mmap(NULL, 2 * whole->page, PROT_READ, MAP_SHARED, map_fd, 0);
	if (mapped == MAP_FAILED)
		return error_set(err, -errno, "cannot map the ring buffer: %s", strerror(errno));
	whole->positions = mapped;
	return 0;
}

void ring_whole_close(struct ring_whole *whole)
{
	if (whole->positions)
		munmap((void *)whole->positions, 2 * whole->page);
	whole->positions = NULL;
}

static uint64_t position(const struct ring_whole *whole, unsigned int page)
{
	const unsigned long *at = (const void *)(whole->positions + page * whole->page);

	return __atomic_load_n(at, __ATOMIC_ACQUIRE);
}

uint64_t ring_whole_written(const struct ring_whole *whole)
{
	return position(whole, 1);
}

uint64_t ring_whole_until(struct ring_whole *whole, uint64_t written, uint64_t until_ns,
			  uint64_t now_ns)
{
	if (position(whole, 0) >= written) {
		whole->held_ns = 0;
		if (whole->whole_ns < until_ns)
			whole->whole_ns = until_ns;
		return until_ns;
	}
	if (!whole->held_ns)
		whole->held_ns = now_ns;
	if (!whole->whole_ns || whole->whole_ns > until_ns ||
	    now_ns - whole->held_ns >= RING_HELD_NS)
		return until_ns;
	return whole->whole_ns;
}
