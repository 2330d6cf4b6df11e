// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `run` as text, once, when the command has ended:
 *
 *   twtrace run: 'make test' ended with status 0 after 12.4s
 *     opened     14 connections: 12 outgoing, 2 incoming
 *     ended      11 closed first by it, 1 by the peer
 *     TIME-WAIT  11 left behind
 *     LEAKED     2 sockets that nothing but the exit of a process closed:
 *                python3 (4711): 2 to 10.0.0.5 port 5432 in ESTABLISHED, oldest 3.1s
 */
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <sys/wait.h>

#include "base/addr.h"
#include "base/text.h"
#include "model/farewell.h"
#include "sink/common.h"

#define LINE_LEN 1024
#define LABEL 11
#define COMMAND_LEN 160
#define MOST_LEAKS 20
#define MOST_HOLDERS 20

/* "12 a, 1 b": what is not zero. */
struct parts {
	char text[LINE_LEN];
	size_t len;
};

static void parts_add(struct parts *parts, uint64_t count, const char *what)
{
	char number[TEXT_LEN];

	if (!count || parts->len >= sizeof(parts->text))
		return;
	parts->len += snprintf(parts->text + parts->len, sizeof(parts->text) - parts->len,
			       "%s%s %s", parts->len ? ", " : "", text_count(count, number), what);
}

