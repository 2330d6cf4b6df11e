/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is replayed, one attempt a job: it has a port from its connect() until its minisock is
 * over or a connect() takes it over. Internal to the model.
 */
#ifndef MODEL_WHATIF_JOB_H
#define MODEL_WHATIF_JOB_H

#include "model/agenda.h"
#include "model/whatif_meter.h"

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

static inline struct run_netns *run_netns_of(const struct run *run, uint32_t path)
{
	return &run->netns[run->input->netns_of[path]];
}

/* Made when it is first asked for; NULL: no memory, and the run has failed. */
struct port_space *run_space(struct run *run, uint32_t id, uint32_t path);
/* The same numbers for each run. */
uint32_t run_random(struct run *run);
/* Something happens to the job then, and nothing before. */
void job_plan(struct run *run, uint32_t id, uint64_t due_ns);
/* job->space and job->port are chosen, job->binds says how. */
void job_take_port(struct run *run, uint32_t id, uint64_t ns);
void job_leave_port(struct run *run, uint32_t id, uint64_t ns);
/* The one that has this port in this space; UINT32_MAX: nobody. */
uint32_t job_find(const struct run *run, uint32_t space, uint16_t port);
/* What was planned: its full socket ends, or its minisock does, or may be taken over. */
void job_come_due(struct run *run, const struct due *due);

#endif
