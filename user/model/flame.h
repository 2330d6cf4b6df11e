/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where connections are, as stacks: each connection stands under the frames that were asked
 * for, in their order, and weighs what it counts for in each of the weights. The window is all
 * since ready, or since the last model_flame_restart().
 */
#ifndef MODEL_FLAME_H
#define MODEL_FLAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct model;

/* What a frame says of a connection. */
enum flame_frame {
	FRAME_HOST,
	FRAME_NETNS,
	FRAME_SERVICE,
	FRAME_PROCESS,		/* "nginx[812]" */
	FRAME_COMM,		/* "nginx" */
	FRAME_ROLE,		/* "server" */
	FRAME_PORT,		/* the service's: a server's local one, a client's remote one */
	FRAME_LOCAL_PORT,
	FRAME_REMOTE,
	FRAME_REMOTE_PORT,
	FRAME_STATE,
	FRAME_CLOSE,		/* who closed first */
	FRAME_END,		/* how its TIME_WAIT ended */
	FRAME_ERROR,		/* why its connect(), bind() or listen() failed */
	FRAME_STACK,		/* the code that opened it: as many frames as that has */
	NR_FLAME_FRAMES,	/* of a part: it stands for stacks that there was no room for */
};

enum flame_weight {
	WEIGHT_CONNECTIONS,	/* as struct row counts FIELD_CONNECTIONS */
	WEIGHT_OPEN,		/* FIELD_OPEN: now */
	WEIGHT_TIME_WAIT,	/* FIELD_TIME_WAIT and FIELD_FW2_ORPHANS: minisocks now */
	WEIGHT_SECONDS,		/* ns that full sockets were in the state */
	WEIGHT_TIME_WAIT_SECONDS, /* ns that minisocks held their ports, row_held_ns() */
	WEIGHT_FAILURES,	/* FIELD_FAILED, and each bind() and listen() that failed */
	NR_FLAME_WEIGHTS,
};

/* The frames that are asked for, outermost first; each at most once. */
struct flame_by {
	uint8_t frames[NR_FLAME_FRAMES];
	uint8_t count;
};

static inline bool flame_by_has(const struct flame_by *by, unsigned int frame)
{
	return memchr(by->frames, (int)frame, by->count) != NULL;
}

/* One frame of a stack. */
struct flame_part {
	enum flame_frame frame;
	const char *name;	/* clean UTF-8 */
};

/* At most so many parts has a stack: of the code so many frames are told, the innermost ones. */
#define FLAME_DEEP 256
#define FLAME_MOST_PARTS (NR_FLAME_FRAMES + FLAME_DEEP + 1)

/* What is told of a stack; valid during the call. */
struct flame_stack {
	const struct flame_part *parts;	/* outermost first */
	size_t count;
	const uint8_t *remote_addr;	/* of FRAME_REMOTE; all zeroes: unknown */
	uint64_t weights[NR_FLAME_WEIGHTS];
};

typedef void (*model_flame_fn)(void *ctx, const struct flame_stack *stack);

/*
 * Every stack that weighs anything in the window, some of them more than once. Only with
 * model_opts.flame. So many figures are @unplaced: there was no memory for a stack of their own,
 * and they stand under "(other)". 0 or -ENOMEM, and some are missing.
 */
int model_flame_each(const struct model *model, model_flame_fn fn, void *ctx, uint64_t *unplaced);
/*
 * Begins a window: as if the tracer were ready now. What the window before told of is not taken
 * back: a minisock that turns out never to have been weighs nothing in this one.
 */
void model_flame_restart(struct model *model);
/* The beginning of the window. */
uint64_t model_flame_from_ns(const struct model *model);
/* Whether the code that opened any of the connections is known. */
bool model_flame_has_stacks(const struct model *model);

/* As --by and --weight take them: "local_port", "time_wait_seconds". */
const char *flame_frame_name(enum flame_frame frame);
const char *flame_weight_name(enum flame_weight weight);
/* Whether it is told in ns. */
static inline bool flame_weight_is_time(enum flame_weight weight)
{
	return weight == WEIGHT_SECONDS || weight == WEIGHT_TIME_WAIT_SECONDS;
}

#endif
