// SPDX-License-Identifier: GPL-2.0-or-later
/* From what was seen to what is replayed, and from the runs to one result. */
#include "model/whatif.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/budgets.h"
#include "model/whatif_kin.h"
#include "model/whatif_run.h"

#define NONE UINT32_MAX

/* Owned parts of an input. */
struct parts {
	uint32_t *order, *netns_of;
	struct whatif_netns *netns;
	struct kin_table kin;
};

static void release_parts(struct parts *parts, uint32_t nr_netns)
{
	for (uint32_t i = 0; parts->netns && i < nr_netns; i++)
		free(parts->netns[i].listeners);
	free(parts->order);
	free(parts->netns_of);
	free(parts->netns);
	kin_table_release(&parts->kin);
}

static int compare_starts(const void *a, const void *b, void *ctx)
{
	const struct attempt *items = ctx;
	uint32_t one = *(const uint32_t *)a, other = *(const uint32_t *)b;
	uint64_t one_ns = items[one].start_ns, other_ns = items[other].start_ns;

	if (one_ns != other_ns)
		return one_ns < other_ns ? -1 : 1;
	return one < other ? -1 : one > other;
}

static int sort_by_start(struct whatif_input *input, struct parts *parts)
{
	parts->order = malloc(input->count * sizeof(*parts->order));
	if (!parts->order)
		return -ENOMEM;
	for (uint32_t i = 0; i < input->count; i++)
		parts->order[i] = i;
	qsort_r(parts->order, input->count, sizeof(*parts->order), compare_starts,
		(void *)input->attempts);
	input->order = parts->order;
	return 0;
}

/* A dump tells the range where no files are told. */
static unsigned int read_settings(const struct model *model, struct whatif_netns *netns)
{
	const struct netns_facts *facts;
	const struct port_settings *dumped = NULL;
	size_t count = model_facts(model, &facts);
	const char *text = NULL;
	unsigned int assumed;

	for (size_t i = 0; i < count; i++)
		if (facts[i].netns_cookie == netns->cookie && facts[i].source == netns->source)
			text = facts[i].last;
	assumed = whatif_settings_read(&netns->settings, text);
	if (model->budgets)
		dumped = port_settings_of(&model->budgets->settings, netns->cookie, netns->source);
	if (!(assumed & ASSUMED_RANGE) || !dumped || !dumped->low)
		return assumed;
	netns->settings.low = dumped->low;
	netns->settings.high = dumped->high;
	return assumed & ~(unsigned int)ASSUMED_RANGE;
}

/* Ports that are listened on are nobody else's, nor is one that only a listener's child has. */
static int find_listeners(const struct model *model, struct whatif_netns *netns)
{
	uint32_t id;

	netns->listeners = calloc(model->conns.count + 1, sizeof(*netns->listeners));
	if (!netns->listeners)
		return -ENOMEM;
	for (id = pool_next(&model->conns, 0); id != POOL_NONE;
	     id = pool_next(&model->conns, id + 1)) {
		const struct conn *conn = conn_at(model, id);

		if (conn->phase == PHASE_FULL && conn->state == TW_LISTEN &&
		    conn->source == netns->source &&
		    netns_at(model, conn->netns)->cookie == netns->cookie)
			netns->listeners[netns->nr_listeners++] = conn->local_port;
	}
	return 0;
}

static int find_netns(const struct model *model, struct whatif_input *input, struct parts *parts,
		      struct whatif_result *result)
{
	parts->netns = calloc(input->nr_paths, sizeof(*parts->netns));
	parts->netns_of = calloc(input->nr_paths, sizeof(*parts->netns_of));
	if (!parts->netns || !parts->netns_of)
		return -ENOMEM;
	input->netns = parts->netns;
	input->netns_of = parts->netns_of;
	for (uint32_t path = 0; path < input->nr_paths; path++) {
		const struct attempt_path *of = &input->paths[path];
		struct whatif_netns *netns = parts->netns, *end = netns + input->nr_netns;

		while (netns < end &&
		       (netns->cookie != of->netns_cookie || netns->source != of->source))
			netns++;
		parts->netns_of[path] = netns - parts->netns;
		if (netns < end)
			continue;
		input->nr_netns++;
		netns->cookie = of->netns_cookie;
		netns->source = of->source;
		result->assumed |= read_settings(model, netns);
		if (find_listeners(model, netns))
			return -ENOMEM;
	}
	return 0;
}

static const char *netns_name(const struct model *model, const struct attempt_path *path)
{
	uint32_t id;

	for (id = pool_next(&model->netns, 0); id != POOL_NONE;
	     id = pool_next(&model->netns, id + 1))
		if (netns_at(model, id)->cookie == path->netns_cookie &&
		    netns_at(model, id)->source == path->source)
			return netns_at(model, id)->name;
	return NULL;
}

