// SPDX-License-Identifier: GPL-2.0-or-later
/* Verdicts on leaks: how many, of which services. */
#include <stdlib.h>
#include <string.h>

#include "model/leak.h"
#include "sink/metrics_part.h"

#define MAX_LEAKS 50	/* so many services; the others are one, of each level and kind */
#define MAX_GROUPS (MAX_LEAKS + (LEVEL_LEAK + 1) * NR_LEAK_KINDS)

static const struct metric leak_verdicts = {
	.name = "twtrace_leak_verdicts",
	.type = METRIC_GAUGE,
	.help = "Verdicts on connections that are not let go, by level.",
};

static const struct metric leaks = {
	.name = "twtrace_leaks",
	.type = METRIC_GAUGE,
	.help = "The same by level, kind and service.",
};

static const struct metric leak_sockets = {
	.name = "twtrace_leak_sockets",
	.type = METRIC_GAUGE,
	.help = "Sockets that these verdicts are about.",
};

static const struct metric leak_exhaustion = {
	.name = "twtrace_leak_exhaustion_seconds",
	.type = METRIC_GAUGE,
	.unit = "seconds",
	.help = "Until the first process of them has no descriptor left, as all that leaks "
		"in it grows.",
};

struct leak_group {
	enum leak_level level;
	enum leak_kind kind;
	const char *service;	/* NULL: unknown */
	uint64_t verdicts, sockets;
	uint64_t exhausted_ns;	/* of the one that is nearest; 0: of none, or not known */
	char labels[LABELS_LEN];
};

struct leak_groups {
	struct leak_group of[MAX_GROUPS];
	size_t count;
};

static bool is_same(const char *one, const char *other)
{
	return one && other ? !strcmp(one, other) : one == other;
}

static struct leak_group *find_group(struct leak_groups *groups, const struct verdict *verdict,
				     const char *service)
{
	for (size_t i = 0; i < groups->count; i++) {
		struct leak_group *group = &groups->of[i];

		if (group->level == verdict->level && group->kind == verdict->kind &&
		    is_same(group->service, service))
			return group;
	}
	return NULL;
}

/* Verdicts come worst first, so that what has no room is the least. */
static struct leak_group *group_of(struct leak_groups *groups, const struct verdict *verdict)
{
	const char *service = verdict->service;
	struct leak_group *group = find_group(groups, verdict, service);
	struct labels labels = { 0 };

	if (!group && groups->count >= MAX_LEAKS) {
		service = LABEL_OTHER;
		group = find_group(groups, verdict, service);
	}
	if (group || groups->count == MAX_GROUPS)
		return group;
	labels_add(&labels, "level", leak_level_name(verdict->level));
	labels_add(&labels, "kind", leak_kind_name(verdict->kind));
	labels_add(&labels, "service", service);
	group = &groups->of[groups->count++];
	*group = (struct leak_group){
		.level = verdict->level,
		.kind = verdict->kind,
		.service = service,
	};
	memcpy(group->labels, labels.text, sizeof(group->labels));
	return group;
}

static void add_verdict(struct leak_groups *groups, const struct verdict *verdict)
{
	struct leak_group *group = group_of(groups, verdict);
	bool churn = verdict->kind == LEAK_TIME_WAIT_CHURN;

	if (!group)
		return;
	group->verdicts++;
	group->sockets += churn ? verdict->time_wait : verdict->count;
	if (verdict->exhausted_ns &&
	    (!group->exhausted_ns || verdict->exhausted_ns < group->exhausted_ns))
		group->exhausted_ns = verdict->exhausted_ns;
}

static void write_levels(const struct exposition *to, const struct verdict *verdicts, size_t count)
{
	uint64_t levels[LEVEL_LEAK + 1] = { 0 };

	for (size_t i = 0; i < count; i++)
		levels[verdicts[i].level]++;
	metric_begin(to, &leak_verdicts);
	for (unsigned int level = LEVEL_WATCH; level <= LEVEL_LEAK; level++) {
		struct labels labels = { 0 };

		labels_add(&labels, "level", leak_level_name(level));
		metric_u64(to, &leak_verdicts, labels.text, levels[level]);
	}
}

void metrics_leaks(const struct model *model, const struct exposition *to)
{
	const struct verdict *verdicts;
	size_t count = model_verdicts(model, &verdicts), i;
	struct leak_groups *groups = calloc(1, sizeof(*groups));

	write_levels(to, verdicts, count);
	for (i = 0; groups && i < count; i++)
		add_verdict(groups, &verdicts[i]);
	metric_begin(to, &leaks);
	for (i = 0; groups && i < groups->count; i++)
		metric_u64(to, &leaks, groups->of[i].labels, groups->of[i].verdicts);
	metric_begin(to, &leak_sockets);
	for (i = 0; groups && i < groups->count; i++)
		metric_u64(to, &leak_sockets, groups->of[i].labels, groups->of[i].sockets);
	metric_begin(to, &leak_exhaustion);
	for (i = 0; groups && i < groups->count; i++)
		if (groups->of[i].exhausted_ns)
			metric_seconds(to, &leak_exhaustion, groups->of[i].labels,
				       groups->of[i].exhausted_ns);
	free(groups);
}
