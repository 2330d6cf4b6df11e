// SPDX-License-Identifier: GPL-2.0-or-later
/* What two recordings differ in besides their figures, and the services that changed most. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/facts.h"
#include "base/text.h"
#include "sink/common.h"
#include "sink/compared.h"

#define SYSCTL "proc/sys/"
#define VALUE_LEN 256
/* Lengths that differ by more make a population differ by itself. */
#define LENGTH_PERCENT 10

static void add_caveat(struct caveats *caveats, const char *what, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void add_caveat(struct caveats *caveats, const char *what, const char *format, ...)
{
	va_list args;

	caveats->what[caveats->count] = what;
	va_start(args, format);
	vsnprintf(caveats->text[caveats->count++], CAVEAT_LEN, format, args);
	va_end(args);
}

/* Unless they are the same. */
static void add_pair(struct caveats *caveats, const char *what, const char *before,
		     const char *after)
{
	if (strcmp(before, after))
		add_caveat(caveats, what, "%s before, %s after", before[0] ? before : "unknown",
			   after[0] ? after : "unknown");
}

static void add_length(struct caveats *caveats, const struct compared *before,
		       const struct compared *after)
{
	uint64_t one = before->now_ns - before->ready_ns, two = after->now_ns - after->ready_ns;
	uint64_t more = one > two ? one : two, less = one > two ? two : one;
	char text[TEXT_LEN], other[TEXT_LEN];

	if ((more - less) * 100 > more * LENGTH_PERCENT)
		add_caveat(caveats, "length", "%s before, %s after", text_duration(one, text),
			   text_duration(two, other));
}

static void add_loss(struct caveats *caveats, const struct compared *before,
		     const struct compared *after)
{
	char text[TEXT_LEN], other[TEXT_LEN];

	if (before->lost || after->lost)
		add_caveat(caveats, "loss", "%s events lost before, %s after",
			   text_count(before->lost, text), text_count(after->lost, other));
}

static void add_unsteady(struct caveats *caveats, const struct compared *side, const char *word)
{
	struct unsteady unsteady;

	if (compare_unsteady(side->samples, &unsteady))
		add_caveat(caveats, "steady",
			   "%s is not: %s %.3g a second in its first half, %.3g in its second",
			   word, unsteady.name, unsteady.first, unsteady.second);
}

void comparison_caveats(const struct comparison *comparison, struct caveats *caveats)
{
	const struct compared *before = comparison->side[SIDE_BEFORE];
	const struct compared *after = comparison->side[SIDE_AFTER];

	caveats->count = 0;
	add_pair(caveats, "host", before->host, after->host);
	add_pair(caveats, "kernel", before->kernel, after->kernel);
	add_pair(caveats, "program", before->program, after->program);
	add_pair(caveats, "evidence", evidence_name(before->note.evidence),
		 evidence_name(after->note.evidence));
	add_pair(caveats, "filters", before->filters, after->filters);
	add_length(caveats, before, after);
	add_loss(caveats, before, after);
	add_unsteady(caveats, before, "before");
	add_unsteady(caveats, after, "after");
	if (before->damaged || after->damaged)
		add_caveat(caveats, "complete", "%s not complete",
			   before->damaged && after->damaged ? "neither is" :
			   before->damaged		     ? "before is" :
							       "after is");
}

/* Words with one blank between them: how a file is laid out is no setting. */
static const char *value_of(const char *facts, const char *name, char value[static VALUE_LEN])
{
	struct fact fact = facts_find(facts, name);
	size_t len = 0;

	if (!fact.text)
		return NULL;
	for (size_t i = 0; i < fact.len && len < VALUE_LEN - 1; i++) {
		bool blank = strchr(" \t\n", fact.text[i]) != NULL;

		if (!blank)
			value[len++] = fact.text[i];
		else if (len && value[len - 1] != ' ')
			value[len++] = ' ';
	}
	len -= len && value[len - 1] == ' ';
	value[len] = '\0';
	return value;
}

/* "proc/sys/net/ipv4/tcp_tw_reuse" as sysctl(8) names it. */
static void name_sysctl(const char *path, char name[static VALUE_LEN])
{
	snprintf(name, VALUE_LEN, "%s", path + strlen(SYSCTL));
	for (char *slash = name; (slash = strchr(slash, '/'));)
		*slash = '.';
}

/* Files among the settings that count something. */
static bool is_counter(const char *path)
{
	static const char *const counters[] = {
		SYSCTL "fs/file-nr",
		SYSCTL "net/netfilter/nf_conntrack_count",
	};

	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++)
		if (!strcmp(path, counters[i]))
			return true;
	return false;
}

