/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `top` prints for people, byte for byte. */
#include "test_sink_fake.h"

static void text_shows_every_column_where_width_is_free(void **state)
{
	struct model *model = fake_busy_model();
	struct fake_output output;

	(void)state;
	fake_audit(model, "host", 0, true);
	fake_audit(model, NULL, 0, true);
	fake_output_init(&output);
	fake_draw(&top_text_sink, &output, model, true, false);
	fake_output_expect(
		&output,
		"web-1  12:01:12  traced for 1m12s, rates over 2.00s  evidence: inferred\n"
		"total      14,808 connections, 13,574 opened, 11,106 closed, 8,638 closed first,"
		" 1,234 failed, 2,468 reset\n"
		"now        3,702 open: 2,468 ESTAB, 1,234 CLOSE-WAIT; 1,234 FIN-WAIT2 (orphans),"
		" 7,404 TIME-WAIT\n"
		"TIME-WAIT  14,808 entered, 3,702 expired (1,234 of them without the peer's FIN),"
		" 1,234 reused, 1,234 reset; held for 3d07h in all\n"
		"\n"
		"SERVICE                           OPEN  ESTAB  CLOSE-WAIT  FIN-WAIT2"
		"  FW2-ORPHANS  TIME-WAIT  OPENED/s  CLOSED/s  OPENED  CLOSED  CLOSED-FIRST"
		"  FAILED  RESETS  LIFE-P50  LIFE-P99  TW-ENTERED  TW-EXPIRED  FW2-EXPIRED"
		"  TW-REUSED  TW-RESET  TW-P50  TW-P99  TW-HELD\n"
		"a\"b,c\\x0a                          312    208         104        104"
		"          104        624      52.0       0.0    1144     936           728"
		"     104     208     2.08s     4.12s        1248         312          104"
		"        104       104   30.8s   61.0s    6h39m\n"
		"kubepods-burstable-pod012345678…   309    206         103        103"
		"          103        618      51.5       0.0    1133     927           721"
		"     103     206     2.06s     4.08s        1236         309          103"
		"        103       103   30.8s   61.0s    6h35m\n"
		"数据库服务.service                 306    204         102        102          102"
		"        612      51.0       0.0    1122     918           714     102     204"
		"     2.04s     4.04s        1224         306          102        102       102"
		"   30.8s   61.0s    6h31m\n"
		"nginx.service                      303    202         101        101"
		"          101        606      50.5       0.0    1111     909           707"
		"     101     202     2.02s     4.00s        1212         303          101"
		"        101       101   30.8s   61.0s    6h27m\n"
		"-                                  300    200         100        100"
		"          100        600      50.0       0.0    1100     900           700"
		"     100     200     2.00s     3.96s        1200         300          100"
		"        100       100   30.8s   61.0s    6h23m\n"
		"\n"
		"PORT  ROLE     OPEN  ESTAB  CLOSE-WAIT  FIN-WAIT2  FW2-ORPHANS  TIME-WAIT"
		"  OPENED/s  CLOSED/s  OPENED  CLOSED  CLOSED-FIRST  FAILED  RESETS  LIFE-P50"
		"  LIFE-P99  TW-ENTERED  TW-EXPIRED  FW2-EXPIRED  TW-REUSED  TW-RESET  TW-P50"
		"  TW-P99  TW-HELD\n"
		"8077  unknown   150    100          50         50           50        300"
		"      25.0       0.0     550     450           350      50     100     1.00s"
		"     1.98s         600         150           50         50        50   30.8s"
		"   60.9s    3h12m\n"
		"8078  server    150    100          50         50           50        300"
		"      25.0       0.0     550     450           350      50     100     1.00s"
		"     1.98s         600         150           50         50        50   30.8s"
		"   60.9s    3h12m\n"
		"8079  client    150    100          50         50           50        300"
		"      25.0       0.0     550     450           350      50     100     1.00s"
		"     1.98s         600         150           50         50        50   30.8s"
		"   60.9s    3h12m\n"
		"8080  unknown   150    100          50         50           50        300"
		"      25.0       0.0     550     450           350      50     100     1.00s"
		"     1.98s         600         150           50         50        50   30.8s"
		"   60.9s    3h12m\n"
		"\n"
		"REMOTE                OPEN  ESTAB  CLOSE-WAIT  FIN-WAIT2  FW2-ORPHANS  TIME-WAIT"
		"  OPENED/s  CLOSED/s  OPENED  CLOSED  CLOSED-FIRST  FAILED  RESETS  LIFE-P50"
		"  LIFE-P99  TW-ENTERED  TW-EXPIRED  FW2-EXPIRED  TW-REUSED  TW-RESET  TW-P50"
		"  TW-P99  TW-HELD\n"
		"10.1.3.200              90     60          30         30           30        180"
		"      15.0       0.0     330     270           210      30      60     600ms"
		"     1.19s         360          90           30         30        30   30.8s"
		"   60.9s    1h55m\n"
		"10.1.2.200              60     40          20         20           20        120"
		"      10.0       0.0     220     180           140      20      40     400ms"
		"     792ms         240          60           20         20        20   30.8s"
		"   60.9s    1h17m\n"
		"10.1.1.200              30     20          10         10           10         60"
		"       5.0       0.0     110      90            70      10      20     200ms"
		"     396ms         120          30           10         10        10   30.8s"
		"   60.9s   38m20s\n"
		"other (20311 folded)    90     60          30         30           30        180"
		"      15.0       0.0     330     270           210      30      60     600ms"
		"     1.19s         360          90           30         30        30   30.8s"
		"   60.9s    1h55m\n"
		"\n"
		"SERVICE        PORT  ROLE    REMOTE                                   OPEN"
		"  ESTAB  CLOSE-WAIT  FIN-WAIT2  FW2-ORPHANS  TIME-WAIT  OPENED/s  CLOSED/s"
		"  OPENED  CLOSED  CLOSED-FIRST  FAILED  RESETS  LIFE-P50  LIFE-P99  TW-ENTERED"
		"  TW-EXPIRED  FW2-EXPIRED  TW-REUSED  TW-RESET  TW-P50  TW-P99  TW-HELD\n"
		"nginx.service  443   server  2020:2020:2020:2020:2020:2020:2020:2020    15"
		"     10           5          5            5         30       2.5       0.0"
		"      55      45            35       5      10     100ms     198ms          60"
		"          15            5          5         5   30.8s   60.9s   19m10s\n"
		"\n"
		"TIME_WAIT is inferred: early ends show only when the kernel is polled\n"
		"audit: 2 namespaces agree with the kernel (TIME_WAIT, ESTABLISHED, substates,"
		" births, refusals, reuses)\n");
	fake_model_free(model);
}

