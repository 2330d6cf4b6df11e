/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Attempts that are alike: of one service to one destination. What failed would have lived
 * as they did, and requests of one share a connection. Internal to the model.
 */
#ifndef MODEL_WHATIF_KIN_H
#define MODEL_WHATIF_KIN_H

#include "model/histogram.h"
#include "model/whatif_run.h"

struct kin_row {
	uint32_t path, service;
	uint32_t asked;
	uint32_t last;		/* the one that started last */
	uint32_t closed[4];	/* by enum attempt_close */
	struct histogram lives;	/* of the full sockets */
};

struct kin_table {
	struct kin_row *rows;	/* owned */
	uint32_t count, room;
	struct index index;
	uint32_t *kin_of, *next; /* owned, by attempt */
	struct whatif_kin *kin;	/* owned, as the rows */
};

/* Goes through input->order; sets input's next, kin_of and kin. 0 or -ENOMEM. */
int kin_table_fill(struct kin_table *table, struct whatif_input *input);
void kin_table_release(struct kin_table *table);

#endif
