/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Builds and writes JSON documents with json-c, which no other file knows. */
#include "base/json.h"

#include <assert.h>
#include <errno.h>
/* json-c has a type of the name of our constructor; only its tag is renamed here. */
#define json_object json_c_object
#include <json-c/json_object.h>
#include <json-c/json_object_iterator.h>
#undef json_object
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/stream.h"

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

void json_spoil(struct json *json)
{
	/* its address is the mark; json-c keeps one word of its user's */
	if (json)
		json_object_set_userdata(from(json), (void *)json_spoil, NULL);
}

/* json-c knows null as no object at all. */
static void add(struct json *parent, const char *key, struct json_c_object *child)
{
	int ret;

	if (!parent) {	/* no memory for it */
		json_object_put(child);
		return;
	}
	if (json_object_is_type(from(parent), json_type_array)) {
		assert(!key);
		ret = json_object_array_add(from(parent), child);
	} else {
		assert(key && json_object_is_type(from(parent), json_type_object));
		ret = json_object_object_add(from(parent), key, child);
	}
	if (ret) {
		json_object_put(child);
		json_spoil(parent);
	}
}

/* @child is a new one: NULL if there was no memory. */
static void add_new(struct json *parent, const char *key, struct json_c_object *child)
{
	if (child)
		add(parent, key, child);
	else
		json_spoil(parent);
}

void json_add(struct json *parent, const char *key, struct json *child)
{
	add_new(parent, key, from(child));
}

void json_add_u64(struct json *parent, const char *key, uint64_t value)
{
	add_new(parent, key, json_object_new_uint64(value));
}

void json_add_i64(struct json *parent, const char *key, int64_t value)
{
	add_new(parent, key, json_object_new_int64(value));
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
	add_new(parent, key, json_object_new_double_s(value, text));
}

void json_add_bool(struct json *parent, const char *key, bool value)
{
	add_new(parent, key, json_object_new_boolean(value));
}

void json_add_text(struct json *parent, const char *key, const char *text)
{
	if (text)
		add_new(parent, key, json_object_new_string(text));
	else
		json_add_null(parent, key);
}

void json_add_null(struct json *parent, const char *key)
{
	add(parent, key, NULL);
}

void json_add_ready(struct json *parent, const char *key, char *text)
{
	struct json_c_object *object;

	if (!text) {
		json_add_null(parent, key);
		return;
	}
	object = json_object_new_boolean(false);
	if (object)
		json_object_set_serializer(object, json_object_userdata_to_json_string, text,
					   json_object_free_userdata);
	else
		free(text);
	add_new(parent, key, object);
}

/* Whether all that was to be in it is. */
static bool is_whole(struct json_c_object *object)
{
	bool array = json_object_is_type(object, json_type_array);
	struct json_object_iterator at, end;

	if (!array && !json_object_is_type(object, json_type_object))
		return true;
	if (json_object_get_userdata(object) == (void *)json_spoil)
		return false;
	for (size_t i = 0; array && i < json_object_array_length(object); i++)
		if (!is_whole(json_object_array_get_idx(object, i)))
			return false;
	if (array)
		return true;
	at = json_object_iter_begin(object);
	for (end = json_object_iter_end(object); !json_object_iter_equal(&at, &end);
	     json_object_iter_next(&at))
		if (!is_whole(json_object_iter_peek_value(&at)))
			return false;
	return true;
}

/*
 * json-c keeps the text inside the object, hence no const on its side; it belongs to the object.
 * Where it has no memory for all of the text it leaves pieces out and does not say so: realloc()
 * does, by errno.
 */
static void write_text(const struct json *json, FILE *file, int flags)
{
	const char *text = NULL;

	errno = 0;
	if (json && is_whole(from(json)))
		text = json_object_to_json_string_ext(from(json), flags);
	if (!text || errno == ENOMEM) {
		stream_fail(file, ENOMEM);
		return;
	}
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
