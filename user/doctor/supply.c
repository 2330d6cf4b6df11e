// SPDX-License-Identifier: GPL-2.0-or-later
/* Whether ports are short, and other questions that most opinions ask. */
#include "doctor/supply.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/facts.h"
#include "base/text.h"
#include "doctor/ports.h"

const struct budget *supply_worst(const struct question *question)
{
	const struct chart *chart = question->chart;

	/* they come worst first */
	for (size_t i = 0; i < chart->nr_budgets && chart->budgets[i].level >= BUDGET_HALF; i++)
		if (!question->site || site_has_budget(question->site, &chart->budgets[i]))
			return &chart->budgets[i];
	return NULL;
}

const struct site *supply_site(const struct chart *chart)
{
	for (size_t i = 0; i < chart->nr_sites && chart->nr_budgets; i++)
		if (chart->budgets[0].level >= BUDGET_HALF &&
		    site_has_budget(&chart->sites[i], chart->budgets))
			return &chart->sites[i];
	return chart_main_site(chart);
}

static uint64_t failed_connects(const struct question *question)
{
	const struct chart *chart = question->chart;
	uint64_t count = 0;

	for (size_t i = 0; i < chart->nr_failures; i++) {
		const struct failure *failure = &chart->failures[i];

		if (failure->kind == FAILURE_CONNECT && failure->error == EADDRNOTAVAIL &&
		    !failure->local_port &&
		    (!question->site || site_has_failure(question->site, failure)))
			count += failure->count;
	}
	return count;
}

/* All sockets that could have an ephemeral port, were they of one destination. */
static bool may_be_short(const struct site *site)
{
	uint64_t time_wait, inuse = 0;
	unsigned int low, high;

	if (!site || !site_range(site, &low, &high) || !site_sockstat(site, "TCP:tw", &time_wait))
		return false;
	site_sockstat(site, "TCP:inuse", &inuse);
	return (time_wait + inuse) * 2 >= high - low + 1;
}

enum supply supply_of(const struct question *question)
{
	if (supply_worst(question) || failed_connects(question))
		return SUPPLY_SHORT;
	return !question->chart->traced && may_be_short(question->site) ? SUPPLY_UNSURE :
									  SUPPLY_ENOUGH;
}

const char *supply_text(const struct question *question, char text[static SUPPLY_LEN])
{
	const struct budget *budget = supply_worst(question);
	char place[BUDGET_TEXT_LEN];
	uint64_t time_wait;

	if (budget)
		snprintf(text, SUPPLY_LEN, "Ports %s are short: %" PRIu32 " of %" PRIu32 " in use.",
			 budget_text(budget, place), budget->used, budget->capacity);
	else if (supply_of(question) == SUPPLY_SHORT)
		snprintf(text, SUPPLY_LEN, "%" PRIu64 " connects have found no port here.",
			 failed_connects(question));
	else if (supply_of(question) == SUPPLY_UNSURE)
		snprintf(text, SUPPLY_LEN,
			 "There are enough sockets here to fill half of the range, if they are all "
			 "of one destination (twtrace ports tells).");
	else if (question->chart->traced)
		snprintf(text, SUPPLY_LEN, "No destination has used half of its ports here.");
	else if (question->site && site_sockstat(question->site, "TCP:tw", &time_wait))
		snprintf(text, SUPPLY_LEN,
			 "With %" PRIu64 " in TIME_WAIT no destination can be short of ports here.",
			 time_wait);
	else
		snprintf(text, SUPPLY_LEN, "Nothing shows here that ports are short.");
	return text;
}

enum opinion because(const struct question *question, enum opinion opinion, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(question->reason, REASON_LEN, format, args);
	va_end(args);
	return opinion;
}

int64_t now_is(const struct question *question, const char *name)
{
	int64_t value;

	return question->site && site_sysctl(question->site, name, 0, &value) ? value : -1;
}

const char *now_text(const struct question *question, const char *name, char text[static NOW_LEN])
{
	char path[128];
	struct fact fact = { NULL, 0 };
	size_t len;

	snprintf(path, sizeof(path), "proc/sys/%s", name);
	for (char *dot = path; (dot = strchr(dot, '.'));)
		*dot = '/';
	if (question->site)
		fact = facts_find(question->site->now, path);
	text[0] = '\0';
	if (!fact.text)
		return text;
	len = strcspn(fact.text, "\n");
	snprintf(text, NOW_LEN, "%s is %.*s here.", strrchr(name, '.') + 1,
		 len < 100 ? (int)len : 100, fact.text);
	for (char *tab = text; (tab = strchr(tab, '\t'));)
		*tab = ' ';
	return text;
}

uint64_t count_of(const struct question *question, const char *name)
{
	struct tally tally;

	return question->site && site_counter(question->site, name, &tally) ? tally.lately : 0;
}

bool is_counted(const struct question *question, const char *name)
{
	struct tally tally;

	return question->site && site_counter(question->site, name, &tally);
}
