/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Profiles of pprof: read field by field, by the numbers that the official schema has. */
#include "test_sink_fake.h"

#include <errno.h>
#include <unistd.h>

#include "base/clock.h"
#include "flame_fixture.h"
#include "next.h"
#include "pprof_reader.h"

#define MANY 100000
#define MANY_SECONDS 60	/* many times what is measured, for slow hosts, sanitizers and memcheck */

/* While it is not 0, that realloc() from now on fails, and every one after it. */
static unsigned int no_memory_at;
static bool no_memory_met;

void *realloc(void *ptr, size_t size)
{
	if (no_memory_at == 1) {
		no_memory_met = true;
		return NULL;
	}
	if (no_memory_at)
		no_memory_at--;
	return NEXT(realloc)(ptr, size);
}

static struct profile *written(struct flame *flame)
{
	char path[] = "/tmp/twtrace-test-XXXXXX";
	int fd = mkstemp(path);
	FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
	struct profile *profile;

	assert_non_null(out);
	assert_non_null(flame);
	flame_pprof_write(flame, out);
	assert_false(ferror(out));
	assert_int_equal(fclose(out), 0);
	profile = profile_read(path);
	unlink(path);
	flame_free(flame);
	return profile;
}

static void expect_text(const struct profile *profile, uint64_t number, const char *text)
{
	assert_string_equal(text_of(profile, number), text);
}

/* The frames of @sample, outermost first, by their functions: up to a NULL. */
static void expect_path(const struct profile *profile, const struct read_sample *sample,
			const char *const *names)
{
	size_t count = 0;

	while (names[count])
		count++;
	assert_non_null(sample);
	assert_int_equal(sample->locations.count, count);
	for (size_t i = 0; i < count; i++)
		expect_text(profile,
			    function_of(profile, sample->locations.values[count - 1 - i])->name,
			    names[i]);
}

static void says_what_is_counted_and_when(void **state)
{
	struct profile *profile = written(fixture_flame(&fixture_head));
	static const char *const names[NR_FLAME_WEIGHTS] = {
		"connections", "open", "time_wait", "seconds", "time_wait_seconds", "failures",
	};
	static const char *const units[NR_FLAME_WEIGHTS] = {
		"count", "count", "count", "nanoseconds", "nanoseconds", "count",
	};

	(void)state;
	assert_int_equal(wire_len(&profile->texts[0]), 0);
	assert_int_equal(profile->nr_types, NR_FLAME_WEIGHTS);
	for (size_t i = 0; i < NR_FLAME_WEIGHTS; i++) {
		expect_text(profile, profile->types[i].type, names[i]);
		expect_text(profile, profile->types[i].unit, units[i]);
	}
	expect_text(profile, profile->default_type, "time_wait_seconds");
	expect_text(profile, profile->period_type.type, "connections");
	expect_text(profile, profile->period_type.unit, "count");
	assert_int_equal(profile->period, 1);
	assert_int_equal(profile->time, FIXTURE_NOW);
	assert_int_equal(profile->duration, 60 * FIXTURE_SECOND);
	assert_int_equal(profile->comments.count, 2);
	assert_non_null(strstr(text_of(profile, profile->comments.values[0]), "twtrace"));
	expect_text(profile, profile->comments.values[1], "3 events were lost");
	profile_free(profile);
}

static void numbers_without_a_gap_and_once(void **state)
{
	struct profile *profile = written(fixture_flame(&fixture_head));

	(void)state;
	for (size_t i = 0; i < profile->nr_locations; i++) {
		assert_int_equal(profile->locations[i].id, i + 1);
		function_of(profile, i + 1);
	}
	for (size_t i = 0; i < profile->nr_functions; i++) {
		assert_int_equal(profile->functions[i].id, i + 1);
		assert_int_equal(profile->functions[i].system_name, 0);
	}
	for (size_t i = 0; i < profile->nr_texts; i++)
		for (size_t j = 0; j < i; j++)
			assert_false(wire_len(&profile->texts[i]) == wire_len(&profile->texts[j]) &&
				     !memcmp(profile->texts[i].at, profile->texts[j].at,
					     wire_len(&profile->texts[i])));
	profile_free(profile);
}

