/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What frames the tables for people:
 *
 *   web-1  14:03:22  traced for 1m12s, rates over 1.00s  evidence: fentry
 *   total      1,234 connections, 1,200 opened, 1,150 closed, 800 closed first, 3 failed, ...
 *   now        84 open: 70 ESTAB, 12 CLOSE-WAIT; 2 FIN-WAIT2, 1,204 TIME-WAIT
 *   TIME-WAIT  1,300 entered, 80 expired (12 of them without the peer's FIN), 12 reused, ...
 */
#include "sink/summary.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "base/text.h"
#include "sink/common.h"

#define LABEL_WIDTH 11
#define ITEM_LEN 128

struct item {
	enum field field;
	const char *noun;
	bool always;		/* also when it is zero */
	bool apart;		/* not a part of what stands before it: after a semicolon */
	enum field part;	/* what of it is said in brackets, unless it is zero */
	const char *part_noun;	/* NULL: nothing */
};

/* A line of items after a label, broken between items where the terminal ends. */
struct line {
	FILE *out;
	size_t width;		/* 0: never broken */
	size_t indent;		/* of what follows a break */
	size_t at;
};

static struct line line_begin(FILE *out, const struct sink_opts *opts, const char *label,
			      size_t indent)
{
	return (struct line){
		.out = out,
		.width = opts->terminal ? opts->width : 0,
		.indent = indent,
		.at = (size_t)fprintf(out, "%-*s", (int)indent, label),
	};
}

static void line_item(struct line *line, const char *separator, const char *text)
{
	size_t len = strlen(separator) + strlen(text);

	if (line->width && *separator && line->at + len + 1 >= line->width) {
		fprintf(line->out, "%.1s\n%*s", separator, (int)line->indent, "");
		line->at = line->indent;
		separator = "";
		len = strlen(text);
	}
	fprintf(line->out, "%s%s", separator, text);
	line->at += len;
}

static const char *item_text(const struct item *item, const struct row *totals,
			     char text[static ITEM_LEN])
{
	uint64_t all = totals->count[item->field], part = totals->count[item->part];
	char number[TEXT_LEN], part_number[TEXT_LEN];

	text_count(all, number);
	if (!item->part_noun || !part)
		snprintf(text, ITEM_LEN, "%s %s", number, item->noun);
	else if (part == all)
		snprintf(text, ITEM_LEN, "%s %s (%s)", number, item->noun, item->part_noun);
	else
		snprintf(text, ITEM_LEN, "%s %s (%s of them %s)", number, item->noun,
			 text_count(part, part_number), item->part_noun);
	return text;
}

static void print_items(struct line *line, const struct row *totals, const struct item *items,
			size_t count, const char *first_separator)
{
	char text[ITEM_LEN];
	const char *separator = "";
	bool apart = false;
	size_t i;

	for (i = 0; i < count; i++) {
		if (!items[i].always && !totals->count[items[i].field])
			continue;
		if (items[i].apart && !apart && *separator)
			separator = "; ";
		apart = items[i].apart;
		line_item(line, separator, item_text(&items[i], totals, text));
		separator = *separator ? ", " : first_separator;
	}
}

static void print_held(struct line *line, const struct row *totals, uint64_t now_ns)
{
	uint64_t held_ns = row_held_ns(totals, now_ns);
	char text[ITEM_LEN], duration[TEXT_LEN];

	if (!held_ns)
		return;
	snprintf(text, sizeof(text), "held for %s in all", text_duration(held_ns, duration));
	line_item(line, "; ", text);
}

static const struct item total_items[] = {
	{ .field = FIELD_CONNECTIONS, .noun = "connections", .always = true },
	{ .field = FIELD_OPENED, .noun = "opened", .always = true },
	{ .field = FIELD_CLOSED, .noun = "closed", .always = true },
	{ .field = FIELD_CLOSED_FIRST, .noun = "closed first", .always = true },
	{ .field = FIELD_FAILED, .noun = "failed", .always = true },
	{ .field = FIELD_RESETS, .noun = "reset", .always = true },
};

static const struct item now_items[] = {
	{ .field = FIELD_OPEN, .noun = "open", .always = true },
	{ .field = FIELD_SYN_SENT, .noun = "SYN-SENT" },
	{ .field = FIELD_SYN_RECV, .noun = "SYN-RECV" },
	{ .field = FIELD_ESTABLISHED, .noun = "ESTAB", .always = true },
	{ .field = FIELD_CLOSE_WAIT, .noun = "CLOSE-WAIT" },
	{ .field = FIELD_LAST_ACK, .noun = "LAST-ACK" },
	{ .field = FIELD_FIN_WAIT1, .noun = "FIN-WAIT1" },
	{ .field = FIELD_CLOSING, .noun = "CLOSING" },
	/* of these two only full sockets in FIN-WAIT2 are open; most are minisocks */
	{ .field = FIELD_FIN_WAIT2,
	  .noun = "FIN-WAIT2",
	  .apart = true,
	  .part = FIELD_FW2_ORPHANS,
	  .part_noun = "orphans" },
	{ .field = FIELD_TIME_WAIT, .noun = "TIME-WAIT", .always = true, .apart = true },
};

static const struct item minisock_items[] = {
	{ .field = FIELD_TW_ENTERED, .noun = "entered", .always = true },
	{ .field = FIELD_TW_EXPIRED,
	  .noun = "expired",
	  .part = FIELD_FW2_EXPIRED,
	  .part_noun = "without the peer's FIN" },
	{ .field = FIELD_TW_REUSED, .noun = "reused" },
	{ .field = FIELD_TW_REOPENED, .noun = "reopened" },
	{ .field = FIELD_TW_RESET, .noun = "reset" },
	{ .field = FIELD_TW_DESTROYED, .noun = "destroyed" },
	{ .field = FIELD_TW_PURGED, .noun = "purged" },
	{ .field = FIELD_TW_UNKNOWN, .noun = "ended unknown" },
	{ .field = FIELD_TW_REFUSED, .noun = "refused (tcp_max_tw_buckets)" },
};

static void print_title(const struct model *model, const struct sink_opts *opts, struct span span,
			FILE *out)
{
	uint64_t ready_ns = model_ready_ns(model), now_ns = model_now_ns(model);
	char clock[TIME_TEXT_LEN], traced[TEXT_LEN], over[TEXT_LEN];

	fprintf(out, "%s%s%s", opts->terminal ? "\033[1m" : "",
		opts->host ? opts->host : "unknown host", opts->terminal ? "\033[0m" : "");
	if (now_ns)
		fprintf(out, "  %.8s", text_clock(sink_realtime(opts, now_ns), clock));
	if (ready_ns && now_ns > ready_ns)
		fprintf(out, "  traced for %s", text_duration(now_ns - ready_ns, traced));
	if (!span.whole && span.seconds > 0)
		fprintf(out, ", rates over %s",
			text_duration((uint64_t)(span.seconds * NS_PER_SECOND), over));
	fprintf(out, "  evidence: %s\n", evidence_name(model_evidence(model)));
}

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

void summary_print_head(const struct model *model, const struct sink_opts *opts, struct span span,
			FILE *out)
{
	const struct row *totals = model_totals(model);
	struct line line;

	print_title(model, opts, span, out);
	line = line_begin(out, opts, "total", LABEL_WIDTH);
	print_items(&line, totals, total_items, COUNT_OF(total_items), ", ");
	putc('\n', out);
	line = line_begin(out, opts, "now", LABEL_WIDTH);
	print_items(&line, totals, now_items, COUNT_OF(now_items), ": ");
	putc('\n', out);
	line = line_begin(out, opts, "TIME-WAIT", LABEL_WIDTH);
	print_items(&line, totals, minisock_items, COUNT_OF(minisock_items), ", ");
	print_held(&line, totals, model_now_ns(model));
	putc('\n', out);
}

bool summary_is_empty(const struct model *model)
{
	const struct row *totals = model_totals(model);
	unsigned int i;

	for (i = 0; i < NR_FIELDS; i++)
		if (totals->count[i])
			return false;
	for (i = 0; i < TW_NR_LOSS; i++)
		if (model_loss(model, i))
			return false;
	return true;
}

const char *loss_explanation(unsigned int cause)
{
	static const char *const explanations[TW_NR_LOSS] = {
		[TW_LOSS_RING_FULL] = "no room in the ring buffer (--ring enlarges it)",
		[TW_LOSS_SPILLED] =
			"not told one by one, the ring buffer was full (--ring enlarges "
			"it): they are in every count",
		[TW_LOSS_OUTPUT_FULL] =
			"not printed, the output was too slow or there was no memory: they are in every "
			"count",
		[TW_LOSS_SKIPPED] = "skipped by the kernel, which was in the same probe already",
		[TW_LOSS_NO_MEMORY] = "no memory to keep them",
		[TW_LOSS_MALFORMED] = "malformed, and ignored",
		[TW_LOSS_LEFT_OUT] =
			"left out of what this recording begins with (record's --max-size was too "
			"small)",
		[TW_LOSS_UNTOLD] =
			"births of TIME_WAIT that the evidence tier missed (inferred instead)",
	};

	return cause < TW_NR_LOSS ? explanations[cause] : "cause unknown";
}

/* Lines with an empty one before the first, if there is any. */
struct foot {
	FILE *out;
	bool begun;
};

static FILE *foot_line(struct foot *foot)
{
	if (!foot->begun)
		putc('\n', foot->out);
	foot->begun = true;
	return foot->out;
}

static void print_loss(struct foot *foot, const struct model *model)
{
	char number[TEXT_LEN];
	unsigned int cause;

	for (cause = 0; cause < TW_NR_LOSS; cause++)
		if (model_loss(model, cause))
			fprintf(foot_line(foot), "lost %s: %s, %s\n",
				cause == TW_LOSS_LEFT_OUT ? "sockets" : "events",
				text_count(model_loss(model, cause), number),
				loss_explanation(cause));
}

void summary_print_loss(const struct model *model, FILE *out)
{
	struct foot under = { .out = out, .begun = true };

	print_loss(&under, model);
}

/* What differs, and what agrees: the same word is said once. */
static const struct {
	const char *one, *all;
} audit_words[NR_AUDIT_KINDS] = {
	[AUDIT_TIME_WAIT] = { "TIME_WAIT", "TIME_WAIT" },
	[AUDIT_ESTABLISHED] = { "ESTABLISHED", "ESTABLISHED" },
	[AUDIT_TRUE_TIME_WAIT] = { "substate TIME_WAIT", "substates" },
	[AUDIT_FIN_WAIT2] = { "substate FIN_WAIT2", "substates" },
	[AUDIT_ENTERED] = { "births", "births" },
	[AUDIT_EXPIRED] = { "expiries", "expiries" },
	[AUDIT_REFUSED] = { "refusals", "refusals" },
	[AUDIT_REUSED] = { "reuses", "reuses" },
};

/* Prints what differs; true if anything was known, and @agrees if all that was does agree. */
static bool print_differences(struct foot *foot, const struct audit *audit, bool *agrees)
{
	bool known = false;

	*agrees = true;
	for (unsigned int kind = 0; kind < NR_AUDIT_KINDS; kind++) {
		const struct audit_figure *figure = &audit->figures[kind];
		FILE *out;

		known |= figure->known;
		if (!figure->known || !figure->error)
			continue;
		*agrees = false;
		out = foot_line(foot);
		fprintf(out, "audit: netns %u", audit->netns_ino);
		if (audit->name)
			fprintf(out, " (%s)", audit->name);
		fprintf(out, " %s: %" PRIu64 " here, %" PRIu64 " in the kernel (%+" PRId64 ")\n",
			audit_words[kind].one, figure->ours, figure->kernel, figure->error);
	}
	return known;
}

static void print_compared(struct line *line, const bool compared[static NR_AUDIT_KINDS])
{
	const char *separator = "", *last = "";

	for (unsigned int kind = 0; kind < NR_AUDIT_KINDS; kind++) {
		if (!compared[kind] || !strcmp(audit_words[kind].all, last))
			continue;
		last = audit_words[kind].all;
		line_item(line, separator, last);
		separator = ", ";
	}
}

static void print_agreement(struct foot *foot, const struct sink_opts *opts, size_t namespaces,
			    const bool compared[static NR_AUDIT_KINDS])
{
	struct line line = line_begin(foot_line(foot), opts, "audit: ", strlen("audit: "));
	char text[ITEM_LEN];

	snprintf(text, sizeof(text), "%zu %s with the kernel (", namespaces,
		 namespaces == 1 ? "namespace agrees" : "namespaces agree");
	line_item(&line, "", text);
	print_compared(&line, compared);
	fputs(")\n", foot->out);
}

static void print_audit(struct foot *foot, const struct model *model, const struct sink_opts *opts)
{
	const struct audit *audits;
	size_t i, agree = 0, unread = 0, count = model_audits(model, &audits);
	bool compared[NR_AUDIT_KINDS] = { false }, agrees;

	for (i = 0; i < count; i++) {
		unread += !print_differences(foot, &audits[i], &agrees);
		if (!agrees)
			continue;
		for (unsigned int kind = 0; kind < NR_AUDIT_KINDS; kind++)
			compared[kind] |= audits[i].figures[kind].known;
		agree++;
	}
	agree -= unread;
	if (agree)
		print_agreement(foot, opts, agree, compared);
	if (unread)
		fputs("audit: nothing to compare with under this filter\n", foot_line(foot));
}

void summary_print_foot(const struct model *model, const struct sink_opts *opts, FILE *out)
{
	struct foot foot = { .out = out };

	print_loss(&foot, model);
	if (model_evidence(model) == EVIDENCE_INFERRED &&
	    model_totals(model)->count[FIELD_TW_ENTERED])
		fputs("TIME_WAIT is inferred: early ends show only when the kernel is polled\n",
		      foot_line(&foot));
	print_audit(&foot, model, opts);
}
