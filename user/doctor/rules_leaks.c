// SPDX-License-Identifier: GPL-2.0-or-later
/* What the tracer itself has concluded, and what it can't see. */
#include <inttypes.h>
#include <stdio.h>

#include "base/text.h"
#include "doctor/rule.h"

static const enum severity severities[] = {
	[LEVEL_NONE] = SEVERITY_NOTE,
	[LEVEL_WATCH] = SEVERITY_NOTE,
	[LEVEL_SUSPECT] = SEVERITY_WARNING,
	[LEVEL_LEAK] = SEVERITY_PROBLEM,
};

static void judge_leaks(struct exam *exam)
{
	for (size_t i = 0; i < exam->chart->nr_verdicts; i++) {
		const struct verdict *verdict = &exam->chart->verdicts[i];
		struct finding *finding;
		char number[TEXT_LEN];

		finding = exam_find(exam, "%s: %s %s (%s)",
				    verdict->service ? verdict->service : "an unknown service",
				    text_count(verdict->count, number), leak_thing(verdict->kind),
				    leak_level_name(verdict->level));
		finding->severity = severities[verdict->level];
		finding_count(finding, "sockets", (double)verdict->count);
		finding_count(finding, "growth a minute", verdict->per_minute);
		finding_count(finding, "confidence", verdict->confidence);
		finding_advise(finding, "twtrace leaks has the evidence and says what to do.",
			       NULL);
	}
}

/* What a tier can't see, as docs/evidence.md has it. */
static const char *const blind_to[NR_EVIDENCE] = {
	[EVIDENCE_INFERRED] =
		"The ends of TIME_WAIT are modelled and compared with the kernel each second: early "
		"ones (a RST, ss -K) have no reason. --evidence timer sees them, at a cost.",
	[EVIDENCE_SNAPSHOT] =
		"Only dumps tell of TIME_WAIT: what is shorter than a second is missed.",
	[EVIDENCE_TIMER] = "A FIN that comes late may show only at the next poll.",
	[EVIDENCE_KPROBE] = "Nothing that is known of TIME_WAIT.",
	[EVIDENCE_FENTRY] = "Nothing that is known of TIME_WAIT.",
};

static void judge_evidence(struct exam *exam)
{
	enum evidence tier = exam->chart->evidence;
	struct finding *finding;

	/* where every birth and end is seen there is nothing to say */
	if (tier == EVIDENCE_FENTRY || tier == EVIDENCE_KPROBE)
		return;
	finding = exam_find(exam, "What is said of TIME_WAIT rests on the tier '%s'",
			    evidence_name(tier));
	finding_word(finding, "evidence", "%s", evidence_name(tier));
	finding_advise(finding, blind_to[tier], NULL);
}

static void judge_loss(struct exam *exam)
{
	struct finding *finding;
	char number[TEXT_LEN];

	if (!exam->chart->lost)
		return;
	finding = exam_find(exam, "%s events were lost or told in sum",
			    text_count(exam->chart->lost, number));
	finding_count(finding, "events", (double)exam->chart->lost);
	finding_advise(finding,
		       "twtrace top says by which cause; a larger --ring helps against 'spilled'.",
		       "Memory for the ring, once a CPU or in all, as --ring says.");
}

const struct rule rules_leaks[] = {
	{ "leak", SEVERITY_PROBLEM, judge_leaks, RULE_OF_HOST | RULE_TRACED, { NULL } },
	{ "lost_events", SEVERITY_WARNING, judge_loss, RULE_OF_HOST | RULE_TRACED, { NULL } },
	{ "evidence", SEVERITY_NOTE, judge_evidence, RULE_OF_HOST | RULE_TRACED, { NULL } },
	{ NULL, 0, NULL, 0, { NULL } },
};
