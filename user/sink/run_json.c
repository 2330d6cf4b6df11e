// SPDX-License-Identifier: GPL-2.0-or-later
/* `run -o json`: the document, once, when the command has ended. docs/schema/run.json. */
#include <string.h>
#include <sys/wait.h>

#include "base/json.h"
#include "base/text.h"
#include "model/farewell.h"
#include "sink/common.h"
#include "sink/json_part.h"
#include "sink/value.h"

#define MOST_HOLDERS 256

/* @known: there is one. */
static void add_command(struct json *json, const struct farewell_command *command, bool known)
{
	bool killed = command->ended && WIFSIGNALED(command->status);
	const char *word = command->words;
	struct json *words;

	if (known) {
		words = json_array();
		for (uint32_t i = 0; i < command->nr_words; i++) {
			json_add_text(words, NULL, word);
			word += strlen(word) + 1;
		}
		json_add(json, "command", words);
	} else {
		json_add_null(json, "command");
	}
	json_add_known(json, "pid", known, command->pid);
	json_add_known(json, "status", command->ended && !killed, WEXITSTATUS(command->status));
	json_add_known(json, "signal", killed, WTERMSIG(command->status));
}

static void add_opened(struct json *json, const struct farewell_counts *counts)
{
	struct json *child = json_object();
	uint64_t total = 0;

	for (unsigned int direction = 0; direction < FAREWELL_DIRECTIONS; direction++)
		total += counts->opened[direction];
	json_add_u64(child, "total", total);
	json_add_u64(child, "outgoing", counts->opened[DIRECTION_OUTGOING]);
	json_add_u64(child, "incoming", counts->opened[DIRECTION_INCOMING]);
	json_add_u64(child, "unknown", counts->opened[DIRECTION_UNKNOWN]);
	json_add(json, "opened", child);
}

static void add_ended(struct json *json, const struct farewell_counts *counts)
{
	static const char *const names[NR_FAREWELL_ENDS] = {
		[FAREWELL_BY_US] = "closed_by_us",    [FAREWELL_BY_PEER] = "closed_by_peer",
		[FAREWELL_RESET_SENT] = "reset_sent", [FAREWELL_RESET_RECEIVED] = "reset_received",
		[FAREWELL_TIMED_OUT] = "timed_out",   [FAREWELL_UNSEEN] = "unseen",
	};
	struct json *child = json_object();

	for (unsigned int end = 0; end < NR_FAREWELL_ENDS; end++)
		json_add_u64(child, names[end], counts->ended[end]);
	json_add_u64(child, "closing", counts->closing);
	json_add_u64(child, "still_open", counts->open);
	json_add(json, "ended", child);
}

static void add_failed(struct json *json, const struct farewell_counts *counts)
{
	struct json *child = json_object();

	for (int error = 0; error < FAREWELL_ERRNOS; error++)
		if (counts->failed[error])
			json_add_u64(child, text_errno(error) ? text_errno(error) : "unknown",
				     counts->failed[error]);
	json_add(json, "failed", child);
	json_add_u64(json, "given_up", counts->given_up);
}

static struct json *stacks_new(const struct model *model, const struct farewell_leak *leak)
{
	struct json *array = json_array();

	for (uint32_t i = 0; i < leak->nr_stacks; i++) {
		struct farewell_stack stack = model_farewell_stack(model, leak->stacks[i].number);
		struct json *child = json_object();

		json_add_u64(child, "sockets", leak->stacks[i].count);
		json_add_text(child, "at", json_deed(stack.deed));
		json_add_text(child, "thread", stack.thread);
		json_add_bool(child, "incomplete", stack.incomplete);
		json_add(child, "frames", json_frames(stack.text));
		json_add(array, NULL, child);
	}
	return array;
}

static void add_ages(struct json *json, const struct histogram *ages)
{
	struct json *child = json_object();

	if (ages->count) {
		json_add_double(child, "p50", ns_to_ms(histogram_quantile(ages, 500)) / 1000);
		json_add_double(child, "max", ns_to_ms(ages->max_ns) / 1000);
	} else {
		json_add_null(child, "p50");
		json_add_null(child, "max");
	}
	json_add(json, "age_s", child);
}

