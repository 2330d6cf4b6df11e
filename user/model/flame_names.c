// SPDX-License-Identifier: GPL-2.0-or-later
/* The names that frames and weights go by. */
#include "model/flame.h"

const char *flame_frame_name(enum flame_frame frame)
{
	static const char *const names[NR_FLAME_FRAMES] = {
		[FRAME_HOST] = "host",	     [FRAME_NETNS] = "netns",
		[FRAME_SERVICE] = "service", [FRAME_PROCESS] = "process",
		[FRAME_COMM] = "comm",	     [FRAME_ROLE] = "role",
		[FRAME_PORT] = "port",	     [FRAME_LOCAL_PORT] = "local_port",
		[FRAME_REMOTE] = "remote",   [FRAME_REMOTE_PORT] = "remote_port",
		[FRAME_STATE] = "state",     [FRAME_CLOSE] = "close",
		[FRAME_END] = "end",	     [FRAME_ERROR] = "error",
		[FRAME_STACK] = "stack",
	};

	return frame < NR_FLAME_FRAMES ? names[frame] : "other";
}

const char *flame_weight_name(enum flame_weight weight)
{
	static const char *const names[NR_FLAME_WEIGHTS] = {
		[WEIGHT_CONNECTIONS] = "connections",
		[WEIGHT_OPEN] = "open",
		[WEIGHT_TIME_WAIT] = "time_wait",
		[WEIGHT_SECONDS] = "seconds",
		[WEIGHT_TIME_WAIT_SECONDS] = "time_wait_seconds",
		[WEIGHT_FAILURES] = "failures",
	};

	return names[weight];
}
