// SPDX-License-Identifier: GPL-2.0-or-later
/* The lanes, mapped, and the merge of all strands by time. */
#include "source/lanes.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* The strand of the shared ring: at the same moment it comes first, as what it has is told. */
#define RING_STRAND 0

static size_t mapped_bytes(const struct lanes *lanes)
{
	size_t page = sysconf(_SC_PAGESIZE);

	return (lanes->stride * lanes->cpus + page - 1) / page * page;
}

static struct tw_lane *lane_at(const struct lanes *lanes, unsigned int cpu)
{
	return (struct tw_lane *)((char *)lanes->first + cpu * lanes->stride);
}

int lanes_open(struct lanes *lanes, int map_fd, unsigned int cpus, uint32_t bytes,
	       struct error *err)
{
	*lanes = (struct lanes){ .stride = TW_LANE_SIZE(bytes), .bytes = bytes, .cpus = cpus };
	lanes->strands = calloc(cpus + 1, sizeof(*lanes->strands));
	lanes->heap = calloc(cpus + 1, sizeof(*lanes->heap));
	if (!lanes->strands || !lanes->heap)
		return error_set(err, -ENOMEM, "no memory");
	lanes->first =
		mmap(NULL, mapped_bytes(lanes), PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);
	if (lanes->first == MAP_FAILED) {
		lanes->first = NULL;
		return error_set(err, -errno, "cannot map the ring buffer: %s", strerror(errno));
	}
	lanes->strands[RING_STRAND].mask = ~0ULL;
	for (unsigned int cpu = 0; cpu < cpus; cpu++) {
		struct strand *strand = &lanes->strands[RING_STRAND + 1 + cpu];

		strand->data = (const uint8_t *)(lane_at(lanes, cpu) + 1);
		strand->mask = bytes - 1;
	}
	return 0;
}

void lanes_close(struct lanes *lanes)
{
	if (lanes->first)
		munmap(lanes->first, mapped_bytes(lanes));
	free(lanes->ring);
	free(lanes->strands);
	free(lanes->heap);
	*lanes = (struct lanes){ 0 };
}

void lanes_settled(const struct lanes *lanes)
{
	for (unsigned int cpu = 0; cpu < lanes->cpus; cpu++)
		__atomic_store_n(&lane_at(lanes, cpu)->settled, 1, __ATOMIC_RELEASE);
}

void lanes_three_looks(const struct lanes *lanes)
{
	for (unsigned int cpu = 0; cpu < lanes->cpus; cpu++)
		__atomic_store_n(&lane_at(lanes, cpu)->three_looks, 1, __ATOMIC_RELEASE);
}

void lanes_arm(const struct lanes *lanes)
{
	for (unsigned int cpu = 0; cpu < lanes->cpus; cpu++)
		__atomic_store_n(&lane_at(lanes, cpu)->armed, 1, __ATOMIC_RELEASE);
}

int lanes_add(struct lanes *lanes, const struct tw_record *record, size_t size)
{
	struct strand *strand = &lanes->strands[RING_STRAND];

	if (strand->end + size > lanes->ring_room) {
		size_t room = lanes->ring_room ? 2 * lanes->ring_room : 64 * 1024;
		uint8_t *grown = realloc(lanes->ring, room);

		if (!grown)
			return -ENOMEM;
		lanes->ring = grown;
		lanes->ring_room = room;
		strand->data = grown;
	}
	memcpy(lanes->ring + strand->end, record, size);
	strand->end += size;
	return 0;
}

static const struct tw_record *head_of(const struct strand *strand)
{
	return (const struct tw_record *)(strand->data + (strand->at & strand->mask));
}

/* The record at @at has its turn at its own time, or at that of what came before it. */
static bool has_head(struct strand *strand, uint64_t until_ns)
{
	uint64_t ts_ns;

	if (strand->at == strand->end)
		return false;
	ts_ns = head_of(strand)->ts_ns;
	if (ts_ns > until_ns)
		return false;
	if (ts_ns > strand->ts_ns)
		strand->ts_ns = ts_ns;
	return true;
}

static bool is_before(const struct lanes *lanes, uint32_t a, uint32_t b)
{
	uint64_t of_a = lanes->strands[a].ts_ns, of_b = lanes->strands[b].ts_ns;

	return of_a < of_b || (of_a == of_b && a < b);
}

