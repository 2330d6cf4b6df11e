// SPDX-License-Identifier: GPL-2.0-or-later
/* A model's figures over time: what a sample holds, and that there are never too many. */
#include <errno.h>
#include <math.h>

#include "model_fixture.h"

#include "model/samples.h"

#define STEP_NS (200 * MS)
#define STEPS_A_SECOND 5

struct run {
	struct fixture f;
	struct samples *samples;
	uint64_t cookie, ends_ns;
	uint64_t connect_ns, life_ns; /* of the connections to come */
	uint16_t at_close;
};

static void tell_samples(void *ctx, const struct model_event *event)
{
	samples_event(((struct run *)ctx)->samples, event);
}

static int open_run(void **state)
{
	struct run *run = calloc(1, sizeof(*run));

	assert_non_null(run);
	fixture_start(&run->f, &(struct model_opts){ 0 });
	run->f.unchecked = true;
	run->samples = samples_new();
	assert_non_null(run->samples);
	model_subscribe(run->f.model, tell_samples, run);
	feed_begin(&run->f);
	feed_end(&run->f, 0, 0);
	feed_bare(&run->f, TW_READY);
	run->ends_ns = run->f.now_ns;
	run->connect_ns = run->life_ns = MS;
	run->at_close = ORDERLY;
	*state = run;
	return 0;
}

static int close_run(void **state)
{
	struct run *run = *state;

	samples_free(run->samples);
	model_free(run->f.model);
	free(run);
	return 0;
}

/* One that closes first, after its life. */
static void live(struct run *run, const struct end *end)
{
	struct fixture *f = &run->f;

	feed_connect(f, end);
	f->now_ns += run->connect_ns - 1000;
	feed_full(f, end, TW_SYN_SENT, TW_ESTABLISHED, TW_F_OUTGOING);
	f->now_ns += run->life_ns - 3000;
	feed_close_first(f, end, run->at_close);
}

static void fail_with(struct run *run, int error)
{
	struct end end = client(++run->cookie);

	feed_connect(&run->f, &end);
	feed_transition(&run->f, &end, TW_SYN_SENT, TW_CLOSE, TW_F_OUTGOING, error,
			TW_TRANSITION_FULL);
}

/* Goes on to the next step. */
static void step(struct run *run)
{
	run->ends_ns += STEP_NS;
	assert_true(run->f.now_ns < run->ends_ns);
	run->f.now_ns = run->ends_ns - 1000;
	feed_bare(&run->f, TW_TICK);
}

/* So many connections in each of the steps of @seconds, and a look at the end of each. */
static void pass_seconds(struct run *run, unsigned int seconds, unsigned int connections)
{
	for (unsigned int i = 0; i < seconds * STEPS_A_SECOND; i++) {
		for (unsigned int j = 0; j < connections; j++) {
			struct end end = client(++run->cookie % 20000);

			end.cookie = run->cookie;
			live(run, &end);
		}
		step(run);
		samples_look(run->samples, run->f.model);
	}
}

static void begin(struct run *run)
{
	samples_look(run->samples, run->f.model);
}

static uint64_t sum_of(const struct samples *samples, enum field field)
{
	struct sample sum;
	uint64_t count;

	samples_sum(samples, NULL, 0, samples->count, &sum);
	count = sum.counts.of[field];
	sample_release(&sum);
	return count;
}

static void a_second_is_a_sample_of_counts_and_looks(void **state)
{
	struct run *run = *state;
	const struct sample *first = &run->samples->items[0], *second = first + 1;

	begin(run);
	pass_seconds(run, 2, 3);
	assert_int_equal(run->samples->count, 2);
	assert_int_equal(first->ns, SECOND);
	assert_int_equal(first->looks, STEPS_A_SECOND);
	assert_int_equal(first->counts.of[FIELD_OPENED], 15);
	/* a gauge is the sum of its looks: 3, 6, 9, 12, 15 minisocks, and then 18 to 30 */
	assert_int_equal(first->counts.of[FIELD_TIME_WAIT], 45);
	assert_int_equal(first->time_wait_peak, 15);
	assert_int_equal(second->counts.of[FIELD_OPENED], 15);
	assert_int_equal(second->counts.of[FIELD_TIME_WAIT], 120);
	assert_int_equal(second->time_wait_peak, 30);
}

