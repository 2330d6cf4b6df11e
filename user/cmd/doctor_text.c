// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `doctor` for people: findings, worst first, then what is to be thought of advice.
 *
 *   vm  Linux 6.18.44  watched for 10.0s  evidence: inferred
 *   1 problem, 1 note
 *
 *   PROBLEM  None is left of the 64 ports for connections from ...
 *            ports to choose from: 64; used now: 64; ...
 *            Do: Keep connections open ...
 *            Cost: ...
 *            $ sysctl -w net.ipv4.tcp_tw_reuse='1'
 */
#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "base/text.h"
#include "base/wrap.h"
#include "cmd/doctor_view.h"
#include "doctor/sysctl_conf.h"

#define DEFAULT_WIDTH 80
#define LEAST_WIDTH 40
#define INDENT 9
#define LINE_LEN 2048
#define PLAIN "\033[0m"
#define BOLD "\033[1m"
#define MAX_CONF 64

static const char *const severity_colours[NR_SEVERITIES] = { "\033[1;31m", "\033[33m", "\033[36m" };
static const char *const opinion_colours[NR_OPINIONS] = {
	[OPINION_TRUE] = "\033[32m",	  [OPINION_FALSE] = "\033[31m",
	[OPINION_IRRELEVANT] = "\033[2m", [OPINION_DANGEROUS] = "\033[1;31m",
	[OPINION_GONE] = "\033[31m",	  [OPINION_NONE] = "",
};

static unsigned int width_of(const struct doctor_view *view)
{
	unsigned int width = view->width ? view->width : DEFAULT_WIDTH;

	return width < LEAST_WIDTH ? LEAST_WIDTH : width;
}

/* From column @indent on, with @mark before every line but the first. */
static void wrap(const struct doctor_view *view, unsigned int indent, const char *mark,
		 const char *text)
{
	print_wrapped_marked(view->out, width_of(view), indent, mark, text);
}