/* The place of the smaller child of @at in the heap; nr_heap or more: it has none. */
static size_t child_of(const struct lanes *lanes, size_t at)
{
	size_t child = 2 * at + 1;

	if (child + 1 < lanes->nr_heap &&
	    is_before(lanes, lanes->heap[child + 1], lanes->heap[child]))
		child++;
	return child;
}

static void sift_down(struct lanes *lanes, size_t at)
{
	uint32_t number = lanes->heap[at];

	for (;;) {
		size_t child = child_of(lanes, at);

		if (child >= lanes->nr_heap || is_before(lanes, number, lanes->heap[child]))
			break;
		lanes->heap[at] = lanes->heap[child];
		at = child;
	}
	lanes->heap[at] = number;
}

/* Tells the program how far its lane has been read. */
static void release(struct lanes *lanes, uint32_t number)
{
	struct tw_lane *lane;

	if (number == RING_STRAND)
		return;
	lane = lane_at(lanes, number - 1);
	__atomic_store_n(&lane->consumed, lanes->strands[number].at, __ATOMIC_RELEASE);
}

static void gather(struct lanes *lanes, uint64_t until_ns)
{
	lanes->nr_heap = 0;
	for (uint32_t number = 0; number <= lanes->cpus; number++) {
		struct strand *strand = &lanes->strands[number];

		if (number != RING_STRAND)
			strand->end = __atomic_load_n(&lane_at(lanes, number - 1)->produced,
						      __ATOMIC_ACQUIRE);
		if (has_head(strand, until_ns))
			lanes->heap[lanes->nr_heap++] = number;
	}
	for (size_t at = lanes->nr_heap / 2; at-- > 0;)
		sift_down(lanes, at);
}

/* What the ring's copy still has moves to its beginning. */
static void tidy(struct lanes *lanes)
{
	struct strand *strand = &lanes->strands[RING_STRAND];

	if (!strand->at)
		return;
	memmove(lanes->ring, lanes->ring + strand->at, strand->end - strand->at);
	strand->end -= strand->at;
	strand->at = 0;
	strand->nr_ahead = 0;
}

/* Whether the strand on top may go on: no other one has anything older. */
static bool is_still_first(const struct lanes *lanes)
{
	size_t next = child_of(lanes, 0);

	return next >= lanes->nr_heap || is_before(lanes, lanes->heap[0], lanes->heap[next]);
}

/* Announces the records that follow the one at @at. */
static void look_ahead(struct strand *strand, const struct receiver *to)
{
	if (!strand->nr_ahead)
		strand->ahead = strand->at;
	while (strand->nr_ahead < EXPECT_AHEAD && strand->ahead < strand->end) {
		const struct tw_record *record =
			(const void *)(strand->data + (strand->ahead & strand->mask));

		to->expect(to->ctx, record);
		strand->ahead += record->size;
		strand->nr_ahead++;
	}
}

/* A lane has nothing but changes of state; what is taken back was counted before. */
static void count_pair(struct lanes *lanes, const struct tw_record *record)
{
	size_t pair = record->from * TW_NR_STATES + record->to;

	if (pair < TW_NR_STATES * TW_NR_STATES && !(record->flags & TW_F_FORGET))
		lanes->pairs[pair]++;
}

size_t lanes_deliver(struct lanes *lanes, uint64_t until_ns, size_t limit,
		     const struct receiver *to)
{
	size_t count = 0;

	gather(lanes, until_ns);
	while (lanes->nr_heap && count < limit) {
		uint32_t number = lanes->heap[0];
		struct strand *strand = &lanes->strands[number];
		uint64_t began = strand->at;
		bool more;

		do {
			const struct tw_record *record = head_of(strand);

			if (to->expect)
				look_ahead(strand, to);
			deliver(to, record);
			if (number != RING_STRAND)
				count_pair(lanes, record);
			strand->at += record->size;
			strand->nr_ahead -= strand->nr_ahead > 0;
			count++;
			more = has_head(strand, until_ns);
		} while (more && count < limit && strand->at - began < lanes->bytes / 4 &&
			 is_still_first(lanes));
		release(lanes, number);
		if (!more)
			lanes->heap[0] = lanes->heap[--lanes->nr_heap];
		if (lanes->nr_heap)
			sift_down(lanes, 0);
	}
	tidy(lanes);
	return count;
}