static void text_fits_a_terminal_of_80_columns_and_24_lines(void **state)
{
	struct model *model = fake_busy_model();
	struct fake_output output;
	size_t lines = 0;
	char *copy, *line, *rest;

	(void)state;
	model->loss[TW_LOSS_RING_FULL] = 1234;
	fake_audit(model, "host", -3, true);
	fake_audit(model, "blue", 0, true);
	fake_audit(model, "green", 7, false);
	fake_output_init(&output);
	output.opts.terminal = true;
	output.opts.width = 80;
	output.opts.height = 24;
	fake_draw(&top_text_sink, &output, model, true, false);
	fflush(output.opts.out);
	copy = rest = strdup(output.text);
	while ((line = strsep(&rest, "\n"))) {
		lines += rest != NULL;
		if (line[0] != '\033' && text_width(line) > 80)
			fail_msg("too wide: %s", line);
	}
	free(copy);
	assert_in_range(lines, 10, 23);
	fake_output_expect(
		&output,
		"\033[H\033[J\033[1mweb-1\033[0m  12:01:12  traced for 1m12s, rates over 2.00s"
		"  evidence: inferred\n"
		"total      14,808 connections, 13,574 opened, 11,106 closed,\n"
		"           8,638 closed first, 1,234 failed, 2,468 reset\n"
		"now        3,702 open: 2,468 ESTAB, 1,234 CLOSE-WAIT;\n"
		"           1,234 FIN-WAIT2 (orphans), 7,404 TIME-WAIT\n"
		"TIME-WAIT  14,808 entered,\n"
		"           3,702 expired (1,234 of them without the peer's FIN), 1,234 reused,\n"
		"           1,234 reset; held for 3d07h in all\n"
		"\n"
		"\033[1mSERVICE                 OPEN  CLOSE-WAIT  TIME-WAIT  OPENED/s"
		"  CLOSED-FIRST\033[0m\n"
		"a\"b,c\\x0a                312         104        624      52.0           728\n"
		"kubepods-burstable-po…   309         103        618      51.5           721\n"
		"数据库服务.service       306         102        612      51.0           714\n"
		"nginx.service            303         101        606      50.5           707\n"
		"-                        300         100        600      50.0           700\n"
		"\n"
		"lost events: 1,234, no room in the ring buffer (--ring enlarges it)\n"
		"TIME_WAIT is inferred: early ends show only when the kernel is polled\n"
		"audit: netns 4026531840 (host) TIME_WAIT: 1197 here, 1200 in the kernel (-3)\n"
		"audit: 1 namespace agrees with the kernel (TIME_WAIT, ESTABLISHED, substates,\n"
		"       births, refusals, reuses)\n"
		"audit: nothing to compare with under this filter\n");
	fake_model_free(model);
}

