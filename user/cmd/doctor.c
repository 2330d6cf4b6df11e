// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `twtrace doctor`: what the settings and counters of a host mean for it. From the live host,
 * from a recording, or from trees of files; it changes nothing.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/caps.h"
#include "base/log.h"
#include "cmd/command.h"
#include "cmd/confine.h"
#include "cmd/doctor_facts.h"
#include "cmd/doctor_view.h"
#include "cmd/pipeline.h"

#define DEFAULT_FOR_NS 10000000000ULL
#define MAX_TREES 2
/* What is taken of a file to check: more than it may have, so that too much shows. */
#define READ_SIZE (CHECK_SIZE + 1)

struct doctor {
	struct options options;
	const char *trees[MAX_TREES];	/* of facts: before and after, or one */
	unsigned int nr_trees;
	const char *check;		/* a file; NULL: none */
	bool conf;
	char *text;			/* owned: of the file to check */
	size_t text_len;
	bool is_host;			/* it began in the namespace that the host did */
	bool found;			/* what --fail asks for */
	int ret;			/* of what was printed, -errno */
};

/* A format whose output is this doctor's. */
struct doctor_format {
	struct sink_ops ops;
	struct doctor *doctor;
	bool json;
};

static int set_facts(struct options *options, const char *arg, struct error *err)
{
	struct doctor *doctor = options->own;

	if (doctor->nr_trees == MAX_TREES)
		return error_set(err, -EINVAL,
				 "'%s': there is a tree before and one after, no more", arg);
	doctor->trees[doctor->nr_trees++] = arg;
	return 0;
}

static int set_check(struct options *options, const char *arg, struct error *err)
{
	struct doctor *doctor = options->own;

	if (doctor->check)
		return error_set(err, -EINVAL, "'%s': one file at a time", arg);
	doctor->check = arg;
	return 0;
}

static int set_conf(struct options *options, const char *arg, struct error *err)
{
	struct doctor *doctor = options->own;

	(void)arg;
	(void)err;
	doctor->conf = true;
	return 0;
}

static const struct option_row own_rows[] = {
	{ GROUP_COMMON,
	  set_check,
	  { "check", KEY_OWN, "FILE", 0, "judge the lines of a sysctl.conf ('-' is standard input)",
	    1 } },
	{ GROUP_COMMON,
	  set_conf,
	  { "sysctl-conf", KEY_OWN + 1, NULL, 0,
	    "print a fragment for /etc/sysctl.d, with what the evidence supports", 1 } },
	{ GROUP_COMMON,
	  options_set_fail,
	  { "fail", KEY_OWN + 2, NULL, 0,
	    "end with status 4 if there is a problem, or a line that is wrong (for scripts)", 1 } },
	{ GROUP_COMMON,
	  set_facts,
	  { "facts", KEY_OWN + 3, "DIR", 0,
	    "judge the files below DIR instead of this host; twice: before and after", 2 } },
	{ 0, NULL, { 0 } },
};

/* 0 or -errno: some of it could not be said. */
static int print_check(struct doctor *doctor, const struct doctor_view *view, bool json)
{
	struct error err = { 0 };
	struct check check;

	if (check_text(view->chart, doctor->text, doctor->text_len, &check, &err)) {
		log_msg(LOG_WARNING, "'%s': %s", doctor->check, err.text);
		return err.code;
	}
	if (json)
		doctor_print_check_json(view, &check);
	else
		doctor_print_check_text(view, &check);
	doctor->found = check_has_wrong(&check);
	check_release(&check);
	return 0;
}

/* What is known is on the chart; the rest of @view is filled in. */
static int print_view(struct doctor *doctor, struct doctor_view *view, bool json)
{
	struct diagnosis diagnosis;
	struct advice *advice = NULL;
	int ret;

	if (doctor->check)
		return print_check(doctor, view, json);
	ret = diagnose(view->chart, &diagnosis);
	if (!ret)
		ret = counsel(view->chart, &advice, &view->nr_advice);
	view->diagnosis = &diagnosis;
	view->advice = advice;
	if (ret)
		log_msg(LOG_WARNING, "no memory");
	else if (doctor->conf)
		doctor_print_conf(view);
	else if (json)
		doctor_print_json(view);
	else
		doctor_print_text(view);
	doctor->found = diagnosis_has_problem(&diagnosis);
	diagnosis_release(&diagnosis);
	free(advice);
	return ret;
}

