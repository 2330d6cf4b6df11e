// SPDX-License-Identifier: GPL-2.0-or-later
/* The replay itself: who connects when, to where, and whether there is a port. */
#include "model/whatif_run.h"

#include <errno.h>
#include <stdlib.h>

#include "model/event.h"
#include "model/whatif_job.h"

#define NONE UINT32_MAX

/* When its full socket ends, as far as it is known; UINT64_MAX: not in the window. */
static uint64_t close_of(const struct whatif_input *input, uint32_t id)
{
	const struct attempt *attempt = &input->attempts[id];

	if (attempt->outcome == ATTEMPT_NO_PORT)
		return attempt->start_ns + input->kin[input->kin_of[id]].life_ns;
	return attempt->close_ns ? attempt->close_ns : UINT64_MAX;
}

static uint8_t closer_of(const struct run *run, uint32_t id)
{
	const struct attempt *attempt = &run->input->attempts[id];
	uint8_t close = attempt->close;

	if (attempt->outcome == ATTEMPT_NO_PORT)
		close = run->input->kin[run->input->kin_of[id]].close;
	/* what was reset has no minisock on either side */
	if (run->changes && run->changes->set & CHANGE_CLOSE_FIRST && attempt->start_ns &&
	    (close == CLOSE_BY_US || close == CLOSE_BY_PEER))
		close = run->changes->server_first ? CLOSE_BY_PEER : CLOSE_BY_US;
	return close;
}

/* The requests that come next share its connection, which lasts as long as any of them. */
static uint64_t carry(struct run *run, uint32_t id)
{
	uint32_t left = run->changes ? run->changes->keepalive : 0, next = id;
	uint64_t close_ns = close_of(run->input, id);

	while (left > 1 && (next = run->input->next[next]) != NONE) {
		uint64_t also_ns = close_of(run->input, next);

		close_ns = also_ns > close_ns ? also_ns : close_ns;
		run->jobs[next].state = JOB_CARRIED;
		run->jobs[id].close = closer_of(run, next);
		left--;
	}
	return close_ns;
}

/* Somebody else's minisock may be in the way, or rather not any more. */
static bool take_over(struct run *run, const struct job *job, uint64_t ns)
{
	uint32_t other = job_find(run, job->space, job->port);

	if (other == NONE)
		return true;
	if (run->jobs[other].state == JOB_OPEN)
		return false;
	job_leave_port(run, other, ns);
	return true;
}

/* bind() before connect(): the port that it had, or, where that is taken, any. */
static bool choose_bound(struct run *run, uint32_t id, uint64_t ns)
{
	const struct attempt *attempt = &run->input->attempts[id];
	const struct port_range *range = &run_netns_of(run, attempt->path)->range;
	struct job *job = &run->jobs[id];

	job->binds = true;
	job->port = attempt->port;
	/* what it takes over itself is not in its way (tcp_twsk_unique() without a twp) */
	if (job->port && take_over(run, job, ns) && port_range_is_idle(range, job->port))
		return true;
	job->port = port_range_find_idle(range, run_random(run));
	return job->port != 0;
}

/* Whoever had it has it no more, though word of that may have come later (polling). */
static void succeed(struct run *run, const struct job *job, uint64_t ns)
{
	uint32_t other = job->port ? job_find(run, job->space, job->port) : NONE;

	if (other != NONE)
		job_leave_port(run, other, ns);
}

static bool choose(struct run *run, uint32_t id, uint64_t ns)
{
	const struct attempt *attempt = &run->input->attempts[id];
	struct job *job = &run->jobs[id];
	struct port_space *space;

	if (!run->changes) {
		job->binds = attempt->bound;
		job->port = attempt->port;
		if (attempt->outcome == ATTEMPT_NO_PORT)
			return false;
		succeed(run, job, ns);
		return true;
	}
	job->space += run->turns[attempt->path]++ % run->spread;
	if (attempt->bound && !run->changes->bind_no_port)
		return choose_bound(run, id, ns);
	space = run_space(run, job->space, attempt->path);
	if (!space)
		return false;
	job->port =
		port_space_choose(space, &run_netns_of(run, attempt->path)->range, run_random(run));
	return job->port && take_over(run, job, ns);
}