/* Ten ports, of which a screen may leave six; then the last table goes, then its like. */
static void text_gives_up_rows_before_tables(void **state)
{
	static const struct {
		const char *why;
		uint32_t height;
		const char *more;	/* ports left out */
		bool remotes, pairs;
	} cases[] = {
		{ "all of it fits", 35, NULL, true, true },
		{ "\"more\" takes the place of a row", 34, "2", true, true },
		{ "rows down to six", 32, "4", true, true },
		{ "no fewer than six: a table goes, rows come back", 31, "2", true, false },
		{ "and another table, and every row is back", 28, NULL, false, false },
		{ "the same again", 23, "4", false, false },
	};
	struct model *model = fake_busy_model();
	struct fake_output output;
	struct row *row;
	size_t i;

	(void)state;
	for (i = 0; i < 6; i++) {
		row = fake_row(model, DIM_PORT);
		row->key.port = (uint16_t)(9000 + i);
		fake_fill(row, 1);
	}
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *more, *remotes, *pairs;

		fake_output_init(&output);
		output.opts.terminal = true;
		output.opts.height = cases[i].height;
		fake_draw(&top_text_sink, &output, model, true, false);
		fclose(output.opts.out);
		more = strstr(output.text, " more (--limit)\n");
		remotes = strstr(output.text, "\n10.1.1.200  ");
		pairs = strstr(output.text, "\nnginx.service  443   server  2020:");
		if (!more != !cases[i].more || !remotes != !cases[i].remotes ||
		    !pairs != !cases[i].pairs || (more && more[-1] != *cases[i].more))
			fail_msg("%s: %u lines:\n%s", cases[i].why, cases[i].height, output.text);
		free(output.text);
	}
	fake_model_free(model);
}

static void text_cuts_rows_at_the_limit_and_says_so(void **state)
{
	struct model *model = fake_busy_model();
	struct fake_output output;

	(void)state;
	fake_output_init(&output);
	output.opts.limit = 2;
	fake_draw(&top_text_sink, &output, model, false, true);
	fflush(output.opts.out);
	/* "other" is beyond the limit, the row of zeroes is nowhere */
	assert_non_null(strstr(output.text, "\nother (20311 folded)  "));
	assert_non_null(strstr(output.text, "\n1 more (--limit)\n"));	/* remotes */
	assert_non_null(strstr(output.text, "\n2 more (--limit)\n"));	/* ports */
	assert_non_null(strstr(output.text, "\n3 more (--limit)\n"));	/* services */
	fclose(output.opts.out);
	free(output.text);
	fake_model_free(model);
}