static void say(const struct doctor_view *view, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void say(const struct doctor_view *view, const char *format, ...)
{
	char text[LINE_LEN];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fprintf(view->out, "%*s", INDENT, "");
	wrap(view, INDENT, "", text);
}

/* A heading of the left column, in its colour. */
static void print_label(const struct doctor_view *view, const char *colour, unsigned int width,
			const char *label)
{
	fprintf(view->out, "%s%-*s%s ", view->colour ? colour : "", (int)width - 1, label,
		view->colour ? PLAIN : "");
}

static const char *number_text(double number, char text[static TEXT_LEN])
{
	if (number >= 0 && number < 1e15 && (number == floor(number) || number >= 1000))
		return text_count((uint64_t)round(number), text);
	snprintf(text, TEXT_LEN, "%.3g", number);
	return text;
}

static void print_proofs(const struct doctor_view *view, const struct finding *finding)
{
	char line[LINE_LEN] = "", number[TEXT_LEN];

	for (unsigned int i = 0; i < finding->nr_proofs; i++) {
		const struct proof *proof = &finding->proofs[i];

		text_add(line, sizeof(line), "%s%s: %s", i ? "; " : "", proof->what,
			 proof->text[0] ? proof->text : number_text(proof->number, number));
	}
	if (line[0])
		say(view, "%s", line);
}

static void print_places(const struct doctor_view *view, const struct finding *finding)
{
	char line[MAX_PLACES * 264] = "";	/* the name of a namespace has at most 255 bytes */

	/* of the host's own nothing need be said */
	if (finding->of_host || (finding->nr_places == 1 &&
				 (finding->places[0].is_host || !finding->places[0].netns_ino)))
		return;
	for (unsigned int i = 0; i < finding->nr_places && i < MAX_PLACES; i++) {
		const struct finding_place *place = &finding->places[i];

		if (place->netns_name)
			text_add(line, sizeof(line), "%s %s", i ? "," : "", place->netns_name);
		else
			text_add(line, sizeof(line), "%s %u", i ? "," : "", place->netns_ino);
	}
	if (finding->nr_places > MAX_PLACES)
		say(view, "In network namespaces%s and %u more.", line,
		    finding->nr_places - MAX_PLACES);
	else
		say(view, "In network namespace%s%s.", finding->nr_places > 1 ? "s" : "", line);
}

static void print_finding(const struct doctor_view *view, const struct finding *finding)
{
	char label[16], sentence[SENTENCE_LEN + 2];

	snprintf(label, sizeof(label), "%s", severity_name(finding->severity));
	for (char *at = label; *at; at++)
		*at -= 'a' - 'A';
	print_label(view, severity_colours[finding->severity], INDENT, label);
	snprintf(sentence, sizeof(sentence), "%s.", finding->sentence);
	wrap(view, INDENT, "", sentence);
	print_proofs(view, finding);
	print_places(view, finding);
	if (finding->todo[0])
		say(view, "%s%s", finding->cost ? "Do: " : "", finding->todo);
	if (finding->cost)
		say(view, "Cost: %s", finding->cost);
	/* a command is copied: it is not broken */
	for (unsigned int i = 0; i < finding->nr_places && i < MAX_PLACES; i++)
		if (finding->places[i].command[0])
			fprintf(view->out, "%*s$ %s\n", INDENT, "", finding->places[i].command);
	putc('\n', view->out);
}

static void print_head(const struct doctor_view *view)
{
	static const char *const more[NR_SEVERITIES] = { "problems", "warnings", "notes" };
	static const char *const since_words[] = {
		[COUNTERS_UNKNOWN] = "unknown",
		[COUNTERS_SINCE_BOOT] = "since boot",
		[COUNTERS_OF_WINDOW] = "of the time watched",
	};
	const struct site *site = chart_main_site(view->chart);
	size_t counts[NR_SEVERITIES] = { 0 };
	char kernel[64] = "", watched[TEXT_LEN];
	const char *separator = "";

	if (site)
		site_kernel(site, kernel, sizeof(kernel));
	fprintf(view->out, "%s%s%s", view->colour ? BOLD : "",
		view->host ? view->host : "facts of a tree", view->colour ? PLAIN : "");
	fprintf(view->out, "  Linux %s", kernel[0] ? kernel : "(unknown)");
	if (view->to_ns > view->from_ns && view->from_ns)
		fprintf(view->out, "  watched for %s",
			text_duration(view->to_ns - view->from_ns, watched));
	fprintf(view->out, "  evidence: %s\n",
		view->chart->traced ? evidence_name(view->chart->evidence) : "/proc alone");
	for (size_t i = 0; i < view->diagnosis->nr_findings; i++)
		counts[view->diagnosis->findings[i].severity]++;
	for (unsigned int i = 0; i < NR_SEVERITIES; i++) {
		if (!counts[i])
			continue;
		fprintf(view->out, "%s%zu %s", separator, counts[i],
			counts[i] == 1 ? severity_name(i) : more[i]);
		separator = ", ";
	}
	fprintf(view->out, "%s; counters are %s\n\n",
		view->diagnosis->nr_findings ? "" : "nothing is wrong, as far as is known",
		since_words[doctor_counters_since(view)]);
}

#define SETTING_WIDTH 25
#define VERDICT_WIDTH 11

/* One row of three columns; the first too wide for its own has a line for itself. */
static void print_advice(const struct doctor_view *view, const struct advice *advice)
{
	bool fits = strlen(advice->setting) < SETTING_WIDTH;

	if (fits)
		print_label(view, BOLD, SETTING_WIDTH, advice->setting);
	else
		fprintf(view->out, "%s%s%s\n%*s", view->colour ? BOLD : "", advice->setting,
			view->colour ? PLAIN : "", SETTING_WIDTH, "");
	print_label(view, opinion_colours[advice->verdict], VERDICT_WIDTH,
		    opinion_name(advice->verdict));
	wrap(view, SETTING_WIDTH + VERDICT_WIDTH, "", advice->reason);
}

/* Rules that lack the same thing, together. */
static void print_unjudged(const struct doctor_view *view)
{
	const struct diagnosis *diagnosis = view->diagnosis;

	if (diagnosis->nr_unjudged)
		fprintf(view->out, "Not judged\n");
	for (size_t i = 0; i < diagnosis->nr_unjudged; i++) {
		const char *reason = diagnosis->unjudged[i].reason;
		char line[LINE_LEN] = "";
		size_t first = 0;

		while (strcmp(diagnosis->unjudged[first].reason, reason))
			first++;
		if (first < i)
			continue;
		text_add(line, sizeof(line), "%s:", reason);
		for (size_t j = i; j < diagnosis->nr_unjudged; j++)
			if (!strcmp(diagnosis->unjudged[j].reason, reason))
				text_add(line, sizeof(line), "%s %s", j > i ? "," : "",
					 diagnosis->unjudged[j].id);
		/* "ports_half" is for programs */
		for (char *at = line + strlen(reason); (at = strchr(at, '_'));)
			*at = ' ';
		fputs("  ", view->out);
		wrap(view, 4, "", line);
	}
}

static void print_found(const struct doctor_view *view)
{
	print_head(view);
	if (view->missing) {
		wrap(view, 0, "", view->missing);
		putc('\n', view->out);
	}
	for (size_t i = 0; i < view->diagnosis->nr_findings; i++)
		print_finding(view, &view->diagnosis->findings[i]);
}

void doctor_print_findings(const struct doctor_view *view)
{
	print_found(view);
	/* of each rule the same could be said */
	if (!view->missing)
		print_unjudged(view);
}

void doctor_print_text(const struct doctor_view *view)
{
	print_found(view);
	fprintf(view->out, "Advice you may have read\n");
	for (size_t i = 0; i < view->nr_advice; i++)
		print_advice(view, &view->advice[i]);
	if (view->diagnosis->nr_unjudged)
		putc('\n', view->out);
	print_unjudged(view);
}

/* A sentence as lines of a comment. */
static void comment(const struct doctor_view *view, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void comment(const struct doctor_view *view, const char *format, ...)
{
	char text[LINE_LEN];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fputs("# ", view->out);
	wrap(view, 2, "# ", text);
}

/* What no file reaches: as comments, with the commands that do. */
static void print_elsewhere(const struct doctor_view *view)
{
	putc('\n', view->out);
	comment(view, "Of other network namespaces, which no file here reaches:");
	for (size_t i = 0; i < view->diagnosis->nr_findings; i++) {
		const struct finding *finding = &view->diagnosis->findings[i];
		bool told = finding->of_host || !finding->nr_settings;

		for (unsigned int j = 0; j < finding->nr_places && j < MAX_PLACES; j++) {
			const struct finding_place *place = &finding->places[j];

			if (finding->of_host || place->is_host || !place->command[0])
				continue;
			if (!told) {
				fputs("#\n", view->out);
				comment(view, "%s (%s).", finding->sentence,
					severity_name(finding->severity));
			}
			told = true;
			fprintf(view->out, "#   %s\n", place->command);
		}
	}
}

void doctor_print_conf(const struct doctor_view *view)
{
	struct conf_line lines[MAX_CONF];
	size_t elsewhere, count = sysctl_conf(view->diagnosis, lines, MAX_CONF, &elsewhere);

	if (!count && elsewhere)
		comment(view, "twtrace doctor: nothing for this file, which reaches the host's own "
			      "network namespace only.");
	else if (!count)
		comment(view, "twtrace doctor: nothing that a sysctl would help was found.");
	else
		comment(view, "twtrace doctor: what the evidence on %s supports, and nothing else.",
			view->host ? view->host : "this host");
	if (view->missing)
		comment(view, "%s", view->missing);
	for (size_t i = 0; i < count; i++) {
		const struct setting *setting = lines[i].setting;

		putc('\n', view->out);
		comment(view, "%s (%s).", lines[i].finding->sentence,
			severity_name(lines[i].finding->severity));
		if (lines[i].finding->cost)
			comment(view, "Cost: %s", lines[i].finding->cost);
		if (setting->was[0])
			comment(view, "Undo: sysctl -w %s='%s'", setting->name, setting->was);
		else
			comment(view, "Undo: remove this line; it was empty before.");
		fprintf(view->out, "%s = %s\n", setting->name, setting->value);
	}
	if (elsewhere)
		print_elsewhere(view);
}

static void print_checked(const struct doctor_view *view, const struct checked *row, bool first)
{
	const char *verdict = opinion_name(row->verdict);

	if (first)
		fprintf(view->out, "%4u  %s\n", row->line, row->text);
	/* comments and blank lines speak for themselves */
	if (!row->setting && !row->text[strspn(row->text, " \t")])
		return;
	if (!row->setting && row->text[strspn(row->text, " \t")] == '#')
		return;
	fprintf(view->out, "%6s", "");
	print_label(view, opinion_colours[row->verdict], VERDICT_WIDTH, verdict ? verdict : "-");
	if (row->meant) {
		fprintf(view->out, "probably meant: %s\n", row->meant);
		fprintf(view->out, "%*s", 6 + VERDICT_WIDTH, "");
	}
	wrap(view, 6 + VERDICT_WIDTH, "", row->reason);
}

/* "3 of 11 settings are wrong, 1 of them dangerous." */
static void print_sums(const struct doctor_view *view, const struct check *check)
{
	struct check_sums sums = check_sums(check);
	char line[160];
	size_t len;

	len = (size_t)snprintf(line, sizeof(line), "%zu of %zu setting%s %s wrong", sums.wrong,
			       sums.settings, sums.settings == 1 ? "" : "s",
			       sums.wrong == 1 ? "is" : "are");
	if (sums.dangerous)
		snprintf(line + len, sizeof(line) - len, ", %zu of them dangerous", sums.dangerous);
	fprintf(view->out, "\n%s.\n", line);
}

void doctor_print_check_text(const struct doctor_view *view, const struct check *check)
{
	for (size_t i = 0; i < check->count; i++)
		print_checked(view, &check->rows[i],
			      !i || check->rows[i - 1].line != check->rows[i].line);
	if (!check->count)
		fputs("The file is empty.\n", view->out);
	else
		print_sums(view, check);
}