static void what_was_before_the_first_look_is_not_told(void **state)
{
	struct run *run = *state;
	struct end end = client(++run->cookie);

	live(run, &end);
	fail_with(run, ECONNREFUSED);
	step(run);
	begin(run);
	pass_seconds(run, 1, 1);
	assert_int_equal(run->samples->items[0].counts.of[FIELD_OPENED], 5);
	assert_int_equal(run->samples->items[0].counts.of[FIELD_FAILED], 0);
	assert_int_equal(run->samples->items[0].times[SAMPLE_CONNECT].count, 5);
	assert_int_equal(run->samples->items[0].times[SAMPLE_LIFETIME].count, 5);
	assert_int_equal(run->samples->errors[0], 0);
	/* but it is there */
	assert_int_equal(run->samples->items[0].time_wait_peak, 6);
}

static void times_are_those_of_their_own_sample(void **state)
{
	struct run *run = *state;
	const struct sample *samples = run->samples->items;

	begin(run);
	run->connect_ns = 2 * MS;
	run->life_ns = 10 * MS;
	pass_seconds(run, 1, 2);
	run->connect_ns = 20 * MS;
	run->life_ns = 40 * MS;
	pass_seconds(run, 1, 2);
	for (unsigned int i = 0; i < 2; i++) {
		uint64_t connect = histogram_quantile(&samples[i].times[SAMPLE_CONNECT], 500);
		uint64_t life = histogram_quantile(&samples[i].times[SAMPLE_LIFETIME], 500);

		assert_in_range(connect, (i ? 19 : 1) * MS + MS / 2, (i ? 21 : 2) * MS + MS / 2);
		/* from connect() on */
		assert_in_range(life, (i ? 58 : 11) * MS, (i ? 62 : 13) * MS);
		assert_int_equal(samples[i].times[SAMPLE_LIFETIME].count, 10);
	}
}

/* An accepted connection waited for nobody. */
static void only_what_connected_has_a_connect_time(void **state)
{
	struct run *run = *state;
	struct end end = server(++run->cookie);

	begin(run);
	feed_accepted(&run->f, &end);
	pass_seconds(run, 1, 1);
	assert_int_equal(run->samples->items[0].times[SAMPLE_CONNECT].count, STEPS_A_SECOND);
}

static void minisocks_of_both_substates_count_until_their_end(void **state)
{
	struct run *run = *state;
	const struct sample *sample = &run->samples->items[0];
	struct end ends[3];

	feed_tier(&run->f, TW_BY_KPROBE);
	run->ends_ns = run->f.now_ns;
	begin(run);
	for (unsigned int i = 0; i < 3; i++) {
		ends[i] = client(++run->cookie);
		/* of the first the peer has not closed its half */
		run->at_close = i ? ORDERLY : TW_F_ORPHAN | TW_F_ALL_ACKED;
		live(run, &ends[i]);
		feed_born(&run->f, &ends[i], i ? TW_TIME_WAIT : TW_FIN_WAIT2);
	}
	step(run);
	samples_look(run->samples, run->f.model);
	feed_ended(&run->f, &ends[0], TW_FIN_WAIT2, TW_END_RESET);
	feed_ended(&run->f, &ends[1], TW_TIME_WAIT, TW_END_RESET);
	for (unsigned int i = 1; i < STEPS_A_SECOND; i++) {
		step(run);
		samples_look(run->samples, run->f.model);
	}
	assert_int_equal(run->samples->count, 1);
	assert_int_equal(sample->time_wait_peak, 3);
	assert_int_equal(sample->counts.of[FIELD_TIME_WAIT], 2 + 1 + 1 + 1 + 1);
	assert_int_equal(sample->counts.of[FIELD_FW2_ORPHANS], 1);
	assert_int_equal(sample->counts.of[FIELD_TW_RESET], 2);
	assert_int_equal(sample->times[SAMPLE_RESIDENCE].count, 2);
}

