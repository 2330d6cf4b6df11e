// SPDX-License-Identifier: GPL-2.0-or-later
/* Applies the tables of rules: what is there to be judged, and what alike findings have in common. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "doctor/rule.h"

static const struct rule *const themes[] = {
	rules_ports,	 rules_time_wait, rules_queues, rules_limits,
	rules_conntrack, rules_traffic,	  rules_leaks,
};

#define NR_THEMES (sizeof(themes) / sizeof(themes[0]))

const char *severity_name(enum severity severity)
{
	static const char *const names[NR_SEVERITIES] = { "problem", "warning", "note" };

	return names[severity];
}

int64_t exam_sysctl(const struct exam *exam, const char *name, unsigned int index)
{
	int64_t value = 0;

	site_sysctl(exam->site, name, index, &value);
	return value;
}

struct tally exam_counter(const struct exam *exam, const char *name)
{
	struct tally tally = { 0 };

	site_counter(exam->site, name, &tally);
	return tally;
}

uint64_t exam_sockstat(const struct exam *exam, const char *name)
{
	uint64_t value = 0;

	site_sockstat(exam->site, name, &value);
	return value;
}

struct finding *exam_find(struct exam *exam, const char *format, ...)
{
	struct diagnosis *diagnosis = exam->diagnosis;
	struct finding *findings =
		reallocarray(diagnosis->findings, diagnosis->nr_findings + 1, sizeof(*findings));
	struct finding *finding = &exam->spare;
	va_list args;

	if (findings) {
		diagnosis->findings = findings;
		finding = &findings[diagnosis->nr_findings++];
	} else {
		exam->no_memory = true;
	}
	*finding = (struct finding){
		.id = exam->rule->id,
		.severity = exam->rule->severity,
		.todo = "",
		.of_host = exam->rule->flags & RULE_OF_HOST,
		.places = { { .netns_name = exam->site->name,
			      .netns_ino = exam->site->ino,
			      .is_host = exam->site->is_host } },
		.nr_places = 1,
	};
	va_start(args, format);
	vsnprintf(finding->sentence, sizeof(finding->sentence), format, args);
	va_end(args);
	return finding;
}

const char *exam_since(const struct exam *exam, const struct tally *tally,
		       char text[static SINCE_LEN])
{
	char duration[TEXT_LEN];

	if (!tally->windowed)
		snprintf(text, SINCE_LEN, "since boot");
	else if (exam->site->window_s > 0)
		snprintf(text, SINCE_LEN, "in %s",
			 text_duration((uint64_t)(exam->site->window_s * 1e9), duration));
	else
		snprintf(text, SINCE_LEN, "between the two looks");
	return text;
}

static struct proof *add_proof(struct finding *finding, const char *what)
{
	/* what a rule has more to say than there is room for is its last piece */
	unsigned int at = finding->nr_proofs < MAX_PROOFS ? finding->nr_proofs++ : MAX_PROOFS - 1;
	struct proof *proof = &finding->proofs[at];

	*proof = (struct proof){ 0 };
	snprintf(proof->what, sizeof(proof->what), "%s", what);
	return proof;
}

void finding_count(struct finding *finding, const char *what, double number)
{
	add_proof(finding, what)->number = number;
}

void finding_word(struct finding *finding, const char *what, const char *format, ...)
{
	struct proof *proof = add_proof(finding, what);
	va_list args;

	va_start(args, format);
	vsnprintf(proof->text, sizeof(proof->text), format, args);
	va_end(args);
}

void finding_tally(struct finding *finding, const char *what, const struct tally *tally)
{
	char text[80];

	if (tally->windowed) {
		snprintf(text, sizeof(text), "%s, in the window", what);
		finding_count(finding, text, (double)tally->lately);
	}
	snprintf(text, sizeof(text), "%s, since boot", what);
	finding_count(finding, text, (double)tally->since_boot);
}

void finding_advise(struct finding *finding, const char *todo, const char *cost)
{
	finding->todo = todo;
	finding->cost = cost;
}

