/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `ports -o json`: the document once, at the end. `ports -o jsonl`: one a line for every
 * interval (kind "interval"), and a last one (kind "summary").
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "sink/common.h"
#include "sink/json_part.h"
#include "sink/ports.h"
#include "sink/value.h"
#include "sink/whatif.h"

#define INTERVAL "interval"

static void add_addr(struct json *json, const char *key, const uint8_t addr[static ADDR_LEN],
		     bool wildcard)
{
	struct value value;

	value_addr(&value, addr, wildcard);
	json_add_value(json, key, &value);
}

static void add_netns(struct json *json, uint32_t ino, const char *name)
{
	json_add_known(json, "netns", ino != 0, ino);
	json_add_text(json, "netns_name", name);
}

static void add_owner(struct json *json, const char *service, uint32_t pid, const char *comm)
{
	json_add_text(json, "service", service);
	json_add_known(json, "pid", pid != PID_UNKNOWN, pid);
	json_add_text(json, "comm", comm);
}

/* Milliseconds, seconds. */
static void add_ns(struct json *json, const char *key, bool known, uint64_t ns, double unit_ns)
{
	if (known)
		json_add_double(json, key, ns / unit_ns);
	else
		json_add_null(json, key);
}

static void add_search(struct json *json, const char *key, const struct histogram *search)
{
	struct json *child = json_object();
	bool known = search->count != 0;

	json_add_u64(child, "count", search->count);
	add_ns(child, "p50", known, histogram_quantile(search, 500), 1e3);
	add_ns(child, "p90", known, histogram_quantile(search, 900), 1e3);
	add_ns(child, "p99", known, histogram_quantile(search, 990), 1e3);
	add_ns(child, "max", known, search->max_ns, 1e3);
	json_add(json, key, child);
}

static void add_supply(struct json *json, const struct budget *budget)
{
	bool ranged = budget->low != 0;

	json_add_known(json, "low", ranged, budget->low);
	json_add_known(json, "high", ranged, budget->high);
	json_add_bool(json, "own_range", budget->own_range);
	json_add_known(json, "reserved", ranged && budget->reserved_known, budget->reserved);
	json_add_known(json, "blocked", ranged, budget->blocked);
	json_add_bool(json, "blocked_by_bind", budget->blocked_by_bind);
	json_add_known(json, "capacity", ranged, budget->capacity);
}

static void add_use(struct json *json, const struct budget *budget)
{
	bool known = !budget_is_unexplained(budget);

	json_add_u64(json, "used", budget->used);
	json_add_u64(json, "established", budget->established);
	json_add_u64(json, "time_wait", budget->time_wait);
	json_add_u64(json, "fin_wait2", budget->fin_wait2);
	json_add_u64(json, "other", budget->other);
	json_add_u64(json, "peak", budget->peak);
	json_add_u64(json, "opened", budget->opened);
	json_add_u64(json, "failures", budget->failures);
	/* null where it is not a number */
	json_add_double(json, "per_s", budget->per_s);
	json_add_double(json, "sustainable_per_s", budget->sustainable_per_s);
	add_ns(json, "hold_ms", budget->hold_ns != 0, budget->hold_ns, 1e6);
	json_add_bool(json, "hold_measured", budget->hold_measured);
	json_add_bool(json, "reusable", budget->reusable);
	add_ns(json, "half_in_s", known && budget->half_ns != TIME_UNKNOWN, budget->half_ns, 1e9);
	add_ns(json, "exhausted_in_s", known && budget->end_ns != TIME_UNKNOWN, budget->end_ns,
	       1e9);
}

static struct json *budget_json(const struct budget *budgets, size_t count, size_t at,
				const struct sink_opts *opts)
{
	const struct budget *budget = &budgets[at];
	struct json *json = json_object();
	char advice[ADVICE_LEN];

	json_add_text(json, "level", budget_level_name(budget->level));
	add_netns(json, budget->netns_ino, budget->netns_name);
	add_addr(json, "local_addr", budget->local_addr, false);
	add_addr(json, "remote_addr", budget->remote_addr, false);
	json_add_u64(json, "remote_port", budget->remote_port);
	if (opts->names)
		json_add_text(json, "remote_name", names_of(opts->names, budget->remote_addr));
	add_supply(json, budget);
	add_use(json, budget);
	add_search(json, "search_us", &budget->search);
	add_search(json, "search_late_us", &budget->search_late);
	add_owner(json, budget->service, budget->pid, budget->comm);
	json_add_u64(json, "service_used", budget->service_used);
	budget_advice(budgets, count, at, advice);
	json_add_text(json, "advice", *advice ? advice : NULL);
	return json;
}