static int name_paths(const struct model *model, const struct whatif_input *input,
		      const struct kin_table *kin, struct whatif_result *result)
{
	uint32_t *most = calloc(input->nr_paths, sizeof(*most));

	result->paths = calloc(input->nr_paths, sizeof(*result->paths));
	result->nr_paths = input->nr_paths;
	if (!result->paths || !most) {
		free(most);
		return -ENOMEM;
	}
	for (uint32_t path = 0; path < input->nr_paths; path++) {
		result->paths[path].path = input->paths[path];
		result->paths[path].netns_name = netns_name(model, &input->paths[path]);
	}
	for (uint32_t i = 0; i < kin->count; i++) {
		const struct kin_row *row = &kin->rows[i];

		if (row->asked <= most[row->path])
			continue;
		most[row->path] = row->asked;
		result->paths[row->path].service = model_service_name(model, row->service);
	}
	free(most);
	return 0;
}

static int run_all(const struct whatif_input *input, const struct whatif_changes *changes,
		   struct whatif_result *result)
{
	static const struct whatif_changes none;
	const struct whatif_changes *of_run[NR_WHATIF_RUNS] = { NULL, &none, changes };
	struct whatif_use *uses = calloc(input->nr_paths, sizeof(*uses));
	int err = uses ? 0 : -ENOMEM;

	result->changed = changes && memcmp(changes, &none, sizeof(none));
	for (unsigned int run = 0; !err && run < (result->changed ? NR_WHATIF_RUNS : RUN_CHANGED);
	     run++) {
		struct whatif_yield yield = { .uses = uses, .samples = result->in_use[run] };

		err = whatif_replay(input, of_run[run], &yield);
		result->total[run] = yield.total;
		for (uint32_t path = 0; path < input->nr_paths; path++)
			result->paths[path].use[run] = uses[path];
	}
	free(uses);
	return err;
}

static int compare_paths(const void *a, const void *b)
{
	const struct whatif_use *one = ((const struct whatif_path *)a)->use;
	const struct whatif_use *other = ((const struct whatif_path *)b)->use;

	if (one[RUN_OBSERVED].failures != other[RUN_OBSERVED].failures)
		return one[RUN_OBSERVED].failures > other[RUN_OBSERVED].failures ? -1 : 1;
	if (one[RUN_OBSERVED].peak != other[RUN_OBSERVED].peak)
		return one[RUN_OBSERVED].peak > other[RUN_OBSERVED].peak ? -1 : 1;
	return memcmp(&((const struct whatif_path *)a)->path,
		      &((const struct whatif_path *)b)->path, sizeof(struct attempt_path));
}

static int replay(const struct model *model, const struct whatif_changes *changes,
		  struct whatif_input *input, struct parts *parts, struct whatif_result *result)
{
	int err = sort_by_start(input, parts);

	if (!err)
		err = kin_table_fill(&parts->kin, input);
	if (!err)
		err = find_netns(model, input, parts, result);
	if (!err)
		err = name_paths(model, input, &parts->kin, result);
	input->wheel = model->fed == 1 && model->wheel[0].known ?
			       model->wheel[0] :
			       wheel_of(input->attempts, input->count);
	if (!err)
		err = run_all(input, changes, result);
	if (!err)
		qsort(result->paths, result->nr_paths, sizeof(*result->paths), compare_paths);
	return err;
}

/* A program that gets no port from bind() does not come as far as connect(). */
static uint64_t count_failed_binds(const struct model *model)
{
	const struct failure *failures;
	size_t count = model_failures(model, &failures);
	uint64_t failed = 0;

	for (size_t i = 0; i < count; i++)
		if (failures[i].kind == FAILURE_BIND && failures[i].error == EADDRINUSE &&
		    !failures[i].local_port)
			failed += failures[i].count;
	return failed;
}

int model_what_if(const struct model *model, const struct whatif_changes *changes,
		  struct whatif_result *result)
{
	const struct attempts *attempts = model->attempts;
	struct whatif_input input = { .from_ns = model->ready_ns, .to_ns = model->now_ns };
	struct parts parts = { 0 };
	int err;

	*result = (struct whatif_result){ 0 };
	if (!attempts)
		return -EINVAL;
	if (!attempts->count)
		return -ENODATA;
	input.attempts = attempts->items;
	input.count = attempts->count;
	input.paths = attempts->paths;
	input.nr_paths = attempts->nr_paths;
	if (attempts->until_ns)
		input.to_ns = attempts->until_ns;
	result->from_ns = input.from_ns;
	result->to_ns = input.to_ns;
	result->left_out = attempts->left_out;
	result->told_in_sum = model->loss[TW_LOSS_SPILLED];
	result->binds_failed = count_failed_binds(model);
	for (size_t i = 0; i < attempts->count; i++) {
		result->attempts += attempts->items[i].start_ns != 0;
		result->stock += attempts->items[i].start_ns == 0;
	}
	err = replay(model, changes, &input, &parts, result);
	release_parts(&parts, input.nr_netns);
	if (err)
		whatif_result_release(result);
	return err;
}

void whatif_result_release(struct whatif_result *result)
{
	free(result->paths);
	*result = (struct whatif_result){ 0 };
}
