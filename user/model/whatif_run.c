// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The replay itself. Every attempt is a job: it finds a port or fails, lives, and leaves a
 * minisock, which holds the port until its time is over or a connect() takes it over.
 */
#include "model/whatif_run.h"

#include <errno.h>
#include <stdlib.h>

#include "base/addr.h"
#include "model/agenda.h"
#include "model/event.h"
#include "model/ledger.h"
#include "model/whatif_meter.h"

#define NONE UINT32_MAX
#define ALL_OF_IT UINT32_MAX
#define MS_NS 1000000ULL
#define SECOND_NS (1000 * MS_NS)

enum job_state {
	JOB_NONE,		/* not begun, or failed */
	JOB_CARRIED,		/* a request over another one's connection */
	JOB_OPEN,
	JOB_FIN_WAIT2,		/* a minisock that nobody may take over */
	JOB_TIME_WAIT,
	JOB_FOR_TAKING,		/* a TIME_WAIT that connect() may take over */
	JOB_OVER,
};

struct job {
	uint64_t due_ns;	/* what is next of it; others that the agenda has are outdated */
	uint64_t end_ns;	/* of a TIME_WAIT */
	uint32_t space;		/* number in run->spaces */
	uint16_t port;
	uint8_t state;
	uint8_t close : 3;	/* enum attempt_close */
	uint8_t binds : 1;	/* its port is blocked for every destination */
};

/* A namespace while it is replayed. */
struct run_netns {
	struct whatif_settings settings;
	struct port_range range;
	uint32_t minisocks;
};

struct run {
	const struct whatif_input *input;
	const struct whatif_changes *changes; /* NULL: as it was, ports and times are known */
	struct job *jobs;	/* owned, one an attempt */
	struct run_netns *netns; /* owned */
	struct port_space *spaces; /* owned: by path, then by destination and source */
	uint32_t *turns;	/* owned, by path: whose turn it is among those */
	uint32_t *binds;	/* owned, by path: ports that it has by explicit binds */
	uint32_t spread;	/* destinations times sources */
	struct index by_port;	/* jobs that have a port towards a destination */
	struct agenda agenda;
	struct meter meter;
	uint64_t random;
	bool failed;		/* no memory */
};

struct port_key {
	uint32_t space;
	uint16_t port;
};

static struct run_netns *netns_of(const struct run *run, uint32_t path)
{
	return &run->netns[run->input->netns_of[path]];
}

static struct port_space *space_at(struct run *run, uint32_t id, uint32_t path)
{
	struct port_space *space = &run->spaces[id];

	/* where a search begins is the kernel's secret: any place will do, but always the same */
	if (!space->may[0] &&
	    port_space_init(space, &netns_of(run, path)->range, hash_u64(id) & 0xffff))
		run->failed = true;
	return run->failed ? NULL : space;
}

static bool port_equal(const void *ctx, uint32_t id, const void *key)
{
	const struct job *job = &((const struct run *)ctx)->jobs[id];
	const struct port_key *want = key;

	return job->space == want->space && job->port == want->port;
}

static uint32_t port_hash(uint32_t space, uint16_t port)
{
	return hash_u64((uint64_t)space << 16 | port);
}

static uint32_t find_job(const struct run *run, uint32_t space, uint16_t port)
{
	struct port_key key = { space, port };

	return index_find(&run->by_port, port_hash(space, port), port_equal, run, &key);
}

static uint32_t next_random(struct run *run)
{
	run->random += 0x9e3779b97f4a7c15ULL;
	return (uint32_t)hash_mix(run->random);
}

static void plan(struct run *run, uint32_t id, uint64_t due_ns)
{
	run->jobs[id].due_ns = due_ns;
	if (due_ns <= run->input->to_ns && agenda_add(&run->agenda, due_ns, id))
		run->failed = true;
}

/* What connect() may choose from, and what this path has for itself by an explicit bind. */
static uint32_t capacity(const struct run *run, uint32_t path)
{
	return netns_of(run, path)->range.open * run->spread + run->binds[path];
}

static void move(struct run *run, uint32_t id, uint64_t ns, int ports, int minisocks)
{
	uint32_t path = run->input->attempts[id].path;

	netns_of(run, path)->minisocks += minisocks;
	meter_move(&run->meter, path, ns, ports, minisocks, capacity(run, path));
}

