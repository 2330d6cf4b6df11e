/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads protobuf's wire format field by field, so that what is written has a second opinion. */
#ifndef WIRE_H
#define WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct wire {
	const uint8_t *at, *end;
};

struct wire_field {
	uint32_t number;
	bool is_number;
	uint64_t value;
	struct wire bytes;	/* if it is none */
};

static inline uint64_t wire_varint(struct wire *wire)
{
	uint64_t value = 0;
	unsigned int shift = 0;

	do {
		assert_true(wire->at < wire->end && shift < 64);
		value |= (uint64_t)(*wire->at & 0x7f) << shift;
		shift += 7;
	} while (*wire->at++ & 0x80);
	return value;
}

/* False: that was all. Fails at what is broken. */
static inline bool wire_next(struct wire *wire, struct wire_field *field)
{
	uint64_t tag;

	if (wire->at == wire->end)
		return false;
	tag = wire_varint(wire);
	*field = (struct wire_field){ .number = tag >> 3, .is_number = !(tag & 7) };
	if (!field->is_number && (tag & 7) != 2)
		fail_msg("field %u is of wire type %u", field->number, (unsigned int)(tag & 7));
	field->value = wire_varint(wire);
	if (field->is_number)
		return true;
	assert_true(field->value <= (uint64_t)(wire->end - wire->at));
	field->bytes = (struct wire){ wire->at, wire->at + field->value };
	wire->at += field->value;
	return true;
}

static inline size_t wire_len(const struct wire *wire)
{
	return wire->end - wire->at;
}

static inline bool wire_equal(const struct wire *wire, const char *text)
{
	size_t len = strlen(text);

	/* an empty one may be nowhere */
	return wire_len(wire) == len && (!len || !memcmp(wire->at, text, len));
}

#endif
