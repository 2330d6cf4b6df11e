// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the model alone costs: lives of connections, exactly as the wire tells them, into
 * model_feed() and nothing else. Prints lines of "name value unit".
 *
 *   model [-k KEYS] [-e EVENTS] [SECTION...]
 *
 * KEYS (1,000,000) is the most of whatever grows, EVENTS (4,000,000) how many are timed.
 * Every section runs in a process of its own; without a name all of them do.
 */
#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "model/model.h"
#include "model/tracker.h"

#define SECOND 1000000000ULL
#define AHEAD 8	/* records from model_expect() to model_feed() */
#define TICK_NS (20 * SECOND / 1000)
#define BATCH_BYTES (512 * 1024)
#define NETNS_COOKIE 7
#define EPHEMERAL_LOW 32768
#define NR_EPHEMERAL 28232
#define LOCAL_ADDR 0x0a000001
#define REMOTE_NET 0x0b000000
#define ORDERLY (TW_F_DONE | TW_F_ORPHAN | TW_F_ALL_ACKED)

enum side {
	CLIENT, /* connects, and closes first: leaves a minisock */
	SERVER, /* accepts, and closes after its peer */
	GUEST, /* connects, and closes after its peer */
	NR_SIDES,
};

struct step {
	uint8_t from, to;
	uint16_t flags;
	uint8_t size;
};

#define LONGEST_LIFE 5
static const struct step lives[NR_SIDES][LONGEST_LIFE + 1] = {
	[CLIENT] = {
		{ TW_CLOSE, TW_SYN_SENT, TW_F_OUTGOING | TW_F_OWNER, TW_TRANSITION_FULL },
		{ TW_SYN_SENT, TW_ESTABLISHED, TW_F_OUTGOING, TW_TRANSITION_FULL },
		{ TW_ESTABLISHED, TW_FIN_WAIT1, TW_F_OWNER, TW_TRANSITION_OWNER },
		{ TW_FIN_WAIT1, TW_FIN_WAIT2, TW_F_ORPHAN, TW_TRANSITION_SHORT },
		{ TW_FIN_WAIT2, TW_CLOSE, ORDERLY, TW_TRANSITION_SHORT },
	},
	[SERVER] = {
		{ TW_SYN_RECV, TW_ESTABLISHED, TW_F_INCOMING, TW_TRANSITION_FULL },
		{ TW_ESTABLISHED, TW_CLOSE_WAIT, TW_F_DONE, TW_TRANSITION_SHORT },
		{ TW_CLOSE_WAIT, TW_LAST_ACK, TW_F_DONE | TW_F_OWNER, TW_TRANSITION_OWNER },
		{ TW_LAST_ACK, TW_CLOSE, ORDERLY, TW_TRANSITION_SHORT },
	},
	[GUEST] = {
		{ TW_CLOSE, TW_SYN_SENT, TW_F_OUTGOING | TW_F_OWNER, TW_TRANSITION_FULL },
		{ TW_SYN_SENT, TW_ESTABLISHED, TW_F_OUTGOING, TW_TRANSITION_FULL },
		{ TW_ESTABLISHED, TW_CLOSE_WAIT, TW_F_DONE, TW_TRANSITION_SHORT },
		{ TW_CLOSE_WAIT, TW_LAST_ACK, TW_F_DONE | TW_F_OWNER, TW_TRANSITION_OWNER },
		{ TW_LAST_ACK, TW_CLOSE, ORDERLY, TW_TRANSITION_SHORT },
	},
};

struct load {
	uint32_t open; /* connections at once, both ends of one count as two */
	uint32_t per_second; /* lives begun in a second of record time */
	uint32_t ports, remotes; /* a service a port */
	enum side active; /* CLIENT or GUEST: who connects */
	bool told; /* by an evidence tier: accept(), births and ends of minisocks */
};

/* A connection between its steps. */
struct life {
	uint64_t number; /* gives the tuple; the cookie is beside it */
	uint8_t side, step;
};

struct due {
	uint64_t number, at_ns;
};