/* The sysctls that @one names; those that both name are told of where @is_before. */
static void each_setting(const char *one, const char *before, const char *after, bool is_before,
			 const char *netns, setting_fn fn, void *ctx)
{
	char path[VALUE_LEN], name[VALUE_LEN], value[VALUE_LEN], other[VALUE_LEN];
	const char *left, *right;

	for (const char *at = one; *at; at = strchrnul(at, '\n'), at += *at == '\n') {
		if (at[0] != '@' || strncmp(at + 1, SYSCTL, strlen(SYSCTL)))
			continue;
		snprintf(path, sizeof(path), "%.*s", (int)strcspn(at + 1, "\n"), at + 1);
		if (is_counter(path))
			continue;
		left = value_of(before, path, value);
		right = value_of(after, path, other);
		if ((!is_before && left) || (left && right && !strcmp(left, right)))
			continue;
		name_sysctl(path, name);
		fn(ctx, netns, name, left, right);
	}
}

/* That of the same name; of those without a name the one in the same place. */
static const struct compared_facts *find_facts(const struct compared *compared,
					       const struct compared_facts *like, size_t place)
{
	size_t nameless = 0;

	for (size_t i = 0; i < compared->nr_facts; i++) {
		const struct compared_facts *facts = &compared->facts[i];

		if (like->name && facts->name && !strcmp(like->name, facts->name))
			return facts;
		if (!like->name && !facts->name && nameless++ == place)
			return facts;
	}
	return NULL;
}

void comparison_each_setting(const struct comparison *comparison, setting_fn fn, void *ctx)
{
	const struct compared *before = comparison->side[SIDE_BEFORE];
	size_t nameless = 0;

	for (size_t i = 0; i < before->nr_facts; i++) {
		const struct compared_facts *one = &before->facts[i];
		const struct compared_facts *two =
			find_facts(comparison->side[SIDE_AFTER], one, nameless);

		nameless += !one->name;
		if (!two || !one->text || !two->text)
			continue;
		each_setting(one->text, one->text, two->text, true, one->name, fn, ctx);
		each_setting(two->text, one->text, two->text, false, one->name, fn, ctx);
	}
}

static bool has_leak(const struct compared *compared, const struct compared_leak *leak)
{
	for (size_t i = 0; i < compared->nr_leaks; i++)
		if (compared->leaks[i].name && !strcmp(compared->leaks[i].name, leak->name))
			return true;
	return false;
}

void comparison_each_leak(const struct comparison *comparison, enum side side, leak_fn fn,
			  void *ctx)
{
	const struct compared *compared = comparison->side[side];

	for (size_t i = 0; i < compared->nr_leaks; i++)
		if (compared->leaks[i].name &&
		    !has_leak(comparison->side[!side], &compared->leaks[i]))
			fn(ctx, &compared->leaks[i]);
}

static int compare_weights(const void *left_item, const void *right_item)
{
	const struct figures *left = left_item, *right = right_item;
	double one = figures_weight(left), two = figures_weight(right);

	if (one != two)
		return one < two ? 1 : -1;
	return strcmp(left->service, right->service);
}

static void add_service(const struct comparison *comparison, const char *name,
			struct services_compared *services)
{
	const struct samples *const samples[] = { comparison->side[SIDE_BEFORE]->samples,
						  comparison->side[SIDE_AFTER]->samples };
	struct figures *figures = &services->items[services->count];

	compare_service(samples, name, figures);
	if (figures_weight(figures) > 0)
		services->count++;
	else
		services->same++;
}

int services_compare(const struct comparison *comparison, struct services_compared *services)
{
	const struct samples *before = comparison->side[SIDE_BEFORE]->samples;
	const struct samples *after = comparison->side[SIDE_AFTER]->samples;

	*services = (struct services_compared){ 0 };
	services->items =
		calloc(before->nr_services + after->nr_services + 1, sizeof(*services->items));
	if (!services->items)
		return -ENOMEM;
	for (uint32_t i = 0; i < before->nr_services; i++)
		add_service(comparison, before->services[i]->name, services);
	for (uint32_t i = 0; i < after->nr_services; i++)
		if (!samples_service(before, after->services[i]->name))
			add_service(comparison, after->services[i]->name, services);
	qsort(services->items, services->count, sizeof(*services->items), compare_weights);
	return 0;
}

void services_compared_release(struct services_compared *services)
{
	free(services->items);
	*services = (struct services_compared){ 0 };
}
