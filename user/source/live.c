// SPDX-License-Identifier: GPL-2.0-or-later
/* Programs, ring and counters of the live host. */
#include "source/live.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "source/cgroups.h"
#include "source/features.h"
#include "source/holders.h"
#include "source/survey.h"
#include "twtrace.skel.h"

#define MIB (1024 * 1024ULL)
#define RING_BYTES (4 * MIB)
/* The reader is woken when a quarter of the ring waits, or after so long. */
#define WAKEUP_SHARE 4
#define WAKEUP_NS (20 * 1000000ULL)
/* One drain takes no more, so that a flood never holds up intervals and signals. */
#define DRAIN_RECORDS 200000

struct live {
	struct twtrace_bpf *skel;	/* owned */
	struct ring_buffer *ring;	/* owned */
	struct cgroups *cgroups;	/* owned */
	struct survey survey;
	const struct receiver *to;	/* during a drain */
	struct tw_counters *counters;	/* owned: one a CPU, to read into */
	uint64_t told[TW_NR_LOSS];	/* losses delivered so far */
	uint64_t last_ts_ns;		/* of the newest record */
	uint64_t drained, records;
	uint64_t missed;		/* runs of first_look skipped, when last asked */
	int cpus;
	bool restless;			/* the last drain had something: look once more */
	struct bpf_link *links[8];	/* owned */
	struct bpf_link *third;		/* owned: of third_look(), NULL until it is needed */
	struct features features;
};

uint64_t live_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

static int libbpf_words(enum libbpf_print_level level, const char *format, va_list args)
{
	char *text = NULL;
	size_t len;

	/* what libbpf calls a warning may be a feature probe that failed as it may */
	if (!log_wants(level == LIBBPF_DEBUG ? LOG_DEBUG + 1 : LOG_DEBUG))
		return 0;
	if (vasprintf(&text, format, args) < 0)
		return 0;
	/* the verifier's log is one message of many lines */
	len = strlen(text);
	if (len && text[len - 1] == '\n')
		text[len - 1] = '\0';
	log_msg(LOG_DEBUG, "%s", text);
	free(text);
	return 0;
}

static uint64_t ring_bytes(uint64_t wanted)
{
	uint64_t bytes = sysconf(_SC_PAGESIZE);

	if (!wanted)
		wanted = RING_BYTES;
	while (bytes < wanted)
		bytes *= 2;
	return bytes;
}

static bool filter_is_set(const struct tw_filter *filter)
{
	static const struct tw_filter none;

	return memcmp(filter, &none, sizeof(none)) != 0;
}

static void configure(struct twtrace_bpf *skel, const struct live_opts *opts,
		      const struct features *features, bool with_accept)
{
	uint64_t bytes = ring_bytes(opts->ring_bytes);
	struct stat st = { 0 };

	stat("/proc/self/ns/pid", &st);
	skel->rodata->config.pidns_ino = st.st_ino;
	skel->rodata->config.wakeup_bytes = bytes / WAKEUP_SHARE;
	skel->rodata->config.wakeup_ns = WAKEUP_NS;
	skel->rodata->config.has_filter = filter_is_set(&opts->filter);
	skel->rodata->filter = opts->filter;
	bpf_map__set_max_entries(skel->maps.events, bytes);
	bpf_program__set_autoload(skel->progs.reset_plain, !features->reset_reason);
	bpf_program__set_autoload(skel->progs.reset_reason, features->reset_reason);
	bpf_program__set_autoload(skel->progs.accept_plain, with_accept && !features->accept_arg);
	bpf_program__set_autoload(skel->progs.accept_arg, with_accept && features->accept_arg);
	bpf_program__set_autoload(skel->progs.exit_accept, opts->syscalls && !with_accept);
	bpf_program__set_autoload(skel->progs.exit_accept4, opts->syscalls && !with_accept);
}