struct bench {
	struct load load;
	struct model *model;
	struct life *lives; /* owned, load.open of them */
	struct due *dues; /* owned: minisocks by their end, a ring */
	uint64_t first_due, nr_dues, room_dues;
	char *batch; /* owned, BATCH_BYTES: records one after the other */
	size_t len, most;
	uint32_t nr_events; /* in the batch, but for ticks */
	uint64_t now_ns, tick_ns, step_ns, numbers, random, spent_ns;
};

static void *must(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

static uint32_t draw(struct bench *bench, uint32_t below)
{
	bench->random = bench->random * 6364136223846793005ULL + 1442695040888963407ULL;
	return (bench->random >> 32) * below >> 32;
}

static uint64_t cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return now.tv_sec * SECOND + now.tv_nsec;
}

static void *add(struct bench *bench, uint8_t kind, size_t size)
{
	struct tw_record *record = (struct tw_record *)(bench->batch + bench->len);

	memset(record, 0, size);
	*record = (struct tw_record){ .size = size, .kind = kind, .ts_ns = bench->now_ns };
	bench->len += size;
	bench->nr_events++;
	return record;
}

static uint32_t port_of(const struct bench *bench, uint64_t number)
{
	return number % bench->load.ports;
}

static uint64_t listener_of(uint32_t port)
{
	return 1 + port;
}

static uint64_t cookie_of(uint64_t number)
{
	return 100000 + number;
}

static uint16_t ephemeral_of(const struct bench *bench, uint64_t number)
{
	/* so that no tuple comes again within a minute */
	return EPHEMERAL_LOW + number / bench->load.ports % NR_EPHEMERAL;
}

static void set_addr(uint8_t addr[static 16], uint32_t v4)
{
	uint8_t mapped[16] = { [10] = 0xff, 0xff, v4 >> 24, v4 >> 16, v4 >> 8, v4 };

	memcpy(addr, mapped, sizeof(mapped));
}

static void set_owner(struct tw_owner *owner, enum side side, uint32_t port)
{
	owner->tgid = 1000 + 100 * side + port;
	snprintf(owner->comm, sizeof(owner->comm), "%s-%u", side == SERVER ? "server" : "client",
		 port % 10000);
}

static void set_tuple(const struct bench *bench, struct tw_tuple *tuple, const struct life *life)
{
	uint16_t service = 8000 + port_of(bench, life->number);
	uint16_t ephemeral = ephemeral_of(bench, life->number);
	uint64_t remote = life->number * 0x9e3779b97f4a7c15ULL >> 32;

	set_addr(tuple->local_addr, LOCAL_ADDR);
	set_addr(tuple->remote_addr, REMOTE_NET + (remote * bench->load.remotes >> 32));
	tuple->local_port = life->side == SERVER ? service : life->step ? ephemeral : 0;
	tuple->remote_port = life->side == SERVER ? ephemeral : service;
	tuple->netns_ino = 4026531840;
	tuple->netns_cookie = NETNS_COOKIE;
}

static void add_minisock(struct bench *bench, uint8_t kind, uint64_t number)
{
	struct tw_minisock *record = add(bench, kind, TW_MINISOCK_SHORT);

	record->head.from = TW_TIME_WAIT;
	record->head.to = kind == TW_MINI_ENDED ? TW_END_EXPIRED : 0;
	record->cookie = cookie_of(number);
	record->local_port = ephemeral_of(bench, number);
	record->remote_port = 8000 + port_of(bench, number);
	if (kind == TW_MINI_BORN)
		bench->dues[(bench->first_due + bench->nr_dues++) % bench->room_dues] =
			(struct due){ number, bench->now_ns + 60 * SECOND };
}

static void add_accepted(struct bench *bench, const struct life *life)
{
	struct tw_holder *record = add(bench, TW_HOLDER, sizeof(*record));

	record->head.flags = TW_H_ACCEPTED | TW_H_FIRST;
	record->cookie = cookie_of(life->number);
	set_owner(&record->owner, life->side, port_of(bench, life->number));
	record->cgroup_id = 5000 + port_of(bench, life->number);
	record->fd = 5;
	record->fd_count = 1;
}