/* What is a part of what: the minisocks are not open, whichever of them there are. */
static void text_says_what_is_there_now(void **state)
{
	static const struct {
		const char *why;
		uint64_t fin_wait1, fin_wait2, orphans, time_wait;
		const char *line;
	} cases[] = {
		{ "nothing", 0, 0, 0, 0, "\nnow        1,000 open: 7 ESTAB; 0 TIME-WAIT\n" },
		{ "one semicolon for both substates", 0, 5, 0, 1204,
		  "\nnow        1,000 open: 7 ESTAB; 5 FIN-WAIT2, 1,204 TIME-WAIT\n" },
		{ "some nobody holds", 0, 5, 2, 1204,
		  "\nnow        1,000 open: 7 ESTAB; 5 FIN-WAIT2 (2 of them orphans), 1,204 TIME-WAIT\n" },
		{ "none is held", 0, 5, 5, 0,
		  "\nnow        1,000 open: 7 ESTAB; 5 FIN-WAIT2 (orphans), 0 TIME-WAIT\n" },
		{ "after other states", 3, 0, 0, 1,
		  "\nnow        1,000 open: 7 ESTAB, 3 FIN-WAIT1; 1 TIME-WAIT\n" },
	};
	struct model *model = fake_model();
	struct fake_output output;
	size_t i;

	(void)state;
	model->totals.count[FIELD_OPEN] = 1000;
	model->totals.count[FIELD_ESTABLISHED] = 7;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		model->totals.count[FIELD_FIN_WAIT1] = cases[i].fin_wait1;
		model->totals.count[FIELD_FIN_WAIT2] = cases[i].fin_wait2;
		model->totals.count[FIELD_FW2_ORPHANS] = cases[i].orphans;
		model->totals.count[FIELD_TIME_WAIT] = cases[i].time_wait;
		fake_output_init(&output);
		fake_draw(&top_text_sink, &output, model, false, true);
		fclose(output.opts.out);
		if (!strstr(output.text, cases[i].line))
			fail_msg("%s: no%sin %s", cases[i].why, cases[i].line, output.text);
		free(output.text);
	}
	/* where the line is broken, the separator stays behind */
	fake_output_init(&output);
	output.opts.terminal = true;
	output.opts.width = 34;
	fake_draw(&top_text_sink, &output, model, false, true);
	fclose(output.opts.out);
	assert_non_null(strstr(output.text, "\nnow        1,000 open: 7 ESTAB,\n"
					    "           3 FIN-WAIT1;\n"
					    "           1 TIME-WAIT\n"));
	free(output.text);
	fake_model_free(model);
}

/* The births, then only those ends that there are, then what it came to. */
static void text_says_how_minisocks_ended(void **state)
{
	static const struct {
		const char *why;
		struct {
			enum field field;
			uint64_t count;
		} counts[9];
		uint64_t held_s;
		const char *line;
	} cases[] = {
		{ "nothing", { { 0 } }, 0, "\nTIME-WAIT  0 entered\n" },
		{ "only old ones",
		  { { 0 } },
		  75,
		  "\nTIME-WAIT  0 entered; held for 1m15s in all\n" },
		{ "none expired",
		  { { FIELD_TW_ENTERED, 1300 }, { FIELD_TW_REUSED, 12 } },
		  0,
		  "\nTIME-WAIT  1,300 entered, 12 reused\n" },
		{ "some in vain",
		  { { FIELD_TW_ENTERED, 1300 },
		    { FIELD_TW_EXPIRED, 80 },
		    { FIELD_FW2_EXPIRED, 12 } },
		  4320,
		  "\nTIME-WAIT  1,300 entered, 80 expired (12 of them without the peer's FIN);"
		  " held for 1h12m in all\n" },
		{ "all in vain",
		  { { FIELD_TW_ENTERED, 2 }, { FIELD_TW_EXPIRED, 2 }, { FIELD_FW2_EXPIRED, 2 } },
		  0,
		  "\nTIME-WAIT  2 entered, 2 expired (without the peer's FIN)\n" },
		{ "every way",
		  { { FIELD_TW_ENTERED, 40 },
		    { FIELD_TW_EXPIRED, 1 },
		    { FIELD_TW_REUSED, 2 },
		    { FIELD_TW_REOPENED, 3 },
		    { FIELD_TW_RESET, 4 },
		    { FIELD_TW_DESTROYED, 5 },
		    { FIELD_TW_PURGED, 6 },
		    { FIELD_TW_UNKNOWN, 7 },
		    { FIELD_TW_REFUSED, 8 } },
		  60,
		  "\nTIME-WAIT  40 entered, 1 expired, 2 reused, 3 reopened, 4 reset, 5 destroyed,"
		  " 6 purged, 7 ended unknown, 8 refused (tcp_max_tw_buckets); held for 1m00s"
		  " in all\n" },
	};
	struct fake_output output;
	struct model *model;
	size_t i, k;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		model = fake_model();
		for (k = 0; k < 9 && cases[i].counts[k].count; k++)
			model->totals.count[cases[i].counts[k].field] = cases[i].counts[k].count;
		model->totals.held_ns = cases[i].held_s * SECOND;
		fake_output_init(&output);
		fake_draw(&top_text_sink, &output, model, false, true);
		fclose(output.opts.out);
		if (!strstr(output.text, cases[i].line))
			fail_msg("%s: no%sin %s", cases[i].why, cases[i].line, output.text);
		free(output.text);
		fake_model_free(model);
	}
}

