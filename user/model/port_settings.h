/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a namespace lets connect() choose from, and when ports come back. Internal to the model. */
#ifndef MODEL_PORT_SETTINGS_H
#define MODEL_PORT_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/index.h"

/* One bit a port. */
struct port_set {
	uint64_t bits[65536 / 64];
};

#define SETTING_UNKNOWN (-1)
/*
 * Of so many namespaces settings are kept: where each container has one of its own, those of
 * namespaces that are gone give way.
 */
#define PORT_SETTINGS_MOST 4096

/* 0, 0 or SETTING_UNKNOWN: not known. */
struct port_settings {
	uint64_t netns_cookie;
	uint8_t source;
	bool told;			/* anything, of late */
	uint16_t low, high;		/* ip_local_port_range */
	int64_t tw_reuse, tw_reuse_delay_ms, timestamps, fin_timeout_s;
	struct port_set *reserved;	/* owned; NULL: none, or not known */
	bool reserved_known;
};

struct port_settings_list {
	struct port_settings *items;	/* owned */
	size_t count, room;
	struct index by_netns;	/* made with the first one */
	size_t at;		/* who may give way next */
};

void port_settings_release(struct port_settings_list *list);
/* NULL: nothing is known of that namespace. */
struct port_settings *port_settings_of(struct port_settings_list *list, uint64_t netns_cookie,
				       unsigned int source);
/* What the files say (base/facts.h). 0 or -ENOMEM. */
int port_settings_learn(struct port_settings_list *list, uint64_t netns_cookie, unsigned int source,
			const char *facts);
/*
 * The range alone: a dump tells it where no files are told. One that ends before it begins is
 * none, and changes nothing. 0 or -ENOMEM.
 */
int port_settings_range(struct port_settings_list *list, uint64_t netns_cookie, unsigned int source,
			uint16_t low, uint16_t high);

/* Of a namespace that has ended, when nothing that is kept of it needs them any more. */
void port_settings_forget(struct port_settings_list *list, uint64_t netns_cookie,
			  unsigned int source);

/* "80,8000-8010", as ip_local_reserved_ports has it (proc_do_large_bitmap()), into @set. */
void port_set_parse(struct port_set *set, const char *text, size_t len);
void port_set_add(struct port_set *set, uint16_t port);
bool port_set_has(const struct port_set *set, uint16_t port);
/* How many of [@low, @high] are in @set and not in @but; NULL: an empty one. */
uint32_t port_set_count(const struct port_set *set, const struct port_set *but, uint16_t low,
			uint16_t high);

#endif
