/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The document of `top` in JSON. */
#include "sink/document.h"

#include "base/text.h"
#include "sink/common.h"
#include "sink/json_part.h"
#include "sink/ports.h"

static void add_quantiles(struct json *json, const char *key, const struct histogram *times)
{
	static const struct {
		const char *name;
		unsigned int permille;
	} quantiles[] = { { "p50", 500 }, { "p90", 900 }, { "p99", 990 } };
	struct json *child = json_object();
	uint64_t ns;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		ns = histogram_quantile(times, quantiles[i].permille);
		if (times->count)
			json_add_double(child, quantiles[i].name, ns_to_ms(ns));
		else
			json_add_null(child, quantiles[i].name);
	}
	if (times->count)
		json_add_double(child, "max", ns_to_ms(times->max_ns));
	else
		json_add_null(child, "max");
	json_add(json, key, child);
}

static void add_rates(struct json *json, const struct row *row, const struct span *span)
{
	static const struct {
		const char *name;
		enum field field;
	} rates[] = {
		{ "opened_per_s", FIELD_OPENED },
		{ "closed_per_s", FIELD_CLOSED },
		{ "time_wait_entered_per_s", FIELD_TW_ENTERED },
	};
	double rate;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		if (span_rate(span, row, rates[i].field, &rate))
			json_add_double(json, rates[i].name, rate);
		else
			json_add_null(json, rates[i].name);
	}
}

static void add_counts(struct json *json, const struct row *row, const struct span *span,
		       uint64_t now_ns)
{
	unsigned int field;

	for (field = 0; field < NR_FIELDS; field++)
		json_add_u64(json, field_name(field), row->count[field]);
	add_quantiles(json, "lifetime_ms", &row->lifetime);
	add_quantiles(json, "time_wait_residence_ms", &row->residence);
	json_add_double(json, "time_wait_held_s", row_held_ns(row, now_ns) / 1e9);
	add_rates(json, row, span);
}

static void add_row(struct json *array, const struct model *model, enum dimension dimension,
		    const struct row *row, const struct sink_opts *opts, const struct span *span)
{
	struct json *json = json_object();
	enum key_part parts[NR_KEY_PARTS];
	size_t i, count = key_parts(dimension, parts);
	struct value value;

	for (i = 0; i < count; i++) {
		key_part_get(parts[i], model, &row->key, &value);
		json_add_value(json, key_part_name(parts[i]), &value);
		if (parts[i] == KEY_REMOTE && opts->names)
			json_add_text(json, "remote_name",
				      names_of(opts->names, row->key.remote_addr));
	}
	add_counts(json, row, span, model_now_ns(model));
	json_add(array, NULL, json);
}

/* Its telling part is the word "other", the rest of its key is unknown. */
static void add_other(struct json *array, enum dimension dimension, const struct ranking *ranking,
		      const struct span *span, uint64_t now_ns)
{
	struct json *json = json_object();
	enum key_part parts[NR_KEY_PARTS];
	size_t i, count = key_parts(dimension, parts);

	json_add_text(json, key_part_name(parts[0]), "other");
	for (i = 1; i < count; i++)
		json_add_null(json, key_part_name(parts[i]));
	json_add_u64(json, "folded", ranking->folded);
	add_counts(json, ranking->other, span, now_ns);
	json_add(array, NULL, json);
}

static void add_rows(struct json *json, const char *key, const struct model *model,
		     enum dimension dimension, const struct sink_opts *opts,
		     const struct span *span)
{
	struct json *array = json_array();
	struct ranking ranking;
	size_t i;

	if (!ranking_init(&ranking, model, dimension, RANKING_BY_OPENED, *span)) {
		for (i = 0; i < ranking.count && (!opts->limit || i < opts->limit); i++)
			add_row(array, model, dimension, ranking.rows[i], opts, span);
		if (ranking.other)
			add_other(array, dimension, &ranking, span, model_now_ns(model));
		ranking_release(&ranking);
	} else {
		json_spoil(array);
	}
	json_add(json, key, array);
}

static void add_loss(struct json *json, const struct model *model)
{
	struct json *loss = json_object();
	uint64_t total = 0;
	unsigned int cause;

	for (cause = 0; cause < TW_NR_LOSS; cause++) {
		json_add_u64(loss, loss_cause_name(cause), model_loss(model, cause));
		total += model_loss(model, cause);
	}
	json_add_u64(loss, "total", total);
	json_add(json, "loss", loss);
}

static void add_figure(struct json *json, const char *key, const struct audit_figure *figure)
{
	struct json *child = json_object();

	if (figure->known) {
		json_add_u64(child, "twtrace", figure->ours);
		json_add_u64(child, "kernel", figure->kernel);
		json_add_i64(child, "drift", figure->drift);
		json_add_i64(child, "error", figure->error);
	} else {
		json_add_null(child, "twtrace");
		json_add_null(child, "kernel");
		json_add_null(child, "drift");
		json_add_null(child, "error");
	}
	json_add(json, key, child);
}

static void add_audits(struct json *json, const struct model *model, const struct sink_opts *opts)
{
	struct json *array = json_array(), *child;
	const struct audit *audits;
	size_t i, count = model_audits(model, &audits);
	unsigned int kind;
	struct value netns;

	for (i = 0; i < count; i++) {
		child = json_object();
		value_nonzero(&netns, audits[i].netns_ino);
		json_add_value(child, "netns", &netns);
		json_add_text(child, "name", audits[i].name);
		json_add_time(child, "time", opts, audits[i].ts_ns);
		for (kind = 0; kind < NR_AUDIT_KINDS; kind++)
			add_figure(child, audit_name(kind), &audits[i].figures[kind]);
		json_add(array, NULL, child);
	}
	json_add(json, "audit", array);
}

static void add_totals(struct json *json, const struct model *model, const struct span *span)
{
	struct json *totals = json_object();

	add_counts(totals, model_totals(model), span, model_now_ns(model));
	json_add(json, "totals", totals);
}

struct json *document_new(const struct model *model, const struct sink_opts *opts, const char *kind,
			  struct span span)
{
	struct json *json = json_object();

	if (kind)
		json_add_text(json, "kind", kind);
	json_add_text(json, "host", opts->host);
	json_add_time(json, "from", opts, model_ready_ns(model));
	json_add_time(json, "to", opts, model_now_ns(model));
	if (span.seconds > 0)
		json_add_double(json, "rates_over_s", span.seconds);
	else
		json_add_null(json, "rates_over_s");
	json_add_text(json, "evidence", evidence_name(model_evidence(model)));
	add_totals(json, model, &span);
	add_rows(json, "ports", model, DIM_PORT, opts, &span);
	add_rows(json, "remotes", model, DIM_REMOTE, opts, &span);
	add_rows(json, "services", model, DIM_SERVICE, opts, &span);
	add_rows(json, "pairs", model, DIM_PAIR, opts, &span);
	json_add_failures(json, model, opts);
	add_loss(json, model);
	add_audits(json, model, opts);
	return json;
}

void document_write_line(const struct model *model, const struct sink_opts *opts, const char *kind,
			 struct span span)
{
	struct json *json = document_new(model, opts, kind, span);

	json_write_line(json, opts->out);
	json_free(json);
	fflush(opts->out);
}
