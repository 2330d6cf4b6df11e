// SPDX-License-Identifier: GPL-2.0-or-later
/* A tier's programs are found by their names: those that begin with the tier's. */
#include "source/tiers.h"

#include <assert.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "tw_config.h"
#include "twtrace.skel.h"

static const char *const names[TW_NR_EVIDENCE] = {
	[TW_BY_INFERENCE] = "inferred", [TW_BY_SNAPSHOT] = "snapshot", [TW_BY_TIMER] = "timer",
	[TW_BY_KPROBE] = "kprobe",	[TW_BY_FENTRY] = "fentry",
};

const char *tier_name(enum tw_evidence evidence)
{
	return names[evidence];
}

static bool belongs_to(const struct bpf_program *program, enum tw_evidence evidence)
{
	const char *name = bpf_program__name(program);
	size_t len = strlen(names[evidence]);

	return !strncmp(name, names[evidence], len) && name[len] == '_';
}

static bool is_iterator(const struct bpf_program *program)
{
	return !strncmp(bpf_program__section_name(program), "iter/", 5);
}

int tier_possible(enum tw_evidence evidence, const struct features *features, struct error *err)
{
	if (evidence == TW_BY_FENTRY && features->no_trampolines[0])
		return error_set(err, -ENOTSUP, "this kernel refuses fentry programs (%s)",
				 features->no_trampolines);
	if (evidence == TW_BY_KPROBE && features->no_kprobes[0])
		return error_set(err, -ENOTSUP, "this kernel refuses kprobes (%s)",
				 features->no_kprobes);
	return 0;
}

void tier_select(struct twtrace_bpf *skel, enum tw_evidence evidence)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, skel->obj) {
		for (unsigned int tier = 0; tier < TW_NR_EVIDENCE; tier++)
			if (belongs_to(program, tier))
				bpf_program__set_autoload(program, tier == evidence);
	}
	bpf_map__set_autocreate(skel->maps.works,
				evidence == TW_BY_FENTRY || evidence == TW_BY_KPROBE);
	bpf_map__set_autocreate(skel->maps.stacks, evidence == TW_BY_TIMER);
}

/* Runs the iterator over the sockets of this namespace: a minisock among them will do. */
static int ask_minisocks(struct twtrace_bpf *skel)
{
	struct bpf_link *link = bpf_program__attach_iter(skel->progs.timer_find_handler, NULL);
	int fd = link ? bpf_iter_create(bpf_link__fd(link)) : -1;
	int ret = fd < 0 ? -errno : 0;
	char unused[64];

	while (fd >= 0 && read(fd, unused, sizeof(unused)) > 0)
		continue;
	if (fd >= 0)
		close(fd);
	bpf_link__destroy(link);
	return ret;
}

#define HIDDEN "the kernel hides its symbols (kernel.kptr_restrict, or CAP_SYSLOG is missing)"

static int learn_timers(struct tier *tier, struct twtrace_bpf *skel, struct error *err)
{
	int ret;

	timers_learn(&tier->timers);
	skel->bss->timer_handler = tier->timers.handler;
	timers_expiring(&tier->timers, skel->bss->expiring);
	if (!tier->timers.handler) {
		ret = ask_minisocks(skel);
		if (ret)
			return error_set(err, ret, HIDDEN ", and its sockets can't be walked: %s",
					 strerror(-ret));
		if (!skel->bss->timer_handler)
			return error_set(err, -ENOENT,
					 HIDDEN ", and there is no TIME_WAIT socket here to learn "
						"the address of its timer from");
	}
	if (!tier->timers.nr_callers)
		log_msg(LOG_VERBOSE, HIDDEN ": early ends of TIME_WAIT show without their reason, "
					    "but for reuse");
	return 0;
}

static int attach_all(struct tier *tier, struct twtrace_bpf *skel, struct error *err)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, skel->obj) {
		struct bpf_link *link;

		if (!belongs_to(program, tier->evidence) || is_iterator(program))
			continue;
		link = bpf_program__attach(program);
		if (!link)
			return error_set(err, -errno, "%s cannot be attached: %s",
					 bpf_program__section_name(program), strerror(errno));
		assert(tier->nr_links < MAX_TIER_LINKS);
		tier->links[tier->nr_links++] = link;
	}
	return 0;
}

/* "fexit/inet_twsk_alloc, fentry/...": where they are. */
static void tell_attached(const struct tier *tier, struct twtrace_bpf *skel)
{
	struct bpf_program *program;
	char where[512] = "";
	size_t len = 0;

	bpf_object__for_each_program(program, skel->obj)
		if (belongs_to(program, tier->evidence) && !is_iterator(program) &&
		    len < sizeof(where))
			len += snprintf(where + len, sizeof(where) - len, "%s%s", len ? ", " : "",
					bpf_program__section_name(program));
	log_msg(LOG_VERBOSE, "TIME_WAIT: evidence tier '%s': %s", names[tier->evidence],
		len ? where : "no program; from state changes and polls of the kernel");
}

int tier_attach(struct tier *tier, struct twtrace_bpf *skel, struct error *err)
{
	int ret = 0;

	if (tier->evidence == TW_BY_TIMER)
		ret = learn_timers(tier, skel, err);
	if (!ret)
		ret = attach_all(tier, skel, err);
	if (ret)
		tier_detach(tier);
	else
		tell_attached(tier, skel);
	return ret;
}

uint64_t tier_skipped(const struct tier *tier, struct twtrace_bpf *skel)
{
	struct bpf_program *program;
	uint64_t skipped = 0;

	/* the timer's programs are skipped for other timers too: that says nothing */
	if (tier->evidence == TW_BY_TIMER)
		return 0;
	bpf_object__for_each_program(program, skel->obj) {
		struct bpf_prog_info info = { 0 };
		__u32 len = sizeof(info);

		if (belongs_to(program, tier->evidence) &&
		    !bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &len))
			skipped += info.recursion_misses;
	}
	return skipped;
}

void tier_detach(struct tier *tier)
{
	while (tier->nr_links)
		bpf_link__destroy(tier->links[--tier->nr_links]);
}
