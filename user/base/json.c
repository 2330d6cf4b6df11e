/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Builds and writes JSON documents with json-c, which no other file knows. */
#include "base/json.h"

#include <assert.h>
/* json-c has a type of the name of our constructor; only its tag is renamed here. */
#define json_object json_c_object
#include <json-c/json_object.h>
#undef json_object
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_TEXT_LEN 400	/* the largest double has 309 digits */

static struct json_c_object *from(const struct json *json)
{
	return (struct json_c_object *)json;
}

static struct json *to(struct json_c_object *object)
{
	return (struct json *)object;
}

struct json *json_object(void)
{
	return to(json_object_new_object());
}

struct json *json_array(void)
{
	return to(json_object_new_array());
}

void json_free(struct json *json)
{
	json_object_put(from(json));
}

void json_add(struct json *parent, const char *key, struct json *child)
{
	int ret;

	if (!parent) {	/* no memory for it */
		json_free(child);
		return;
	}
	if (json_object_is_type(from(parent), json_type_array)) {
		assert(!key);
		ret = json_object_array_add(from(parent), from(child));
	} else {
		assert(key && json_object_is_type(from(parent), json_type_object));
		ret = json_object_object_add(from(parent), key, from(child));
	}
	if (ret)
		json_free(child);
}

void json_add_u64(struct json *parent, const char *key, uint64_t value)
{
	json_add(parent, key, to(json_object_new_uint64(value)));
}

void json_add_i64(struct json *parent, const char *key, int64_t value)
{
	json_add(parent, key, to(json_object_new_int64(value)));
}

/*
 * Three decimals are what a reader wants of a rate or a percentile; a value so
 * small that they would make it 0 keeps three figures instead ("412e-9"). All
 * from integers, because printf's decimal point depends on the locale.
 */
static void format_double(double value, char *text, size_t size)
{
	const char *sign = signbit(value) ? "-" : "";
	double magnitude = fabs(value);
	unsigned long long thousandths;
	char decimals[4];
	int len;

	if (magnitude >= 1e15) {	/* a double has no decimals to show there */
		snprintf(text, size, "%.0f.0", value);
		return;
	}
	if (magnitude < 0.001 && magnitude > 0) {
		int exponent = 0;

		for (; magnitude < 100; exponent++)
			magnitude *= 10;
		snprintf(text, size, "%s%.0fe-%d", sign, magnitude, exponent);
		return;
	}
	thousandths = (unsigned long long)(magnitude * 1000 + 0.5);
	snprintf(decimals, sizeof(decimals), "%03u", (unsigned int)(thousandths % 1000));
	for (len = 3; len > 1 && decimals[len - 1] == '0'; len--)
		decimals[len - 1] = '\0';
	snprintf(text, size, "%s%llu.%s", thousandths ? sign : "", thousandths / 1000, decimals);
}

void json_add_double(struct json *parent, const char *key, double value)
{
	char text[NUMBER_TEXT_LEN];

	if (!isfinite(value)) {	/* JSON has no word for it */
		json_add_null(parent, key);
		return;
	}
	format_double(value, text, sizeof(text));
	json_add(parent, key, to(json_object_new_double_s(value, text)));
}

void json_add_bool(struct json *parent, const char *key, bool value)
{
	json_add(parent, key, to(json_object_new_boolean(value)));
}

void json_add_text(struct json *parent, const char *key, const char *text)
{
	json_add(parent, key, text ? to(json_object_new_string(text)) : NULL);
}

void json_add_null(struct json *parent, const char *key)
{
	json_add(parent, key, NULL);
}

void json_add_ready(struct json *parent, const char *key, char *text)
{
	struct json_c_object *object = text ? json_object_new_boolean(false) : NULL;

	if (object)
		json_object_set_serializer(object, json_object_userdata_to_json_string, text,
					   json_object_free_userdata);
	else
		free(text);
	json_add(parent, key, to(object));
}

/* json-c keeps the text inside the object, hence no const on its side; it belongs to the object. */
static void write_text(const struct json *json, FILE *file, int flags)
{
	const char *text = json_object_to_json_string_ext(from(json), flags);

	if (!text)
		return;
	fputs(text, file);
	fputc('\n', file);
}

void json_write_line(const struct json *json, FILE *file)
{
	write_text(json, file, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
}

void json_write_pretty(const struct json *json, FILE *file)
{
	write_text(json, file,
		   JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
			   JSON_C_TO_STRING_NOSLASHESCAPE);
}
