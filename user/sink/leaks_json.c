/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `leaks -o json`: the document once, at the end. `leaks -o jsonl`: a line for each verdict
 * when it comes, when its level changes and when it goes, and the document as the last line.
 */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "model/leak.h"
#include "sink/common.h"
#include "sink/json_part.h"
#include "sink/part.h"
#include "sink/value.h"

/* What tells one verdict from another. */
struct seen {
	enum leak_kind kind;
	enum leak_level level;
	enum direction direction;
	uint16_t local_port, remote_port;
	uint8_t remote_addr[16];
	char service[256];
};

struct leaks_jsonl {
	struct sink sink;
	struct seen *seen;	/* owned: what was told last */
	size_t nr_seen;
};

static void add_seconds(struct json *json, const char *key, bool known, uint64_t ns)
{
	if (known)
		json_add_double(json, key, ns_to_ms(ns) / 1000);
	else
		json_add_null(json, key);
}

static void add_share(struct json *json, const char *key, int percent)
{
	if (percent >= 0)
		json_add_double(json, key, percent / 100.0);
	else
		json_add_null(json, key);
}

static void add_place(struct json *json, const struct verdict *verdict)
{
	struct value addr;

	value_addr(&addr, verdict->remote_addr, false);
	json_add_text(json, "service", verdict->service);
	json_add_text(json, "direction", direction_name(verdict->direction));
	json_add_known(json, "local_port", verdict->local_port != 0, verdict->local_port);
	json_add_value(json, "remote_addr", &addr);
	json_add_known(json, "remote_port", verdict->remote_port != 0, verdict->remote_port);
	json_add_known(json, "remotes", verdict->remotes != 0, verdict->remotes);
}

static void add_ages(struct json *json, const struct verdict *verdict, const struct sink_opts *opts)
{
	struct json *age = json_object();

	add_seconds(age, "p50", verdict->aged, verdict->age_p50_ns);
	add_seconds(age, "max", verdict->aged, verdict->age_max_ns);
	json_add(json, "age_s", age);
	json_add_bool(json, "age_at_least", verdict->at_least);
	json_add_time(json, "since", opts, verdict->since_ns);
}

static bool is_of_minisocks(enum leak_kind kind)
{
	return kind == LEAK_FIN_WAIT2_ORPHAN || kind == LEAK_TIME_WAIT_CHURN;
}

static void add_holders(struct json *json, const struct verdict *verdict)
{
	struct json *array = json_array(), *child;

	for (uint32_t i = 0; i < verdict->nr_holders; i++) {
		const struct verdict_holder *holder = &verdict->holders[i];

		child = json_object();
		json_add_known(child, "pid", holder->pid != 0, holder->pid);
		json_add_text(child, "comm", holder->comm[0] ? holder->comm : NULL);
		json_add_text(child, "script", holder->script[0] ? holder->script : NULL);
		/* a minisock has none any more */
		json_add_u64(child, "fds", is_of_minisocks(verdict->kind) ? 0 : holder->sockets);
		json_add_u64(child, "sockets", holder->sockets);
		json_add_known(child, "open_fds", holder->fds != 0, holder->fds);
		json_add_known(child, "fd_limit",
			       holder->fd_limit && holder->fd_limit != UINT64_MAX,
			       holder->fd_limit);
		json_add(array, NULL, child);
	}
	json_add(json, "holders", array);
	json_add_known(json, "more_holders", !verdict->unlisted, verdict->more_holders);
}

static void add_limit(struct json *json, const struct verdict *verdict)
{
	bool known = verdict->fds && verdict->fd_limit && verdict->fd_limit != UINT64_MAX;

	json_add_known(json, "fd_limit", known, verdict->fd_limit);
	if (known)
		json_add_double(json, "fd_share", (double)verdict->fds / (double)verdict->fd_limit);
	else
		json_add_null(json, "fd_share");
	add_seconds(json, "exhausted_in_s", verdict->exhausted_ns != 0, verdict->exhausted_ns);
}

