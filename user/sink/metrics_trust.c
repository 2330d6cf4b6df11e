// SPDX-License-Identifier: GPL-2.0-or-later
/* How far the other metrics can be trusted: what was lost, left out, and the audit. */
#include <stdlib.h>
#include <string.h>

#include "model/ports.h"
#include "sink/metrics_part.h"

#define MAX_DIFFERENCES 20

static const struct metric lost = {
	.name = "twtrace_events_lost_total",
	.type = METRIC_COUNTER,
	.help = "Events lost, by cause; those of spilled and output_full are in every count.",
};

static const struct metric folded = {
	.name = "twtrace_rows_folded_total",
	.type = METRIC_COUNTER,
	.help = "Rows of tables that were folded into other, and connections that found no row.",
};

static const struct metric left_out = {
	.name = "twtrace_left_out_total",
	.type = METRIC_COUNTER,
	.help = "What there was no room for, and of which nothing is known.",
};

static const struct metric audited = {
	.name = "twtrace_audit_namespaces",
	.type = METRIC_GAUGE,
	.help = "Network namespaces by whether the kernel's counts and these are the same.",
};

static const struct metric audit_error = {
	.name = "twtrace_audit_error",
	.type = METRIC_GAUGE,
	.help = "By how much the kernel's counts and these differ of late, over all namespaces.",
};

static const struct metric audit_drift = {
	.name = "twtrace_audit_drift",
	.type = METRIC_GAUGE,
	.help = "The same before they were reconciled the last time.",
};

static const struct metric netns_error = {
	.name = "twtrace_audit_netns_error",
	.type = METRIC_GAUGE,
	.help = "What is here more than in the kernel, in the first namespaces that differ.",
};

static void write_lost(const struct model *model, const struct exposition *to)
{
	metric_begin(to, &lost);
	for (unsigned int cause = 0; cause < TW_NR_LOSS; cause++) {
		struct labels labels = { 0 };

		labels_add(&labels, "cause", loss_cause_name(cause));
		metric_u64(to, &lost, labels.text, model_loss(model, cause));
	}
}

static void write_left_out(const struct model *model, const struct exposition *to)
{
	static const char *const tables[NR_DIMENSIONS] = {
		[DIM_PORT] = "table=\"ports\"",
		[DIM_REMOTE] = "table=\"remotes\"",
		[DIM_SERVICE] = "table=\"services\"",
		[DIM_PAIR] = "table=\"pairs\"",
	};

	metric_begin(to, &folded);
	for (unsigned int dim = 0; dim < NR_DIMENSIONS; dim++)
		metric_u64(to, &folded, tables[dim], model_rows(model, dim)->folded);
	metric_begin(to, &left_out);
	metric_u64(to, &left_out, "what=\"budgets\"", model_budgets_left_out(model));
	metric_u64(to, &left_out, "what=\"failures\"", model_failures_left_out(model));
}

/* ------------------------------------------------------------------------------- audit */

struct audit_sums {
	bool known[NR_AUDIT_KINDS];
	uint64_t error[NR_AUDIT_KINDS], drift[NR_AUDIT_KINDS];
	size_t agree, differ, unknown;	/* namespaces */
};

/* Namespaces must not make up for each other. */
static uint64_t size_of(int64_t difference)
{
	return difference < 0 ? -(uint64_t)difference : (uint64_t)difference;
}

static void add_audit(struct audit_sums *sums, const struct audit *audit)
{
	bool known = false, differ = false;

	for (unsigned int kind = 0; kind < NR_AUDIT_KINDS; kind++) {
		const struct audit_figure *figure = &audit->figures[kind];

		if (!figure->known)
			continue;
		known = sums->known[kind] = true;
		differ |= audit_late(figure) != 0;
		sums->error[kind] += size_of(audit_late(figure));
		sums->drift[kind] += size_of(figure->drift);
	}
	sums->agree += known && !differ;
	sums->differ += differ;
	sums->unknown += !known;
}

static void write_sums(const struct exposition *to, const struct metric *metric,
		       const bool known[static NR_AUDIT_KINDS],
		       const uint64_t sums[static NR_AUDIT_KINDS])
{
	metric_begin(to, metric);
	for (unsigned int kind = 0; kind < NR_AUDIT_KINDS; kind++) {
		struct labels labels = { 0 };

		if (!known[kind])
			continue;
		labels_add(&labels, "figure", audit_name(kind));
		metric_u64(to, metric, labels.text, sums[kind]);
	}
}

static void netns_label(const struct audit *audit, struct labels *labels)
{
	char netns[16];

	snprintf(netns, sizeof(netns), "%u", audit->netns_ino);
	*labels = (struct labels){ 0 };
	labels_add(labels, "netns", audit->name ? audit->name : netns);
}

/* An inode number is another namespace's when the first has ended: it may come twice. */
static bool is_shown(const struct audit *audits, size_t at)
{
	struct labels labels, before;

	netns_label(&audits[at], &labels);
	for (size_t i = 0; i < at; i++) {
		netns_label(&audits[i], &before);
		if (!strcmp(labels.text, before.text))
			return true;
	}
	return false;
}

static void write_differences(const struct exposition *to, const struct audit *audits, size_t count)
{
	size_t nr = 0;

	metric_begin(to, &netns_error);
	for (size_t i = 0; i < count; i++)
		for (unsigned int kind = 0; kind < NR_AUDIT_KINDS; kind++) {
			struct labels labels;

			if (!audit_late(&audits[i].figures[kind]) || nr == MAX_DIFFERENCES ||
			    is_shown(audits, i))
				continue;
			netns_label(&audits[i], &labels);
			labels_add(&labels, "figure", audit_name(kind));
			metric_double(to, &netns_error, labels.text,
				      (double)audit_late(&audits[i].figures[kind]));
			nr++;
		}
}

static void write_audit(const struct model *model, const struct exposition *to)
{
	struct audit_sums sums = { 0 };
	const struct audit *audits;
	size_t count = model_audits(model, &audits);

	for (size_t i = 0; i < count; i++)
		add_audit(&sums, &audits[i]);
	metric_begin(to, &audited);
	metric_u64(to, &audited, "result=\"agree\"", sums.agree);
	metric_u64(to, &audited, "result=\"differ\"", sums.differ);
	metric_u64(to, &audited, "result=\"unknown\"", sums.unknown);
	write_sums(to, &audit_error, sums.known, sums.error);
	write_sums(to, &audit_drift, sums.known, sums.drift);
	write_differences(to, audits, count);
}

void metrics_trust(const struct model *model, const struct exposition *to)
{
	write_lost(model, to);
	write_left_out(model, to);
	write_audit(model, to);
}
