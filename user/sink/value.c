/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One value of a field. */
#include "sink/value.h"

#include <stddef.h>

void value_text(struct value *value, const char *text)
{
	value->type = text ? VALUE_TEXT : VALUE_NULL;
	value->text = text;
	value->foreign = false;
}

void value_foreign(struct value *value, const char *text)
{
	value_text(value, text);
	value->foreign = true;
}

void value_count(struct value *value, uint64_t count)
{
	value->type = VALUE_COUNT;
	value->count = count;
}

void value_nonzero(struct value *value, uint64_t count)
{
	value_count(value, count);
	if (!count)
		value->type = VALUE_NULL;
}

void value_decimal(struct value *value, double decimal)
{
	value->type = VALUE_DECIMAL;
	value->decimal = decimal;
}

void value_bool(struct value *value, bool truth)
{
	value->type = VALUE_BOOL;
	value->truth = truth;
}

void value_reuse(struct value *value, enum reuse reuse)
{
	value_bool(value, reuse == REUSE_YES);
	if (reuse == REUSE_UNKNOWN)
		value->type = VALUE_NULL;
}

void value_addr(struct value *value, const uint8_t addr[static ADDR_LEN], bool wildcard)
{
	if (addr_is_any(addr) && !wildcard)
		value_text(value, NULL);
	else
		value_text(value, addr_format(addr, value->room));
}

void json_add_value(struct json *parent, const char *key, const struct value *value)
{
	switch (value->type) {
	case VALUE_NULL:
		json_add_null(parent, key);
		break;
	case VALUE_TEXT:
		json_add_text(parent, key, value->text);
		break;
	case VALUE_COUNT:
		json_add_u64(parent, key, value->count);
		break;
	case VALUE_DECIMAL:
		json_add_double(parent, key, value->decimal);
		break;
	case VALUE_BOOL:
		json_add_bool(parent, key, value->truth);
		break;
	}
}