/* The next record of a life; another life begins where it ended. */
static void add_step(struct bench *bench, struct life *life)
{
	const struct step *step = &lives[life->side][life->step];
	uint32_t port = port_of(bench, life->number);
	struct tw_transition *record;

	if (bench->load.told && step->from == TW_FIN_WAIT2)
		add_minisock(bench, TW_MINI_BORN, life->number);
	record = add(bench, TW_TRANSITION, step->size);
	record->head.from = step->from;
	record->head.to = step->to;
	record->head.flags = step->flags;
	record->cookie = cookie_of(life->number);
	if (step->flags & TW_F_OWNER)
		set_owner(&record->owner, life->side, port);
	if (step->size == TW_TRANSITION_FULL) {
		set_tuple(bench, &record->tuple, life);
		record->cgroup_id = 5000 + port;
	}
	if (step->from == TW_SYN_RECV) {
		record->born_ns = bench->now_ns - 50000;
		record->listener_cookie = listener_of(port);
	}
	if (bench->load.told && step->from == TW_SYN_RECV)
		add_accepted(bench, life);
	life->step++;
	if (life->step < LONGEST_LIFE && lives[life->side][life->step].from)
		return;
	life->step = 0;
	life->number = bench->numbers++;
}

static void pass_time(struct bench *bench)
{
	bench->now_ns += bench->step_ns;
	while (bench->nr_dues && bench->dues[bench->first_due].at_ns <= bench->now_ns &&
	       bench->len + 1024 < BATCH_BYTES) {
		add_minisock(bench, TW_MINI_ENDED, bench->dues[bench->first_due].number);
		bench->first_due = (bench->first_due + 1) % bench->room_dues;
		bench->nr_dues--;
	}
	if (bench->now_ns < bench->tick_ns)
		return;
	add(bench, TW_TICK, sizeof(struct tw_record));
	bench->nr_events--;
	bench->tick_ns = bench->now_ns + TICK_NS;
}

/* Feeds the batch, the only thing that is timed. */
static void feed(struct bench *bench)
{
	uint64_t began_ns = cpu_ns();
	size_t ahead = 0, nr_ahead = 0, count = 0;

	for (size_t at = 0; at < bench->len; count++) {
		const struct tw_record *record = (const struct tw_record *)(bench->batch + at);

		for (; ahead < bench->len && nr_ahead <= count + AHEAD; nr_ahead++) {
			const struct tw_record *next =
				(const struct tw_record *)(bench->batch + ahead);

			model_expect(bench->model, next, next->size);
			ahead += next->size;
		}
		model_feed(bench->model, record, record->size, 0);
		at += record->size;
	}
	bench->spent_ns += cpu_ns() - began_ns;
	bench->len = 0;
}

static void flush(struct bench *bench)
{
	feed(bench);
	bench->nr_events = 0;
}

static void add_listeners(struct bench *bench)
{
	for (uint32_t port = 0; port < bench->load.ports; port++) {
		struct life like = { .number = port, .side = SERVER };
		struct tw_transition *record = add(bench, TW_TRANSITION, TW_TRANSITION_FULL);

		record->head.from = TW_CLOSE;
		record->head.to = TW_LISTEN;
		record->head.flags = TW_F_OWNER;
		record->cookie = listener_of(port);
		set_owner(&record->owner, SERVER, port);
		set_tuple(bench, &record->tuple, &like);
		record->cgroup_id = 5000 + port;
		if (bench->len + 1024 > BATCH_BYTES)
			flush(bench);
	}
}

/* A model that is ready, with @load's connections open. */
static void bench_open(struct bench *bench, const struct load *load)
{
	const struct model_opts opts = { .max_conns = 16000000 };
	struct tw_record *tier;

	*bench = (struct bench){
		.load = *load,
		.model = must(model_new(&opts)),
		.batch = must(malloc(BATCH_BYTES)),
		.now_ns = 1000 * SECOND,
		.random = 1,
		.room_dues = load->told ? 100ULL * load->per_second : 1,
		/* half of the lives have five steps, half of them four */
		.step_ns = SECOND * 2 / (9ULL * load->per_second) + 1,
	};
	bench->dues = must(calloc(bench->room_dues, sizeof(*bench->dues)));
	tier = add(bench, TW_TIER, sizeof(*tier));
	tier->from = load->told ? TW_BY_FENTRY : TW_BY_INFERENCE;
	add(bench, TW_READY, sizeof(struct tw_record));
	add_listeners(bench);
	bench->lives = must(calloc(load->open, sizeof(*bench->lives)));
	for (uint32_t i = 0; i < load->open; i++) {
		struct life *life = &bench->lives[i];

		*life = (struct life){ .number = bench->numbers++,
				       .side = i & 1 ? SERVER : load->active };
		do {
			pass_time(bench);
			add_step(bench, life);
		} while (lives[life->side][life->step].from != TW_ESTABLISHED);
		if (bench->len + 2048 > BATCH_BYTES)
			flush(bench);
	}
	flush(bench);
}