static void puts_the_leaf_first(void **state)
{
	struct profile *profile = written(fixture_flame(&fixture_head));

	(void)state;
	expect_path(profile, sample_of(profile, "service", FIXTURE_QUOTES, false),
		    (const char *const[]){ FIXTURE_QUOTES, ":443", "10.0.0.1", "CLOSE_WAIT",
					   "LazyCompile:~serve", NULL });
	expect_path(profile, sample_of(profile, "service", FIXTURE_NONCHARACTER, false),
		    (const char *const[]){ FIXTURE_NONCHARACTER, "", FIXTURE_CDATA,
					   FIXTURE_LIKE_FOLDED, NULL });
	profile_free(profile);
}

static void has_a_sample_where_stacks_end_and_nowhere_else(void **state)
{
	struct flame *flame = fixture_flame(&fixture_head);
	uint64_t total[NR_FLAME_WEIGHTS], sum[NR_FLAME_WEIGHTS] = { 0 };
	struct profile *profile;

	(void)state;
	assert_non_null(flame);
	memcpy(total, flame->nodes[FLAME_ROOT].total[FLAME_NOW], sizeof(total));
	profile = written(flame);
	/* one is in the base alone */
	assert_int_equal(profile->nr_samples, FIXTURE_STACKS - 1 - FIXTURE_FOLDED + 1);
	for (size_t i = 0; i < profile->nr_samples; i++) {
		assert_int_equal(profile->samples[i].values.count, NR_FLAME_WEIGHTS);
		for (size_t weight = 0; weight < NR_FLAME_WEIGHTS; weight++)
			sum[weight] += profile->samples[i].values.values[weight];
	}
	assert_memory_equal(sum, total, sizeof(total));
	profile_free(profile);
}

static void labels_say_what_frames_say(void **state)
{
	static const char *const keys[] = { "service", "port", "remote", "state", "host" };
	static const char *const values[] = { FIXTURE_SEMICOLONS, FIXTURE_NUMBER, FIXTURE_ESCAPED,
					      "ESTABLISHED", "web-1" };
	struct profile *profile = written(fixture_flame(&fixture_head));
	const struct read_sample *sample = sample_of(profile, "service", FIXTURE_SEMICOLONS, false);

	(void)state;
	assert_non_null(sample);
	assert_int_equal(sample->nr_labels, 5);
	for (size_t i = 0; i < 5; i++) {
		const struct read_label *label = label_of(profile, sample, keys[i]);

		assert_non_null(label);
		expect_text(profile, label->str, values[i]);
	}
	/* an empty one would be the number 0; the code is no label */
	sample = sample_of(profile, "service", FIXTURE_NONCHARACTER, false);
	assert_null(label_of(profile, sample, "port"));
	for (size_t i = 0; i < profile->nr_samples; i++)
		assert_null(label_of(profile, &profile->samples[i], "stack"));
	profile_free(profile);
}

static void says_the_host_once(void **state)
{
	static const struct flame_part parts[] = { { FRAME_HOST, "db-1" }, { FRAME_PORT, ":1" } };
	static const uint64_t weights[NR_FLAME_WEIGHTS] = { 1 };
	struct flame_head head = { .host = "web-1", .by = { { FRAME_HOST, FRAME_PORT }, 2 } };
	struct flame *flame = flame_new(&head);
	struct profile *profile;

	(void)state;
	assert_non_null(flame);
	assert_int_equal(flame_add(flame, FLAME_NOW, parts, 2, weights), 0);
	assert_int_equal(flame_finish(flame, 0), 0);
	profile = written(flame);
	assert_int_equal(profile->nr_samples, 1);
	/* label_of() finds no two of them */
	expect_text(profile, label_of(profile, &profile->samples[0], "host")->str, "db-1");
	profile_free(profile);
	head = fixture_head;
	head.host = NULL;
	head.caveat = NULL;
	profile = written(fixture_flame(&head));
	assert_int_equal(profile->comments.count, 1);
	assert_null(label_of(profile, &profile->samples[0], "host"));
	profile_free(profile);
}

