// SPDX-License-Identifier: GPL-2.0-or-later
/* A table of what is where in which record: what it does not name stays as it is. */
#include "sink/anonymize.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sink/anonymize_addr.h"
#include "sink/anonymize_names.h"

struct anonymizer {
	struct addr_map addrs;
	struct names_map names;
	uint64_t left_out;
	_Alignas(8) char record[UINT16_MAX + 1];
};

/* Where in a record, 0: nowhere. What lies beyond its end is not in it. */
struct kind {
	uint16_t size;		/* all of it that is known; what follows is cut off, unless text */
	uint16_t owner, tuple, uid;
	uint16_t comm;		/* one outside of an owner */
	names_map_fn text;	/* behind size */
};

#define OWNER(type) .owner = offsetof(struct type, owner)
#define TUPLE(type) .tuple = offsetof(struct type, tuple)
#define PLAIN(type)                         \
	{                                   \
		.size = sizeof(struct type) \
	}
#define TEXT(type, fn)                                              \
	{                                                           \
		.size = sizeof(struct type), .text = names_map_##fn \
	}

static const struct kind kinds[TW_NR_KINDS] = {
	[TW_TRANSITION] = { sizeof(struct tw_transition), OWNER(tw_transition),
			    TUPLE(tw_transition) },
	[TW_RESET_SENT] = PLAIN(tw_reset),
	[TW_HOLDER] = { sizeof(struct tw_holder), OWNER(tw_holder) },
	[TW_SOCKET] = { sizeof(struct tw_socket), TUPLE(tw_socket),
			.uid = offsetof(struct tw_socket, uid) },
	[TW_SNAPSHOT_BEGIN] = PLAIN(tw_snapshot),
	[TW_SNAPSHOT_END] = PLAIN(tw_snapshot),
	[TW_NETNS] = TEXT(tw_name, netns),
	[TW_NETNS_GONE] = TEXT(tw_name, netns),
	[TW_CGROUP] = TEXT(tw_name, cgroup),
	[TW_LOSS] = PLAIN(tw_loss),
	[TW_TICK] = PLAIN(tw_record),
	[TW_READY] = PLAIN(tw_record),
	[TW_PAIRS] = PLAIN(tw_pairs),
	[TW_END] = PLAIN(tw_end),
	[TW_HOLDERS_END] = PLAIN(tw_record),
	[TW_TIER] = PLAIN(tw_tier),
	[TW_MINI_BORN] = { sizeof(struct tw_minisock), TUPLE(tw_minisock) },
	[TW_MINI_REFUSED] = { sizeof(struct tw_minisock), TUPLE(tw_minisock) },
	[TW_MINI_TURNED] = { sizeof(struct tw_minisock), TUPLE(tw_minisock) },
	[TW_MINI_ENDED] = { sizeof(struct tw_minisock), TUPLE(tw_minisock) },
	[TW_MINI_RESET] = { sizeof(struct tw_minisock), TUPLE(tw_minisock) },
	/* addresses of the kernel's code come behind */
	[TW_MINI_CANCELLED] = { sizeof(struct tw_minisock), TUPLE(tw_minisock) },
	[TW_SPILLED] = { sizeof(struct tw_spilled), OWNER(tw_spilled), TUPLE(tw_spilled) },
	[TW_PROCESS] = TEXT(tw_process, script),
	[TW_CLOSED_HELD] = { sizeof(struct tw_closed_held), OWNER(tw_closed_held),
			     TUPLE(tw_closed_held) },
	[TW_STACK] = { sizeof(struct tw_stack), .comm = offsetof(struct tw_stack, thread) },
	[TW_STACK_TEXT] = TEXT(tw_stack_text, stack),
	[TW_CLOSED_END] = PLAIN(tw_record),
	[TW_SCOPE] = TEXT(tw_scope, words),
	[TW_FORK] = PLAIN(tw_fork),
	[TW_EXIT] = PLAIN(tw_exit),
	/* numbers, in files that twtrace chose */
	[TW_FACTS] = TEXT(tw_name, keep),
	[TW_BIND_FAILED] = { sizeof(struct tw_bind_failed), OWNER(tw_bind_failed),
			     TUPLE(tw_bind_failed) },
	[TW_BOUND] = { sizeof(struct tw_bound), OWNER(tw_bound), TUPLE(tw_bound) },
};

bool anonymizer_knows(unsigned int kind)
{
	return kind < TW_NR_KINDS && kinds[kind].size;
}

struct anonymizer *anonymizer_new(const uint8_t key[static SIPHASH_KEY_LEN])
{
	struct anonymizer *anonymizer = calloc(1, sizeof(*anonymizer));

