// SPDX-License-Identifier: GPL-2.0-or-later
/* Loads and attaches the programs through the skeleton. */
#include "source/probes.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "source/configure.h"
#include "source/estimate.h"
#include "source/netns.h"
#include "twtrace.skel.h"

/* What a tracepoint at the end of one system call costs all of them: a bit of every task. */
#define SYSCALL_PRICE " (every system call of the host is some 30 ns slower while it is)"

static int libbpf_words(enum libbpf_print_level level, const char *format, va_list args)
{
	char *text = NULL, *rest, *line;

	/* what libbpf calls a warning may be a feature probe that failed as it may */
	if (!log_wants(level == LIBBPF_DEBUG ? LOG_DEBUG + 1 : LOG_DEBUG))
		return 0;
	if (vasprintf(&text, format, args) < 0)
		return 0;
	/* the verifier's log is one message of many lines, and each message ends with one */
	for (rest = text; (line = strsep(&rest, "\n"));)
		if (rest || *line)
			log_msg(LOG_DEBUG, "%s", line);
	free(text);
	return 0;
}

static void unload(struct probes *probes)
{
	tier_detach(&probes->tier);
	twtrace_bpf__destroy(probes->skel);
	probes->skel = NULL;
}

static int load(struct probes *probes, const struct live_opts *opts, enum tw_evidence evidence,
		bool with_fexit, bool least, struct error *err)
{
	int ret;

	probes->skel = twtrace_bpf__open();
	if (!probes->skel)
		return error_set(err, -errno, "cannot open the BPF programs: %s", strerror(errno));
	configure(probes->skel, opts, &probes->features, evidence, with_fexit);
	if (least)
		configure_least(probes->skel);
	tier_select(probes->skel, evidence);
	probes->lane_bytes = probes->skel->rodata->config.lane_bytes;
	ret = twtrace_bpf__load(probes->skel);
	/* libbpf takes a kernel that had no memory for its try for one that maps no arrays */
	if (!ret && !probes->skel->bss)
		ret = -ENOMEM;
	if (ret)
		features_explain(ret, "", err);
	probes->tier = (struct tier){ .evidence = evidence };
	if (!ret)
		ret = tier_attach(&probes->tier, probes->skel, err);
	if (ret)
		unload(probes);
	return ret;
}

static void tell_calls(struct probes *probes, const struct live_opts *opts, bool with_fexit)
{
	enum bind_way way = configure_bind_way(opts, &probes->features, with_fexit);
	static const char *const binds[] = {
		[BIND_FEXIT] = "bind(), listen(): failures traced by fexit inet_csk_get_port",
		[BIND_KPROBE] = "bind(), listen(): failures traced by kprobes on inet_csk_get_port",
		[BIND_SYSCALL] = "bind(): failures traced as system calls (not io_uring's, nor "
				 "32-bit programs'); listen(): failures told from state changes",
		[BIND_NOT] = "bind(): failures not traced (this kernel refuses fexit programs and "
			     "kprobes; --syscalls traces them); listen(): failures told from state "
			     "changes",
	};

	log_msg(LOG_VERBOSE, "accept(): %s",
		with_fexit && probes->features.has_accept ?
			"traced by fexit inet_csk_accept" :
			"not traced (this kernel refuses fexit programs); incoming connections "
			"are their listener's until close() or a look at open files");
	if (opts->failures)
		log_msg(opts->binds && way == BIND_NOT ? LOG_WARNING : LOG_VERBOSE, "%s",
			binds[way]);
	probes->binds = opts->failures && way != BIND_NOT ? TW_BINDS_SEEN : TW_BINDS_UNSEEN;
}

/* With what trampolines are to tell, if there are any; at last without, if nothing else goes. */
static int load_tier(struct probes *probes, const struct live_opts *opts, enum tw_evidence evidence,
		     struct error *err)
{
	bool with_fexit = !probes->features.no_trampolines[0];
	struct error least;
	int ret = tier_possible(evidence, &probes->features, err);

