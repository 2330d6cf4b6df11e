/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The newest events, kept to be looked at: cheap to keep, words are made when they are shown. */
#ifndef SCREEN_EVENTS_H
#define SCREEN_EVENTS_H

#include <stdint.h>

#include "model/event.h"
#include "model/ports.h"

#define EVENTS_KEPT 1000
#define KEPT_NAME_LEN 128

/* Its texts are its own. */
struct kept_event {
	struct model_event event;
	struct conn_view conn;
	struct port_holder holder;
	char comm[KEPT_NAME_LEN], service[KEPT_NAME_LEN];
	char holder_comm[KEPT_NAME_LEN], holder_service[KEPT_NAME_LEN];
};

struct events {
	struct kept_event *kept;	/* owned; a ring */
	uint64_t count;		/* ever; the newest is at (count - 1) % EVENTS_KEPT */
};

int events_init(struct events *events);
void events_release(struct events *events);
void events_clear(struct events *events);
void events_add(struct events *events, const struct model_event *event);
/* The oldest that is kept, and one by its number; NULL: it is not, any more. */
uint64_t events_first(const struct events *events);
const struct kept_event *events_at(const struct events *events, uint64_t number);

#endif