	if (!anonymizer)
		return NULL;
	memcpy(anonymizer->addrs.key, key, SIPHASH_KEY_LEN);
	if (!names_map_init(&anonymizer->names, key))
		return anonymizer;
	anonymizer_free(anonymizer);
	return NULL;
}

void anonymizer_free(struct anonymizer *anonymizer)
{
	if (!anonymizer)
		return;
	names_map_release(&anonymizer->names);
	free(anonymizer);
}

uint64_t anonymizer_left_out(const struct anonymizer *anonymizer)
{
	return anonymizer->left_out;
}

/* Root is root everywhere. */
static void replace_uid(struct anonymizer *anonymizer, char *at)
{
	uint32_t uid;

	memcpy(&uid, at, sizeof(uid));
	if (uid)
		uid = names_map_number(&anonymizer->names, NAME_USER, at, sizeof(uid));
	memcpy(at, &uid, sizeof(uid));
}

static void replace_owner(struct anonymizer *anonymizer, struct tw_owner *owner)
{
	replace_uid(anonymizer, (char *)&owner->uid);
	names_map_comm(&anonymizer->names, owner->comm);
}

static void replace_tuple(struct anonymizer *anonymizer, struct tw_tuple *tuple)
{
	addr_map_replace(&anonymizer->addrs, tuple->local_addr);
	addr_map_replace(&anonymizer->addrs, tuple->remote_addr);
}

static bool has(const struct tw_record *record, uint16_t offset, size_t size)
{
	return offset && offset + size <= record->size;
}

/* The text behind the fixed part; false: it does not end within the record. */
static bool replace_text(struct anonymizer *anonymizer, const struct kind *kind,
			 const struct tw_record *record)
{
	struct tw_record *now = (struct tw_record *)anonymizer->record;
	const char *text = (const char *)record + kind->size;
	size_t len = record->size - kind->size, size;

	if (!len || text[len - 1])
		return false;
	size = kind->text(&anonymizer->names, text, len, anonymizer->record + kind->size,
			  (UINT16_MAX & ~7) - kind->size);
	size += kind->size;
	for (; size % 8; size++)
		anonymizer->record[size] = '\0';
	now->size = size;
	return true;
}

const struct tw_record *anonymizer_record(struct anonymizer *anonymizer,
					  const struct tw_record *record)
{
	struct tw_record *now = (struct tw_record *)anonymizer->record;
	const struct kind *kind = &kinds[record->kind < TW_NR_KINDS ? record->kind : 0];
	char *bytes = anonymizer->record;

	if (!kind->size || record->size < sizeof(*record) ||
	    (kind->text && record->size < kind->size)) {
		anonymizer->left_out++;
		return NULL;
	}
	memcpy(now, record, record->size < kind->size ? record->size : kind->size);
	if (kind->text && !replace_text(anonymizer, kind, record)) {
		anonymizer->left_out++;
		return NULL;
	}
	if (!kind->text && now->size > kind->size)
		now->size = kind->size;
	if (has(now, kind->owner, sizeof(struct tw_owner)))
		replace_owner(anonymizer, (struct tw_owner *)(bytes + kind->owner));
	if (has(now, kind->tuple, sizeof(struct tw_tuple)))
		replace_tuple(anonymizer, (struct tw_tuple *)(bytes + kind->tuple));
	if (has(now, kind->uid, sizeof(uint32_t)))
		replace_uid(anonymizer, bytes + kind->uid);
	if (has(now, kind->comm, TW_COMM_LEN))
		names_map_comm(&anonymizer->names, bytes + kind->comm);
	return now;
}

int anonymizer_head(struct anonymizer *anonymizer, struct tw_recording_head *head,
		    struct error *err)
{
	struct names_map *names = &anonymizer->names;
	size_t len = strnlen(head->host, sizeof(head->host));

	if (head->service_filter[0])
		return error_set(err, -EINVAL,
				 "it was recorded with --service '%.127s', which is about names: "
				 "these are replaced, and it would let nothing pass",
				 head->service_filter);
	if (len) {
		uint32_t number = names_map_number(names, NAME_HOST, head->host, len);

		memset(head->host, 0, sizeof(head->host));
		snprintf(head->host, sizeof(head->host), "host-%u", number);
	}
	names_map_hex(names, head->boot_id, strnlen(head->boot_id, sizeof(head->boot_id)));
	for (uint32_t i = 0; i < head->filter.nr_remotes && i < TW_MAX_CIDRS; i++)
		addr_map_replace(&anonymizer->addrs, head->filter.remotes[i].addr);
	return 0;
}