	if (!ret)
		ret = load(probes, opts, evidence, with_fexit, false, err);
	if (ret && with_fexit && evidence == TW_BY_INFERENCE) {
		with_fexit = false;
		ret = load(probes, opts, evidence, with_fexit, false, err);
	}
	/*
	 * libbpf loads all or nothing, and does not tell which one was refused. A kernel that has no
	 * cookies of namespaces can't be traced at all, and 5.10 would log a warning.
	 */
	if (ret && ret != -ENOMEM && ret != -EMFILE && evidence == TW_BY_INFERENCE &&
	    netns_current_cookie() && !load(probes, opts, evidence, with_fexit, true, &least)) {
		log_msg(LOG_WARNING,
			"this kernel refuses a program that looks at open files, bound sockets or "
			"resets (%s): none of these is seen, so owners may be unknown",
			strerror(-ret));
		ret = 0;
	}
	if (!ret)
		tell_calls(probes, opts, with_fexit);
	return ret;
}

/* What may be asked for where nothing better goes by itself: it has its price. */
static void tell_of_timers(void)
{
	static const char offer[] = "--evidence timer would see the ends of TIME_WAIT as they "
				    "happen; it looks at every timer of the host";
	struct estimate estimate;
	int ret;

	if (!log_wants(LOG_VERBOSE))
		return;
	ret = estimate_timer_tier(&estimate);
	if (ret)
		log_msg(LOG_VERBOSE, "%s (what that costs can't be measured here: %s)", offer,
			strerror(-ret));
	else
		log_msg(LOG_VERBOSE, "%s: now %.0f events/s of %.0f ns, %.2f %% of a core", offer,
			estimate.events_per_s, estimate.ns,
			estimate.events_per_s * estimate.ns / 1e7);
}

int probes_load(struct probes *probes, const struct live_opts *opts, struct error *err)
{
	static const enum tw_evidence best_first[] = { TW_BY_FENTRY, TW_BY_KPROBE,
						       TW_BY_INFERENCE };
	int ret;

	/* before anything of it fails */
	libbpf_set_print(libbpf_words);
	ret = features_probe(&probes->features, err);
	if (ret)
		return ret;
	if (opts->evidence != TW_NR_EVIDENCE) {
		struct error why = { 0 };

		ret = load_tier(probes, opts, opts->evidence, &why);
		if (ret && opts->evidence == TW_BY_INFERENCE)
			*err = why;
		else if (ret)
			error_set(err, ret, "there is no evidence tier '%s' on this host: %s",
				  tier_name(opts->evidence), why.text);
		else if (opts->evidence == TW_BY_INFERENCE)
			tell_of_timers();
		return ret;
	}
	for (size_t i = 0; i < sizeof(best_first) / sizeof(best_first[0]); i++) {
		ret = load_tier(probes, opts, best_first[i], err);
		if (!ret)
			break;
		log_msg(LOG_VERBOSE, "no evidence tier '%s': %s", tier_name(best_first[i]),
			err->text);
	}
	if (!ret && probes->tier.evidence == TW_BY_INFERENCE)
		tell_of_timers();
	return ret;
}

static bool is_syscall(const struct bpf_program *program)
{
	return strstr(bpf_program__section_name(program), "sys_exit") != NULL;
}

/* Of all that a command does nothing is missed only if these are there before it runs. */
static int attach_scope(struct probes *probes, struct error *err)
{
	struct bpf_program *programs[] = {
		probes->skel->progs.process_forked,
		probes->skel->progs.process_exits,
		probes->skel->progs.process_freed,
	};

	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		probes->scope[i] = bpf_program__attach(programs[i]);
		if (!probes->scope[i])
			return error_set(err, -errno, "%s cannot be attached: %s",
					 bpf_program__section_name(programs[i]), strerror(errno));
	}
	return 0;
}

