// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What other people's programs bring: the ELF files that they run, /proc/PID/maps, the maps of
 * run-time compilers, a piece of a stack; and the kernel's own list of symbols. The first byte
 * of the input says which.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"
#include "source/debug.h"
#include "source/elf_file.h"
#include "source/frames.h"
#include "source/images.h"
#include "source/maps.h"
#include "source/perf_map.h"
#include "source/symbols.h"

#define PLACES 4

/* A process's root directory. */
static char root[64];
static int root_fd = -1;

static void remove_root(void)
{
	unlinkat(root_fd, "tmp/perf-1.map", 0);
	unlinkat(root_fd, "program", 0);
	unlinkat(root_fd, "tmp", AT_REMOVEDIR);
	rmdir(root);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *tmp = getenv("TMPDIR");

	(void)argc;
	(void)argv;
	snprintf(root, sizeof(root), "%.40s/fuzz.XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(root))
		abort();
	root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root_fd < 0 || mkdirat(root_fd, "tmp", 0700))
		abort();
	atexit(remove_root);
	return 0;
}

static void put(const char *name, const uint8_t *data, size_t size)
{
	int fd = openat(root_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	close(fd);
}

static void take_places(const struct maps *maps)
{
	struct images *images = images_new(NULL);

	for (size_t i = 0; i < maps->count && i < PLACES; i++) {
		const struct maps_region *region = &maps->regions[i];

		images_place(images, maps, region->start, false);
		images_place(images, maps, region->start + 0x1000, true);
		images_place(images, maps, region->end, true);
	}
	images_free(images);
}

/* A program as if it were mapped from its beginning. */
static void take_elf(const uint8_t *data, size_t size)
{
	char text[256];
	struct maps *maps;
	struct stat st;

	put("program", data, size);
	if (fstatat(root_fd, "program", &st, 0))
		abort();
	snprintf(text, sizeof(text),
		 "400000-600000 r-xp 00000000 08:01 %lu /program\n"
		 "700000-800000 r-xp 00001000 08:01 %lu /program\n",
		 st.st_ino, st.st_ino);
	maps = maps_parse(text);
	maps->root = root_new(dup(root_fd));
	take_places(maps);
	maps_put(maps);
}

static void take_maps(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct maps *maps = maps_parse(text);

	for (size_t i = 0; i < maps->count; i++) {
		maps_find(maps, maps->regions[i].start);
		if (strlen(maps_path(maps, &maps->regions[i])) > size)
			abort();
	}
	take_places(maps);
	maps_put(maps);
	free(text);
}

static void take_perf_map(const uint8_t *data, size_t size)
{
	struct root held = { .refs = 1, .fd = root_fd };
	struct maps maps = { .serial = 1, .who = { 1, geteuid() }, .root = &held };
	struct perf_map map = { .serial = 0 };
	size_t len = 0;
	const char *name;

	put("tmp/perf-1.map", data, size);
	for (uint64_t ip = 0x1000; ip; ip <<= 8) {
		name = perf_map_find(&map, &maps, ip, &len);
		if (name && strnlen(name, len) != len)
			abort();
	}
	perf_map_release(&map);
}

static void on_symbol(void *ctx, const struct symbol *symbol)
{
	const char *const *names = ctx;

	if (!names[symbol->name] || symbol->end == symbol->start)
		abort();
}

static void take_kallsyms(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "tcp_v4_rcv", "inet_twsk_kill", NULL };
	/* it has no empty ones */
	FILE *file = size ? fmemopen((void *)data, size, "r") : NULL;

	if (!file)
		return;
	symbols_read(file, names, on_symbol, (void *)names);
	fclose(file);
}

struct rules {
	const uint8_t *data;
	size_t size, at;
};

static void next_rule(void *ctx, uint64_t ip, bool is_return, struct frame_rule *rule)
{
	struct rules *rules = ctx;
	int8_t bytes[6] = { 0 };

	(void)ip;
	(void)is_return;
	if (rules->size - rules->at < sizeof(bytes))
		return;
	memcpy(bytes, rules->data + rules->at, sizeof(bytes));
	rules->at += sizeof(bytes);
	*rule = (struct frame_rule){
		.base = (uint8_t)bytes[0] % (FRAME_NO_CODE + 1),
		.cfa = bytes[1],
		.ret = bytes[2],
		.bp = bytes[3],
		.bp_kept = bytes[4] & 1,
		.ret_in_link = bytes[4] & 2,
		.loose = bytes[4] & 4,
	};
}

#define CHAIN 8
#define PIECE 64

/* What the kernel programs saw, with a small piece of the stack, then rules. */
static void take_stack(const uint8_t *data, size_t size)
{
	const size_t head = offsetof(struct tw_stack_seen, piece);
	struct rules rules = { .data = data, .size = size, .at = head + PIECE };
	struct tw_stack_seen *seen;
	struct frames frames;
	__u64 chain[CHAIN];

	if (size < head + PIECE + sizeof(chain))
		return;
	memcpy(chain, data + head + PIECE, sizeof(chain));
	rules.at += sizeof(chain);
	/* no more of the piece than there may be: what reads on is caught */
	seen = fuzz_copy(data, head + PIECE);
	/* as the checks of the source leave it */
	seen->piece_len %= PIECE + 1;
	frames_find(&frames, seen, chain, seen->nr_frames % (CHAIN + 1), next_rule, &rules);
	if (frames.count > FRAMES_MAX)
		abort();
	free(seen);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const takes[])(const uint8_t *data, size_t size) = {
		take_elf, take_maps, take_perf_map, take_kallsyms, take_stack,
	};

	if (size)
		takes[data[0] % (sizeof(takes) / sizeof(takes[0]))](data + 1, size - 1);
	return 0;
}