static void say(const struct sink_opts *opts, const char *label, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void say(const struct sink_opts *opts, const char *label, const char *format, ...)
{
	char text[2 * LINE_LEN];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fprintf(opts->out, "  %-*s%s\n", LABEL, label, text);
}

static const char *plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

/* The words with blanks between, as many as make no long line. */
static void command_text(const struct farewell_command *command, char text[static COMMAND_LEN])
{
	const char *word = command->words;
	size_t len = 0, most = COMMAND_LEN - strlen(" ...");

	text[0] = '\0';
	for (uint32_t i = 0; i < command->nr_words; i++) {
		size_t more = snprintf(text + len, most - len, "%s%s", i ? " " : "", word);

		if (more >= most - len) {
			strcpy(text + (i ? len : text_fit(word, most - 1)), " ...");
			return;
		}
		len += more;
		word += strlen(word) + 1;
	}
}

static void print_title(const struct sink_opts *opts, const struct farewell_command *command,
			uint64_t ns, bool nothing)
{
	char text[COMMAND_LEN], duration[TEXT_LEN], how[LINE_LEN / 4];

	command_text(command, text);
	if (!command->ended)
		snprintf(how, sizeof(how), "runs on");
	else if (WIFSIGNALED(command->status))
		snprintf(how, sizeof(how), "was killed by signal %d", WTERMSIG(command->status));
	else
		snprintf(how, sizeof(how), "ended with status %d", WEXITSTATUS(command->status));
	fprintf(opts->out, "twtrace run: '%s' %s after %s%s\n", text, how,
		text_duration(ns, duration),
		!nothing       ? "" :
		opts->filtered ? ": no TCP connections that match the filters" :
				 ": no TCP connections");
}

static void print_opened(const struct sink_opts *opts, const struct farewell_counts *counts)
{
	static const char *const names[FAREWELL_DIRECTIONS] = {
		[DIRECTION_OUTGOING] = "outgoing",
		[DIRECTION_INCOMING] = "incoming",
		[DIRECTION_UNKNOWN] = "of unknown direction",
	};
	static const enum direction order[] = { DIRECTION_OUTGOING, DIRECTION_INCOMING,
						DIRECTION_UNKNOWN };
	struct parts parts = { .len = 0 };
	char number[TEXT_LEN];
	uint64_t total = 0;

	for (size_t i = 0; i < FAREWELL_DIRECTIONS; i++) {
		total += counts->opened[order[i]];
		parts_add(&parts, counts->opened[order[i]], names[order[i]]);
	}
	say(opts, "opened", "%s connection%s%s%s", text_count(total, number), plural(total),
	    total ? ": " : "", parts.text);
}

static void print_ended(const struct sink_opts *opts, const struct farewell_counts *counts)
{
	static const char *const names[NR_FAREWELL_ENDS] = {
		[FAREWELL_BY_US] = "closed first by it",
		[FAREWELL_BY_PEER] = "by the peer",
		[FAREWELL_RESET_SENT] = "reset by it",
		[FAREWELL_RESET_RECEIVED] = "reset by the peer",
		[FAREWELL_TIMED_OUT] = "timed out",
		[FAREWELL_UNSEEN] = "ended unseen",
	};
	struct parts parts = { .len = 0 };

	for (unsigned int end = 0; end < NR_FAREWELL_ENDS; end++)
		parts_add(&parts, counts->ended[end], names[end]);
	parts_add(&parts, counts->closing, "closed, and not answered yet");
	parts_add(&parts, counts->open, "still open");
	if (parts.len)
		say(opts, "ended", "%s", parts.text);
}

static void print_failed(const struct sink_opts *opts, const struct farewell_counts *counts)
{
	struct parts parts = { .len = 0 };
	uint64_t total = counts->given_up;
	char number[TEXT_LEN];

	for (int error = 0; error < FAREWELL_ERRNOS; error++) {
		const char *name = text_errno(error);

		total += counts->failed[error];
		parts_add(&parts, counts->failed[error], name ? name : "of an unknown error");
	}
	parts_add(&parts, counts->given_up, "given up by it");
	if (total)
		say(opts, "failed", "%s connect%s: %s", text_count(total, number), plural(total),
		    parts.text);
}

static void print_time_wait(const struct sink_opts *opts, const struct farewell_counts *counts)
{
	struct parts parts = { .len = 0 };

	parts_add(&parts, counts->time_wait, "left behind");
	parts_add(&parts, counts->fin_wait2, "in FIN-WAIT2, whose peers have not closed yet");
	if (parts.len)
		say(opts, "TIME-WAIT", "%s", parts.text);
}

static void print_stacks(const struct sink_opts *opts, const struct model *model,
			 const struct farewell_leak *leak)
{
	uint64_t without = leak->count;
	char rest[TEXT_LEN];

	for (uint32_t i = 0; i < leak->nr_stacks; i++)
		without -= leak->stacks[i].count < without ? leak->stacks[i].count : without;
	if (opts->stacks && without)
		say(opts, "", "  %s without a known stack: the process was gone too soon",
		    text_count(without, rest));
	for (uint32_t i = 0; i < leak->nr_stacks; i++) {
		struct farewell_stack stack = model_farewell_stack(model, leak->stacks[i].number);
		const char *line = stack.text;
		char number[TEXT_LEN];

		say(opts, "", "  %s opened by%s%s%s:", text_count(leak->stacks[i].count, number),
		    stack.thread ? " thread " : "", stack.thread ? stack.thread : "",
		    stack.incomplete ? " (frames are missing)" : "");
		while (line && *line) {
			size_t len = strcspn(line, "\n");

			say(opts, "", "    %.*s", (int)len, line);
			line += len + (line[len] == '\n');
		}
	}
}

static void leak_place(const struct sink_opts *opts, const struct farewell_leak *leak,
		       char text[static LINE_LEN / 2])
{
	const char *name = opts->names ? names_of(opts->names, leak->remote_addr) : NULL;
	char addr[ADDR_TEXT_LEN];

	if (!leak->port)
		snprintf(text, LINE_LEN / 2, "elsewhere");
	else if (leak->direction == DIRECTION_INCOMING)
		snprintf(text, LINE_LEN / 2, "on port %u", leak->port);
	else
		snprintf(text, LINE_LEN / 2, "to %s port %u",
			 name ? name : addr_format(leak->remote_addr, addr), leak->port);
}

static void print_leak(const struct sink_opts *opts, const struct model *model,
		       const struct farewell_leak *leak)
{
	char place[LINE_LEN / 2], number[TEXT_LEN], oldest[TEXT_LEN], median[TEXT_LEN];

	leak_place(opts, leak, place);
	text_duration(leak->ages.max_ns, oldest);
	if (leak->ages.count > 1)
		snprintf(place + strlen(place), sizeof(place) - strlen(place),
			 " in %s, median age %s", state_name(leak->state),
			 text_duration(histogram_quantile(&leak->ages, 500), median));
	else
		snprintf(place + strlen(place), sizeof(place) - strlen(place), " in %s",
			 state_name(leak->state));
	say(opts, "", "%s (%" PRIu32 "): %s %s%s%s", leak->comm, leak->pid,
	    text_count(leak->count, number), place, leak->ages.count ? ", oldest " : "",
	    leak->ages.count ? oldest : "");
	print_stacks(opts, model, leak);
}

static void print_leaks(const struct sink_opts *opts, const struct model *model, uint64_t total)
{
	size_t most = opts->limit ? opts->limit : MOST_LEAKS;
	const struct farewell_leak *leaks;
	size_t count = model_farewell_leaks(model, &leaks);
	char number[TEXT_LEN];

	if (!total)
		return;
	say(opts, opts->terminal ? "\033[1;31mLEAKED\033[0m     " : "LEAKED",
	    "%s socket%s that nothing but the exit of a process closed:", text_count(total, number),
	    plural(total));
	for (size_t i = 0; i < count && i < most; i++)
		print_leak(opts, model, &leaks[i]);
	if (count > most)
		say(opts, "", "and %zu more places", count - most);
}

/* Who runs on; how many sockets there are. */
static void print_holders(const struct sink_opts *opts, const struct farewell_holder *holders,
			  size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct parts parts = { .len = 0 };
		uint64_t others = holders[i].sockets - holders[i].listeners;

		parts_add(&parts, others, others == 1 ? "connection" : "connections");
		parts_add(&parts, holders[i].listeners,
			  holders[i].listeners == 1 ? "listener" : "listeners");
		say(opts, i ? "" : "runs on", "%s (%" PRIu32 ") holds %s", holders[i].comm,
		    holders[i].pid, parts.text);
	}
}