int probes_attach(struct probes *probes, const struct live_opts *opts, struct error *err)
{
	struct twtrace_bpf *skel = probes->skel;
	struct bpf_program *optional[] = {
		skel->progs.reset_plain,
		skel->progs.reset_reason,
		skel->progs.accept_plain,
		skel->progs.accept_arg,
		skel->progs.exit_call,
		skel->progs.bind_fexit,
		skel->progs.bind_kprobe,
		skel->progs.bind_kretprobe,
		/* after the looks, which give sockets their cookies */
		skel->progs.stack_change,
		skel->progs.stack_accept_plain,
		skel->progs.stack_accept_arg,
		skel->progs.stack_exit_accept,
	};
	size_t count = 0;

	if (opts->scope_pid && attach_scope(probes, err))
		return err->code;
	/* the order of attaching is the order of running: each look before the next */
	probes->links[count] = bpf_program__attach(skel->progs.first_look);
	if (!probes->links[count])
		return error_set(err, -errno,
				 "the tracepoint sock:inet_sock_set_state cannot be attached: %s",
				 strerror(errno));
	count++;
	probes->links[count++] = bpf_program__attach(skel->progs.second_look);
	log_msg(LOG_VERBOSE, "state changes: %s, by the programs first_look%s",
		bpf_program__section_name(skel->progs.first_look),
		probes->links[count - 1] ? " and second_look" : "");
	for (size_t i = 0; i < sizeof(optional) / sizeof(optional[0]); i++) {
		if (!bpf_program__autoload(optional[i]))
			continue;
		probes->links[count] = bpf_program__attach(optional[i]);
		if (probes->links[count])
			log_msg(LOG_VERBOSE, "attached %s%s",
				bpf_program__section_name(optional[i]),
				is_syscall(optional[i]) ? SYSCALL_PRICE : "");
		else
			/* what the user asked for by name is worth a word in any case */
			log_msg((opts->syscalls || opts->stacks) && is_syscall(optional[i]) ?
					LOG_WARNING :
					LOG_VERBOSE,
				"%s cannot be attached: %s", bpf_program__section_name(optional[i]),
				strerror(errno));
		count++;
	}
	return 0;
}

void probes_attach_third(struct probes *probes)
{
	struct bpf_program *program = probes->skel->progs.third_look;

	/* libbpf keeps whether it is to be attached: not again where that has failed */
	if (probes->third || !bpf_program__autoattach(program))
		return;
	probes->third = bpf_program__attach(program);
	if (probes->third) {
		log_msg(LOG_VERBOSE, "the kernel skips programs often: a third one is attached");
		return;
	}
	log_msg(LOG_VERBOSE,
		"the kernel skips programs often, and a third one cannot be attached: %s",
		strerror(errno));
	bpf_program__set_autoattach(program, false);
}

uint64_t probes_skipped(const struct probes *probes)
{
	struct bpf_prog_info info = { 0 };
	__u32 len = sizeof(info);

	if (bpf_obj_get_info_by_fd(bpf_program__fd(probes->skel->progs.first_look), &info, &len))
		return 0;
	return info.recursion_misses;
}

void probes_tell_cost(const struct probes *probes)
{
	struct bpf_program *program;

	if (!log_wants(LOG_VERBOSE))
		return;
	bpf_object__for_each_program(program, probes->skel->obj) {
		struct bpf_prog_info info = { 0 };
		__u32 len = sizeof(info);

		if (bpf_program__fd(program) >= 0 &&
		    !bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &len) && info.run_cnt)
			log_msg(LOG_VERBOSE, "cost: %s ran %llu times, %llu ns each",
				bpf_program__name(program), info.run_cnt,
				info.run_time_ns / info.run_cnt);
	}
}

void probes_close(struct probes *probes)
{
	for (size_t i = 0; i < sizeof(probes->links) / sizeof(probes->links[0]); i++)
		bpf_link__destroy(probes->links[i]);
	for (size_t i = 0; i < sizeof(probes->scope) / sizeof(probes->scope[0]); i++)
		bpf_link__destroy(probes->scope[i]);
	bpf_link__destroy(probes->third);
	unload(probes);
}