static void tells_folded_stacks_from_what_is_called_so(void **state)
{
	struct profile *profile = written(fixture_flame(&fixture_head));
	size_t folded = 0;

	(void)state;
	for (size_t i = 0; i < profile->nr_samples; i++) {
		const struct read_sample *sample = &profile->samples[i];
		const struct read_label *label = label_of(profile, sample, "folded_stacks");

		if (!label)
			continue;
		folded++;
		assert_int_equal(label->str, 0);
		assert_int_equal(label->num, FIXTURE_FOLDED);
		expect_text(profile, label->num_unit, "stacks");
		expect_path(profile, sample, (const char *const[]){ "(other)", NULL });
		assert_int_equal(sample->values.values[WEIGHT_CONNECTIONS], 4);
		/* a state of that name is another location */
		assert_int_not_equal(sample->locations.values[0],
				     sample_of(profile, "state", FIXTURE_LIKE_FOLDED, false)
					     ->locations.values[0]);
	}
	assert_int_equal(folded, 1);
	profile_free(profile);
}

static void keeps_kinds_of_frames_apart(void **state)
{
	struct profile *profile = written(fixture_flame(&fixture_head));
	const struct read_sample *sample = sample_of(profile, "service", FIXTURE_SMILE, false);

	(void)state;
	/* port 443 and a host called 443 */
	expect_path(profile, sample,
		    (const char *const[]){ FIXTURE_SMILE, "443", "443", "ESTABLISHED", NULL });
	assert_int_not_equal(sample->locations.values[1], sample->locations.values[2]);
	/* the state of two stacks is one location */
	assert_int_equal(
		sample->locations.values[0],
		sample_of(profile, "service", FIXTURE_SEMICOLONS, false)->locations.values[0]);
	profile_free(profile);
}

