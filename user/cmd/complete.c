// SPDX-License-Identifier: GPL-2.0-or-later
/* Candidates from the tables that help and usage come from. */
#include "cmd/complete.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "model/event.h"
#include "model/flame.h"
#include "sink/sink.h"

static const struct argp_option standard[] = {
	{ "help", 0, NULL, 0, "the options, with a line on each", 0 },
	{ "usage", 0, NULL, 0, "the options", 0 },
	{ "version", 0, NULL, 0, "the version", 0 },
	{ 0 },
};

/* The @i-th value, "" for one that there is not, NULL after the last. */
typedef const char *(*value_fn)(const struct option_spec *spec, unsigned int i);

static const char *format_at(const struct option_spec *spec, unsigned int i)
{
	return spec->formats && spec->formats[i] ? spec->formats[i]->name : NULL;
}

static const char *kind_at(const struct option_spec *spec, unsigned int i)
{
	(void)spec;
	return i < NR_EVENT_KINDS ? event_kind_name(i) : NULL;
}

static const char *tier_at(const struct option_spec *spec, unsigned int i)
{
	(void)spec;
	if (i >= NR_EVIDENCE)
		return NULL;
	return i == EVIDENCE_SNAPSHOT ? "" : evidence_name(i);
}

static const char *sort_at(const struct option_spec *spec, unsigned int i)
{
	(void)spec;
	return i < NR_LIST_SORTS ? list_sort_name(i) : NULL;
}

static const char *state_at(const struct option_spec *spec, unsigned int i)
{
	(void)spec;
	return i + TW_ESTABLISHED < TW_NR_STATES ? state_name(i + TW_ESTABLISHED) : NULL;
}

static const char *weight_at(const struct option_spec *spec, unsigned int i)
{
	(void)spec;
	return i < NR_FLAME_WEIGHTS ? flame_weight_name(i) : NULL;
}

/* Frames can be listed; a view stands alone, but that is for the program to say. */
static const char *frame_at(const struct option_spec *spec, unsigned int i)
{
	static const char *const views[] = { "everything", "leaks", "time_wait", "failures", NULL };

	(void)spec;
	return i < NR_FLAME_FRAMES ? flame_frame_name(i) : views[i - NR_FLAME_FRAMES];
}

static const char *color_at(const struct option_spec *spec, unsigned int i)
{
	static const char *const colors[] = { "state", "service", NULL };

	(void)spec;
	return colors[i];
}

static const char *family_at(const struct option_spec *spec, unsigned int i)
{
	static const char *const families[] = { "4", "6", NULL };

	(void)spec;
	return families[i];
}

static const char *setting_at(const struct option_spec *spec, unsigned int i)
{
	static const char *const settings[] = { "tcp_tw_reuse=",
						"tcp_tw_reuse_delay=",
						"tcp_timestamps=",
						"tcp_fin_timeout=",
						"tcp_max_tw_buckets=",
						"ip_local_port_range=",
						"ip_local_reserved_ports=",
						"destinations=",
						"sources=",
						"keepalive=",
						"close_first=server",
						"close_first=client",
						"bind_address_no_port=1",
						NULL };

	(void)spec;
	return settings[i];
}

static const struct {
	const char *option;
	bool list;		/* several, with commas between them */
	value_fn at;
} values[] = {
	{ "output", false, format_at },	  { "kind", true, kind_at },
	{ "sort", false, sort_at },	  { "evidence", false, tier_at },
	{ "family", false, family_at },	  { "by", true, frame_at },
	{ "weight", false, weight_at },	  { "color", false, color_at },
	{ "what-if", false, setting_at }, { "state", true, state_at },
};

/* What an argument is called where it is the name of something. */
static const struct {
	const char *arg, *answer;
} named[] = {
	{ "FILE", "<file>" },
	{ "BASE", "<file>" },
	{ "DIR", "<directory>" },
};

