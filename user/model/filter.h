/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which connections are wanted. The kernel programs know the first half and turn
 * down what they can; this one decides for good, live and on a recording alike.
 */
#ifndef MODEL_FILTER_H
#define MODEL_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "tw_config.h"

struct filter {
	struct tw_filter kernel;	/* what the kernel programs can decide too */
	const char *service;		/* glob, NULL: all; borrowed */
	uint32_t pid;			/* 0: all */
	bool tree;			/* only what a command did */
};

struct conn_view;

bool filter_is_empty(const struct filter *filter);
/* Whether a namespace is wanted whole or not at all: its figures compare with the kernel's. */
bool filter_is_by_netns(const struct filter *filter);
/* Whether the connection is wanted, by what is known of it so far. */
bool filter_wants(const struct filter *filter, const struct conn_view *view);

#endif