static void take_port(struct run *run, uint32_t id, uint64_t ns)
{
	uint32_t path = run->input->attempts[id].path;
	struct port_range *range = &netns_of(run, path)->range;
	struct job *job = &run->jobs[id];
	struct port_space *space = space_at(run, job->space, path);

	if (!space || index_insert(&run->by_port, port_hash(job->space, job->port), id)) {
		run->failed = true;
		return;
	}
	job->state = JOB_OPEN;
	port_space_set(space, range, job->port, false);
	run->binds[path] += job->binds;
	if (job->binds)
		port_range_block(range, job->port);
	else
		port_range_use(range, job->port, 1);
	move(run, id, ns, 1, 0);
}

static void leave_port(struct run *run, uint32_t id, uint64_t ns)
{
	uint32_t path = run->input->attempts[id].path;
	struct port_range *range = &netns_of(run, path)->range;
	struct job *job = &run->jobs[id];

	index_remove(&run->by_port, port_hash(job->space, job->port), id);
	port_space_set(space_at(run, job->space, path), range, job->port, true);
	run->binds[path] -= job->binds;
	if (job->binds)
		port_range_unblock(range, job->port);
	else
		port_range_use(range, job->port, -1);
	move(run, id, ns, -1, job->state == JOB_OPEN ? 0 : -1);
	job->state = JOB_OVER;
}

/* tcp_twsk_unique(): whether connect() may take over a TIME_WAIT, and from when on. */
static bool may_reuse(const struct whatif_settings *settings, const struct attempt_path *path)
{
	bool local = addr_is_loopback(path->local_addr) || addr_is_loopback(path->remote_addr);

	return settings->timestamps &&
	       (settings->tw_reuse == 1 || (settings->tw_reuse == 2 && local));
}

static uint64_t reusable_ns(const struct whatif_settings *settings, uint64_t ns)
{
	if (settings->tw_reuse_delay_ms < 0)
		return (ns / SECOND_NS + 1) * SECOND_NS;
	/* more than the delay, in whole milliseconds */
	return ns + (settings->tw_reuse_delay_ms + 1) * MS_NS;
}

/* Orphans' FIN_WAIT2: above 60 s half of it is spent as a full socket (tcp_fin_time()). */
static uint64_t fin_wait2_ns(const struct whatif_settings *settings)
{
	uint64_t s = settings->fin_timeout_s;

	return (s <= 60 ? s : 2 * (s - 60)) * SECOND_NS;
}

/* When it ended, if that was for a reason that settings have no part in. */
static uint64_t cut_short_ns(const struct attempt *attempt)
{
	bool cut = attempt->reason == END_RESET || attempt->reason == END_DESTROYED ||
		   attempt->reason == END_REOPENED || attempt->reason == END_PURGED;

	return attempt->end_ns && cut ? attempt->end_ns - attempt->close_ns : 0;
}

static void enter_time_wait(struct run *run, uint32_t id, uint64_t ns)
{
	const struct attempt *attempt = &run->input->attempts[id];
	const struct whatif_settings *settings = &netns_of(run, attempt->path)->settings;
	uint64_t usable_ns = reusable_ns(settings, ns), cut_ns = cut_short_ns(attempt);
	struct job *job = &run->jobs[id];

	job->state = JOB_TIME_WAIT;
	job->end_ns = wheel_round(&run->input->wheel, ns, id);
	/* the rest of one that was there at the start may be known better */
	if (!attempt->start_ns && attempt->end_ns && attempt->reason == END_EXPIRED)
		job->end_ns = attempt->end_ns;
	if (cut_ns && ns + cut_ns < job->end_ns)
		job->end_ns = ns + cut_ns;
	if (!job->binds && may_reuse(settings, &run->input->paths[attempt->path]) &&
	    usable_ns < job->end_ns)
		plan(run, id, usable_ns);
	else
		plan(run, id, job->end_ns);
}

static void become_for_taking(struct run *run, uint32_t id)
{
	uint32_t path = run->input->attempts[id].path;
	struct job *job = &run->jobs[id];

	job->state = JOB_FOR_TAKING;
	port_space_set(space_at(run, job->space, path), &netns_of(run, path)->range, job->port,
		       true);
	plan(run, id, job->end_ns);
}