/* A name that a shell and ip(8) take as it stands: any other is a file's, made by whoever. */
static bool is_plain(const char *name)
{
	return name[0] != '-' && !name[strspn(name, "abcdefghijklmnopqrstuvwxyz"
						    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")];
}

/* What stands before a command so that it acts in this namespace; false: nothing would. */
static bool enter(const struct site *site, char text[static 160])
{
	text[0] = '\0';
	if (site->is_host)
		return true;
	if (site->name && strlen(site->name) < 128 && is_plain(site->name)) {
		snprintf(text, 160, "ip netns exec %s ", site->name);
		return true;
	}
	/* without a name that can be written it is entered through a process of it */
	snprintf(text, 160,
		 "nsenter -n -t \"$(lsns -nt net -o NS,PID | awk '$1 == %" PRIu32
		 " {print $2}')\" ",
		 site->ino);
	return site->ino != 0;
}

void finding_set(struct finding *finding, const struct exam *exam, const char *name,
		 const char *format, ...)
{
	struct setting *setting = &finding->settings[finding->nr_settings];
	char before[160], *command = finding->places[0].command;
	size_t len = strlen(command);
	va_list args;

	if (finding->nr_settings == MAX_SETTINGS)
		return;
	finding->nr_settings++;
	snprintf(setting->name, sizeof(setting->name), "%s", name);
	site_text(exam->site, name, setting->was, sizeof(setting->was));
	va_start(args, format);
	vsnprintf(setting->value, sizeof(setting->value), format, args);
	va_end(args);
	if (enter(exam->site, before))
		snprintf(command + len, COMMAND_LEN - len, "%s%ssysctl -w %s='%s'",
			 len ? " && " : "", before, setting->name, setting->value);
}

static bool is_known(const struct site *site, const char *need)
{
	struct tally tally;
	uint64_t figure;
	int64_t value;

	if (!strncmp(need, "sockstat:", 9))
		return site_sockstat(site, need + 9, &figure);
	if (strchr(need, ':'))
		return site_counter(site, need, &tally);
	return site_sysctl(site, need, 0, &value);
}

static void leave_unjudged(struct exam *exam, const char *what, const char *reason)
{
	struct diagnosis *diagnosis = exam->diagnosis;
	struct unjudged *unjudged;

	for (size_t i = 0; i < diagnosis->nr_unjudged; i++)
		if (diagnosis->unjudged[i].id == exam->rule->id)
			return;
	unjudged = reallocarray(diagnosis->unjudged, diagnosis->nr_unjudged + 1, sizeof(*unjudged));
	if (!unjudged) {
		exam->no_memory = true;
		return;
	}
	diagnosis->unjudged = unjudged;
	unjudged[diagnosis->nr_unjudged].id = exam->rule->id;
	snprintf(unjudged[diagnosis->nr_unjudged++].reason, sizeof(unjudged->reason), "%s%s", what,
		 reason);
}

/* Why what is needed is not there. */
static const char *lack_of(const struct exam *exam)
{
	return (exam->rule->flags & RULE_OF_HOST) && !exam->site->is_host ?
		       " is shown in the host's own network namespace only" :
		       " can't be read";
}

/* Whether all that the rule needs is there; what is not is said. */
static bool has_needs(struct exam *exam)
{
	const struct rule *rule = exam->rule;
	int64_t value;

	if ((rule->flags & RULE_TRACED) && !exam->chart->traced) {
		leave_unjudged(exam, "", "needs connections that were traced");
		return false;
	}
	if ((rule->flags & RULE_CONNTRACK) &&
	    !site_sysctl(exam->site, "net.netfilter.nf_conntrack_max", 0, &value)) {
		leave_unjudged(exam, "nf_conntrack", " is not loaded, or can't be read");
		return false;
	}
	for (unsigned int i = 0; i < MAX_NEEDS && rule->needs[i]; i++)
		if (!is_known(exam->site, rule->needs[i])) {
			leave_unjudged(exam, rule->needs[i], lack_of(exam));
			return false;
		}
	return true;
}

/* Alike but for where: one finding of several namespaces, and a command for each. */
static bool is_alike(const struct finding *one, const struct finding *two)
{
	return one->id == two->id && one->severity == two->severity &&
	       one->nr_proofs == two->nr_proofs && !strcmp(one->sentence, two->sentence) &&
	       !memcmp(one->proofs, two->proofs, sizeof(one->proofs)) &&
	       !memcmp(one->settings, two->settings, sizeof(one->settings)) &&
	       one->todo == two->todo;
}

static void merge(struct diagnosis *diagnosis)
{
	size_t kept = 0;

	for (size_t i = 0; i < diagnosis->nr_findings; i++) {
		struct finding *finding = &diagnosis->findings[i], *same = diagnosis->findings;

		while (same < diagnosis->findings + kept && !is_alike(same, finding))
			same++;
		if (same == diagnosis->findings + kept) {
			diagnosis->findings[kept++] = *finding;
			continue;
		}
		if (same->nr_places < MAX_PLACES)
			same->places[same->nr_places] = finding->places[0];
		same->nr_places++;
	}
	diagnosis->nr_findings = kept;
}

/* Stable: within a severity the rules' own order stays. */
static void sort(struct diagnosis *diagnosis)
{
	struct finding *findings = diagnosis->findings, moved;

	for (size_t i = 1; i < diagnosis->nr_findings; i++)
		for (size_t j = i; j && findings[j - 1].severity > findings[j].severity; j--) {
			moved = findings[j];
			findings[j] = findings[j - 1];
			findings[j - 1] = moved;
		}
}

/* At every namespace. Unjudged is what could be judged at none of them. */
static void apply(struct exam *exam)
{
	size_t unjudged = exam->diagnosis->nr_unjudged;
	bool judged = false;

	for (size_t i = 0; i < exam->chart->nr_sites; i++) {
		exam->site = &exam->chart->sites[i];
		if (exam->rule->flags & RULE_OF_HOST ? !exam->site->first : exam->site->aside)
			continue;
		if (!has_needs(exam))
			continue;
		exam->rule->judge(exam);
		judged = true;
	}
	if (judged)
		exam->diagnosis->nr_unjudged = unjudged;
}

int diagnose(const struct chart *chart, struct diagnosis *diagnosis)
{
	struct exam exam = { .chart = chart, .diagnosis = diagnosis };

	*diagnosis = (struct diagnosis){ 0 };
	for (size_t theme = 0; theme < NR_THEMES; theme++)
		for (exam.rule = themes[theme]; exam.rule->id; exam.rule++)
			apply(&exam);
	merge(diagnosis);
	sort(diagnosis);
	return exam.no_memory ? -ENOMEM : 0;
}

void diagnosis_release(struct diagnosis *diagnosis)
{
	free(diagnosis->findings);
	free(diagnosis->unjudged);
	*diagnosis = (struct diagnosis){ 0 };
}

bool diagnosis_has_problem(const struct diagnosis *diagnosis)
{
	return diagnosis->nr_findings && diagnosis->findings[0].severity == SEVERITY_PROBLEM;
}
