// SPDX-License-Identifier: GPL-2.0-or-later
/* Budgets in sentences: what is the matter. What would help: ports_advice.c. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/addr.h"
#include "base/text.h"
#include "base/wrap.h"
#include "sink/common.h"
#include "sink/conn_text.h"
#include "sink/ports.h"

#define LINE_LEN 640

const char *budget_place(const struct budget *budget, char text[static DESTINATION_LEN])
{
	char from[ADDR_TEXT_LEN], to[ENDPOINT_TEXT_LEN];
	bool host = budget->netns_name && !strcmp(budget->netns_name, "host");

	text[0] = '\0';
	text_add(text, DESTINATION_LEN, "%s -> %s", addr_format(budget->local_addr, from),
		 endpoint_format(budget->remote_addr, budget->remote_port, to));
	if (!host && budget->netns_name)
		text_add(text, DESTINATION_LEN, " in %s", budget->netns_name);
	else if (!host)
		text_add(text, DESTINATION_LEN, " in namespace %u", budget->netns_ino);
	return text;
}

static void add_state(char *text, size_t size, uint32_t count, const char *state)
{
	size_t len = strlen(text);
	char number[TEXT_LEN];

	if (count)
		snprintf(text + len, size - len, "%s%s %s", len ? ", " : "",
			 text_count(count, number), state);
}

/* A line below the warning. */
__attribute__((__format__(__printf__, 2, 3))) static void add(const struct sink_opts *opts,
							      const char *format, ...)
{
	char text[LINE_LEN];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fputs("  ", opts->out);
	print_wrapped(opts->out, wrap_width(opts), 2, text);
}

static void print_states(const struct budget *budget, const struct sink_opts *opts)
{
	struct conn_view view = { .pid = budget->pid,
				  .comm = budget->comm,
				  .service = budget->service };
	char states[160] = "", number[TEXT_LEN], owner[OWNER_TEXT_LEN];

	add_state(states, sizeof(states), budget->time_wait, "in TIME_WAIT");
	add_state(states, sizeof(states), budget->established, "established");
	add_state(states, sizeof(states), budget->fin_wait2, "in FIN_WAIT2");
	add_state(states, sizeof(states), budget->other, "in other states");
	if (!*states)
		return;
	if (budget->service)
		add(opts, "%s; %s has %s", states, conn_owner_text(&view, owner),
		    budget->service_used == budget->used ?
			    "all of them" :
			    text_count(budget->service_used, number));
	else
		add(opts, "%s", states);
}

/* "half of the ports are or were used" */
static const char *what_text(const struct budget *budget, char text[static LINE_LEN])
{
	char failed[TEXT_LEN], until[TEXT_LEN];

	if (budget->level == BUDGET_NEARING)
		snprintf(text, LINE_LEN, "half of the ports will be used in %s at this rate",
			 text_duration(budget->half_ns, until));
	else if (budget->level == BUDGET_EXHAUSTED && budget->failures)
		snprintf(text, LINE_LEN, "no port was left: %s connect() failed (EADDRNOTAVAIL)",
			 text_count(budget->failures, failed));
	else if (budget->level == BUDGET_EXHAUSTED && budget->used >= budget->capacity)
		snprintf(text, LINE_LEN, "all ports are used: the next connect() fails");
	else if (budget->level == BUDGET_EXHAUSTED)
		snprintf(text, LINE_LEN,
			 "all ports were used: the next connect() would have failed");
	else
		snprintf(text, LINE_LEN, "half of the ports are or were used");
	return text;
}

static void print_outlook(const struct budget *budget, const struct sink_opts *opts)
{
	char until[TEXT_LEN], median[TEXT_LEN], longest[TEXT_LEN];

	if (budget->level == BUDGET_NEARING && !budget->reusable)
		add(opts, "connect() gets slow from there: it searches half of the range first");
	if (budget->level == BUDGET_HALF && !budget->reusable)
		add(opts, "connect() gets slow from here: it searches half of the range first");
	if (budget->level == BUDGET_HALF && budget->reusable && budget->time_wait)
		add(opts, "connect() takes over those in TIME_WAIT after a second (tcp_tw_reuse)");
	if (budget->level == BUDGET_HALF && budget->end_ns && budget->end_ns != TIME_UNKNOWN)
		add(opts, "none will be left in %s at this rate",
		    text_duration(budget->end_ns, until));
	if (budget->search_late.count)
		add(opts, "connect() searched for %s on the median of late, %s at most",
		    text_duration(histogram_quantile(&budget->search_late, 500), median),
		    text_duration(budget->search.max_ns, longest));
}

void budget_print_warning(const struct budget *budgets, size_t count, size_t at,
			  const struct sink_opts *opts)
{
	char place[DESTINATION_LEN], what[LINE_LEN], used[TEXT_LEN], all[TEXT_LEN];
	char line[2 * LINE_LEN], advice[ADVICE_LEN];
	const struct budget *budget = &budgets[at];
	int len;

	if (budget->level == BUDGET_FINE)
		return;
	len = snprintf(line, sizeof(line), "%s: %s", budget_place(budget, place),
		       what_text(budget, what));
	if (budget->low)
		snprintf(line + len, sizeof(line) - len, "; now %s of %s",
			 text_count(budget->used, used), text_count(budget->capacity, all));
	print_wrapped(opts->out, wrap_width(opts), 0, line);
	print_outlook(budget, opts);
	print_states(budget, opts);
	if (*budget_advice(budgets, count, at, advice))
		add(opts, "what helps: %s", advice);
}
