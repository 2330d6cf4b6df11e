// SPDX-License-Identifier: GPL-2.0-or-later
/* How fast connections begin: by the second, of late; also those that are told in sum. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "model/budgets.h"
#include "model/outcome.h"

#define SECOND_NS 1000000000ULL
/* What is told in sum comes in thousands: where there are more budgets none is looked for. */
#define MOST_SEARCHED 256

void budget_begin(struct budget_row *row, uint64_t ts_ns, uint64_t count)
{
	uint64_t second = ts_ns / SECOND_NS;

	if (second > row->begun_s + RATE_SECONDS) {
		memset(row->begun, 0, sizeof(row->begun));
		row->since_ns = ts_ns;
		row->begun_s = second;
	}
	while (row->begun_s < second)
		row->begun[++row->begun_s % RATE_SLOTS] = 0;
	/* one that is told late is of now */
	row->begun[row->begun_s % RATE_SLOTS] += count;
	row->opened += count;
}

double budget_rate(const struct budget_row *row, uint64_t now_ns)
{
	uint64_t second = now_ns / SECOND_NS, count = 0;
	double elapsed_s;

	if (!row->opened || now_ns < row->since_ns)
		return NAN;
	for (uint64_t at = row->begun_s;
	     at + RATE_SECONDS >= second && at + RATE_SLOTS > row->begun_s; at--)
		count += row->begun[at % RATE_SLOTS];
	elapsed_s = (now_ns - row->since_ns) / 1e9;
	if (elapsed_s > RATE_SECONDS)
		return count / (RATE_SECONDS + now_ns % SECOND_NS / 1e9);
	/* the first one came at the very begin: half of it is of the time before */
	return elapsed_s < 1 || count < 2 ? NAN : (count - 0.5) / elapsed_s;
}

static bool is_towards(const struct budget_row *row, const struct budget_key *key)
{
	return row->key.netns_cookie == key->netns_cookie && row->key.source == key->source &&
	       row->key.remote_port == key->remote_port &&
	       !memcmp(row->key.remote_addr, key->remote_addr, 16);
}

/* The only budget towards there; NULL: none, or there are several, and whose it was is unknown. */
static struct budget_row *only_row(struct budgets *budgets, const struct budget_key *key)
{
	struct budget_row *only = NULL;

	for (uint32_t id = pool_next(&budgets->rows, 0); id != POOL_NONE;
	     id = pool_next(&budgets->rows, id + 1)) {
		struct budget_row *row = budget_at(budgets, id);

		if (!is_towards(row, key))
			continue;
		if (only)
			return NULL;
		only = row;
	}
	return only;
}

void budgets_sum(struct model *model, const struct conn *like, const struct tw_record *head,
		 uint64_t count)
{
	bool failed = head->to == TW_CLOSE &&
		      outcome_connect_error(head, PORT_UNTOLD) == EADDRNOTAVAIL;
	struct budget_key key = budget_key_of(model, like);
	struct budget_row *row;

	if (head->from != TW_SYN_SENT || (!failed && head->to != TW_ESTABLISHED) ||
	    model->budgets->rows.count > MOST_SEARCHED)
		return;
	row = only_row(model->budgets, &key);
	if (!row)
		return;
	budget_begin(row, head->ts_ns, count);
	if (failed)
		budget_note_failures(row, head->ts_ns, count);
}
