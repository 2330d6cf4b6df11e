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
	FRAME_STACK,		/* the code that opened it: as many frames as that has */
	NR_FLAME_FRAMES,
};

enum flame_weight {
	WEIGHT_CONNECTIONS,	/* as struct row counts FIELD_CONNECTIONS */
	WEIGHT_OPEN,		/* FIELD_OPEN: now */
	WEIGHT_SECONDS,		/* ns that full sockets were in the state */
	WEIGHT_TIME_WAIT_SECONDS, /* ns that minisocks held their ports, row_held_ns() */
	WEIGHT_FAILURES,	/* FIELD_FAILED */
	NR_FLAME_WEIGHTS,
};

/* The frames that are asked for, outermost first; each at most once. */
struct flame_by {
	uint8_t frames[NR_FLAME_FRAMES];
	uint8_t count;
};

/* As --by and --weight take them: "local_port", "time_wait_seconds". */
const char *flame_frame_name(enum flame_frame frame);
const char *flame_weight_name(enum flame_weight weight);
/* Whether it is told in ns. */
static inline bool flame_weight_is_time(enum flame_weight weight)
{
	return weight == WEIGHT_SECONDS || weight == WEIGHT_TIME_WAIT_SECONDS;
}

#endif