static void print_if(const char *typed, const char *before, const char *candidate,
		     const char *after, const char *about)
{
	char word[256];

	snprintf(word, sizeof(word), "%s%s%s", before, candidate, after);
	if (strncmp(word, typed, strlen(typed)) || !candidate[0])
		return;
	printf("%s\t%s\n", word, about);
}

static void complete_values(const struct argp_option *option, const struct option_spec *spec,
			    const char *before, const char *typed)
{
	char done[256];
	const char *value;

	for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++)
		if (!strcmp(named[i].arg, option->arg))
			puts(named[i].answer);
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		const char *comma = values[i].list ? strrchr(typed + strlen(before), ',') : NULL;

		if (strcmp(values[i].option, option->name))
			continue;
		snprintf(done, sizeof(done), "%.*s",
			 (int)(comma ? comma + 1 - typed : (ptrdiff_t)strlen(before)), typed);
		for (unsigned int at = 0; (value = values[i].at(spec, at)); at++)
			print_if(typed, done, value, "", "");
	}
}

static void complete_options(const struct argp_option *table, const char *typed)
{
	for (; table->name || table->key; table++) {
		bool needs = table->arg && !(table->flags & OPTION_ARG_OPTIONAL);

		if (table->name)
			print_if(typed, "--", table->name, needs ? "=" : "",
				 table->doc ? table->doc : "");
	}
}

/* By its name, of @len bytes, or by its letter; NULL: there is none, or it takes nothing. */
static const struct argp_option *find(const struct argp_option *table, const char *word, size_t len)
{
	bool is_long = len > 2 && word[0] == '-' && word[1] == '-';
	bool is_short = len == 2 && word[0] == '-';

	for (; table->name || table->key; table++)
		if (table->arg && table->name &&
		    ((is_long && strlen(table->name) == len - 2 &&
		      !memcmp(table->name, word + 2, len - 2)) ||
		     (is_short && table->key == word[1])))
			return table;
	return NULL;
}

/* Of the next word: the option whose value it must be, which stands alone before it. */
static const struct argp_option *awaits(const struct argp_option *table, const char *word)
{
	const struct argp_option *option = find(table, word, strlen(word));

	return option && !(option->flags & OPTION_ARG_OPTIONAL) ? option : NULL;
}

/* How many operands there are before the last word; @only: after it, or from "--" on, all are. */
static size_t count_operands(const struct argp_option *table, const struct option_spec *spec,
			     char *const *words, size_t count, bool *only)
{
	size_t operands = 0;

	*only = false;
	for (size_t i = 0; i + 1 < count; i++) {
		if (*only || words[i][0] != '-' || !words[i][1])
			operands++;
		else if (!strcmp(words[i], "--"))
			*only = true;
		else if (awaits(table, words[i]))
			i++;
		/* what is run takes all that follows */
		*only |= operands && spec->words;
	}
	return operands;
}

void complete_words(const struct argp_option *table, const struct option_spec *spec,
		    char *const *words, size_t count)
{
	const char *typed = count ? words[count - 1] : "";
	const char *equals = !strncmp(typed, "--", 2) ? strchr(typed, '=') : NULL;
	const struct argp_option *option = NULL;
	char before[256];
	bool only;
	size_t operands = count_operands(table, spec, words, count, &only);

	if (equals && !only)
		option = find(table, typed, equals - typed);
	else if (count > 1 && !only)
		option = awaits(table, words[count - 2]);
	snprintf(before, sizeof(before), "%.*s", equals ? (int)(equals + 1 - typed) : 0, typed);
	if (option) {
		complete_values(option, spec, before, typed);
		return;
	}
	if (typed[0] != '-' && spec->words)
		puts(operands ? "<file>" : "<command>");
	else if (typed[0] != '-' && (spec->recordings || (spec->operand && !operands)))
		puts("<file>");
	if (!only && (typed[0] == '-' || !spec->operand)) {
		complete_options(table, typed);
		complete_options(standard, typed);
	}
}

void complete_command(const struct command *commands, size_t count, const char *word)
{
	for (size_t i = 0; i < count; i++)
		print_if(word, "", commands[i].name, "", commands[i].summary);
}
