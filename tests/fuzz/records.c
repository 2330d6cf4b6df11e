// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Records straight into the model. The first byte of the input chooses the output; then come
 * records, each behind a byte that says which recording it is of and how much of it is missing.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "account.h"
#include "fuzz.h"

#define MOST_SOURCES 2
/* What is changed of an input: records of so many. */
#define MOST_RECORDS 512

struct lead {
	uint8_t source;		/* below MOST_SOURCES, mostly */
	uint8_t missing;	/* bytes at its end */
};

/* What stands at @data: the record's own size, or what is left. */
static size_t record_len(const uint8_t *data, size_t size)
{
	struct tw_record head;

	if (size < sizeof(head))
		return size;
	memcpy(&head, data, sizeof(head));
	return head.size < sizeof(head) || head.size > size ? size : head.size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct account *account;

	if (!size)
		return 0;
	account = account_new(*data++, NULL, 0);
	size--;
	while (size > sizeof(struct lead)) {
		const struct lead *lead = (const struct lead *)data;
		size_t len = record_len(data + sizeof(*lead), size - sizeof(*lead));
		size_t there = lead->missing < len ? len - lead->missing : 0;
		/* a copy of its own: aligned, and what reads on is caught */
		void *record = fuzz_copy(data + sizeof(*lead), there);

		account_feed(account, record, there,
			     lead->source < 2 * MOST_SOURCES ? lead->source % MOST_SOURCES :
							       lead->source);
		free(record);
		data += sizeof(*lead) + len;
		size -= sizeof(*lead) + len;
	}
	account_end(account);
	return 0;
}

/* ------------------------------------------------------------------------------ mutation */

/* Where records begin, with what leads them, and where the last one ends. */
struct places {
	size_t at[MOST_RECORDS + 1];
	size_t count;
};

static struct places find_records(const uint8_t *data, size_t size)
{
	struct places places = { .count = 0 };
	size_t at = 1;

	while (places.count < MOST_RECORDS && at + sizeof(struct lead) < size) {
		places.at[places.count++] = at;
		at += sizeof(struct lead);
		at += record_len(data + at, size - at);
	}
	places.at[places.count] = at < size ? at : size;
	return places;
}

/* Of the record, behind its lead: a multiple of 8, mostly 16, its identity. */
static uint8_t *word_of(uint8_t *data, const struct places *places, size_t record,
			unsigned int random)
{
	size_t from = places->at[record] + sizeof(struct lead);
	size_t words = (places->at[record + 1] - from) / sizeof(uint64_t);
	size_t word = random % 4 ? 2 : random / 4 % 16;

	return data + from + sizeof(uint64_t) * (word < words ? word : 0);
}

/* What is said of one socket, process or namespace is said of another. */
static size_t share_word(uint8_t *data, size_t size, const struct places *places, size_t one,
			 size_t other, unsigned int random)
{
	const size_t len = sizeof(uint64_t);
	uint8_t *to = word_of(data, places, one, random);
	const uint8_t *from = word_of(data, places, other, random);

	if (to + len <= data + size && from + len <= data + size)
		memmove(to, from, len);
	return size;
}

/* State, flags, errors of one. */
static size_t change_head(uint8_t *data, size_t size, const struct places *places, size_t one,
			  unsigned int random)
{
	size_t at = places->at[one] + sizeof(struct lead) + offsetof(struct tw_record, kind) +
		    random % 6;

	if (at < size)
		data[at] = (uint8_t)(random / 6 % 4 ? random / 24 % 16 : random / 24);
	return size;
}

static size_t repeat(uint8_t *data, size_t size, size_t max_size, const struct places *places,
		     size_t one, size_t other)
{
	size_t len = places->at[one + 1] - places->at[one], at = places->at[other];
	uint8_t copy[UINT16_MAX + sizeof(struct lead)];

	if (len > sizeof(copy) || len > max_size - size)
		return size;
	memcpy(copy, data + places->at[one], len);
	memmove(data + at + len, data + at, size - at);
	memcpy(data + at, copy, len);
	return size + len;
}

static size_t leave_out(uint8_t *data, size_t size, const struct places *places, size_t one)
{
	size_t from = places->at[one], to = places->at[one + 1];

	memmove(data + from, data + to, size - to);
	return size - (to - from);
}

/* Later ones too: time passes. */
static size_t pass_time(uint8_t *data, size_t size, const struct places *places, size_t one,
			unsigned int random)
{
	uint64_t step_ns = 1ULL << random % 40, ts_ns;

	for (; one < places->count; one++) {
		size_t at =
			places->at[one] + sizeof(struct lead) + offsetof(struct tw_record, ts_ns);

		if (at + sizeof(ts_ns) > size)
			break;
		memcpy(&ts_ns, data + at, sizeof(ts_ns));
		ts_ns += step_ns;
		memcpy(data + at, &ts_ns, sizeof(ts_ns));
	}
	return size;
}

/* Of one record alone, whose size stays. */
static size_t change_bytes(uint8_t *data, size_t size, const struct places *places, size_t one)
{
	size_t from = places->at[one] + sizeof(struct lead) + offsetof(struct tw_record, kind);

	if (from < places->at[one + 1])
		LLVMFuzzerMutate(data + from, places->at[one + 1] - from,
				 places->at[one + 1] - from);
	return size;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	struct places places = find_records(data, size);
	unsigned int random = seed / 16;
	size_t one, other;

	if (!places.count || seed % 16 == 0)
		return LLVMFuzzerMutate(data, size, max_size);
	one = random % places.count;
	other = random / 7 % places.count;
	switch (seed % 8) {
	case 0:
	case 1:
		return share_word(data, size, &places, one, other, random / 11);
	case 2:
	case 3:
		return change_head(data, size, &places, one, random / 11);
	case 4:
		return repeat(data, size, max_size, &places, one, other);
	case 5:
		return leave_out(data, size, &places, one);
	case 6:
		return pass_time(data, size, &places, one, random / 11);
	default:
		return change_bytes(data, size, &places, one);
	}
}