/* The heading line of the table whose first column is @key; to be freed. */
static char *heading_of(const struct model *model, uint32_t width, const char *key)
{
	char *heading = NULL, *line, *rest;
	struct fake_output output;

	fake_output_init(&output);
	output.opts.terminal = output.opts.once = true;
	output.opts.width = width;
	fake_draw(&top_text_sink, &output, model, false, true);
	fclose(output.opts.out);
	for (rest = output.text; (line = strsep(&rest, "\n"));) {
		line += strspn(line, "\033[1m");
		if (!strncmp(line, key, strlen(key)) && !heading)
			heading = strdup(line);
	}
	free(output.text);
	assert_non_null(heading);
	return heading;
}

static void text_has_columns_for_minisocks_as_they_matter(void **state)
{
	static const struct {
		const char *why, *table, *column;
		uint32_t width;
		bool orphans, there;
	} cases[] = {
		{ "a remote host that leaks shows anywhere", "REMOTE", "FW2-ORPHANS", 80, true,
		  true },
		{ "but not where there is nothing to show", "REMOTE", "FW2-ORPHANS", 0, false,
		  false },
		{ "elsewhere it gives way", "SERVICE", "FW2-ORPHANS", 80, true, false },
		{ "and comes back", "SERVICE", "FW2-ORPHANS", 140, true, true },
		{ "who enters, where there is room", "PORT", "TW-ENTERED", 160, true, true },
		{ "and for how long", "PORT", "TW-HELD", 140, true, true },
		{ "not at 100 columns", "PORT", "TW-HELD", 100, true, false },
		{ "every end that happened", "PORT", "TW-RESET", 0, true, true },
		{ "and no other", "PORT", "TW-PURGED", 0, true, false },
		{ "how long they stay", "PORT", "TW-P99", 0, true, true },
	};
	struct model *model;
	char *heading;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		model = fake_busy_model();
		if (!cases[i].orphans)
			model->totals.count[FIELD_FW2_ORPHANS] = 0;
		heading = heading_of(model, cases[i].width, cases[i].table);
		if (!strstr(heading, cases[i].column) == cases[i].there)
			fail_msg("%s: %s at %u columns: %s", cases[i].why, cases[i].column,
				 cases[i].width, heading);
		free(heading);
		fake_model_free(model);
	}
}

