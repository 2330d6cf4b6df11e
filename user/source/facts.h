/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files of a namespace (base/facts.h), read from within it. */
#ifndef SOURCE_FACTS_H
#define SOURCE_FACTS_H

#include "source/netns.h"
#include "source/source.h"

/* Delivers a TW_FACTS; nothing where the namespace cannot be entered any more. */
void facts_tell(const struct netns_list *list, struct netns_entry *entry,
		const struct receiver *to);

#endif
