/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Failures that are alike, counted. Internal to the model. */
#ifndef MODEL_FAILURE_TABLE_H
#define MODEL_FAILURE_TABLE_H

#include <stddef.h>

#include "base/index.h"
#include "model/ports.h"
#include "tw_record.h"

/* Every byte counts: to be zeroed before it is filled in. */
struct failure_key {
	uint64_t netns_cookie;
	uint8_t local_addr[16], remote_addr[16];
	uint32_t service;
	int32_t error;
	uint16_t local_port, remote_port;
	uint8_t kind, reuse, inferred, source;
	char comm[TW_COMM_LEN];
	uint32_t pid;
	uint32_t unused;
};

/* Without it the keys of alike processes are the same, and so are their hashes. */
#define ALIKE_LEN offsetof(struct failure_key, pid)

struct failure_row {
	struct failure_key key;
	struct failure failure;		/* but for names */
	char comm[TW_COMM_LEN * 4 + 1], holder_comm[TW_COMM_LEN * 4 + 1];
};

struct failures {
	struct failure_row *rows;	/* owned */
	struct failure *sorted;		/* owned: as it was shown last */
	struct index index;
	size_t count, room;
};

/* Adds to those with @key what @like says: holder, times, count. */
void failure_table_add(struct model *model, const struct failure_key *key,
		       const struct failure *like);

#endif
