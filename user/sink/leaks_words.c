// SPDX-License-Identifier: GPL-2.0-or-later
/* A verdict in words: who leaks what and where, what that rests on, what to do. */
#include "sink/leaks.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "base/addr.h"
#include "base/text.h"
#include "base/wrap.h"
#include "model/leak.h"
#include "sink/common.h"

#define INDENT 9
#define LINE_LEN 1024
/* No trend is one before. */
#define TREND_NS (30 * NS_PER_SECOND)
/* Frames of a stack; JSON has them all. */
#define MOST_FRAMES 12

static void say(const struct sink_opts *opts, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* A line of the paragraph. */
static void say(const struct sink_opts *opts, const char *format, ...)
{
	char text[LINE_LEN];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fprintf(opts->out, "%*s", INDENT, "");
	print_wrapped(opts->out, wrap_width(opts), INDENT, text);
}

static const struct {
	const char *word, *colour;
} levels[] = {
	[LEVEL_WATCH] = { "WATCH", "\033[36m" },
	[LEVEL_SUSPECT] = { "SUSPECT", "\033[33m" },
	[LEVEL_LEAK] = { "LEAK", "\033[1;31m" },
};

const char *leak_level_word(enum leak_level level)
{
	return levels[level].word ? levels[level].word : "";
}

static const char *remote_text(const struct verdict *verdict, struct names *names,
			       char text[static LINE_LEN])
{
	const char *name = names_of(names, verdict->remote_addr);
	static const uint8_t several[16];
	char addr[ADDR_TEXT_LEN];

	if (!memcmp(verdict->remote_addr, several, 16))
		snprintf(text, LINE_LEN, "%" PRIu32 " hosts", verdict->remotes);
	else if (name)
		snprintf(text, LINE_LEN, "%s", name);
	else
		snprintf(text, LINE_LEN, "%s", addr_format(verdict->remote_addr, addr));
	return text;
}

const char *verdict_place_text(const struct verdict *verdict, struct names *names,
			       char text[static VERDICT_TEXT_LEN])
{
	char remote[LINE_LEN];

	remote_text(verdict, names, remote);
	if (verdict->kind == LEAK_ACCEPT_QUEUE)
		snprintf(text, VERDICT_TEXT_LEN, "on port %u", verdict->local_port);
	else if (verdict->direction == DIRECTION_OUTGOING)
		snprintf(text, VERDICT_TEXT_LEN, "to %.900s, port %u", remote,
			 verdict->remote_port);
	else
		snprintf(text, VERDICT_TEXT_LEN, "on port %u, from %.900s", verdict->local_port,
			 remote);
	return text;
}

const char *verdict_text(const struct verdict *verdict, struct names *names,
			 char text[static VERDICT_TEXT_LEN])
{
	char place[VERDICT_TEXT_LEN], number[TEXT_LEN];

	snprintf(text, VERDICT_TEXT_LEN, "%.400s: %s %s %.500s",
		 verdict->service ? verdict->service : "an unknown service",
		 text_count(verdict->count, number), leak_thing(verdict->kind),
		 verdict_place_text(verdict, names, place));
	return text;
}

static void print_title(const struct sink_opts *opts, const struct verdict *verdict)
{
	const char *colour = opts->terminal ? levels[verdict->level].colour : "";
	const char *plain = opts->terminal ? "\033[0m" : "";
	char text[VERDICT_TEXT_LEN];

	fprintf(opts->out, "%s%-*s%s", colour, INDENT, levels[verdict->level].word, plain);
	print_wrapped(opts->out, wrap_width(opts), INDENT,
		      verdict_text(verdict, opts->names, text));
}

static void print_growth(const struct sink_opts *opts, const struct verdict *verdict)
{
	char watched[TEXT_LEN], grown[TEXT_LEN], stayed[TEXT_LEN], more[LINE_LEN] = "";

	text_duration(verdict->watched_ns, watched);
	if (verdict->per_minute <= 0 && !verdict->grown) {
		say(opts, "%s over %s; confidence %.2f",
		    verdict->watched_ns < TREND_NS ? "not seen to grow" : "they don't grow",
		    watched, verdict->confidence);
		return;
	}
	if (verdict->grown && verdict->stayed == verdict->grown)
		snprintf(more, sizeof(more), "; of the first %s that came all are still there",
			 text_count(verdict->grown, grown));
	else if (verdict->grown)
		snprintf(more, sizeof(more), "; of the first %s that came %s are still there",
			 text_count(verdict->grown, grown), text_count(verdict->stayed, stayed));
	say(opts, "%+.1f a minute over %s, confidence %.2f%s", verdict->per_minute, watched,
	    verdict->confidence, more);
	if (verdict->quiet_percent >= 0)
		say(opts, "%d %% of those that came had no data after their beginning",
		    verdict->quiet_percent);
}

static void print_churn(const struct sink_opts *opts, const struct verdict *verdict)
{
	char lifetime[TEXT_LEN], watched[TEXT_LEN], waiting[TEXT_LEN], ports[TEXT_LEN];

	say(opts,
	    "%.1f a second over %s; half of them live for %s at most, %d %% send at most one "
	    "segment of data",
	    verdict->per_minute / 60, text_duration(verdict->watched_ns, watched),
	    text_duration(verdict->lifetime_p50_ns, lifetime), verdict->one_segment_percent);
	if (verdict->time_wait && verdict->limit)
		say(opts, "%s of them are in TIME-WAIT here, of %s ephemeral ports",
		    text_count(verdict->time_wait, waiting), text_count(verdict->limit, ports));
}

static void print_ages(const struct sink_opts *opts, const struct verdict *verdict)
{
	char oldest[TEXT_LEN], half[TEXT_LEN], clock[TIME_TEXT_LEN];
	const char *bound = verdict->at_least ? "at least " : "";
	const char *half_bound = verdict->half_at_least ? "at least " : "";

	text_clock(sink_realtime(opts, verdict->since_ns), clock);
	if (verdict->kind == LEAK_ACCEPT_QUEUE)
		say(opts,
		    "full since %.8s or before, at every look for %s; the backlog is %" PRIu32,
		    clock, text_duration(verdict->watched_ns, oldest), verdict->limit);
	if (!verdict->aged)
		return;
	say(opts, "the oldest for %s%s, half of them for %s%s; since %s%.8s", bound,
	    text_duration(verdict->age_max_ns, oldest), half_bound,
	    text_duration(verdict->age_p50_ns, half), verdict->at_least ? "before " : "", clock);
}

static void print_idle(const struct sink_opts *opts, const struct verdict *verdict)
{
	char idle[TEXT_LEN];

	if (verdict->idle_p50_ns)
		say(opts, "half of them have had no segment for %s",
		    text_duration(verdict->idle_p50_ns, idle));
}

static void print_holder(const struct sink_opts *opts, const struct verdict_holder *holder)
{
	char line[LINE_LEN], number[TEXT_LEN], fds[TEXT_LEN], limit[TEXT_LEN];
	size_t len;

	len = snprintf(line, sizeof(line), "%s (pid %" PRIu32 "%s%s) has %s",
		       holder->comm[0] ? holder->comm : "a process", holder->pid,
		       holder->script[0] ? ", " : "", holder->script,
		       text_count(holder->sockets, number));
	if (holder->fds && len < sizeof(line))
		len += snprintf(line + len, sizeof(line) - len, "; %s descriptors in all",
				text_count(holder->fds, fds));
	if (holder->fds && holder->fd_limit && holder->fd_limit != UINT64_MAX && len < sizeof(line))
		snprintf(line + len, sizeof(line) - len, " of %s (%.0f %%)",
			 text_count(holder->fd_limit, limit),
			 100.0 * holder->fds / (double)holder->fd_limit);
	say(opts, "%s", line);
}

/* Who closed them: nobody holds them any more. */
static void print_closers(const struct sink_opts *opts, const struct verdict *verdict)
{
	char number[TEXT_LEN];

	for (uint32_t i = 0; i < verdict->nr_holders; i++)
		say(opts, "%s (pid %" PRIu32 ") has closed %s of them", verdict->holders[i].comm,
		    verdict->holders[i].pid, text_count(verdict->holders[i].sockets, number));
}

static void print_holders(const struct sink_opts *opts, const struct verdict *verdict)
{
	char left[TEXT_LEN];

	if (verdict->kind == LEAK_FIN_WAIT2_ORPHAN || verdict->kind == LEAK_TIME_WAIT_CHURN) {
		print_closers(opts, verdict);
		return;
	}
	for (uint32_t i = 0; i < verdict->nr_holders; i++)
		print_holder(opts, &verdict->holders[i]);
	if (verdict->more_holders)
		say(opts, "and %" PRIu32 " more processes%s", verdict->more_holders,
		    verdict->unlisted ? " at least" : "");
	if (verdict->exhausted_ns)
		say(opts, "at this rate the last descriptor is gone in %s",
		    text_duration(verdict->exhausted_ns, left));
}

static void print_other(const struct sink_opts *opts, const struct verdict *verdict)
{
	const char *service = verdict->other_service;
	char pid[TEXT_LEN] = "";

	if (!verdict->other_here)
		return;
	if (verdict->other_pid)
		snprintf(pid, sizeof(pid), " (pid %" PRIu32 ")", verdict->other_pid);
	if (service)
		say(opts, "the other end is on this host: %s%s, in %s", service, pid,
		    state_name(verdict->other_state));
	else
		say(opts, "the other end is on this host, in %s; whose it is is not known",
		    state_name(verdict->other_state));
}

static void print_stack(const struct sink_opts *opts, const struct verdict_stack *stack)
{
	static const char *const deeds[TW_NR_DEEDS] = { "connected", "accepted", "closed" };
	const char *text = stack->text ? stack->text : "";
	char number[TEXT_LEN];

	say(opts, "%s of them %s%s%s at%s", text_count(stack->sockets, number),
	    stack->deed < TW_NR_DEEDS ? deeds[stack->deed] : "opened",
	    stack->thread ? " by thread " : "", stack->thread ? stack->thread : "",
	    stack->incomplete ? " (frames are missing)" : "");
	for (unsigned int frame = 0; *text; frame++) {
		size_t len = strcspn(text, "\n");

		if (frame < MOST_FRAMES)
			fprintf(opts->out, "%*s%.*s\n", INDENT + 4, "", (int)len, text);
		else if (frame == MOST_FRAMES)
			fprintf(opts->out, "%*s... (-o json has the rest)\n", INDENT + 4, "");
		text += len + (text[len] == '\n');
	}
}

void verdict_print(const struct verdict *verdict, const struct sink_opts *opts)
{
	print_title(opts, verdict);
	if (verdict->kind == LEAK_TIME_WAIT_CHURN)
		print_churn(opts, verdict);
	else if (verdict->kind != LEAK_ACCEPT_QUEUE)
		print_growth(opts, verdict);
	print_ages(opts, verdict);
	print_idle(opts, verdict);
	print_holders(opts, verdict);
	print_other(opts, verdict);
	for (uint32_t i = 0; i < verdict->nr_stacks; i++)
		print_stack(opts, &verdict->stacks[i]);
	if (verdict->cut_short)
		say(opts, "%.0f %% of the stacks are cut short: code without frame pointers",
		    100.0 * verdict->cut_short / verdict->stacked);
	say(opts, "%s", verdict->advice);
}
