// SPDX-License-Identifier: GPL-2.0-or-later
/* Names, labels and values as Prometheus and OpenMetrics write them. */
#include "sink/metrics_text.h"

#include <inttypes.h>
#include <string.h>

#include "sink/common.h"

#define TOTAL "_total"
#define INFO "_info"

/* Of a name without its ending, where it has it. */
static int length_without(const char *name, const char *ending)
{
	size_t len = strlen(name), end = strlen(ending);

	return (int)(len > end && !strcmp(name + len - end, ending) ? len - end : len);
}

/* What HELP and TYPE call the family. */
static int family_len(const struct exposition *to, const struct metric *metric)
{
	if (to->format == METRICS_OPENMETRICS && metric->type == METRIC_COUNTER)
		return length_without(metric->name, TOTAL);
	if (to->format == METRICS_OPENMETRICS && metric->type == METRIC_INFO)
		return length_without(metric->name, INFO);
	return (int)strlen(metric->name);
}

static const char *type_name(const struct exposition *to, enum metric_type type)
{
	static const char *const names[NR_METRIC_TYPES] = {
		[METRIC_COUNTER] = "counter",
		[METRIC_GAUGE] = "gauge",
		[METRIC_HISTOGRAM] = "histogram",
		[METRIC_INFO] = "info",
	};

	/* 0.0.4 knows no info */
	return names[type == METRIC_INFO && to->format == METRICS_TEXT ? METRIC_GAUGE : type];
}

void metric_begin(const struct exposition *to, const struct metric *metric)
{
	int len = family_len(to, metric);

	fprintf(to->out, "# HELP %.*s %s\n# TYPE %.*s %s\n", len, metric->name, metric->help, len,
		metric->name, type_name(to, metric->type));
	if (to->format == METRICS_OPENMETRICS && metric->unit)
		fprintf(to->out, "# UNIT %.*s %s\n", len, metric->name, metric->unit);
}

static void print_name(const struct exposition *to, const struct metric *metric, const char *labels)
{
	if (labels && *labels)
		fprintf(to->out, "%s{%s} ", metric->name, labels);
	else
		fprintf(to->out, "%s ", metric->name);
}

void metric_u64(const struct exposition *to, const struct metric *metric, const char *labels,
		uint64_t value)
{
	print_name(to, metric, labels);
	fprintf(to->out, "%" PRIu64 "\n", value);
}

void metric_double(const struct exposition *to, const struct metric *metric, const char *labels,
		   double value)
{
	print_name(to, metric, labels);
	fprintf(to->out, "%.9g\n", value);
}

void metric_seconds(const struct exposition *to, const struct metric *metric, const char *labels,
		    uint64_t ns)
{
	print_name(to, metric, labels);
	fprintf(to->out, "%" PRIu64 ".%09" PRIu64 "\n", (uint64_t)(ns / NS_PER_SECOND),
		(uint64_t)(ns % NS_PER_SECOND));
}

void metric_histogram(const struct exposition *to, const struct metric *metric,
		      const struct histogram *histogram, const struct metric_bucket *buckets,
		      size_t count)
{
	for (size_t i = 0; i < count; i++)
		fprintf(to->out, "%s_bucket{le=\"%s\"} %" PRIu64 "\n", metric->name, buckets[i].le,
			histogram_at_most(histogram, buckets[i].ns));
	fprintf(to->out, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", metric->name, histogram->count);
	fprintf(to->out, "%s_sum %.9g\n", metric->name,
		histogram_sum_ns(histogram) / NS_PER_SECOND);
	fprintf(to->out, "%s_count %" PRIu64 "\n", metric->name, histogram->count);
}

/* One character as it stands between quotes; its length. */
static size_t escape(char byte, char text[static 2])
{
	text[0] = '\\';
	text[1] = byte == '\n' ? 'n' : byte;
	if (byte == '\\' || byte == '"' || byte == '\n')
		return 2;
	text[0] = byte;
	return 1;
}

static bool is_inside_character(char byte)
{
	return ((unsigned char)byte & 0xc0) == 0x80;
}

void labels_add(struct labels *labels, const char *name, const char *value)
{
	size_t room = sizeof(labels->text) - sizeof("\""), start = labels->len, begin;
	char escaped[2];
	int len = snprintf(labels->text + start, sizeof(labels->text) - start, "%s%s=\"",
			   start ? "," : "", name);

	if (len < 0 || start + len > room) {
		labels->text[start] = '\0';
		return;
	}
	labels->len = begin = start + len;
	for (; value && *value; value++) {
		size_t wide = escape(*value, escaped);

		if (labels->len + wide > room) {
			/* the rest of a character that did not fit is not shown either */
			while (labels->len > begin && is_inside_character(*value))
				value = &labels->text[--labels->len];
			break;
		}
		memcpy(labels->text + labels->len, escaped, wide);
		labels->len += wide;
	}
	labels->text[labels->len++] = '"';
	labels->text[labels->len] = '\0';
}