static void the_worst_budget_is_told_by_its_share(void **state)
{
	struct run *run = *state;
	const struct samples *samples = run->samples;
	double ports = 60999 - 32768 + 1; /* by the dump */
	struct sample sum;

	begin(run);
	pass_seconds(run, 1, 0);
	assert_true(isnan(samples->items[0].budget_peak));
	pass_seconds(run, 2, 2);
	assert_float_equal(samples->items[1].budget_peak, 10 / ports, 1e-9);
	assert_float_equal(samples->items[2].budget_peak, 20 / ports, 1e-9);
	samples_sum(samples, NULL, 0, 3, &sum);
	assert_float_equal(sum.budget_peak, 20 / ports, 1e-9);
	sample_release(&sum);
}

static void failed_connects_are_counted_by_their_error(void **state)
{
	struct run *run = *state;
	const struct samples *samples = run->samples;

	begin(run);
	fail_with(run, ETIMEDOUT);
	fail_with(run, ECONNREFUSED);
	pass_seconds(run, 1, 0);
	fail_with(run, ECONNREFUSED);
	pass_seconds(run, 1, 0);
	assert_int_equal(samples->errors[0], ETIMEDOUT);
	assert_int_equal(samples->errors[1], ECONNREFUSED);
	assert_int_equal(samples->errors[2], 0);
	assert_int_equal(samples->items[0].errors[0], 1);
	assert_int_equal(samples->items[0].errors[1], 1);
	assert_int_equal(samples->items[1].errors[0], 0);
	assert_int_equal(samples->items[1].errors[1], 1);
}

static void more_errors_than_there_is_room_for_do_no_harm(void **state)
{
	struct run *run = *state;
	uint64_t counted = 0;

	begin(run);
	for (int error = 1; error <= SAMPLE_ERRORS + 4; error++)
		fail_with(run, error);
	pass_seconds(run, 1, 0);
	for (unsigned int i = 0; i < SAMPLE_ERRORS; i++)
		counted += run->samples->items[0].errors[i];
	assert_int_equal(counted, SAMPLE_ERRORS);
	assert_int_equal(run->samples->items[0].counts.of[FIELD_FAILED], SAMPLE_ERRORS + 4);
}

/* However long it lasts: nothing is lost, and all samples stay of one length. */
static void too_many_samples_become_half_as_many(void **state)
{
	struct run *run = *state;
	const struct samples *samples = run->samples;
	const struct service_samples *service;
	uint64_t of_service = 0;

	begin(run);
	pass_seconds(run, SAMPLES_MOST - 1, 1);
	assert_int_equal(samples->count, SAMPLES_MOST - 1);
	pass_seconds(run, 1, 1);
	assert_int_equal(samples->count, SAMPLES_MOST / 2);
	assert_int_equal(samples->length_ns, 2 * SECOND);
	pass_seconds(run, SAMPLES_MOST, 1);
	assert_int_equal(samples->count, SAMPLES_MOST / 2);
	assert_int_equal(samples->length_ns, 4 * SECOND);
	service = samples_service(samples, "client");
	assert_non_null(service);
	for (uint32_t i = 0; i < samples->count; i++) {
		assert_int_equal(samples->items[i].ns, 4 * SECOND);
		assert_int_equal(samples->items[i].looks, 4 * STEPS_A_SECOND);
		assert_int_equal(samples->items[i].counts.of[FIELD_OPENED], 4 * STEPS_A_SECOND);
		assert_int_equal(samples->items[i].times[SAMPLE_CONNECT].count, 4 * STEPS_A_SECOND);
		assert_int_equal(service->now[i].of[FIELD_OPENED], 4 * STEPS_A_SECOND);
		of_service += service->now[i].of[FIELD_TIME_WAIT];
	}
	assert_int_equal(sum_of(samples, FIELD_OPENED), 2 * SAMPLES_MOST * STEPS_A_SECOND);
	assert_int_equal(of_service, sum_of(samples, FIELD_TIME_WAIT));
	/* the most of two is no sum: 60 s and the wheel of five a second, early on as later */
	assert_in_range(samples->items[samples->count - 1].time_wait_peak, 300, 350);
}

