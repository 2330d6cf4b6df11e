// SPDX-License-Identifier: GPL-2.0-or-later
/* From connect() to the end of TIME_WAIT, as the kernel would have it. */
#include "model/whatif_job.h"

#include "base/addr.h"
#include "model/ledger.h"

#define NONE UINT32_MAX
#define ALL_OF_IT UINT32_MAX
#define MS_NS 1000000ULL
#define SECOND_NS (1000 * MS_NS)

struct port_key {
	uint32_t space;
	uint16_t port;
};

struct port_space *run_space(struct run *run, uint32_t id, uint32_t path)
{
	struct port_space *space = &run->spaces[id];

	/* where a search begins is the kernel's secret: any place will do, but always the same */
	if (!space->may[0] &&
	    port_space_init(space, &run_netns_of(run, path)->range, hash_u64(id) & 0xffff))
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

uint32_t job_find(const struct run *run, uint32_t space, uint16_t port)
{
	struct port_key key = { space, port };

	return index_find(&run->by_port, port_hash(space, port), port_equal, run, &key);
}

uint32_t run_random(struct run *run)
{
	run->random += 0x9e3779b97f4a7c15ULL;
	return (uint32_t)hash_mix(run->random);
}

void job_plan(struct run *run, uint32_t id, uint64_t due_ns)
{
	run->jobs[id].due_ns = due_ns;
	if (due_ns <= run->input->to_ns && agenda_add(&run->agenda, due_ns, id))
		run->failed = true;
}

/* What connect() may choose from, and what this path has for itself by an explicit bind. */
static uint32_t capacity(const struct run *run, uint32_t path)
{
	return run_netns_of(run, path)->range.open * run->spread + run->binds[path];
}

static void move(struct run *run, uint32_t id, uint64_t ns, int ports, int minisocks)
{
	uint32_t path = run->input->attempts[id].path;

	run_netns_of(run, path)->minisocks += minisocks;
	meter_move(&run->meter, path, ns, ports, minisocks, capacity(run, path));
}

void job_take_port(struct run *run, uint32_t id, uint64_t ns)
{
	uint32_t path = run->input->attempts[id].path;
	struct port_range *range = &run_netns_of(run, path)->range;
	struct job *job = &run->jobs[id];
	struct port_space *space = run_space(run, job->space, path);

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

void job_leave_port(struct run *run, uint32_t id, uint64_t ns)
{
	uint32_t path = run->input->attempts[id].path;
	struct port_range *range = &run_netns_of(run, path)->range;
	struct job *job = &run->jobs[id];

	index_remove(&run->by_port, port_hash(job->space, job->port), id);
	port_space_set(run_space(run, job->space, path), range, job->port, true);
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

/*
 * How long it lasted, if it ended before its time: by a RST, which loopback's own churn sends
 * now and then, or for a reason that nobody told. Settings have no part in that.
 */
static uint64_t cut_short_ns(const struct run *run, const struct attempt *attempt)
{
	const struct whatif_netns *netns = &run->input->netns[run->input->netns_of[attempt->path]];
	uint64_t turned_ns = attempt->turned_ms == ALL_OF_IT ? 0 : attempt->turned_ms * MS_NS;
	bool reused = attempt->reason == END_REUSED;

	if (!attempt->end_ns || attempt->reason == END_EXPIRED ||
	    attempt->end_ns >= attempt->close_ns + turned_ns + TIME_WAIT_NS)
		return 0;
	/* a successor with its port proves that it was gone, and here nobody may take one over */
	if (reused && (attempt->bound || attempt->exact ||
		       may_reuse(&netns->settings, &run->input->paths[attempt->path])))
		return 0;
	return attempt->end_ns - attempt->close_ns;
}

static void enter_time_wait(struct run *run, uint32_t id, uint64_t ns)
{
	const struct attempt *attempt = &run->input->attempts[id];
	const struct whatif_settings *settings = &run_netns_of(run, attempt->path)->settings;
	uint64_t usable_ns = reusable_ns(settings, ns), cut_ns = cut_short_ns(run, attempt);
	uint64_t close_ns = ns - (attempt->mini ? attempt->turned_ms * MS_NS : 0);
	struct job *job = &run->jobs[id];

	job->state = JOB_TIME_WAIT;
	job->end_ns = wheel_round(&run->input->wheel, ns, id);
	/* the rest of one that was there at the start may be known better */
	if (!attempt->start_ns && attempt->end_ns && attempt->reason == END_EXPIRED)
		job->end_ns = attempt->end_ns;
	if (cut_ns && close_ns + cut_ns >= ns && close_ns + cut_ns < job->end_ns)
		job->end_ns = close_ns + cut_ns;
	/* what bind() has left is blocked for connect() as it is */
	if (may_reuse(settings, &run->input->paths[attempt->path]) && usable_ns < job->end_ns)
		job_plan(run, id, usable_ns);
	else
		job_plan(run, id, job->end_ns);
}

static void become_for_taking(struct run *run, uint32_t id)
{
	uint32_t path = run->input->attempts[id].path;
	struct job *job = &run->jobs[id];

	job->state = JOB_FOR_TAKING;
	port_space_set(run_space(run, job->space, path), &run_netns_of(run, path)->range, job->port,
		       true);
	job_plan(run, id, job->end_ns);
}

/* How long an orphan waits for its peer's FIN: what it was, unless that is to be another. */
static uint64_t orphan_ns(const struct run *run, const struct attempt *attempt)
{
	bool changed = run->changes && run->changes->set & CHANGE_FIN_TIMEOUT;

	/* also where TCP_LINGER2 has it differ from the namespace's */
	if (attempt->turned_ms == ALL_OF_IT && attempt->end_ns && !changed)
		return attempt->end_ns - attempt->close_ns;
	return fin_wait2_ns(&run_netns_of(run, attempt->path)->settings);
}

/* No room for one more: by the bound that is known, else as it was. */
static bool is_refused(const struct run *run, const struct attempt *attempt)
{
	const struct run_netns *netns = run_netns_of(run, attempt->path);
	uint32_t most = netns->settings.max_tw_buckets;

	if (!run->changes || most == WHATIF_NO_LIMIT)
		return attempt->refused;
	return netns->minisocks >= most;
}

static void enter_minisock(struct run *run, uint32_t id, uint64_t ns)
{
	const struct attempt *attempt = &run->input->attempts[id];
	uint64_t turned_ns = attempt->turned_ms * MS_NS, most_ns = orphan_ns(run, attempt);
	struct job *job = &run->jobs[id];

	if (is_refused(run, attempt)) {
		meter_refuse(&run->meter, attempt->path);
		job_leave_port(run, id, ns);
		return;
	}
	move(run, id, ns, 0, 1);
	job->state = JOB_FIN_WAIT2;
	if (!run->changes)
		job_plan(run, id, attempt->end_ns ? attempt->end_ns : UINT64_MAX);
	else if (!attempt->mini || !attempt->turned_ms)
		enter_time_wait(run, id, ns);
	else if (attempt->turned_ms != ALL_OF_IT && turned_ns < most_ns)
		job_plan(run, id, ns + turned_ns);
	else
		job_plan(run, id, ns + most_ns);
}

/* The peer's FIN has come, or it never will. */
static void leave_fin_wait2(struct run *run, uint32_t id, uint64_t ns)
{
	const struct attempt *attempt = &run->input->attempts[id];

	if (run->changes && attempt->turned_ms != ALL_OF_IT &&
	    attempt->turned_ms * MS_NS < orphan_ns(run, attempt))
		enter_time_wait(run, id, ns);
	else
		job_leave_port(run, id, ns);
}

void job_come_due(struct run *run, const struct due *due)
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
		job_leave_port(run, due->id, due->ns);
}