static void bench_close(struct bench *bench)
{
	model_free(bench->model);
	free(bench->lives);
	free(bench->dues);
	free(bench->batch);
}

/* Lets lives go on, in no order, for so many records; returns nanoseconds a record. */
static double run(struct bench *bench, uint64_t events)
{
	uint64_t done = 0;

	bench->spent_ns = 0;
	while (done < events) {
		pass_time(bench);
		add_step(bench, &bench->lives[draw(bench, bench->load.open)]);
		if (bench->len + 2048 <= BATCH_BYTES)
			continue;
		feed(bench);
		done += bench->nr_events;
		bench->nr_events = 0;
	}
	return (double)bench->spent_ns / done;
}

/* ... for so long that as many minisocks end as are born. */
static void settle(struct bench *bench)
{
	uint64_t until_ns = bench->now_ns + 70 * SECOND;

	while (bench->now_ns < until_ns)
		run(bench, 1);
}

static void print(const char *name, uint64_t keys, double value, const char *unit)
{
	if (keys)
		printf("%s_%llu", name, (unsigned long long)keys);
	else
		printf("%s", name);
	printf(value < 100 ? " %.2f %s\n" : " %.0f %s\n", value, unit);
}

/* What is resident once malloc() has given back what it can: pools map their chunks. */
static size_t resident_bytes(void)
{
	unsigned long pages = 0, resident = 0;
	FILE *file;

	malloc_trim(0);
	file = fopen("/proc/self/statm", "re");
	if (!file || fscanf(file, "%lu %lu", &pages, &resident) != 2)
		abort();
	fclose(file);
	return resident * sysconf(_SC_PAGESIZE);
}

struct sizes {
	uint64_t keys, events;
};

static void throughput(const char *name, const struct load *load, const struct sizes *sizes)
{
	struct bench bench;
	double ns;

	bench_open(&bench, load);
	settle(&bench);
	ns = run(&bench, sizes->events);
	print(name, 0, SECOND / ns, "events/s");
	bench_close(&bench);
}

static uint32_t at_most(uint64_t keys, const struct sizes *sizes)
{
	return keys < sizes->keys ? keys : sizes->keys;
}

static void moderate(const struct sizes *sizes)
{
	struct load load = { .open = at_most(10000, sizes),
			     .per_second = at_most(1000, sizes),
			     .ports = 20,
			     .remotes = 64 };

	throughput("moderate", &load, sizes);
	load.told = true;
	throughput("moderate_told", &load, sizes);
}

/* A host that churns: 40,000 a second leave 2.4 million minisocks behind. */
static void churn(const struct sizes *sizes)
{
	struct load load = { .open = at_most(2000, sizes),
			     .per_second = 2 * at_most(40000, sizes),
			     .ports = 20,
			     .remotes = 64 };

	throughput("churn", &load, sizes);
	load.told = true;
	throughput("churn_told", &load, sizes);
}

/* No minisocks here, or the keys would not be what grows. */
static double growth_at(const char *name, uint64_t keys, const struct load *load,
			const struct sizes *sizes)
{
	struct bench bench;
	double ns;

	bench_open(&bench, load);
	run(&bench, load->open);
	ns = run(&bench, sizes->events);
	print(name, keys, ns, "ns/event");
	bench_close(&bench);
	return ns;
}

static void growth_open(const struct sizes *sizes)
{
	struct load load = { .per_second = 80000, .ports = 20, .remotes = 64, .active = GUEST };
	double first = 0, last = 0;

	for (uint64_t keys = 1000; keys <= sizes->keys; keys *= 10) {
		load.open = keys;
		last = growth_at("growth_open", keys, &load, sizes);
		first = first ? first : last;
	}
	print("growth_open_ratio", 0, first ? last / first : 0, "x");
}

