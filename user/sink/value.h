/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One value of a field, whatever the format: JSON and CSV read the same tables
 * of fields (conn_field.h, event_field.h), so that they cannot disagree about
 * names or about what is unknown.
 */
#ifndef SINK_VALUE_H
#define SINK_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/json.h"
#include "model/event.h"

enum value_type {
	VALUE_NULL,	/* unknown */
	VALUE_TEXT,
	VALUE_COUNT,
	VALUE_DECIMAL,
	VALUE_BOOL,
};

struct value {
	enum value_type type;
	bool foreign;	/* text that a stranger chose: a comm, a unit, a container */
	const char *text;	/* borrowed, or in room */
	uint64_t count;
	double decimal;
	bool truth;
	char room[ENDPOINT_TEXT_LEN];
};

/* NULL: unknown */
void value_text(struct value *value, const char *text);
void value_foreign(struct value *value, const char *text);
void value_count(struct value *value, uint64_t count);
/* 0: unknown */
void value_nonzero(struct value *value, uint64_t count);
void value_decimal(struct value *value, double decimal);
void value_bool(struct value *value, bool truth);
/* Whether SO_REUSEADDR was set. */
void value_reuse(struct value *value, enum reuse reuse);
/* All zeroes: unknown, unless @wildcard. */
void value_addr(struct value *value, const uint8_t addr[static ADDR_LEN], bool wildcard);

void json_add_value(struct json *parent, const char *key, const struct value *value);

#endif
