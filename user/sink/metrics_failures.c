// SPDX-License-Identifier: GPL-2.0-or-later
/* What failed, by errno and service; what a full queue turned away. */
#include <stdlib.h>
#include <string.h>

#include "base/facts.h"
#include "base/text.h"
#include "model/ports.h"
#include "sink/metrics_part.h"

static const struct metric failures_metric = {
	.name = "twtrace_failures_total",
	.type = METRIC_COUNTER,
	.help = "connect(), bind() and listen() that failed, by errno.",
};

struct failure_list {
	const struct failure *failures;
	size_t count;
};

/* A name as a number: FNV-1a of 64 bits. */
static uint64_t name_number(const char *name)
{
	uint64_t hash = 0xcbf29ce484222325ULL;

	for (; name && *name; name++)
		hash = (hash ^ (unsigned char)*name) * 0x100000001b3ULL;
	return hash;
}

/* Kind, errno and service in the place of a row's key. */
static struct row_key failure_key(const struct failure *failure)
{
	uint64_t service = name_number(failure->service);
	struct row_key key = { .port = (uint16_t)failure->error };

	key.remote_addr[0] = failure->kind;
	memcpy(&key.remote_addr[8], &service, sizeof(service));
	return key;
}

static char *failure_labels(const void *ctx, const struct row_key *key)
{
	const struct failure_list *list = ctx;
	struct labels labels = { 0 };

	for (size_t i = 0; i < list->count; i++) {
		const struct failure *failure = &list->failures[i];
		struct row_key like = failure_key(failure);

		if (!row_key_equal(&like, key))
			continue;
		if (failure->service && !strcmp(failure->service, LABEL_OTHER))
			return NULL;
		labels_add(&labels, "kind", failure_kind_name(failure->kind));
		labels_add(&labels, "error", text_errno(failure->error));
		labels_add(&labels, "service", failure->service);
		return strdup(labels.text);
	}
	return NULL;
}

static void add_failures(struct shelf *shelf, const struct failure_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		uint64_t count[NR_FIELDS] = { [FIELD_FAILED] = list->failures[i].count };
		struct row_key key = failure_key(&list->failures[i]);

		shelf_add(shelf, &key, count);
	}
}

static void gather_failures(struct shelf *shelf, const struct model *model)
{
	uint64_t total[NR_FIELDS] = { [FIELD_FAILED] = model_failures_left_out(model) };
	struct failure_list list;

	list.count = model_failures(model, &list.failures);
	for (size_t i = 0; i < list.count; i++)
		total[FIELD_FAILED] += list.failures[i].count;
	shelf_begin(shelf);
	add_failures(shelf, &list);
	if (shelf_admit(shelf, failure_labels, &list))
		add_failures(shelf, &list);
	shelf_settle(shelf, total, false);
}

static const struct metric overflows_metric = {
	.name = "twtrace_listen_overflows_total",
	.type = METRIC_COUNTER,
	.help = "Connections that found the accept queue of their listener full while traced, as the "
		"kernel counts them (ListenOverflows).",
};

/* Of all namespaces since their files were told first; false: of none they are known. */
static bool count_overflows(const struct model *model, uint64_t *count)
{
	const struct netns_facts *facts;
	size_t nr = model_facts(model, &facts);
	uint64_t first, last;
	bool known = false;

	*count = 0;
	for (size_t i = 0; i < nr; i++) {
		if (facts_counter(facts[i].first, "TcpExt", "ListenOverflows", &first) ||
		    facts_counter(facts[i].last, "TcpExt", "ListenOverflows", &last))
			continue;
		known = true;
		*count += last > first ? last - first : 0;
	}
	return known;
}

static void write_overflows(struct metrics *metrics, const struct model *model,
			    const struct exposition *to)
{
	uint64_t now;

	metric_begin(to, &overflows_metric);
	if (!count_overflows(model, &now))
		return;
	/* the files of a namespace that has ended give way to others' */
	if (now > metrics->last_overflows)
		metrics->overflows += now - metrics->last_overflows;
	metrics->last_overflows = now;
	metric_u64(to, &overflows_metric, NULL, metrics->overflows);
}

void metrics_failures(struct metrics *metrics, const struct model *model,
		      const struct exposition *to)
{
	static const char other[] = "kind=\"" LABEL_OTHER "\",error=\"" LABEL_OTHER
				    "\",service=\"" LABEL_OTHER "\"";
	struct shelf *shelf = &metrics->failures;

	write_overflows(metrics, model, to);
	metric_begin(to, &failures_metric);
	if (!model_ready_ns(model))
		return;
	gather_failures(shelf, model);
	for (uint32_t i = 0; i < shelf->count; i++)
		metric_u64(to, &failures_metric,
			   i == SHELF_OTHER ? other : shelf->entries[i].labels,
			   shelf->entries[i].shown[FIELD_FAILED]);
}
