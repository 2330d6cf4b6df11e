/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a client would rather have, by what it says. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdbool.h>

#include "serve/accept.h"

#define OPENMETRICS "application/openmetrics-text"
/* Prometheus 2.42's own. */
#define PROMETHEUS \
	"application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"

struct media_case {
	const char *header;
	unsigned int openmetrics, text;
	const char *why;
};

static void a_range_that_says_more_counts(void **state)
{
	static const struct media_case cases[] = {
		{ NULL, 1000, 1000, "who says nothing takes anything" },
		{ "*/*", 1000, 1000, "curl" },
		{ "", 0, 0, "an empty list names nothing" },
		{ PROMETHEUS, 1000, 500, "Prometheus" },
		{ "text/plain;version=0.0.4;q=0.5, */*;q=0.1", 100, 500, "the rest" },
		{ "text/*;q=0.3, text/plain", 0, 1000, "the more telling one, wherever it is" },
		{ "text/plain;q=0, */*", 1000, 0, "anything but that" },
		{ "text/plain;q=0, text/*", 0, 0, "of a kind, but not that" },
		{ "TEXT/Plain ; Q=0.25", 0, 250, "case and blanks" },
		{ OPENMETRICS ";version=0.0.1", 0, 0, "another version is another thing" },
		{ OPENMETRICS "; version=\"1.0.0\"; q=0.8", 800, 0, "quoted" },
		{ OPENMETRICS "; escaping=\"a,b;q=0\"; q=0.8", 800, 0, "separators in quotes" },
		{ "text/plain;q=2", 0, 0, "no quality" },
		{ "text/plain;q=0.12345", 0, 0, "too long a quality" },
		{ "text/plain;q=x", 0, 0, "no number" },
		{ "text/plain;q=1.001", 0, 0, "more than all" },
		{ "text/plain;q=0.001", 0, 1, "the least" },
		{ "text/plainer, textual/*", 0, 0, "others that begin so" },
		{ "text/*er, */*er", 0, 0, "no wildcards" },
		{ "text/plain;q=0.7, text/plain;q=0.2", 0, 700, "said twice, the better one" },
		{ ",,;,=;q=1,\"", 0, 0, "nonsense" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unsigned int is = accept_media(cases[i].header, OPENMETRICS, "1.0.0");

		if (is != cases[i].openmetrics)
			fail_msg("OpenMetrics %u: %s", is, cases[i].why);
		is = accept_media(cases[i].header, "text/plain", "0.0.4");
		if (is != cases[i].text)
			fail_msg("text %u: %s", is, cases[i].why);
	}
}

static void a_coding_is_taken_by_who_names_it(void **state)
{
	(void)state;
	assert_true(accept_coding("gzip, deflate, br", "gzip"));
	assert_true(accept_coding("deflate;q=1.0, GZIP;q=0.5", "gzip"));
	assert_true(accept_coding("*", "gzip"));
	assert_false(accept_coding(NULL, "gzip"));
	assert_false(accept_coding("", "gzip"));
	assert_false(accept_coding("identity", "gzip"));
	assert_false(accept_coding("gzip;q=0", "gzip"));
	assert_false(accept_coding("gzip;q=0, *", "gzip"));
	assert_false(accept_coding("x-gzip", "gzip"));
	/* elements that are empty say nothing, whatever was read before them */
	assert_true(accept_coding(", gzip", "gzip"));
	assert_false(accept_coding("*;q=0, , ", "gzip"));
	assert_false(accept_coding(",", "gzip"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_range_that_says_more_counts),
		cmocka_unit_test(a_coding_is_taken_by_who_names_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
