/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who has labels of his own, and what was shown of him. So many do, for the life of the
 * process; everyone else is "other". Whatever rows do in the model, which folds them and moves
 * connections from one to another when their owner becomes known,
 *
 * - no counter ever decreases, or rate() would take it for a restart;
 * - the sum of a counter over all labels is the total of the host at each moment.
 *
 * So what a label got is given to it once, out of what the total has grown by since the last
 * time; "other" takes what is left. What "other" had shown of a newcomer stays there.
 */
#ifndef SINK_METRICS_SHELF_H
#define SINK_METRICS_SHELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/index.h"
#include "model/rows.h"

#define NR_COUNTERS FIELD_FIRST_GAUGE
/* ip_local_port_range, where nobody has set it. */
#define FIRST_EPHEMERAL 32768
/* Entry 0 is everyone else. */
#define SHELF_OTHER 0

struct shelf_entry {
	struct row_key key;
	char *labels;			/* owned */
	bool fresh;			/* of this time */
	uint32_t seen;			/* FIELD_BIT()s of what was ever other than 0 */
	uint64_t now[NR_FIELDS];	/* as the model has it */
	/* what the model has forgotten of it, minus what "other" had shown before it was here */
	int64_t kept[NR_COUNTERS];
	uint64_t shown[NR_COUNTERS];
};

/* One who might get labels. */
struct shelf_candidate {
	struct row_key key;
	uint64_t weight;
	uint32_t id;			/* in the index: they are sorted */
};

struct shelf {
	uint32_t cap;			/* so many have labels */
	bool by_share;			/* only who matters gets them: see fits() */
	struct shelf_entry *entries;	/* owned */
	uint32_t count;
	struct index index;		/* of entries */
	struct shelf_candidate *candidates; /* owned */
	uint32_t nr_candidates, room_candidates;
	struct index by_key;		/* of candidates */
	uint64_t weight;		/* of everyone */
	uint64_t total[NR_COUNTERS];	/* as shown: the sum over all entries */
	bool again;			/* the second look: at newcomers only */
};

/* Returns 0 or -ENOMEM. */
int shelf_init(struct shelf *shelf, uint32_t cap, bool by_share);
void shelf_release(struct shelf *shelf);

/*
 *   shelf_begin | shelf_add... | shelf_admit | (shelf_add... if it says so) | shelf_settle
 */
void shelf_begin(struct shelf *shelf);
/* What the model has of @key, or of a part of it. @count: by enum field. */
void shelf_add(struct shelf *shelf, const struct row_key *key, const uint64_t *count);
/* Text of the labels of a key, to be freed; NULL: it gets none, or no memory. */
typedef char *(*shelf_labels_fn)(const void *ctx, const struct row_key *key);
/* Whether anyone got labels: then all is to be added once more. */
bool shelf_admit(struct shelf *shelf, shelf_labels_fn labels, const void *ctx);
/* @total: by enum field, of everyone. @folded: rows may have been folded since the last time. */
void shelf_settle(struct shelf *shelf, const uint64_t *total, bool folded);

#endif