/* Loads everything; without the probe of accept() where functions can't be traced. */
static int load(struct live *live, const struct live_opts *opts, struct error *err)
{
	int ret = features_probe(&live->features, err);
	bool with_accept = live->features.has_accept;

	if (ret)
		return ret;
	for (;;) {
		live->skel = twtrace_bpf__open();
		if (!live->skel)
			return error_set(err, -errno, "cannot open the BPF programs: %s",
					 strerror(errno));
		configure(live->skel, opts, &live->features, with_accept);
		ret = twtrace_bpf__load(live->skel);
		if (!ret)
			break;
		twtrace_bpf__destroy(live->skel);
		live->skel = NULL;
		if (!with_accept)
			return features_explain(ret, "", err);
		with_accept = false;
	}
	log_msg(LOG_VERBOSE, "accept(): %s",
		with_accept ?
			"traced by fexit inet_csk_accept" :
			"not traced (this kernel refuses fexit programs); incoming connections "
			"are their listener's until close() or a look at open files");
	return 0;
}

static bool is_syscall(const struct bpf_program *program)
{
	return strstr(bpf_program__section_name(program), "syscalls/") != NULL;
}

static int attach(struct live *live, const struct live_opts *opts, struct error *err)
{
	struct twtrace_bpf *skel = live->skel;
	struct bpf_program *optional[] = {
		skel->progs.reset_plain, skel->progs.reset_reason, skel->progs.accept_plain,
		skel->progs.accept_arg,	 skel->progs.exit_accept,  skel->progs.exit_accept4,
	};
	size_t count = 0;

	/* the order of attaching is the order of running: each look before the next */
	live->links[count] = bpf_program__attach(skel->progs.first_look);
	if (!live->links[count])
		return error_set(err, -errno,
				 "the tracepoint sock:inet_sock_set_state cannot be attached: %s",
				 strerror(errno));
	count++;
	live->links[count++] = bpf_program__attach(skel->progs.second_look);
	for (size_t i = 0; i < sizeof(optional) / sizeof(optional[0]); i++) {
		if (!bpf_program__autoload(optional[i]))
			continue;
		live->links[count] = bpf_program__attach(optional[i]);
		if (live->links[count])
			log_msg(LOG_VERBOSE, "attached %s", bpf_program__section_name(optional[i]));
		else
			/* what the user asked for by name is worth a word in any case */
			log_msg(opts->syscalls && is_syscall(optional[i]) ? LOG_WARNING :
									    LOG_VERBOSE,
				"%s cannot be attached: %s%s",
				bpf_program__section_name(optional[i]), strerror(errno),
				is_syscall(optional[i]) ?
					" (is tracefs mounted at /sys/kernel/tracing?)" :
					"");
		count++;
	}
	return 0;
}

/* Which control group the record's connection is in, told before the record itself. */
static uint64_t place(struct live *live, const struct tw_transition *full)
{
	uint64_t cgroup_id = full->cgroup_id, ts_ns = full->head.ts_ns;

	cgroups_tell(live->cgroups, cgroup_id, ts_ns, live->to);
	return cgroups_of_process(live->cgroups, cgroup_id,
				  full->head.flags & TW_F_OWNER ? full->owner.tgid : 0, ts_ns,
				  live->to);
}

static int on_record(void *ctx, void *data, size_t size)
{
	const struct tw_record *record = data;
	struct live *live = ctx;
	struct tw_transition changed;
	struct tw_holder holder;
	struct tw_reset reset;

	live->drained++;
	live->records++;
	live->last_ts_ns = record->ts_ns;
	/* the ring is mapped for reading only: what is changed is changed in a copy */
	if (record->kind == TW_TRANSITION && size >= TW_TRANSITION_FULL) {
		changed = *(const struct tw_transition *)data;
		survey_notice(&live->survey, &changed.tuple);
		changed.cgroup_id = place(live, &changed);
		record = &changed.head;
	} else if (record->kind == TW_HOLDER && size >= sizeof(holder)) {
		holder = *(const struct tw_holder *)data;
		cgroups_tell(live->cgroups, holder.cgroup_id, record->ts_ns, live->to);
		holder.cgroup_id = cgroups_of_process(live->cgroups, holder.cgroup_id,
						      holder.owner.tgid, record->ts_ns, live->to);
		record = &holder.head;
	} else if (record->kind == TW_RESET_SENT && size >= sizeof(reset)) {
		reset = *(const struct tw_reset *)data;
		if (reset.reason < MAX_RESET_REASONS)
			reset.reason = live->features.reset_reasons[reset.reason];
		record = &reset.head;
	}
	deliver(live->to, record);
	return live->drained < DRAIN_RECORDS ? 0 : -EAGAIN;
}