static void text_ends_with_the_audit(void **state)
{
	static const struct {
		const char *why;
		unsigned int agreeing, unread;
		const char *foot;
	} cases[] = {
		{ "one", 1, 0,
		  "audit: 1 namespace agrees with the kernel (TIME_WAIT, ESTABLISHED, substates, births, refusals, reuses)" },
		{ "a filter, one", 0, 1, "audit: nothing to compare with under this filter" },
		{ "a filter, several", 0, 3, "audit: nothing to compare with under this filter" },
	};
	struct fake_output output;
	struct model *model;
	char expected[128];
	unsigned int k;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		model = fake_model();
		for (k = 0; k < cases[i].agreeing + cases[i].unread; k++)
			fake_audit(model, NULL, 0, k < cases[i].agreeing);
		fake_output_init(&output);
		fake_draw(&top_text_sink, &output, model, false, true);
		fclose(output.opts.out);
		snprintf(expected, sizeof(expected), "\n\n%s\n", cases[i].foot);
		if (strlen(output.text) < strlen(expected) ||
		    strcmp(output.text + strlen(output.text) - strlen(expected), expected))
			fail_msg("%s: not at the end of %s", cases[i].why, output.text);
		free(output.text);
		fake_model_free(model);
	}
}

/* What differs is named, a line each; what agrees is said of the namespaces where all does. */
static void text_tells_what_the_audit_found(void **state)
{
	struct model *model = fake_model();
	struct fake_output output;

	(void)state;
	fake_audit(model, "host", 0, true);
	fake_audit(model, NULL, 2, true);
	model->audits[0].figures[AUDIT_EXPIRED].known = true;	/* before 5.18 */
	model->audits[0].figures[AUDIT_ENTERED].known = false;
	model->audits[0].figures[AUDIT_FIN_WAIT2].known = false;
	model->audits[1].figures[AUDIT_TRUE_TIME_WAIT].error = 2;
	model->audits[1].figures[AUDIT_TRUE_TIME_WAIT].ours = 72;
	model->audits[1].figures[AUDIT_FIN_WAIT2].drift = -3;	/* healed */
	model->audits[1].figures[AUDIT_REFUSED].error = -1;
	model->audits[1].figures[AUDIT_REFUSED].ours = 69;
	fake_output_init(&output);
	fake_draw(&top_text_sink, &output, model, false, true);
	fclose(output.opts.out);
	assert_non_null(strstr(
		output.text,
		"\n\naudit: netns 4026531841 TIME_WAIT: 1202 here, 1200 in the kernel (+2)\n"
		"audit: netns 4026531841 substate TIME_WAIT: 72 here, 70 in the kernel (+2)\n"
		"audit: netns 4026531841 refusals: 69 here, 70 in the kernel (-1)\n"
		"audit: 1 namespace agrees with the kernel (TIME_WAIT, ESTABLISHED, substates,"
		" expiries, refusals, reuses)\n"));
	free(output.text);
	fake_model_free(model);
}

static void text_shows_remote_hosts_by_name(void **state)
{
	struct model *model = fake_busy_model();
	struct fake_output output;

	(void)state;
	fake_output_init(&output);
	output.opts.names = fake_names();
	fake_draw(&top_text_sink, &output, model, false, true);
	names_free(output.opts.names);
	fclose(output.opts.out);
	assert_null(strstr(output.text, "10.1.2.200"));
	assert_non_null(strstr(output.text, "\n10.1.3.200              90 "));
	assert_non_null(strstr(output.text, "\ndb-1.example            60 "));
	assert_non_null(strstr(output.text, "\nother (20311 folded)    90 "));
	free(output.text);
	fake_model_free(model);
}