static void begin(struct run *run, uint32_t id)
{
	const struct attempt *attempt = &run->input->attempts[id];
	struct job *job = &run->jobs[id];
	bool found;

	if (job->state == JOB_CARRIED)
		return;
	job->space = attempt->path * run->spread;
	job->close = closer_of(run, id);
	if (!attempt->start_ns) {
		job->port = attempt->port;
		job_take_port(run, id, run->input->from_ns);
		job_plan(run, id, close_of(run->input, id));
		return;
	}
	found = choose(run, id, attempt->start_ns);
	meter_connect(&run->meter, attempt->path, found, attempt->start_ns);
	if (!found)
		return;
	job_take_port(run, id, attempt->start_ns);
	job_plan(run, id, carry(run, id));
}

static void play(struct run *run)
{
	const struct whatif_input *input = run->input;
	struct due due;

	for (size_t i = 0; i < input->count && !run->failed; i++) {
		uint32_t id = input->order[i];
		uint64_t start_ns = input->attempts[id].start_ns;

		while (!run->failed &&
		       agenda_take(&run->agenda, start_ns ? start_ns : input->from_ns, &due))
			job_come_due(run, &due);
		begin(run, id);
	}
	while (!run->failed && agenda_take(&run->agenda, input->to_ns, &due))
		job_come_due(run, &due);
}

static int init_netns(struct run *run)
{
	const struct whatif_input *input = run->input;

	for (uint32_t i = 0; i < input->nr_netns; i++) {
		const struct whatif_netns *from = &input->netns[i];
		struct run_netns *netns = &run->netns[i];

		netns->settings = from->settings;
		if (run->changes)
			whatif_changes_apply(run->changes, &netns->settings);
		if (port_range_init(&netns->range, netns->settings.low, netns->settings.high,
				    &netns->settings.reserved))
			return -ENOMEM;
		for (uint32_t at = 0; at < from->nr_listeners; at++)
			port_range_block(&netns->range, from->listeners[at]);
	}
	return 0;
}

static uint32_t at_least_one(uint32_t count)
{
	return count ? count : 1;
}

static int init(struct run *run)
{
	const struct whatif_input *input = run->input;
	uint64_t nr_spaces;

	run->spread = 1;
	if (run->changes)
		run->spread = at_least_one(run->changes->destinations) *
			      at_least_one(run->changes->sources);
	nr_spaces = (uint64_t)input->nr_paths * run->spread;
	run->jobs = calloc(input->count, sizeof(*run->jobs));
	run->netns = calloc(input->nr_netns, sizeof(*run->netns));
	run->spaces = nr_spaces < UINT32_MAX ? calloc(nr_spaces, sizeof(*run->spaces)) : NULL;
	run->turns = calloc(input->nr_paths, sizeof(*run->turns));
	run->binds = calloc(input->nr_paths, sizeof(*run->binds));
	if (!run->jobs || !run->netns || !run->spaces || !run->turns || !run->binds)
		return -ENOMEM;
	return init_netns(run);
}

static void release(struct run *run)
{
	uint64_t nr_spaces = (uint64_t)run->input->nr_paths * run->spread;

	for (uint64_t i = 0; run->spaces && i < nr_spaces; i++)
		port_space_release(&run->spaces[i]);
	for (uint32_t i = 0; run->netns && i < run->input->nr_netns; i++)
		port_range_release(&run->netns[i].range);
	free(run->jobs);
	free(run->netns);
	free(run->spaces);
	free(run->turns);
	free(run->binds);
	index_release(&run->by_port);
	agenda_release(&run->agenda);
	meter_release(&run->meter);
}

int whatif_replay(const struct whatif_input *input, const struct whatif_changes *changes,
		  struct whatif_yield *yield)
{
	struct run run = { .input = input, .changes = changes };
	int err = index_init(&run.by_port);

	if (!err)
		err = meter_init(&run.meter, input, yield->samples);
	if (!err)
		err = init(&run);
	if (!err) {
		play(&run);
		err = run.failed ? -ENOMEM : 0;
	}
	if (!err)
		meter_finish(&run.meter, yield);
	release(&run);
	return err;
}