static void add_evidence(struct json *json, const struct verdict *verdict)
{
	struct json *child = json_object();
	bool churn = verdict->kind == LEAK_TIME_WAIT_CHURN;
	bool queue = verdict->kind == LEAK_ACCEPT_QUEUE;

	add_seconds(child, "watched_s", true, verdict->watched_ns);
	json_add_known(child, "grown", verdict->aged, verdict->grown);
	json_add_known(child, "stayed", verdict->aged, verdict->stayed);
	add_share(child, "quiet_share", verdict->quiet_percent);
	add_seconds(child, "idle_s", verdict->idle_p50_ns != 0, verdict->idle_p50_ns);
	add_share(child, "one_segment_share", verdict->one_segment_percent);
	add_seconds(child, "lifetime_s", churn, verdict->lifetime_p50_ns);
	json_add_known(child, "time_wait", churn, verdict->time_wait);
	json_add_known(child, "ephemeral_ports", churn && verdict->limit, verdict->limit);
	json_add_known(child, "backlog", queue, verdict->limit);
	json_add(json, "evidence", child);
}

static void add_other(struct json *json, const struct verdict *verdict)
{
	struct json *child;

	if (!verdict->other_here) {
		json_add_null(json, "other_end");
		return;
	}
	child = json_object();
	json_add_text(child, "service", verdict->other_service);
	json_add_known(child, "pid", verdict->other_pid != 0, verdict->other_pid);
	json_add_text(child, "state", state_name(verdict->other_state));
	json_add(json, "other_end", child);
}

static void add_stacks(struct json *json, const struct verdict *verdict)
{
	struct json *array = json_array(), *child;

	for (uint32_t i = 0; i < verdict->nr_stacks; i++) {
		const struct verdict_stack *stack = &verdict->stacks[i];

		child = json_object();
		json_add_u64(child, "sockets", stack->sockets);
		json_add_text(child, "at", json_deed(stack->deed));
		json_add_text(child, "thread", stack->thread);
		json_add_bool(child, "incomplete", stack->incomplete);
		json_add(child, "frames", json_frames(stack->text));
		json_add(array, NULL, child);
	}
	json_add(json, "stacks", array);
	if (verdict->stacked) {
		json_add_double(json, "stacks_incomplete_share",
				(double)verdict->cut_short / verdict->stacked);
		json_add_u64(json, "without_stack", verdict->unstacked);
	} else {
		json_add_null(json, "stacks_incomplete_share");
		json_add_null(json, "without_stack");
	}
}

static struct json *verdict_new(const struct verdict *verdict, const struct sink_opts *opts)
{
	struct json *json = json_object();

	json_add_text(json, "level", leak_level_name(verdict->level));
	json_add_text(json, "kind", leak_kind_name(verdict->kind));
	add_place(json, verdict);
	json_add_u64(json, "count", verdict->count);
	json_add_double(json, "per_minute", verdict->per_minute);
	json_add_double(json, "confidence", verdict->confidence);
	add_ages(json, verdict, opts);
	add_holders(json, verdict);
	add_limit(json, verdict);
	add_evidence(json, verdict);
	add_other(json, verdict);
	json_add_text(json, "advice", verdict->advice);
	add_stacks(json, verdict);
	return json;
}

struct json *leaks_document(const struct model *model, const struct sink_opts *opts,
			    const char *kind)
{
	struct json *json = json_object(), *array = json_array(), *loss = json_object();
	struct json *unkept = json_object();
	const struct verdict *verdicts;
	size_t count = model_verdicts(model, &verdicts);

	if (kind)
		json_add_text(json, "kind", kind);
	json_add_text(json, "host", opts->host);
	json_add_time(json, "from", opts, model_ready_ns(model));
	json_add_time(json, "to", opts, model_now_ns(model));
	for (size_t i = 0; i < count; i++)
		json_add(array, NULL, verdict_new(&verdicts[i], opts));
	json_add(json, "verdicts", array);
	for (unsigned int cause = 0; cause < TW_NR_LOSS; cause++)
		json_add_u64(loss, loss_cause_name(cause), model_loss(model, cause));
	json_add(json, "loss", loss);
	json_add_u64(unkept, "classes", model_leaks_unkept(model).classes);
	json_add_u64(unkept, "closed_sockets", model_leaks_unkept(model).closed);
	json_add_u64(unkept, "stacks", model_leaks_unkept(model).stacks);
	json_add(json, "not_kept", unkept);
	return json;
}