static struct sink *open_view(const struct sink_ops *ops, const struct sink_opts *opts)
{
	struct sink *sink = calloc(1, sizeof(*sink));

	if (sink)
		*sink = (struct sink){ ops, *opts };
	return sink;
}

static void free_view(struct sink *sink)
{
	free(sink);
}

static bool has_host(const struct chart *chart)
{
	for (size_t i = 0; i < chart->nr_sites; i++)
		if (chart->sites[i].is_host)
			return true;
	return false;
}

/*
 * Where another namespace was asked for nobody reads the host's own; what is of all namespaces
 * stands there alone. Without it that is not judged.
 */
static int add_host(struct doctor *doctor, struct chart *chart, struct doctor_facts *facts)
{
	struct error err = { 0 };

	if (doctor->options.nr_inputs || has_host(chart) || !doctor->is_host ||
	    doctor_read_host(facts, 0, true, &err))
		return 0;
	return chart_add_site(chart, &facts->site);
}

static void end_view(struct sink *sink, const struct model *model)
{
	const struct doctor_format *format = (const struct doctor_format *)sink->ops;
	struct doctor *doctor = format->doctor;
	struct doctor_facts facts = { 0 };
	struct doctor_view view;
	struct chart chart;

	if (model_facts_left_out(model))
		log_msg(LOG_WARNING, "some namespaces are not judged: too many at once");
	doctor->ret = doctor_view_model(&view, &chart, model, &sink->opts);
	if (!doctor->ret)
		doctor->ret = add_host(doctor, &chart, &facts);
	chart_keep(&chart, doctor->options.filter.kernel.netns_ino);
	if (doctor->ret)
		log_msg(LOG_WARNING, "no memory to judge what was seen");
	else
		doctor->ret = print_view(doctor, &view, format->json);
	chart_release(&chart);
	doctor_facts_release(&facts);
	fflush(sink->opts.out);
}

/* Privileges go first, but for the one to read any user's tree. */
static int read_files(struct doctor *doctor, uint64_t for_ns, struct doctor_facts *facts,
		      struct error *err)
{
	if (!doctor->nr_trees) {
		if (confine_user(&doctor->options, err) ||
		    confine_live(&doctor->options, NO_CAPS, err))
			return err->code;
		return doctor_read_host(facts, for_ns, doctor->is_host, err);
	}
	for (unsigned int i = 0; i < doctor->nr_trees; i++)
		doctor->options.read_later[doctor->options.nr_read_later++] = doctor->trees[i];
	if (confine_offline(&doctor->options, err))
		return err->code;
	caps_raise(CAPS(DAC_READ_SEARCH));
	return doctor_read_trees(facts, doctor->trees, doctor->nr_trees, err);
}

/* Files alone: of trees, or of this host, over a time (0: as they are). */
static enum status run_files(struct doctor *doctor, uint64_t for_ns, const char *missing)
{
	const struct doctor_format *format = (const struct doctor_format *)doctor->options.format;
	struct doctor_facts facts = { 0 };
	struct chart chart = { 0 };
	struct error err = { 0 };
	struct utsname uts;
	struct doctor_view view = {
		.out = stdout,
		.host = doctor->nr_trees ? NULL : uts.nodename,
		.missing = missing,
		.chart = &chart,
	};
	enum status status = STATUS_OK;

	uname(&uts);
	doctor_terminal(&view);
	if (read_files(doctor, for_ns, &facts, &err)) {
		log_msg(LOG_WARNING, "%s", err.text);
		return STATUS_FAILED;
	}
	view.from_ns = facts.from_ns;
	view.to_ns = facts.to_ns;
	doctor->ret = chart_add_site(&chart, &facts.site);
	if (!doctor->ret)
		doctor->ret = doctor_read_listeners(
			&chart, doctor->nr_trees ? doctor->trees[doctor->nr_trees - 1] : "");
	if (!doctor->ret && caps_limit(NO_CAPS, &err))
		doctor->ret = err.code;
	if (!doctor->ret)
		doctor->ret = print_view(doctor, &view, format->json);
	if (doctor->ret)
		status = STATUS_FAILED;
	chart_release(&chart);
	doctor_facts_release(&facts);
	return status;
}