static void a_sum_is_of_the_samples_that_were_asked_for(void **state)
{
	struct run *run = *state;
	struct sample sum;

	begin(run);
	for (unsigned int second = 1; second <= 4; second++)
		pass_seconds(run, 1, second);
	samples_sum(run->samples, NULL, 1, 3, &sum);
	assert_int_equal(sum.ns, 2 * SECOND);
	assert_int_equal(sum.looks, 2 * STEPS_A_SECOND);
	assert_int_equal(sum.counts.of[FIELD_OPENED], (2 + 3) * STEPS_A_SECOND);
	assert_int_equal(sum.time_wait_peak, (1 + 2 + 3) * STEPS_A_SECOND);
	assert_int_equal(sum.times[SAMPLE_LIFETIME].count, (2 + 3) * STEPS_A_SECOND);
	sample_release(&sum);
	samples_sum(run->samples, samples_service(run->samples, "client"), 0, 2, &sum);
	assert_int_equal(sum.counts.of[FIELD_OPENED], (1 + 2) * STEPS_A_SECOND);
	assert_int_equal(sum.ns, 2 * SECOND);
	assert_int_equal(sum.times[SAMPLE_LIFETIME].count, 0);
	sample_release(&sum);
}

static void what_is_shorter_than_a_sample_is_one_only_if_it_is_all(void **state)
{
	struct run *run = *state;
	struct end end = client(++run->cookie);

	begin(run);
	live(run, &end);
	step(run);
	samples_end(run->samples, run->f.model);
	assert_int_equal(run->samples->count, 1);
	assert_int_equal(run->samples->items[0].ns, STEP_NS);
	assert_int_equal(run->samples->items[0].counts.of[FIELD_OPENED], 1);
	pass_seconds(run, 1, 1);
	end = client(++run->cookie);
	live(run, &end);
	step(run);
	samples_end(run->samples, run->f.model);
	assert_int_equal(run->samples->count, 2);
	assert_int_equal(sum_of(run->samples, FIELD_OPENED), 1 + STEPS_A_SECOND);
}

static void services_that_there_is_no_room_for_are_counted(void **state)
{
	struct run *run = *state;

	begin(run);
	for (unsigned int i = 0; i < SAMPLE_SERVICES + 3; i++) {
		struct end end = client(++run->cookie);

		snprintf(end.owner.comm, sizeof(end.owner.comm), "program-%u", i);
		end.owner.tgid = 1000 + i;
		run->connect_ns = run->life_ns = MS / 10;
		live(run, &end);
	}
	step(run);
	samples_look(run->samples, run->f.model);
	assert_int_equal(run->samples->nr_services, SAMPLE_SERVICES);
	samples_look(run->samples, run->f.model);
	/* so many are there, however often one looks */
	assert_int_equal(run->samples->services_left_out, 3);
	assert_non_null(samples_service(run->samples, "program-0"));
	assert_null(samples_service(run->samples, "nobody"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_run, close_run)
	const struct CMUnitTest tests[] = {
		TEST(a_second_is_a_sample_of_counts_and_looks),
		TEST(what_was_before_the_first_look_is_not_told),
		TEST(times_are_those_of_their_own_sample),
		TEST(only_what_connected_has_a_connect_time),
		TEST(minisocks_of_both_substates_count_until_their_end),
		TEST(the_worst_budget_is_told_by_its_share),
		TEST(failed_connects_are_counted_by_their_error),
		TEST(more_errors_than_there_is_room_for_do_no_harm),
		TEST(too_many_samples_become_half_as_many),
		TEST(a_sum_is_of_the_samples_that_were_asked_for),
		TEST(what_is_shorter_than_a_sample_is_one_only_if_it_is_all),
		TEST(services_that_there_is_no_room_for_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
