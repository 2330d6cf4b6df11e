/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is due when: a heap by time. Those of one moment come in the order of their numbers. */
#ifndef MODEL_AGENDA_H
#define MODEL_AGENDA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct due {
	uint64_t ns;
	uint32_t id;
};

struct agenda {
	struct due *items;	/* owned */
	size_t count, room;
};

void agenda_release(struct agenda *agenda);
/* 0 or -ENOMEM. */
int agenda_add(struct agenda *agenda, uint64_t ns, uint32_t id);
/* The first of all, if it is due by @until_ns; false: none is. */
bool agenda_take(struct agenda *agenda, uint64_t until_ns, struct due *due);

#endif
