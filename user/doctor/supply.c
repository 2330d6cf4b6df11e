// SPDX-License-Identifier: GPL-2.0-or-later
/* Whether ports are short, and other questions that most opinions ask. */
#include "doctor/supply.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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
		if (chart->budgets[0].level >= BUDGET_HALF && !chart->sites[i].aside &&
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
struct census {
	uint64_t in_use;	/* of both families; listeners are among them */
	uint64_t time_wait;
	bool complete;		/* false: some file is not there, and there may be more */
	unsigned int ports;	/* of the range, but for reserved ones; 0: not known */
};

static struct census census_of(const struct site *site)
{
	struct census census = { .complete = site != NULL };
	static const char *const families[] = { "TCP:inuse", "TCP6:inuse" };
	unsigned int low, high;
	uint64_t count;

	for (size_t i = 0; site && i < 2; i++) {
		bool known = site_sockstat(site, families[i], &count);

		census.in_use += known ? count : 0;
		census.complete &= known;
	}
	if (!site || !site_sockstat(site, "TCP:tw", &census.time_wait))
		census.complete = false;
	if (site && site_range(site, &low, &high))
		census.ports = high - low + 1 - site_reserved(site, low, high);
	return census;
}

bool supply_is_of_time_wait(const struct question *question)
{
	struct census census = census_of(question->site);

	return census.time_wait >= census.in_use;
}

enum supply supply_of(const struct question *question)
{
	struct census census = census_of(question->site);

	if (supply_worst(question) || failed_connects(question))
		return SUPPLY_SHORT;
	if (question->chart->traced)
		return SUPPLY_ENOUGH;
	if (census.ports && (census.time_wait + census.in_use) * 2 >= census.ports)
		return SUPPLY_UNSURE;
	return census.ports && census.complete ? SUPPLY_ENOUGH : SUPPLY_UNKNOWN;
}

const char *supply_budget(const struct budget *budget, char text[static SUPPLY_LEN])
{
	char place[BUDGET_TEXT_LEN];

	budget_text(budget, place);
	if (budget->capacity)
		snprintf(text, SUPPLY_LEN, "Ports %s are short: %" PRIu32 " of %" PRIu32 " in use.",
			 place, budget->used, budget->capacity);
	else
		snprintf(text, SUPPLY_LEN, "No port is left for connections %s.", place);
	return text;
}

/* Of those that no trace tells of. */
static void untraced_text(const struct question *question, char text[static SUPPLY_LEN])
{
	struct census census = census_of(question->site);
	char in_use[TEXT_LEN], time_wait[TEXT_LEN], ports[TEXT_LEN];

	snprintf(text, SUPPLY_LEN,
		 "With %s TCP sockets in use and %s in TIME_WAIT, for %s ports, no destination can "
		 "have used half of them here.",
		 text_count(census.in_use, in_use), text_count(census.time_wait, time_wait),
		 text_count(census.ports, ports));
}

const char *supply_text(const struct question *question, char text[static SUPPLY_LEN])
{
	enum supply supply = supply_of(question);

	if (supply_worst(question))
		return supply_budget(supply_worst(question), text);
	if (supply == SUPPLY_SHORT)
		snprintf(text, SUPPLY_LEN, "%" PRIu64 " connects have found no port here.",
			 failed_connects(question));
	else if (supply == SUPPLY_UNSURE)
		snprintf(text, SUPPLY_LEN,
			 "There are enough sockets here to fill half of the range, if they are all "
			 "of one destination (twtrace ports tells).");
	else if (supply == SUPPLY_UNKNOWN)
		snprintf(text, SUPPLY_LEN,
			 "Whether ports are short is not known here: sockstat, sockstat6 or the "
			 "range can't be read.");
	else if (question->chart->traced)
		snprintf(text, SUPPLY_LEN, "No destination has used half of its ports here.");
	else
		untraced_text(question, text);
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
	char value[100];

	text[0] = '\0';
	if (question->site && site_text(question->site, name, value, sizeof(value)))
		snprintf(text, NOW_LEN, "%s is %s here.", strrchr(name, '.') + 1, value);
	return text;
}

struct tally tally_of(const struct question *question, const char *name)
{
	struct tally tally = { 0 };

	if (!question->site || !site_counter(question->site, name, &tally))
		return (struct tally){ 0 };
	return tally;
}

const char *tally_text(const struct question *question, const struct tally *tally,
		       char text[static TALLY_LEN])
{
	char lately[TEXT_LEN], boot[TEXT_LEN], window[TEXT_LEN] = "window";

	text_count(tally->since_boot, boot);
	if (question->site && question->site->window_s > 0)
		text_duration((uint64_t)(question->site->window_s * 1e9), window);
	if (!tally->windowed)
		snprintf(text, TALLY_LEN, "%s since boot", boot);
	else if (tally->lately)
		snprintf(text, TALLY_LEN, "%s in the last %s, %s since boot",
			 text_count(tally->lately, lately), window, boot);
	else
		snprintf(text, TALLY_LEN, "%s since boot, none in the last %s", boot, window);
	return text;
}

uint64_t count_of(const struct question *question, const char *name)
{
	return tally_of(question, name).lately;
}

bool is_counted(const struct question *question, const char *name)
{
	struct tally tally;

	return question->site && site_counter(question->site, name, &tally);
}
