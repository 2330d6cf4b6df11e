// SPDX-License-Identifier: GPL-2.0-or-later
/* What the doctor makes of a model: for its own command, and as a part of `report`. */
#include <stdlib.h>

#include "cmd/doctor_view.h"

int doctor_view_model(struct doctor_view *view, struct chart *chart, const struct model *model,
		      const struct sink_opts *opts)
{
	const struct netns_facts *facts;
	int ret;

	*chart = (struct chart){ 0 };
	*view = (struct doctor_view){
		.out = opts->out,
		.host = opts->host,
		.width = opts->width,
		.colour = opts->terminal && !getenv("NO_COLOR"),
		.chart = chart,
	};
	if (model_ready_ns(model))
		view->from_ns = model_ready_ns(model) + opts->realtime_offset_ns;
	if (model_now_ns(model))
		view->to_ns = model_now_ns(model) + opts->realtime_offset_ns;
	ret = chart_add_model(chart, model);
	if (!model_facts(model, &facts))
		view->missing = "No files of any network namespace are known: what rests on "
				"settings and on the kernel's counters can't be judged.";
	return ret;
}

struct judged {
	struct doctor_view view;
	struct chart chart;
	struct diagnosis diagnosis;
};

static void judge(struct judged *judged, const struct model *model, const struct sink_opts *opts)
{
	const struct options *options = opts->extra->ctx;
	int ret = doctor_view_model(&judged->view, &judged->chart, model, opts);

	judged->diagnosis = (struct diagnosis){ 0 };
	chart_keep(&judged->chart, options->filter.kernel.netns_ino);
	if (ret || diagnose(&judged->chart, &judged->diagnosis))
		judged->view.missing = "There was no memory to judge all of it.";
	judged->view.diagnosis = &judged->diagnosis;
}

static void judged_release(struct judged *judged)
{
	diagnosis_release(&judged->diagnosis);
	chart_release(&judged->chart);
}

static void print_part(const struct model *model, const struct sink_opts *opts)
{
	struct judged judged;

	judge(&judged, model, opts);
	doctor_print_findings(&judged.view);
	judged_release(&judged);
}

static struct json *part_document(const struct model *model, const struct sink_opts *opts)
{
	struct judged judged;
	struct json *json;

	judge(&judged, model, opts);
	json = doctor_findings_json(&judged.view);
	judged_release(&judged);
	return json;
}

struct part doctor_part(const struct options *options)
{
	return (struct part){
		.key = "doctor",
		.heading = "Findings",
		.print = print_part,
		.document = part_document,
		.ctx = options,
	};
}