static void takes_lines_of_code_apart(void **state)
{
	static const struct {
		const char *text, *function, *file;
		uint64_t line;
	} cases[] = {
		{ FIXTURE_LINE, "handle<T>(int, char*)", "src/my.cc", 42 },
		{ FIXTURE_SCRIPT_LINE, "LazyCompile:~serve", "/srv/app.js", 12 },
		{ FIXTURE_NO_LINE, FIXTURE_NO_LINE, "", 0 },
		{ "main a.c:0", "main", "a.c", 0 },
		{ "main a.c:999999999", "main", "a.c", 999999999 },
		{ "main a.c:1234567890", "main a.c:1234567890", "", 0 },
		{ "f :12", "f :12", "", 0 },
		{ " a.c:12", " a.c:12", "", 0 },
		{ "a.c:12", "a.c:12", "", 0 },
		{ ":12", ":12", "", 0 },
		{ "12", "12", "", 0 },
		{ "f a.c:", "f a.c:", "", 0 },
		{ "", "", "", 0 },
		{ "[anon]", "[anon]", "", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct flame_part part = { FRAME_STACK, cases[i].text };
		static const uint64_t weights[NR_FLAME_WEIGHTS] = { 1 };
		struct flame *flame = flame_new(&fixture_head);
		const struct read_function *function;
		struct profile *profile;

		assert_non_null(flame);
		assert_int_equal(flame_add(flame, FLAME_NOW, &part, 1, weights), 0);
		assert_int_equal(flame_finish(flame, 0), 0);
		profile = written(flame);
		assert_int_equal(profile->nr_locations, 1);
		function = function_of(profile, 1);
		expect_text(profile, function->name, cases[i].function);
		expect_text(profile, function->file, cases[i].file);
		assert_int_equal(profile->locations[0].line, cases[i].line);
		profile_free(profile);
	}
}

static void has_two_lines_of_one_function(void **state)
{
	struct profile *profile = written(fixture_flame(&fixture_head));
	uint64_t seen = 0;

	(void)state;
	for (size_t i = 0; i < profile->nr_locations; i++) {
		const struct read_location *location = &profile->locations[i];

		if (location->line != 42 && location->line != 77)
			continue;
		assert_true(!seen || seen == location->function);
		seen = location->function;
	}
	assert_int_not_equal(seen, 0);
	profile_free(profile);
}

static void has_the_base_as_less_than_nothing(void **state)
{
	struct profile *profile = written(fixture_comparison(false));
	const struct read_sample *now, *base;
	int64_t sum = 0;

	(void)state;
	now = sample_of(profile, "service", FIXTURE_QUOTES, false);
	base = sample_of(profile, "service", FIXTURE_QUOTES, true);
	assert_non_null(now);
	assert_non_null(base);
	assert_int_equal(now->values.values[0], 300);
	assert_int_equal((int64_t)base->values.values[0], -100);
	assert_int_equal((int64_t)base->values.values[WEIGHT_SECONDS], -9000 * (int64_t)SECOND);
	expect_text(profile, label_of(profile, base, "pprof::base")->str, "true");
	assert_memory_equal(&now->locations, &base->locations, sizeof(now->locations));
	assert_null(sample_of(profile, "service", FIXTURE_GONE, false));
	assert_non_null(sample_of(profile, "service", FIXTURE_GONE, true));
	assert_null(sample_of(profile, "service", FIXTURE_NEW, true));
	for (size_t i = 0; i < profile->nr_samples; i++)
		if (is_base(profile, &profile->samples[i]))
			sum += (int64_t)profile->samples[i].values.values[0];
	assert_int_equal(sum, -(1001 + 7 + 100 + 260 + 200 + 50 + 500 + 1));
	assert_non_null(
		strstr(text_of(profile, profile->comments.values[2]), "yesterday's <file>.tw"));
	profile_free(profile);
}

/* Nothing that is there is lost to rounding, however small the samples are. */
static void scales_the_base_to_the_same_total(void **state)
{
	struct flame *flame = fixture_comparison(true);
	uint64_t total[NR_FLAME_WEIGHTS], sum[NR_FLAME_WEIGHTS] = { 0 };
	struct profile *profile;

	(void)state;
	assert_non_null(flame);
	for (unsigned int weight = 0; weight < NR_FLAME_WEIGHTS; weight++)
		total[weight] = flame_base(flame, FLAME_ROOT, weight);
	profile = written(flame);
	for (size_t i = 0; i < profile->nr_samples; i++)
		for (size_t weight = 0; weight < NR_FLAME_WEIGHTS; weight++)
			if (is_base(profile, &profile->samples[i]))
				sum[weight] -= profile->samples[i].values.values[weight];
	assert_memory_equal(sum, total, sizeof(total));
	/* 500 of 2119, of 7001 now */
	assert_in_range(-sample_of(profile, "service", FIXTURE_GONE, true)->values.values[0], 1651,
			1652);
	profile_free(profile);
}

static void has_a_root_if_a_stack_is_empty(void **state)
{
	static const uint64_t weights[NR_FLAME_WEIGHTS] = { 5, [WEIGHT_OPEN] = UINT64_MAX };
	struct flame *flame = flame_new(&fixture_head);
	struct profile *profile;

	(void)state;
	assert_non_null(flame);
	assert_int_equal(flame_add(flame, FLAME_NOW, NULL, 0, weights), 0);
	assert_int_equal(flame_finish(flame, 0), 0);
	profile = written(flame);
	assert_int_equal(profile->nr_samples, 1);
	expect_path(profile, &profile->samples[0], (const char *const[]){ "all", NULL });
	assert_int_equal(profile->samples[0].values.values[WEIGHT_OPEN], INT64_MAX);
	profile_free(profile);
	flame = flame_new(&fixture_head);
	assert_non_null(flame);
	assert_int_equal(flame_finish(flame, 0), 0);
	profile = written(flame);
	assert_int_equal(profile->nr_samples + profile->nr_locations, 0);
	profile_free(profile);
}

static struct flame *many_stacks(void)
{
	static const uint64_t weights[NR_FLAME_WEIGHTS] = { 1, 1, SECOND, 60 * SECOND, 0 };
	struct flame_head head = fixture_head;
	struct flame *flame;

	head.base_name = "base";
	flame = flame_new(&head);
	assert_non_null(flame);
	for (unsigned int i = 0; i < MANY; i++) {
		char service[32], port[32], remote[32];
		const struct flame_part parts[] = { { FRAME_SERVICE, service },
						    { FRAME_PORT, port },
						    { FRAME_REMOTE, remote },
						    { FRAME_STATE, "TIME_WAIT" } };

		snprintf(service, sizeof(service), "service-%u", i % 10);
		snprintf(port, sizeof(port), ":%u", i / 10 % 10);
		snprintf(remote, sizeof(remote), "10.%u.%u.%u", i >> 16, i >> 8 & 255, i & 255);
		for (unsigned int side = 0; side < NR_FLAME_SIDES; side++)
			assert_int_equal(flame_add(flame, side, parts, 4, weights), 0);
	}
	assert_int_equal(flame_finish(flame, 0), 0);
	return flame;
}

static void is_quick_with_many(void **state)
{
	struct flame *flame = many_stacks();
	uint64_t begin = clock_thread_ns(), took;
	FILE *out = tmpfile();

	(void)state;
	assert_non_null(out);
	flame_pprof_write(flame, out);
	took = clock_thread_ns() - begin;
	print_message("# %u stacks on two sides: %u ms, %ld bytes\n", MANY,
		      (unsigned int)(took / MILLISECOND), ftell(out));
	assert_false(ferror(out));
	assert_true(took < MANY_SECONDS * SECOND);
	fclose(out);
	flame_free(flame);
}

static void says_what_it_could_not_write(void **state)
{
	struct flame *flame = fixture_comparison(false);
	FILE *full = fopen("/dev/full", "w");
	unsigned int failed = 0;

	(void)state;
	assert_non_null(flame);
	assert_non_null(full);
	flame_pprof_write(flame, full);
	assert_true(fflush(full) || ferror(full));
	fclose(full);
	for (unsigned int at = 1;; at++) {
		FILE *out = fopen("/dev/null", "w");

		assert_non_null(out);
		no_memory_met = false;
		no_memory_at = at;
		flame_pprof_write(flame, out);
		no_memory_at = 0;
		assert_int_equal(!!ferror(out), no_memory_met);
		assert_true(!no_memory_met || errno == ENOMEM);
		fclose(out);
		failed += no_memory_met;
		if (!no_memory_met)
			break;
	}
	assert_in_range(failed, 4, 100);
	flame_free(flame);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_what_is_counted_and_when),
		cmocka_unit_test(numbers_without_a_gap_and_once),
		cmocka_unit_test(puts_the_leaf_first),
		cmocka_unit_test(has_a_sample_where_stacks_end_and_nowhere_else),
		cmocka_unit_test(labels_say_what_frames_say),
		cmocka_unit_test(says_the_host_once),
		cmocka_unit_test(tells_folded_stacks_from_what_is_called_so),
		cmocka_unit_test(keeps_kinds_of_frames_apart),
		cmocka_unit_test(takes_lines_of_code_apart),
		cmocka_unit_test(has_two_lines_of_one_function),
		cmocka_unit_test(has_the_base_as_less_than_nothing),
		cmocka_unit_test(scales_the_base_to_the_same_total),
		cmocka_unit_test(has_a_root_if_a_stack_is_empty),
		cmocka_unit_test(is_quick_with_many),
		cmocka_unit_test(says_what_it_could_not_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