static void text_puts_what_is_active_now_first(void **state)
{
	struct model *model = fake_model();
	struct fake_output output;
	struct row *row;
	uint32_t i;

	(void)state;
	model->now_ns += 10 * SECOND;
	model->interval_start_ns = model->now_ns - SECOND;
	model->totals.count[FIELD_OPENED] = 1;
	for (i = 1; i <= 4; i++) {
		row = fake_row(model, DIM_PORT);
		row->key.port = (uint16_t)i;
		row->count[FIELD_OPENED] = row->before[FIELD_OPENED] = 10;
	}
	rows_at(&model->rows[DIM_PORT], 4)->count[FIELD_OPENED] = 11;	/* opened just now */
	rows_at(&model->rows[DIM_PORT], 3)->count[FIELD_TIME_WAIT] = 3;	/* sockets now */
	rows_at(&model->rows[DIM_PORT], 2)->count[FIELD_OPENED] = 12;	/* opened long ago */
	rows_at(&model->rows[DIM_PORT], 2)->before[FIELD_OPENED] = 12;
	rows_at(&model->rows[DIM_PORT], 1)->before[FIELD_OPENED] = 99;	/* turned down since */
	fake_output_init(&output);
	fake_draw(&top_text_sink, &output, model, true, false);
	fake_output_expect(
		&output,
		"web-1  12:00:10  traced for 10.0s, rates over 1.00s  evidence: inferred\n"
		"total      0 connections, 1 opened, 0 closed, 0 closed first, 0 failed, 0"
		" reset\n"
		"now        0 open: 0 ESTAB; 0 TIME-WAIT\n"
		"TIME-WAIT  0 entered\n"
		"\n"
		"PORT  ROLE     OPEN  ESTAB  CLOSE-WAIT  FIN-WAIT2  TIME-WAIT  OPENED/s  CLOSED/s"
		"  OPENED  CLOSED  CLOSED-FIRST  FAILED  RESETS  LIFE-P50  LIFE-P99  TW-ENTERED"
		"  TW-HELD\n"
		"4     unknown     0      0           0          0          0       1.0       0.0"
		"      11       0             0       0       0         -         -           0"
		"       0s\n"
		"3     unknown     0      0           0          0          3       0.0       0.0"
		"      10       0             0       0       0         -         -           0"
		"    5m30s\n"
		"2     unknown     0      0           0          0          0       0.0       0.0"
		"      12       0             0       0       0         -         -           0"
		"       0s\n"
		"1     unknown     0      0           0          0          0       0.0       0.0"
		"      10       0             0       0       0         -         -           0"
		"       0s\n");
	fake_model_free(model);
}

static void text_redraws_terminals_and_appends_elsewhere(void **state)
{
	struct model *model = fake_model();
	struct fake_output output;
	static const char head[] = "web-1  12:00:00  evidence: inferred\n"
				   "total      0 connections, 0 opened, 0 closed, 0 closed first, "
				   "0 failed, 0 reset\n"
				   "now        0 open: 0 ESTAB; 0 TIME-WAIT\n"
				   "TIME-WAIT  0 entered\n\n"
				   "No TCP connection so far. To see some traffic: twtrace demo\n";
	char expected[1024];

	(void)state;
	snprintf(expected, sizeof(expected), "%s\n%s", head, head);
	fake_output_init(&output);
	fake_draw(&top_text_sink, &output, model, true, true);
	fake_output_expect(&output, expected);

	fake_output_init(&output);
	output.opts.replay = true;
	fake_draw(&top_text_sink, &output, model, true, true);
	fake_output_expect(&output, head);

	fake_output_init(&output);
	output.opts.once = true;
	fake_draw(&top_text_sink, &output, model, true, true);
	fake_output_expect(&output, head);

	snprintf(expected, sizeof(expected),
		 "\033[H\033[J\033[1mweb-1\033[0m%s\033[H\033[J\033[1mweb-1\033[0m%s", head + 5,
		 head + 5);
	fake_output_init(&output);
	output.opts.terminal = true;
	output.opts.once = true;	/* one can watch until it ends */
	fake_draw(&top_text_sink, &output, model, true, true);
	fake_output_expect(&output, expected);
	fake_model_free(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_shows_every_column_where_width_is_free),
		cmocka_unit_test(text_fits_a_terminal_of_80_columns_and_24_lines),
		cmocka_unit_test(text_gives_up_rows_before_tables),
		cmocka_unit_test(text_cuts_rows_at_the_limit_and_says_so),
		cmocka_unit_test(text_says_what_is_there_now),
		cmocka_unit_test(text_says_how_minisocks_ended),
		cmocka_unit_test(text_has_columns_for_minisocks_as_they_matter),
		cmocka_unit_test(text_ends_with_the_audit),
		cmocka_unit_test(text_tells_what_the_audit_found),
		cmocka_unit_test(text_shows_remote_hosts_by_name),
		cmocka_unit_test(text_puts_what_is_active_now_first),
		cmocka_unit_test(text_redraws_terminals_and_appends_elsewhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
