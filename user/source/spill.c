// SPDX-License-Identifier: GPL-2.0-or-later
/* Swaps the map of sums for an empty one, and reads the one that nobody writes to now. */
#include "source/spill.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tw_config.h"

#define BATCH 4096U

/* As struct tw_spill_sum in bpf/spill.h. */
struct sum {
	uint64_t count;
	uint64_t ts_ns;
};

static int new_sums(void)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_NO_PREALLOC);

	return bpf_map_create(BPF_MAP_TYPE_HASH, "spill_sums", sizeof(struct tw_spilled),
			      sizeof(struct sum), TW_SPILL_ENTRIES, &opts);
}

static int make_room(struct spilled *all)
{
	struct tw_spilled *grown;

	if (all->room - all->count >= BATCH)
		return 0;
	grown = realloc(all->items, (all->room + 4 * BATCH) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	all->items = grown;
	all->room += 4 * BATCH;
	return 0;
}

/* All of the map, of which nothing changes any more; it is empty then. */
static int fetch(int fd, struct spilled *all)
{
	struct sum *sums = malloc(BATCH * sizeof(*sums));
	uint32_t cursor;
	int ret = sums ? 0 : -ENOMEM;

	for (void *from = NULL; !ret; from = &cursor) {
		__u32 count = BATCH;
		int failed;

		ret = make_room(all);
		if (ret)
			break;
		failed = bpf_map_lookup_and_delete_batch(fd, from, &cursor, all->items + all->count,
							 sums, &count, NULL);
		if (failed && failed != -ENOENT && errno != ENOENT) {
			ret = -errno;
			break;
		}
		for (__u32 i = 0; i < count; i++) {
			all->items[all->count + i].count = sums[i].count;
			all->items[all->count + i].head.ts_ns = sums[i].ts_ns;
		}
		all->count += count;
		if (failed)
			break;
	}
	free(sums);
	return ret;
}

static int by_time(const void *a, const void *b)
{
	uint64_t of_a = ((const struct tw_spilled *)a)->head.ts_ns;
	uint64_t of_b = ((const struct tw_spilled *)b)->head.ts_ns;

	return of_a < of_b ? -1 : of_a > of_b;
}

/* A listener comes whole, any other socket that goes by its cookie is known already. */
static void tell(const struct tw_spilled *spilled, const struct receiver *to)
{
	struct tw_transition late = {
		.head = spilled->head,
		.cookie = spilled->cookie,
		.owner = spilled->owner,
		.tuple = spilled->tuple,
		.cgroup_id = spilled->cgroup_id,
	};

	if (!spilled->cookie) {
		deliver(to, spilled);
		return;
	}
	late.head.kind = TW_TRANSITION;
	late.head.flags |= TW_F_LATE;
	late.head.size = late.head.to == TW_LISTEN ? TW_TRANSITION_FULL : TW_TRANSITION_SHORT;
	deliver(to, &late);
}

/* From here on the programs add up elsewhere, and nothing changes in @spill->taken_fd. */
static int swap(struct spill *spill)
{
	int empty = spill->spare_fd;
	__u32 zero = 0;

	/* returns when no program uses the old one any more (maybe_wait_bpf_programs()) */
	if (bpf_map_update_elem(spill->outer_fd, &zero, &empty, BPF_ANY))
		return -errno;
	spill->taken_fd = spill->sums_fd;
	spill->sums_fd = empty;
	return 0;
}

int spill_init(struct spill *spill, int outer_fd, int first_fd, struct error *err)
{
	*spill = (struct spill){
		.outer_fd = outer_fd,
		.sums_fd = first_fd,
		.spare_fd = new_sums(),
		.taken_fd = -1,
	};
	spill->second_fd = spill->spare_fd;
	if (spill->second_fd < 0)
		return error_set(err, -errno, "cannot make a map of sums: %s", strerror(errno));
	return 0;
}

int spill_take(struct spill *spill, struct spilled *all)
{
	int ret = 0;

	*all = (struct spilled){ 0 };
	if (spill->taken_fd < 0)
		ret = swap(spill);
	if (!ret)
		ret = fetch(spill->taken_fd, all);
	/* read to its end, it is empty */
	if (!ret) {
		spill->spare_fd = spill->taken_fd;
		spill->taken_fd = -1;
	}
	qsort(all->items, all->count, sizeof(*all->items), by_time);
	spill->left = ret != 0;
	return ret;
}

void spill_tell(struct spilled *all, const struct receiver *to)
{
	for (size_t i = 0; i < all->count; i++)
		tell(&all->items[i], to);
	free(all->items);
	*all = (struct spilled){ 0 };
}

void spill_release(struct spill *spill)
{
	if (spill->second_fd > 0)
		close(spill->second_fd);
	*spill = (struct spill){ .second_fd = -1 };
}
