// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What `doctor` reads: the facts of a host, twice, and lines to be judged by them. The input is
 * all three, with a line of "%" between; facts are as base/facts.h has them.
 */
#include <stdlib.h>
#include <string.h>

#include "base/facts.h"
#include "cmd/doctor_view.h"
#include "fuzz.h"
#include "model/whatif.h"

#define BETWEEN "\n%\n"

/* As facts_read() leaves a text: clean and bounded. */
static char *take_facts(const char *from, size_t len)
{
	char *facts = fuzz_text((const uint8_t *)from, len < FACTS_SIZE ? len : FACTS_SIZE - 1);

	facts_clean(facts);
	return facts;
}

static void say(struct doctor_view *view)
{
	struct diagnosis diagnosis;
	struct advice *advice = NULL;

	if (diagnose(view->chart, &diagnosis) || counsel(view->chart, &advice, &view->nr_advice))
		abort();
	view->diagnosis = &diagnosis;
	view->advice = advice;
	doctor_print_text(view);
	doctor_print_json(view);
	doctor_print_conf(view);
	diagnosis_release(&diagnosis);
	free(advice);
}

static void check(struct doctor_view *view, const char *text, size_t len)
{
	/* without its NUL: it is bytes */
	char *bytes = fuzz_copy((const uint8_t *)text, len);
	struct error err = { 0 };
	struct check check;

	if (!check_text(view->chart, bytes, len, &check, &err)) {
		doctor_print_check_text(view, &check);
		doctor_print_check_json(view, &check);
		check_release(&check);
	}
	free(bytes);
}

static void judge(const char *before, const char *now, const char *lines, size_t len)
{
	struct site site = {
		.before = before,
		.now = now,
		.window_s = 10,
		.is_host = true,
	};
	struct chart chart = { 0 };
	struct doctor_view view = { .out = fuzz_nowhere(), .chart = &chart, .width = 80 };
	struct whatif_settings settings;

	if (chart_add_site(&chart, &site) || chart_add_listener(&chart, 0, 9000))
		abort();
	chart.listened = true;
	say(&view);
	check(&view, lines, len);
	chart_release(&chart);
	whatif_settings_read(&settings, now);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), *end = text + size;
	char *first = memmem(text, size, BETWEEN, strlen(BETWEEN));
	char *now = first ? first + strlen(BETWEEN) : end;
	char *second = memmem(now, end - now, BETWEEN, strlen(BETWEEN));
	char *lines = second ? second + strlen(BETWEEN) : end;
	char *facts = take_facts(now, (second ? second : end) - now);
	char *before = first != text ? take_facts(text, (first ? first : end) - text) : NULL;

	judge(before, facts, lines, end - lines);
	free(before);
	free(facts);
	free(text);
	return 0;
}
