// SPDX-License-Identifier: GPL-2.0-or-later
/* A binary heap. */
#include "model/agenda.h"

#include <errno.h>
#include <stdlib.h>

void agenda_release(struct agenda *agenda)
{
	free(agenda->items);
}

static bool is_before(const struct due *a, const struct due *b)
{
	return a->ns < b->ns || (a->ns == b->ns && a->id < b->id);
}

int agenda_add(struct agenda *agenda, uint64_t ns, uint32_t id)
{
	struct due due = { .ns = ns, .id = id };
	size_t at = agenda->count;

	if (agenda->count == agenda->room) {
		size_t room = agenda->room ? 2 * agenda->room : 1024;
		struct due *grown = realloc(agenda->items, room * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		agenda->items = grown;
		agenda->room = room;
	}
	for (agenda->count++; at && is_before(&due, &agenda->items[(at - 1) / 2]);
	     at = (at - 1) / 2)
		agenda->items[at] = agenda->items[(at - 1) / 2];
	agenda->items[at] = due;
	return 0;
}

bool agenda_take(struct agenda *agenda, uint64_t until_ns, struct due *due)
{
	struct due last;
	size_t at = 0;

	if (!agenda->count || agenda->items[0].ns > until_ns)
		return false;
	*due = agenda->items[0];
	last = agenda->items[--agenda->count];
	while (2 * at + 1 < agenda->count) {
		size_t child = 2 * at + 1;

		if (child + 1 < agenda->count &&
		    is_before(&agenda->items[child + 1], &agenda->items[child]))
			child++;
		if (!is_before(&agenda->items[child], &last))
			break;
		agenda->items[at] = agenda->items[child];
		at = child;
	}
	agenda->items[at] = last;
	return true;
}
