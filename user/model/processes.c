// SPDX-License-Identifier: GPL-2.0-or-later
/* Processes that hold sockets of verdicts: their descriptors, and what an interpreter runs. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "model/leaks.h"

#define SCRIPT_LEN 256
/* What was told is news for so long. */
#define FRESH_NS 500000000ULL

static struct process *find(struct leaks *leaks, uint32_t pid, uint32_t source)
{
	for (uint32_t i = 0; i < leaks->nr_processes; i++)
		if (leaks->processes[i].pid == pid && leaks->processes[i].source == source)
			return &leaks->processes[i];
	return NULL;
}

const struct process *processes_find(const struct leaks *leaks, uint32_t pid, uint32_t source)
{
	return find((struct leaks *)leaks, pid, source);
}

/* A free place, or that of the one told longest ago. */
static struct process *take(struct leaks *leaks)
{
	struct process *oldest = &leaks->processes[0];

	if (leaks->nr_processes < LEAK_PROCESSES)
		return &leaks->processes[leaks->nr_processes++];
	for (uint32_t i = 1; i < leaks->nr_processes; i++)
		if (leaks->processes[i].told_ns < oldest->told_ns)
			oldest = &leaks->processes[i];
	return oldest;
}

void processes_learn(struct model *model, const struct tw_process *record, unsigned int source)
{
	struct leaks *leaks = model->leaks;
	struct process *process;
	char clean[SCRIPT_LEN];

	if (!leaks)
		return;
	process = find(leaks, record->pid, source);
	if (!process)
		process = take(leaks);
	for (uint32_t i = 0; i < leaks->nr_wanted; i++)
		if (leaks->wanted[i] == record->pid)
			leaks->wanted[i--] = leaks->wanted[--leaks->nr_wanted];
	free(process->script);
	*process = (struct process){
		.told_ns = record->head.ts_ns,
		.fd_limit = record->fd_limit,
		.pid = record->pid,
		.source = source,
		.fds = record->fds,
	};
	if (record->text[0])
		process->script = strdup(
			text_clean(record->text, strlen(record->text), clean, sizeof(clean)));
}

void processes_want(struct model *model, uint32_t pid, uint32_t source)
{
	struct leaks *leaks = model->leaks;
	const struct process *process = find(leaks, pid, source);

	if (!pid || leaks->nr_wanted == LEAK_WANTED ||
	    (process && model->now_ns - process->told_ns < FRESH_NS))
		return;
	for (uint32_t i = 0; i < leaks->nr_wanted; i++)
		if (leaks->wanted[i] == pid)
			return;
	leaks->wanted[leaks->nr_wanted++] = pid;
}

size_t model_wants_processes(const struct model *model, uint32_t *pids, size_t room)
{
	size_t count = model->leaks ? model->leaks->nr_wanted : 0;

	if (count > room)
		count = room;
	if (count)
		memcpy(pids, model->leaks->wanted, count * sizeof(*pids));
	return count;
}