struct live *live_new(const struct live_opts *opts, struct error *err)
{
	struct live *live = calloc(1, sizeof(*live));

	libbpf_set_print(libbpf_words);
	if (!live) {
		error_set(err, -ENOMEM, "no memory");
		return NULL;
	}
	live->survey.netns.own_fd = -1;
	live->cpus = libbpf_num_possible_cpus();
	live->counters = calloc(live->cpus > 0 ? live->cpus : 1, sizeof(*live->counters));
	live->cgroups = cgroups_new();
	if (!live->counters || !live->cgroups) {
		error_set(err, -ENOMEM, "no memory");
		goto fail;
	}
	if (survey_init(&live->survey, opts->ages, opts->filter.netns_ino, err) ||
	    load(live, opts, err))
		goto fail;
	live->ring = ring_buffer__new(bpf_map__fd(live->skel->maps.events), on_record, live, NULL);
	if (!live->ring) {
		error_set(err, -errno, "cannot map the ring buffer: %s", strerror(errno));
		goto fail;
	}
	if (attach(live, opts, err))
		goto fail;
	return live;
fail:
	live_free(live);
	return NULL;
}

void live_free(struct live *live)
{
	if (!live)
		return;
	for (size_t i = 0; i < sizeof(live->links) / sizeof(live->links[0]); i++)
		bpf_link__destroy(live->links[i]);
	bpf_link__destroy(live->third);
	ring_buffer__free(live->ring);
	twtrace_bpf__destroy(live->skel);
	survey_release(&live->survey);
	cgroups_free(live->cgroups);
	free(live->counters);
	free(live);
}

int live_fd(const struct live *live)
{
	return ring_buffer__epoll_fd(live->ring);
}

/* Delivers what waits; true if anything did. */
static bool consume(struct live *live, const struct receiver *to)
{
	live->to = to;
	live->drained = 0;
	ring_buffer__consume(live->ring);
	return live->drained > 0;
}

bool live_drain(struct live *live, const struct receiver *to)
{
	struct tw_record tick = { .size = sizeof(tick), .kind = TW_TICK, .ts_ns = live_now_ns() };
	bool any = consume(live, to), told = any || live->restless;

	/* cut short: what is left in the ring may be older than now */
	if (live->drained >= DRAIN_RECORDS)
		tick.ts_ns = live->last_ts_ns;
	if (told)
		deliver(to, &tick);
	live->restless = any;
	return told;
}

struct step {
	struct live *live;
	const struct receiver *to;
};

static void settle(void *ctx)
{
	struct step *step = ctx;

	if (consume(step->live, step->to) && step->to->pause)
		step->to->pause(step->to->ctx);
	step->live->restless = true;
}

/* What passes between the iterator and the receiver: cgroups are told first. */
static void pass_holder(void *ctx, const struct tw_record *record)
{
	const struct tw_holder *holder = (const struct tw_holder *)record;
	struct step *step = ctx;
	struct tw_holder changed;

	if (record->kind == TW_HOLDER) {
		changed = *holder;
		cgroups_tell(step->live->cgroups, holder->cgroup_id, record->ts_ns, step->to);
		changed.cgroup_id = cgroups_of_process(step->live->cgroups, holder->cgroup_id,
						       holder->owner.tgid, record->ts_ns, step->to);
		record = &changed.head;
	}
	deliver(step->to, record);
}

void live_look_for_holders(struct live *live, const struct receiver *to)
{
	struct step step = { live, to };
	struct receiver pass = { .receive = pass_holder, .ctx = &step };
	struct error err = { 0 };

	if (holders_look(live->skel->progs.holders, live_now_ns(), &pass, &err))
		log_msg(LOG_VERBOSE, "%s", err.text);
}

