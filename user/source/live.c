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
	int cpus;
	bool restless;			/* the last drain had something: look once more */
	struct bpf_link *links[8];	/* owned */
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
	char text[4096];

	/* what libbpf calls a warning may be a feature probe that failed as it may */
	if (!log_wants(level == LIBBPF_DEBUG ? LOG_DEBUG + 1 : LOG_DEBUG))
		return 0;
	vsnprintf(text, sizeof(text), format, args);
	text[strcspn(text, "\n")] = '\0';
	log_msg(LOG_DEBUG, "libbpf: %s", text);
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
	bpf_program__set_autoload(skel->progs.exit_accept, opts->syscalls);
	bpf_program__set_autoload(skel->progs.exit_accept4, opts->syscalls);
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

static int run_once(const struct bpf_program *program)
{
	struct bpf_link *link = bpf_program__attach_iter(program, NULL);
	int fd = link ? bpf_iter_create(bpf_link__fd(link)) : -1;
	char buf[64];

	while (fd >= 0 && read(fd, buf, sizeof(buf)) > 0)
		;
	if (fd >= 0)
		close(fd);
	bpf_link__destroy(link);
	return fd < 0 ? -1 : 0;
}

/* Tells second_look() where first_look's `active` count lies; false: it can't help here. */
static bool arm_second_look(struct twtrace_bpf *skel)
{
	struct bpf_prog_info prog = { 0 };
	struct bpf_map_info map = { 0 };
	__u32 prog_len = sizeof(prog), map_len = sizeof(map);

	if (bpf_obj_get_info_by_fd(bpf_program__fd(skel->progs.first_look), &prog, &prog_len) ||
	    bpf_obj_get_info_by_fd(bpf_map__fd(skel->maps.counters), &map, &map_len))
		return false;
	skel->bss->wanted_prog_id = prog.id;
	skel->bss->wanted_map_id = map.id;
	if (run_once(skel->progs.find_active) || run_once(skel->progs.find_counters))
		return false;
	skel->bss->counters_percpu = skel->bss->found_counters;
	skel->bss->first_active_percpu = skel->bss->found_active;
	return skel->bss->found_active && skel->bss->found_counters;
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

	/* the order of attaching is the order of running: first_look before second_look */
	live->links[count] = bpf_program__attach(skel->progs.first_look);
	if (!live->links[count])
		return error_set(err, -errno,
				 "the tracepoint sock:inet_sock_set_state cannot be attached: %s",
				 strerror(errno));
	count++;
	if (arm_second_look(skel))
		live->links[count++] = bpf_program__attach(skel->progs.second_look);
	else
		log_msg(LOG_VERBOSE, "events that the kernel skips are counted, not caught");
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
	struct tw_reset reset;

	live->drained++;
	live->records++;
	live->last_ts_ns = record->ts_ns;
	/* the ring is mapped for reading only: what is changed is changed in a copy */
	if (record->kind == TW_TRANSITION && size >= TW_TRANSITION_FULL) {
		changed = *(const struct tw_transition *)data;
		survey_notice(&live->survey, changed.tuple.netns_cookie);
		changed.cgroup_id = place(live, &changed);
		record = &changed.head;
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

	consume(step->live, step->to);
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
	struct receiver pass = { pass_holder, &step };
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

static uint64_t count_losses(struct live *live, const struct receiver *to)
{
	/* misses first: an event in between is then caught before it is missed, and no
	 * loss is reported that was none */
	uint64_t skipped = skipped_runs(live->skel->progs.first_look), caught = 0, full = 0;
	__u32 zero = 0;

	if (bpf_map_lookup_elem(bpf_map__fd(live->skel->maps.counters), &zero, live->counters))
		return 0;
	for (int cpu = 0; cpu < live->cpus; cpu++) {
		caught += live->counters[cpu].caught;
		full += live->counters[cpu].lost_ring;
	}
	return tell_loss(live, TW_LOSS_RING_FULL, full, to) +
	       tell_loss(live, TW_LOSS_SKIPPED, skipped > caught ? skipped - caught : 0, to);
}

void live_interval(struct live *live, unsigned int budget, const struct receiver *to)
{
	struct step step = { live, to };
	struct survey_steps steps = { settle, nothing_between, &step };
	bool lost = count_losses(live, to) > 0;

	survey_interval(&live->survey, live_now_ns(), budget, lost || !budget, &steps, to);
	cgroups_forget_processes(live->cgroups);
}

void live_end(struct live *live, const struct receiver *to)
{
	struct tw_pairs pairs = { .head = { .size = sizeof(pairs), .kind = TW_PAIRS } };
	struct tw_end end = { .head = { .size = sizeof(end), .kind = TW_END } };

	count_losses(live, to);
	for (int cpu = 0; cpu < live->cpus; cpu++)
		for (size_t i = 0; i < sizeof(pairs.count) / sizeof(pairs.count[0]); i++)
			pairs.count[i] += live->counters[cpu].pairs[i];
	pairs.head.ts_ns = end.head.ts_ns = live_now_ns();
	end.records = live->records;
	deliver(to, &pairs);
	deliver(to, &end);
}