static void leaks_json_end(struct sink *sink, const struct model *model)
{
	struct json *json = leaks_document(model, &sink->opts, NULL);

	json_write_pretty(json, sink->opts.out);
	json_free(json);
	fflush(sink->opts.out);
}

static struct sink *leaks_jsonl_open(const struct sink_ops *ops, const struct sink_opts *opts)
{
	struct leaks_jsonl *jsonl = sink_new(ops, opts, sizeof(*jsonl));

	return jsonl ? &jsonl->sink : NULL;
}

static void leaks_jsonl_free(struct sink *sink)
{
	free(((struct leaks_jsonl *)sink)->seen);
	free(sink);
}

static struct seen seen_of(const struct verdict *verdict)
{
	struct seen seen;

	/* compared as bytes */
	memset(&seen, 0, sizeof(seen));
	seen.kind = verdict->kind;
	seen.level = verdict->level;
	seen.direction = verdict->direction;
	seen.local_port = verdict->local_port;
	seen.remote_port = verdict->remote_port;
	memcpy(seen.remote_addr, verdict->remote_addr, sizeof(seen.remote_addr));
	snprintf(seen.service, sizeof(seen.service), "%s",
		 verdict->service ? verdict->service : "");
	return seen;
}

/* The same but for its level; NULL: none. */
static const struct seen *find(const struct seen *all, size_t count, const struct seen *like)
{
	for (size_t i = 0; i < count; i++) {
		struct seen other = all[i];

		other.level = like->level;
		if (!memcmp(&other, like, sizeof(other)))
			return &all[i];
	}
	return NULL;
}

static void write_line(struct sink *sink, const struct model *model, struct json *verdict,
		       const char *change)
{
	struct json *json = json_object();

	json_add_text(json, "kind", "verdict");
	json_add_text(json, "change", change);
	json_add_time(json, "time", &sink->opts, model_now_ns(model));
	json_add(json, "verdict", verdict);
	json_write_line(json, sink->opts.out);
	json_free(json);
}

static struct json *gone_new(const struct seen *seen)
{
	struct json *json = json_object();
	struct verdict verdict = {
		.direction = seen->direction,
		.local_port = seen->local_port,
		.remote_port = seen->remote_port,
		.service = seen->service[0] ? seen->service : NULL,
	};

	memcpy(verdict.remote_addr, seen->remote_addr, sizeof(verdict.remote_addr));
	json_add_text(json, "level", leak_level_name(seen->level));
	json_add_text(json, "kind", leak_kind_name(seen->kind));
	add_place(json, &verdict);
	return json;
}

static void leaks_jsonl_interval(struct sink *sink, const struct model *model)
{
	struct leaks_jsonl *jsonl = (struct leaks_jsonl *)sink;
	const struct verdict *verdicts;
	size_t count = model_verdicts(model, &verdicts);
	struct seen *seen = calloc(count + 1, sizeof(*seen));

	if (!seen)
		return;
	for (size_t i = 0; i < count; i++) {
		const struct seen *before;

		seen[i] = seen_of(&verdicts[i]);
		before = find(jsonl->seen, jsonl->nr_seen, &seen[i]);
		if (!before || before->level != seen[i].level)
			write_line(sink, model, verdict_new(&verdicts[i], &sink->opts),
				   before ? "level" : "new");
	}
	for (size_t i = 0; i < jsonl->nr_seen; i++)
		if (!find(seen, count, &jsonl->seen[i]))
			write_line(sink, model, gone_new(&jsonl->seen[i]), "gone");
	free(jsonl->seen);
	jsonl->seen = seen;
	jsonl->nr_seen = count;
	fflush(sink->opts.out);
}

static void leaks_jsonl_end(struct sink *sink, const struct model *model)
{
	struct json *json;

	leaks_jsonl_interval(sink, model);
	json = leaks_document(model, &sink->opts, "summary");
	json_write_line(json, sink->opts.out);
	json_free(json);
	fflush(sink->opts.out);
}

const struct sink_ops leaks_json_sink = {
	.name = "json",
	.open = sink_open,
	.end = leaks_json_end,
	.free = sink_free,
};

const struct sink_ops leaks_jsonl_sink = {
	.name = "jsonl",
	.open = leaks_jsonl_open,
	.interval = leaks_jsonl_interval,
	.end = leaks_jsonl_end,
	.free = leaks_jsonl_free,
};