static enum status run_traced(struct doctor *doctor)
{
	struct error err = { 0 };
	struct pipeline pipeline = {
		.options = &doctor->options,
		.announces = true,
		.leaks = true,
		.ports = true,
		.facts = true,
		/* a tier that was insisted on is not given up for files */
		.untraceable = doctor->options.evidence == TW_NR_EVIDENCE ? &err : NULL,
	};
	enum status status = pipeline_run(&pipeline);
	char missing[sizeof(err.text) + 160];

	if (status != STATUS_CANNOT_TRACE || !err.text[0])
		return status == STATUS_OK && doctor->ret ? STATUS_FAILED : status;
	snprintf(missing, sizeof(missing),
		 "Nothing was traced: %s. What rests on connections (who has which ports, what "
		 "fails, what leaks) can't be known from /proc alone.",
		 err.text);
	log_msg(LOG_WARNING, "%s; looking at /proc alone", err.text);
	return run_files(doctor, doctor->options.for_ns, missing);
}

static enum status run(struct doctor *doctor)
{
	struct options *options = &doctor->options;
	bool timed = options->for_ns != 0;

	if (!timed && !options->nr_inputs)
		options->for_ns = DEFAULT_FOR_NS;
	if (doctor->nr_trees && options->nr_inputs) {
		log_msg(LOG_WARNING, "--facts '%s' and --input '%s': either or", doctor->trees[0],
			options->inputs[0]);
		return STATUS_USAGE;
	}
	if (doctor->check && doctor->conf) {
		log_msg(LOG_WARNING, "--check '%s' judges, --sysctl-conf proposes: either or",
			doctor->check);
		return STATUS_USAGE;
	}
	if (doctor->conf && options->format != options->formats[0]) {
		log_msg(LOG_WARNING, "--sysctl-conf is a file for sysctl(8): leave out -o %s",
			options->format->name);
		return STATUS_USAGE;
	}
	doctor->is_host = doctor_is_host();
	if (doctor->check &&
	    doctor_read_file(doctor->check, READ_SIZE, &doctor->text, &doctor->text_len))
		return STATUS_FAILED;
	if (doctor->nr_trees)
		return run_files(doctor, 0, "These are files: no connection was traced.");
	/* lines are judged at once, unless a time is asked for */
	if (doctor->check && !timed && !options->nr_inputs)
		return run_files(doctor, 0, NULL);
	return run_traced(doctor);
}

int cmd_doctor(int argc, char **argv)
{
	struct doctor doctor = { .nr_trees = 0 };
	const struct doctor_format text = {
		{ .name = "text", .open = open_view, .end = end_view, .free = free_view },
		&doctor,
		false,
	};
	const struct doctor_format json = {
		{ .name = "json", .open = open_view, .end = end_view, .free = free_view },
		&doctor,
		true,
	};
	const struct sink_ops *const formats[] = { &text.ops, &json.ops, NULL };
	const struct option_spec spec = {
		.doc = "Says what the settings and counters of this host mean for its connections, "
		       "and which well-known advice is right here. Changes nothing.\v"
		       "It watches the host for ten seconds unless --for says otherwise. To see "
		       "what a line from a web page would do:\n"
		       "  echo 'net.ipv4.tcp_tw_recycle = 1' | twtrace doctor --check -",
		.groups = GROUP_FOR | GROUP_OUTPUT | GROUP_INPUT | GROUP_FILTER | GROUP_LIVE,
		.formats = formats,
		.own = own_rows,
	};
	enum status status;

	options_init(&doctor.options);
	doctor.options.own = &doctor;
	options_parse(&doctor.options, &spec, argc, argv);
	status = run(&doctor);
	free(doctor.text);
	if (status == STATUS_OK && doctor.options.fail && doctor.found)
		return STATUS_FOUND;
	return status;
}