static void enter_minisock(struct run *run, uint32_t id, uint64_t ns)
{
	const struct attempt *attempt = &run->input->attempts[id];
	struct run_netns *netns = netns_of(run, attempt->path);
	uint64_t orphan_ns = fin_wait2_ns(&netns->settings);
	struct job *job = &run->jobs[id];

	if (run->changes && netns->minisocks >= netns->settings.max_tw_buckets) {
		meter_refuse(&run->meter, attempt->path);
		leave_port(run, id, ns);
		return;
	}
	move(run, id, ns, 0, 1);
	job->state = JOB_FIN_WAIT2;
	if (!run->changes)
		plan(run, id, attempt->end_ns ? attempt->end_ns : UINT64_MAX);
	else if (!attempt->mini || !attempt->turned_ms)
		enter_time_wait(run, id, ns);
	else if (cut_short_ns(attempt) && cut_short_ns(attempt) < orphan_ns &&
		 attempt->turned_ms == ALL_OF_IT)
		plan(run, id, ns + cut_short_ns(attempt));
	else if (attempt->turned_ms != ALL_OF_IT && attempt->turned_ms * MS_NS < orphan_ns)
		plan(run, id, ns + attempt->turned_ms * MS_NS);
	else
		plan(run, id, ns + orphan_ns);
}

/* The peer's FIN has come, or it never will. */
static void leave_fin_wait2(struct run *run, uint32_t id, uint64_t ns)
{
	const struct attempt *attempt = &run->input->attempts[id];
	uint64_t orphan_ns = fin_wait2_ns(&netns_of(run, attempt->path)->settings);

	if (run->changes && attempt->turned_ms != ALL_OF_IT &&
	    attempt->turned_ms * MS_NS < orphan_ns)
		enter_time_wait(run, id, ns);
	else
		leave_port(run, id, ns);
}

static void come_due(struct run *run, const struct due *due)
{
	struct job *job = &run->jobs[due->id];

	if (job->due_ns != due->ns)
		return;
	if (job->state == JOB_OPEN && job->close == CLOSE_BY_US)
		enter_minisock(run, due->id, due->ns);
	else if (job->state == JOB_FIN_WAIT2)
		leave_fin_wait2(run, due->id, due->ns);
	else if (job->state == JOB_TIME_WAIT && job->end_ns != due->ns)
		become_for_taking(run, due->id);
	else if (job->state != JOB_OVER)
		leave_port(run, due->id, due->ns);
}

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
	uint32_t other = find_job(run, job->space, job->port);

	if (other == NONE)
		return true;
	if (run->jobs[other].state == JOB_OPEN)
		return false;
	leave_port(run, other, ns);
	return true;
}

/* bind() before connect(): the port that it had, or, where that is taken, any. */
static bool choose_bound(struct run *run, uint32_t id, uint64_t ns)
{
	const struct attempt *attempt = &run->input->attempts[id];
	const struct port_range *range = &netns_of(run, attempt->path)->range;
	struct job *job = &run->jobs[id];

	job->binds = true;
	job->port = attempt->port;
	if (job->port && port_range_is_idle(range, job->port) && take_over(run, job, ns))
		return true;
	job->port = port_range_find_idle(range, next_random(run));
	return job->port != 0;
}

static bool choose(struct run *run, uint32_t id, uint64_t ns)
{
	const struct attempt *attempt = &run->input->attempts[id];
	struct job *job = &run->jobs[id];
	struct port_space *space;

	if (!run->changes) {
		job->binds = attempt->bound;
		job->port = attempt->port;
		return attempt->outcome != ATTEMPT_NO_PORT;
	}
	job->space += run->turns[attempt->path]++ % run->spread;
	if (attempt->bound && !run->changes->bind_no_port)
		return choose_bound(run, id, ns);
	space = space_at(run, job->space, attempt->path);
	if (!space)
		return false;
	job->port =
		port_space_choose(space, &netns_of(run, attempt->path)->range, next_random(run));
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
		take_port(run, id, run->input->from_ns);
		plan(run, id, close_of(run->input, id));
		return;
	}
	found = choose(run, id, attempt->start_ns);
	meter_connect(&run->meter, attempt->path, found, attempt->start_ns);
	if (!found)
		return;
	take_port(run, id, attempt->start_ns);
	plan(run, id, carry(run, id));
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
			come_due(run, &due);
		begin(run, id);
	}
	while (!run->failed && agenda_take(&run->agenda, input->to_ns, &due))
		come_due(run, &due);
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