static struct json *leak_new(const struct model *model, const struct farewell_leak *leak)
{
	bool incoming = leak->direction == DIRECTION_INCOMING;
	struct json *json = json_object();
	struct value addr;

	value_addr(&addr, leak->remote_addr, false);
	json_add_text(json, "service", model_service_name(model, leak->service));
	json_add_text(json, "comm", leak->comm[0] ? leak->comm : NULL);
	json_add_known(json, "pid", leak->pid != PID_UNKNOWN, leak->pid);
	json_add_text(json, "direction", direction_name(leak->direction));
	json_add_value(json, "remote_addr", &addr);
	json_add_known(json, "remote_port", !incoming && leak->port, leak->port);
	json_add_known(json, "local_port", incoming && leak->port, leak->port);
	json_add_text(json, "state", state_name(leak->state));
	json_add_u64(json, "count", leak->count);
	add_ages(json, &leak->ages);
	json_add(json, "stacks", stacks_new(model, leak));
	return json;
}

static void add_leaks(struct json *json, const struct model *model,
		      const struct farewell_counts *counts)
{
	struct json *array = json_array();
	const struct farewell_leak *leaks;
	size_t count = model_farewell_leaks(model, &leaks);

	for (size_t i = 0; i < count; i++)
		json_add(array, NULL, leak_new(model, &leaks[i]));
	json_add_u64(json, "leaked_sockets", counts->leaked);
	json_add(json, "leaked", array);
}

static void add_holders(struct json *json, const struct model *model)
{
	struct farewell_holder holders[MOST_HOLDERS];
	size_t count = model_farewell_holders(model, holders, MOST_HOLDERS);
	struct json *array = json_array();

	for (size_t i = 0; i < count; i++) {
		struct json *child = json_object();

		json_add_known(child, "pid", holders[i].pid != PID_UNKNOWN, holders[i].pid);
		json_add_text(child, "comm", holders[i].comm[0] ? holders[i].comm : NULL);
		json_add_u64(child, "sockets", holders[i].sockets);
		json_add_u64(child, "listeners", holders[i].listeners);
		json_add(array, NULL, child);
	}
	json_add(json, "still_held", array);
}

static void add_loss(struct json *json, const struct model *model)
{
	struct json *child = json_object();
	uint64_t total = 0;

	for (unsigned int cause = 0; cause < TW_NR_LOSS; cause++) {
		total += model_loss(model, cause);
		json_add_u64(child, loss_cause_name(cause), model_loss(model, cause));
	}
	json_add_u64(child, "total", total);
	json_add(json, "loss", child);
}

static void run_json_end(struct sink *sink, const struct model *model)
{
	struct farewell_command command = { 0 };
	const struct sink_opts *opts = &sink->opts;
	struct json *json = json_object();
	struct farewell_counts counts;
	bool known = model_farewell_command(model, &command);

	model_farewell_counts(model, &counts);
	json_add_text(json, "host", opts->host);
	add_command(json, &command, known);
	json_add_time(json, "from", opts, model_ready_ns(model));
	json_add_time(json, "to", opts, model_now_ns(model));
	json_add_text(json, "scope", !known ? NULL : command.by_cgroup ? "cgroup" : "process_tree");
	json_add_u64(json, "processes_left", command.processes);
	add_opened(json, &counts);
	add_ended(json, &counts);
	add_failed(json, &counts);
	json_add_u64(json, "closed_first", counts.closed_first);
	json_add_u64(json, "time_wait_left", counts.time_wait);
	json_add_u64(json, "fin_wait2_left", counts.fin_wait2);
	add_leaks(json, model, &counts);
	add_holders(json, model);
	add_loss(json, model);
	json_write_pretty(json, opts->out);
	json_free(json);
	fflush(opts->out);
}

const struct sink_ops run_json_sink = {
	.name = "json",
	.open = sink_open,
	.end = run_json_end,
	.free = sink_free,
};
