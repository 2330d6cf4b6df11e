// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads the files and makes a record of them. */
#include "source/facts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/facts.h"
#include "base/log.h"
#include "source/live.h"

struct facts_record {
	struct tw_name name;
	char text[FACTS_SIZE + 8];
};

_Static_assert(sizeof(struct facts_record) <= UINT16_MAX, "its size stands in its head");

void facts_tell(const struct netns_list *list, struct netns_entry *entry, const struct receiver *to)
{
	struct facts_record *record = calloc(1, sizeof(*record));
	struct answer answer = ANSWER_NONE;
	int ret = record ? netns_ask(list, entry, ACT_NETNS_FACTS, -1, &answer) : -ENOMEM;
	size_t len = 0;

	if (!ret) {
		len = answer.size - sizeof(struct netns_way);
		if (len > FACTS_SIZE)
			ret = -EMSGSIZE;
	}
	if (!ret) {
		memcpy(record->text, answer.data + sizeof(struct netns_way), len);
		record->name.head = (struct tw_record){
			.size = sizeof(record->name) + (len + 8) / 8 * 8,
			.kind = TW_FACTS,
			.ts_ns = live_now_ns(),
		};
		record->name.id = entry->cookie;
		record->name.ino = entry->ino;
		deliver(to, record);
	} else {
		log_msg(LOG_VERBOSE, "the settings of network namespace %u cannot be read: %s",
			entry->ino, strerror(-ret));
	}
	answer_release(&answer);
	free(record);
}