static void print_loss(const struct sink_opts *opts, const struct model *model)
{
	struct parts parts = { .len = 0 };

	for (unsigned int cause = 0; cause < TW_NR_LOSS; cause++)
		parts_add(&parts, model_loss(model, cause), loss_cause_name(cause));
	if (parts.len)
		say(opts, "lost", "%s", parts.text);
}

static bool is_empty(const struct farewell_counts *counts, size_t holders)
{
	static const struct farewell_counts none;

	return !memcmp(counts, &none, sizeof(none)) && !holders;
}

static void run_text_end(struct sink *sink, const struct model *model)
{
	struct farewell_holder holders[MOST_HOLDERS];
	const struct sink_opts *opts = &sink->opts;
	struct farewell_command command;
	struct farewell_counts counts;
	uint64_t ns = model_now_ns(model) - model_ready_ns(model);
	size_t nr_holders;

	if (!model_farewell_command(model, &command)) {
		fprintf(opts->out, "no command was run in what was recorded\n");
		return;
	}
	model_farewell_counts(model, &counts);
	nr_holders = model_farewell_holders(model, holders, MOST_HOLDERS);
	print_title(opts, &command, ns, is_empty(&counts, nr_holders));
	if (!is_empty(&counts, nr_holders)) {
		print_opened(opts, &counts);
		print_ended(opts, &counts);
		print_failed(opts, &counts);
		print_time_wait(opts, &counts);
		print_leaks(opts, model, counts.leaked);
		print_holders(opts, holders, nr_holders);
	}
	print_loss(opts, model);
	fflush(opts->out);
}

const struct sink_ops run_text_sink = {
	.name = "text",
	.open = sink_open,
	.end = run_text_end,
	.free = sink_free,
};
