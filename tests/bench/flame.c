// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What flame-style summaries cost: so many connections under so many stacks into a model with
 * and without them, then every format. Prints lines of "name value unit"; dies where the totals
 * of a summary are not the model's.
 *
 *   flame [-c CONNECTIONS] [-s STACKS]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "model/flame.h"
#include "model/model.h"
#include "sink/flame.h"
#include "sink/flame_sink.h"
#include "tw_record.h"

#define SECOND 1000000000ULL
#define PER_SECOND 10000
#define SERVICES 100
#define PORTS 10

/* A stack for each service, port and remote host; states would make it seven. */
static const struct flame_by by = { { FRAME_SERVICE, FRAME_ROLE, FRAME_PORT, FRAME_REMOTE }, 4 };

struct load {
	uint64_t connections, stacks;
};

static struct tw_transition change_of(const struct load *load, uint64_t number, uint64_t ts_ns)
{
	uint64_t stack = number % load->stacks;
	uint32_t remote = 0x0b000000 + (uint32_t)(stack / SERVICES / PORTS);
	struct tw_transition change = {
		.cookie = number + 1,
		.tuple = { .local_addr = { [10] = 0xff, 0xff, 10, 0, 0, 1 },
			   .remote_addr = { [10] = 0xff,
					    0xff,
					    remote >> 24,
					    remote >> 16 & 0xff,
					    remote >> 8 & 0xff,
					    remote & 0xff },
			   .local_port = 32768 + number / 7 % 28000,
			   .remote_port = 8000 + stack / SERVICES % PORTS,
			   .netns_ino = 4026531840,
			   .netns_cookie = 1 },
		.owner.tgid = 100 + stack % SERVICES,
	};

	snprintf(change.owner.comm, sizeof(change.owner.comm), "service%u",
		 (unsigned int)(stack % SERVICES));
	change.head.kind = TW_TRANSITION;
	change.head.ts_ns = ts_ns;
	return change;
}

/* A client's life, who closes first: it leaves a minisock. */
static void feed_life(struct model *model, const struct load *load, uint64_t number, uint64_t ts_ns)
{
	static const struct {
		uint8_t from, to;
		uint16_t flags, size;
	} life[] = {
		{ TW_CLOSE, TW_SYN_SENT, TW_F_OUTGOING | TW_F_OWNER, TW_TRANSITION_FULL },
		{ TW_SYN_SENT, TW_ESTABLISHED, TW_F_OUTGOING, TW_TRANSITION_FULL },
		{ TW_ESTABLISHED, TW_FIN_WAIT1, 0, TW_TRANSITION_SHORT },
		{ TW_FIN_WAIT1, TW_FIN_WAIT2, TW_F_ORPHAN, TW_TRANSITION_SHORT },
		{ TW_FIN_WAIT2, TW_CLOSE, TW_F_DONE | TW_F_ORPHAN | TW_F_ALL_ACKED,
		  TW_TRANSITION_SHORT },
	};

	for (unsigned int i = 0; i < sizeof(life) / sizeof(life[0]); i++) {
		struct tw_transition change = change_of(load, number, ts_ns + i * 1000);

		change.head.from = life[i].from;
		change.head.to = life[i].to;
		change.head.flags = life[i].flags;
		change.head.size = life[i].size;
		model_feed(model, &change.head, change.head.size, 0);
	}
}

static void feed_bare(struct model *model, enum tw_kind kind, uint64_t ts_ns)
{
	struct tw_record record = { .size = sizeof(record), .kind = kind, .ts_ns = ts_ns };

	model_feed(model, &record, sizeof(record), 0);
}

static struct model *fed(const struct load *load, const struct flame_by *flame)
{
	struct model *model = model_new(&(struct model_opts){ .flame = flame });
	uint64_t ts_ns = 1000 * SECOND;

	if (!model)
		die("no memory");
	feed_bare(model, TW_READY, ts_ns);
	for (uint64_t number = 0; number < load->connections; number++) {
		ts_ns += SECOND / PER_SECOND;
		feed_life(model, load, number, ts_ns);
		if (number % (PER_SECOND / 50) == 0)
			feed_bare(model, TW_TICK, ts_ns);
	}
	return model;
}

static void add_stack(void *ctx, const struct flame_stack *stack)
{
	if (flame_add(ctx, FLAME_NOW, stack->parts, stack->count, stack->weights))
		die("no memory");
}

static void check_totals(const struct flame *flame, const struct model *model)
{
	const uint64_t *total = flame->nodes[FLAME_ROOT].total[FLAME_NOW];
	const struct row *totals = model_totals(model);

	if (total[WEIGHT_CONNECTIONS] != totals->count[FIELD_CONNECTIONS] ||
	    total[WEIGHT_OPEN] != totals->count[FIELD_OPEN] ||
	    total[WEIGHT_TIME_WAIT_SECONDS] != row_held_ns(totals, model_now_ns(model)))
		die("the totals are not those of the model");
}

/* From the model to the last byte of a file, as the command does it. */
static void draw(const struct model *model, const char *name,
		 void (*write)(const struct flame *flame, FILE *out), double share)
{
	struct flame_head head = { .host = "bench",
				   .by = by,
				   .shown = by.count,
				   .weight = WEIGHT_CONNECTIONS,
				   .from_ns = { model_ready_ns(model) },
				   .to_ns = { model_now_ns(model) } };
	uint64_t begin = now_ns();
	struct flame *flame = flame_new(&head);
	char *bytes = NULL;
	uint64_t unplaced;
	size_t len = 0;
	FILE *out = open_memstream(&bytes, &len);

	if (!flame || !out || model_flame_each(model, add_stack, flame, &unplaced))
		die("no memory");
	if (flame_finish(flame, share))
		die("no memory");
	write(flame, out);
	if (fclose(out))
		die("no memory");
	printf("%s %.3f s\n", name, (double)(now_ns() - begin) / SECOND);
	printf("%s_size %.3f MiB\n", name, (double)len / (1 << 20));
	check_totals(flame, model);
	flame_free(flame);
	free(bytes);
}

int main(int argc, char **argv)
{
	struct load load = { .connections = 1000000, .stacks = 100000 };
	uint64_t begin, without_ns, with_ns;
	struct model *model;
	int option;

	while ((option = getopt(argc, argv, "c:s:")) != -1) {
		if (option == 'c')
			load.connections = parse_number("-c", optarg, 1, 100000000);
		else if (option == 's')
			load.stacks = parse_number("-s", optarg, 1, 10000000);
		else
			return 2;
	}
	begin = now_ns();
	model_free(fed(&load, NULL));
	without_ns = now_ns() - begin;
	begin = now_ns();
	model = fed(&load, &by);
	with_ns = now_ns() - begin;
	printf("feed %.0f ns\n", (double)with_ns / (double)load.connections);
	printf("feed_ratio %.3f x\n", (double)with_ns / (double)without_ns);
	draw(model, "folded", flame_folded_write, 0);
	draw(model, "speedscope", flame_speedscope_write, 0);
	draw(model, "pprof", flame_pprof_write, 0);
	draw(model, "svg", flame_svg_write, 0.001);
	draw(model, "html", flame_html_write, 0.0005);
	model_free(model);
	return 0;
}