static struct json *failure_json(const struct failure *failure, const struct sink_opts *opts)
{
	struct json *json = json_object();
	char advice[ADVICE_LEN];
	struct value reuse;

	json_add_text(json, "kind", failure_kind_name(failure->kind));
	json_add_text(json, "error", text_errno(failure->error));
	add_netns(json, failure->netns_ino, failure->netns_name);
	add_owner(json, failure->service, failure->pid, failure->comm);
	add_addr(json, "local_addr", failure->local_addr, failure->kind != FAILURE_CONNECT);
	json_add_known(json, "local_port", failure->local_port != 0, failure->local_port);
	add_addr(json, "remote_addr", failure->remote_addr, false);
	json_add_known(json, "remote_port", failure->remote_port != 0, failure->remote_port);
	if (opts->names)
		json_add_text(json, "remote_name", names_of(opts->names, failure->remote_addr));
	value_reuse(&reuse, failure->reuse);
	json_add_value(json, "reuse_addr", &reuse);
	json_add_bool(json, "inferred", failure->inferred);
	json_add_u64(json, "count", failure->count);
	json_add_time(json, "first", opts, failure->first_ns);
	json_add_time(json, "last", opts, failure->last_ns);
	add_ns(json, "took_max_us", failure->took_max_ns != 0, failure->took_max_ns, 1e3);
	json_add_port_holder(json, "holder", &failure->holder);
	failure_advice(failure, advice);
	json_add_text(json, "advice", *advice ? advice : NULL);
	return json;
}

void json_add_failures(struct json *json, const struct model *model, const struct sink_opts *opts)
{
	struct json *array = json_array();
	const struct failure *failures;
	size_t count = model_failures(model, &failures);

	for (size_t i = 0; i < count && (!opts->limit || i < opts->limit); i++)
		json_add(array, NULL, failure_json(&failures[i], opts));
	json_add(json, "failures", array);
}

static void json_add_binds(struct json *json, const char *key, const struct model *model)
{
	enum tw_binds binds = model_binds(model);

	if (binds == TW_BINDS_UNKNOWN)
		json_add_null(json, key);
	else
		json_add_bool(json, key, binds == TW_BINDS_SEEN);
}

void json_add_ports(struct json *json, const struct model *model, const struct sink_opts *opts)
{
	struct json *array = json_array(), *left_out = json_object();
	const struct budget *budgets;
	size_t count = model_budgets(model, &budgets);

	if (errno == ENOMEM)
		json_spoil(array);
	for (size_t i = 0; i < count && (!opts->limit || i < opts->limit); i++)
		json_add(array, NULL, budget_json(budgets, count, i, opts));
	json_add(json, "budgets", array);
	json_add_failures(json, model, opts);
	json_add_binds(json, "binds_seen", model);
	json_add_u64(left_out, "budgets", model_budgets_left_out(model));
	json_add_u64(left_out, "failures", model_failures_left_out(model));
	json_add(json, "left_out", left_out);
}

struct json *ports_document(const struct model *model, const struct sink_opts *opts,
			    const char *kind)
{
	struct json *json = json_object();

	if (kind)
		json_add_text(json, "kind", kind);
	json_add_text(json, "host", opts->host);
	json_add_time(json, "from", opts, model_ready_ns(model));
	json_add_time(json, "to", opts, model_now_ns(model));
	json_add_ports(json, model, opts);
	/* the summary alone: a replay takes its time */
	if (opts->what_if && (!kind || strcmp(kind, INTERVAL)))
		json_add_what_if(json, "what_if", model, opts);
	return json;
}

static void ports_json_end(struct sink *sink, const struct model *model)
{
	struct json *json = ports_document(model, &sink->opts, NULL);

	json_write_pretty(json, sink->opts.out);
	json_free(json);
	fflush(sink->opts.out);
}

static void write_line(struct sink *sink, const struct model *model, const char *kind)
{
	struct json *json = ports_document(model, &sink->opts, kind);

	json_write_line(json, sink->opts.out);
	json_free(json);
	fflush(sink->opts.out);
}

static void ports_jsonl_interval(struct sink *sink, const struct model *model)
{
	write_line(sink, model, INTERVAL);
}

static void ports_jsonl_end(struct sink *sink, const struct model *model)
{
	write_line(sink, model, "summary");
}

const struct sink_ops ports_json_sink = {
	.name = "json",
	.open = sink_open,
	.end = ports_json_end,
	.free = sink_free,
};

const struct sink_ops ports_jsonl_sink = {
	.name = "jsonl",
	.open = sink_open,
	.interval = ports_jsonl_interval,
	.end = ports_jsonl_end,
	.free = sink_free,
};