static void look_between(void *ctx)
{
	struct step *step = ctx;

	live_look_for_holders(step->live, step->to);
}

static void nothing_between(void *ctx)
{
	(void)ctx;
}

int live_start(struct live *live, const struct receiver *to, struct error *err)
{
	struct step step = { live, to };
	struct survey_steps steps = { settle, look_between, &step };
	struct tw_record ready = { .size = sizeof(ready), .kind = TW_READY };
	int ret = survey_start(&live->survey, &steps, to, err);

	if (ret)
		return ret;
	consume(live, to);
	ready.ts_ns = live_now_ns();
	deliver(to, &ready);
	live->restless = true;
	/* loading read the kernel's BTF: megabytes that are not needed any more */
	malloc_trim(0);
	return 0;
}

/* Delivers what was lost since it was last told; returns how much that is. */
static uint64_t tell_loss(struct live *live, enum tw_loss_cause cause, uint64_t total,
			  const struct receiver *to)
{
	uint64_t news = total > live->told[cause] ? total - live->told[cause] : 0;
	struct tw_loss loss = {
		.head = { .size = sizeof(loss),
			  .kind = TW_LOSS,
			  .from = cause,
			  .ts_ns = live_now_ns() },
		.count = news,
	};

	if (news)
		deliver(to, &loss);
	live->told[cause] += news;
	return news;
}

static uint64_t skipped_runs(const struct bpf_program *program)
{
	struct bpf_prog_info info = { 0 };
	__u32 len = sizeof(info);

	if (bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &len))
		return 0;
	return info.recursion_misses;
}

static uint64_t count_losses(struct live *live, bool last, const struct receiver *to)
{
	/*
	 * What was missed until the last time against what is caught by now: an event is
	 * missed before it is caught, and its task may be preempted between the two.
	 */
	uint64_t missed = skipped_runs(live->skel->progs.first_look);
	uint64_t skipped = last ? missed : live->missed, caught = 0, full = 0;
	__u32 zero = 0;

	live->missed = missed;
	if (bpf_map_lookup_elem(bpf_map__fd(live->skel->maps.counters), &zero, live->counters))
		return 0;
	for (int cpu = 0; cpu < live->cpus; cpu++) {
		caught += live->counters[cpu].caught;
		full += live->counters[cpu].lost_ring;
	}
	skipped = tell_loss(live, TW_LOSS_SKIPPED, skipped > caught ? skipped - caught : 0, to);
	/* its cost is for those who need it: kernels that preempt tasks within programs */
	if (skipped && !live->third) {
		live->third = bpf_program__attach(live->skel->progs.third_look);
		log_msg(LOG_VERBOSE, "the kernel skipped both programs: a third one is attached");
	}
	return skipped + tell_loss(live, TW_LOSS_RING_FULL, full, to);
}

void live_interval(struct live *live, unsigned int budget, const struct receiver *to)
{
	struct step step = { live, to };
	struct survey_steps steps = { settle, nothing_between, &step };
	bool lost = count_losses(live, !budget, to) > 0;

	survey_interval(&live->survey, live_now_ns(), budget, lost || !budget, &steps, to);
	cgroups_forget_processes(live->cgroups);
}

void live_end(struct live *live, const struct receiver *to)
{
	struct tw_pairs pairs = { .head = { .size = sizeof(pairs), .kind = TW_PAIRS } };
	struct tw_end end = { .head = { .size = sizeof(end), .kind = TW_END } };

	count_losses(live, true, to);
	for (int cpu = 0; cpu < live->cpus; cpu++)
		for (size_t i = 0; i < sizeof(pairs.count) / sizeof(pairs.count[0]); i++)
			pairs.count[i] += live->counters[cpu].pairs[i];
	pairs.head.ts_ns = end.head.ts_ns = live_now_ns();
	end.records = live->records;
	deliver(to, &pairs);
	deliver(to, &end);
}