static void growth_remotes(const struct sizes *sizes)
{
	struct load load = { .open = at_most(10000, sizes),
			     .per_second = 80000,
			     .ports = 20,
			     .active = GUEST };
	double first = 0, last = 0;

	for (uint64_t keys = 1000; keys <= sizes->keys; keys *= 10) {
		load.remotes = keys;
		last = growth_at("growth_remotes", keys, &load, sizes);
		first = first ? first : last;
	}
	print("growth_remotes_ratio", 0, first ? last / first : 0, "x");
}

/* What one more connection costs: with the row of a remote host of its own, where asked for. */
static void memory_at(const char *name, uint64_t keys, uint32_t remotes)
{
	const struct load load = { .open = keys,
				   .per_second = 80000,
				   .ports = 20,
				   .remotes = remotes,
				   .active = CLIENT };
	const struct load none = { .per_second = 1, .ports = 20, .remotes = remotes };
	size_t before = resident_bytes();
	struct bench bench;
	double empty;

	bench_open(&bench, &none);
	empty = resident_bytes() - before;
	bench_close(&bench);
	before = resident_bytes();
	bench_open(&bench, &load);
	free(bench.lives);
	bench.lives = NULL;
	print(name, keys, (resident_bytes() - before - empty) / (double)keys, "bytes/connection");
	printf("%s_rss_%llu %.1f MiB\n", name, (unsigned long long)keys,
	       resident_bytes() / 1048576.0);
	bench_close(&bench);
}

static void memory(const struct sizes *sizes)
{
	for (uint64_t keys = 10000; keys <= sizes->keys; keys *= 10) {
		/* so that what one section frees is not another one's */
		if (!fork()) {
			memory_at("memory_open", keys, 64);
			fflush(stdout);
			_exit(0);
		}
		wait(NULL);
	}
	if (!fork()) {
		memory_at("memory_remotes", sizes->keys, sizes->keys);
		fflush(stdout);
		_exit(0);
	}
	wait(NULL);
}

/* Minisocks are found by their tuples too. */
static void memory_minisocks(const struct sizes *sizes)
{
	const struct load load = { .open = 2, .per_second = 80000, .ports = 20, .remotes = 64 };
	struct bench bench;
	size_t before;
	uint64_t count;

	bench_open(&bench, &load);
	before = resident_bytes();
	while (model_totals(bench.model)->count[FIELD_TIME_WAIT] < sizes->keys)
		run(&bench, 1);
	count = model_totals(bench.model)->count[FIELD_TIME_WAIT];
	print("memory_minisock", count, (resident_bytes() - before) / (double)count,
	      "bytes/minisock");
	bench_close(&bench);
}

static const struct section {
	const char *name;
	void (*run)(const struct sizes *sizes);
} sections[] = {
	{ "moderate", moderate },	{ "churn", churn },
	{ "growth_open", growth_open }, { "growth_remotes", growth_remotes },
	{ "memory", memory },		{ "memory_minisocks", memory_minisocks },
};

static bool is_asked_for(const char *name, char **names)
{
	bool asked = !*names;

	for (; *names; names++)
		asked |= !strcmp(*names, name);
	return asked;
}

int main(int argc, char **argv)
{
	struct sizes sizes = { .keys = 1000000, .events = 4000000 };
	int option, status, failed = 0;

	while ((option = getopt(argc, argv, "k:e:")) != -1) {
		if (option == '?')
			return 2;
		*(option == 'k' ? &sizes.keys : &sizes.events) = strtoull(optarg, NULL, 10);
	}
	print("conn_bytes", 0, sizeof(struct conn), "bytes");
	print("row_bytes", 0, sizeof(struct row), "bytes");
	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
		if (!is_asked_for(sections[i].name, argv + optind))
			continue;
		fflush(stdout);
		if (!fork()) {
			sections[i].run(&sizes);
			fflush(stdout);
			_exit(0);
		}
		if (wait(&status) < 0 || status) {
			fprintf(stderr, "model: section %s failed\n", sections[i].name);
			failed = 1;
		}
	}
	return failed;
}
