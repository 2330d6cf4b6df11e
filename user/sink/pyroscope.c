// SPDX-License-Identifier: GPL-2.0-or-later
/* The messages of push.proto. */
#include "sink/pyroscope.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "sink/push.pb-c.h"

#define UUID_LEN 37

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool pyroscope_is_label_name(const char *name)
{
	if (!is_letter(*name))
		return false;
	while (is_letter(*name) || (*name >= '0' && *name <= '9'))
		name++;
	return !*name;
}

static bool has_label(const struct pyroscope_label *labels, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(labels[i].name, name))
			return true;
	return false;
}

static int check_labels(const struct pyroscope_label *labels, size_t count, struct error *err)
{
	static const char *const needed[] = { "__name__", "service_name" };

	for (size_t i = 0; i < count; i++) {
		if (!pyroscope_is_label_name(labels[i].name))
			return error_set(err, -EINVAL,
					 "'%s' is no name of a label: letters, digits and _, and "
					 "no digit first",
					 labels[i].name);
		if (has_label(labels, i, labels[i].name))
			return error_set(err, -EINVAL, "the label '%s' is there twice",
					 labels[i].name);
	}
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (!has_label(labels, count, needed[i]))
			return error_set(err, -EINVAL, "the label '%s' is missing", needed[i]);
	return 0;
}

/* A random UUID (RFC 9562, version 4). 0 or -errno. */
static int make_uuid(char text[static UUID_LEN], struct error *err)
{
	uint8_t byte[16];

	if (getrandom(byte, sizeof(byte), 0) != sizeof(byte))
		return error_set(err, -errno, "no random number can be had: %s", strerror(errno));
	byte[6] = (byte[6] & 0x0f) | 0x40;
	byte[8] = (byte[8] & 0x3f) | 0x80;
	for (size_t i = 0; i < sizeof(byte); i++)
		text += sprintf(text, "%s%02x", i >= 4 && i <= 10 && !(i % 2) ? "-" : "", byte[i]);
	return 0;
}

/* @pairs and @list are as long as there are labels. 0 or -ENOMEM. */
static int pack(Push__V1__RawSample *sample, const struct pyroscope_label *labels, size_t count,
		Push__V1__LabelPair *pairs, Push__V1__LabelPair **list, unsigned char **body,
		size_t *body_len)
{
	Push__V1__RawProfileSeries series = PUSH__V1__RAW_PROFILE_SERIES__INIT;
	Push__V1__PushRequest request = PUSH__V1__PUSH_REQUEST__INIT;
	Push__V1__RawProfileSeries *all_series = &series;

	for (size_t i = 0; i < count; i++) {
		pairs[i] = (Push__V1__LabelPair)PUSH__V1__LABEL_PAIR__INIT;
		pairs[i].name = (char *)labels[i].name;
		pairs[i].value = (char *)labels[i].value;
		list[i] = &pairs[i];
	}
	series.n_labels = count;
	series.labels = list;
	series.n_samples = 1;
	series.samples = &sample;
	request.n_series = 1;
	request.series = &all_series;
	*body_len = push__v1__push_request__get_packed_size(&request);
	*body = malloc(*body_len);
	if (!*body)
		return -ENOMEM;
	push__v1__push_request__pack(&request, *body);
	return 0;
}

int pyroscope_body(const void *profile, size_t len, const struct pyroscope_label *labels,
		   size_t nr_labels, unsigned char **body, size_t *body_len, struct error *err)
{
	Push__V1__RawSample sample = PUSH__V1__RAW_SAMPLE__INIT;
	Push__V1__LabelPair *pairs, **list;
	char uuid[UUID_LEN];
	int ret = check_labels(labels, nr_labels, err);

	if (!ret)
		ret = make_uuid(uuid, err);
	if (ret)
		return ret;
	sample.raw_profile.data = (uint8_t *)profile;
	sample.raw_profile.len = len;
	sample.id = uuid;
	pairs = calloc(nr_labels, sizeof(*pairs));
	list = calloc(nr_labels, sizeof(struct Push__V1__LabelPair *));
	ret = pairs && list ? pack(&sample, labels, nr_labels, pairs, list, body, body_len) :
			      -ENOMEM;
	free(pairs);
	free(list);
	return ret ? error_set(err, ret, "no memory for a profile of %zu bytes", len) : 0;
}
