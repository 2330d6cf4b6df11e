/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The courier, in front of a receiver of our own that answers as it is told and can be shut.
 * Nothing here waits for time to pass: back-offs are nothing, or so long that only their end
 * by another cause ends the test.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/courier.h"

#define PATIENCE_MS 60000	/* for what must happen; never waited out when it does */
#define NEVER_MS 3000000	/* 50 min */
#define MOST 64

struct receiver {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool shut;		/* deliveries wait */
	bool waiting;		/* one does */
	unsigned int fail;	/* so many are answered with AGAIN */
	bool refuse;
	uint64_t retry_after_ms;
	unsigned int calls, interrupts, releases;
	char got[MOST];		/* the first byte of each that was delivered */
	size_t nr_got;
	char status[4096];	/* of the thread */
};

static void read_status(struct receiver *receiver)
{
	FILE *file = fopen("/proc/thread-self/status", "r");
	size_t len = file ? fread(receiver->status, 1, sizeof(receiver->status) - 1, file) : 0;

	receiver->status[len] = '\0';
	if (file)
		fclose(file);
}

/* Fails where it is told to. */
static int begin(void *ctx, struct error *err)
{
	struct receiver *receiver = ctx;

	read_status(receiver);
	return receiver->refuse ? error_set(err, -EPERM, "not this one") : 0;
}

static enum courier_verdict deliver(void *ctx, const void *bytes, size_t len,
				    struct courier_failure *failure)
{
	enum courier_verdict verdict = COURIER_DELIVERED;
	struct receiver *receiver = ctx;

	pthread_mutex_lock(&receiver->lock);
	read_status(receiver);
	receiver->calls++;
	receiver->waiting = true;
	pthread_cond_broadcast(&receiver->changed);
	while (receiver->shut)
		pthread_cond_wait(&receiver->changed, &receiver->lock);
	receiver->waiting = false;
	if (receiver->refuse)
		verdict = COURIER_REFUSED;
	else if (receiver->fail)
		verdict = COURIER_AGAIN;
	if (verdict != COURIER_DELIVERED)
		error_set(&failure->err, -1, "failure %u", receiver->calls);
	failure->retry_after_ms = receiver->retry_after_ms;
	receiver->fail -= verdict == COURIER_AGAIN;
	if (verdict == COURIER_DELIVERED && len && receiver->nr_got < MOST)
		receiver->got[receiver->nr_got++] = *(const char *)bytes;
	pthread_cond_broadcast(&receiver->changed);
	pthread_mutex_unlock(&receiver->lock);
	return verdict;
}

static void interrupt(void *ctx)
{
	struct receiver *receiver = ctx;

	pthread_mutex_lock(&receiver->lock);
	receiver->interrupts++;
	receiver->shut = false;
	receiver->fail = 1;
	pthread_cond_broadcast(&receiver->changed);
	pthread_mutex_unlock(&receiver->lock);
}

static void release(void *ctx)
{
	struct receiver *receiver = ctx;

	pthread_mutex_lock(&receiver->lock);
	receiver->releases++;
	pthread_cond_broadcast(&receiver->changed);
	pthread_mutex_unlock(&receiver->lock);
}

static const struct courier_ops ops = { .deliver = deliver, .release = release };
static const struct courier_ops ops_begun = {
	.begin = begin,
	.deliver = deliver,
	.release = release,
};
static const struct courier_ops ops_interrupted = {
	.deliver = deliver,
	.interrupt = interrupt,
	.release = release,
};

/* Tries again at once. */
static const struct courier_config quick = {
	.name = "test-courier",
	.max_waiting = 4,
	.tries = 3,
	.first_ms = 1,
	.longest_ms = 1,
};

/* Does not, until something else happens. */
static const struct courier_config slow = {
	.name = "test-courier",
	.max_waiting = 4,
	.first_ms = NEVER_MS,
	.longest_ms = NEVER_MS,
};

static struct receiver *receiver_new(void)
{
	struct receiver *receiver = calloc(1, sizeof(*receiver));

	assert_non_null(receiver);
	pthread_mutex_init(&receiver->lock, NULL);
	pthread_cond_init(&receiver->changed, NULL);
	return receiver;
}

static void receiver_free(struct receiver *receiver)
{
	pthread_cond_destroy(&receiver->changed);
	pthread_mutex_destroy(&receiver->lock);
	free(receiver);
}

static struct courier *begun(const struct courier_ops *with, struct receiver *receiver,
			     const struct courier_config *config)
{
	struct error err = { 0 };
	struct courier *courier = courier_new(with, receiver, config, &err);

	if (!courier)
		fail_msg("%s", err.text);
	return courier;
}

/* A parcel for each letter. */
static void send_all(struct courier *courier, const char *letters)
{
	for (; *letters; letters++) {
		char *bytes = malloc(1);

		assert_non_null(bytes);
		*bytes = *letters;
		courier_send(courier, bytes, 1);
	}
}

static void open_up(struct receiver *receiver)
{
	pthread_mutex_lock(&receiver->lock);
	receiver->shut = false;
	pthread_cond_broadcast(&receiver->changed);
	pthread_mutex_unlock(&receiver->lock);
}

/* Until so many deliveries have begun, and none goes on unless the receiver is shut. */
static void wait_for_calls(struct receiver *receiver, unsigned int calls)
{
	pthread_mutex_lock(&receiver->lock);
	while (receiver->calls < calls || receiver->waiting != receiver->shut)
		pthread_cond_wait(&receiver->changed, &receiver->lock);
	pthread_mutex_unlock(&receiver->lock);
}

/* Until that is the last failure that the courier knows of: the back-off has begun. */
static void wait_for_failure(struct courier *courier, const char *text)
{
	struct courier_report report;

	do {
		sched_yield();
		courier_report(courier, &report);
	} while (strcmp(report.last_error, text) != 0);
}

static void expect_report(const struct courier_report *report, unsigned int delivered,
			  unsigned int dropped, unsigned int refused, const char *last_error)
{
	assert_int_equal(report->delivered, delivered);
	assert_int_equal(report->dropped, dropped);
	assert_int_equal(report->refused, refused);
	assert_string_equal(report->last_error, last_error);
}

/* Ends it, and what it has delivered are @letters. */
static void finish(struct courier *courier, struct receiver *receiver,
		   struct courier_report *report, const char *letters)
{
	courier_finish(courier, PATIENCE_MS, report);
	assert_int_equal(receiver->releases, 1);
	assert_string_equal(receiver->got, letters);
	receiver_free(receiver);
}

static void delivers_in_order(void **state)
{
	struct receiver *receiver = receiver_new();
	struct courier *courier = begun(&ops, receiver, &quick);
	struct courier_report report;

	(void)state;
	send_all(courier, "abc");
	finish(courier, receiver, &report, "abc");
	expect_report(&report, 3, 0, 0, "");
}

static void the_oldest_goes_when_it_is_full(void **state)
{
	struct receiver *receiver = receiver_new();
	struct courier *courier = begun(&ops, receiver, &quick);
	struct courier_report report;

	(void)state;
	receiver->shut = true;
	send_all(courier, "a");
	wait_for_calls(receiver, 1);
	/* none of these waits */
	send_all(courier, "bcdefgh");
	courier_report(courier, &report);
	expect_report(&report, 0, 3, 0, "");
	open_up(receiver);
	finish(courier, receiver, &report, "aefgh");
	expect_report(&report, 5, 3, 0, "");
}

static void one_that_is_to_be_tried_again_is_the_oldest(void **state)
{
	struct receiver *receiver = receiver_new();
	struct courier *courier = begun(&ops, receiver, &slow);
	struct courier_report report;

	(void)state;
	receiver->fail = 1;
	receiver->shut = true;
	send_all(courier, "a");
	wait_for_calls(receiver, 1);
	send_all(courier, "bcde");
	open_up(receiver);
	wait_for_failure(courier, "failure 1");
	finish(courier, receiver, &report, "bcde");
	expect_report(&report, 4, 1, 0, "failure 1");
}

static void tries_again_as_often_as_it_may(void **state)
{
	struct receiver *receiver = receiver_new();
	struct courier *courier = begun(&ops, receiver, &quick);
	struct courier_report report;

	(void)state;
	receiver->fail = 2;
	send_all(courier, "a");
	wait_for_calls(receiver, 3);
	send_all(courier, "b");
	wait_for_calls(receiver, 4);
	pthread_mutex_lock(&receiver->lock);
	receiver->fail = 3;
	pthread_mutex_unlock(&receiver->lock);
	send_all(courier, "c");
	wait_for_calls(receiver, 7);
	send_all(courier, "d");
	finish(courier, receiver, &report, "abd");
	expect_report(&report, 3, 1, 0, "failure 7");
}

static void what_is_refused_is_not_tried_again(void **state)
{
	struct receiver *receiver = receiver_new();
	struct courier *courier = begun(&ops, receiver, &slow);
	struct courier_report report;

	(void)state;
	receiver->refuse = true;
	send_all(courier, "ab");
	wait_for_calls(receiver, 2);
	pthread_mutex_lock(&receiver->lock);
	receiver->refuse = false;
	pthread_mutex_unlock(&receiver->lock);
	send_all(courier, "c");
	finish(courier, receiver, &report, "c");
	expect_report(&report, 1, 0, 2, "failure 2");
}

static void a_parcel_that_comes_does_not_end_the_back_off(void **state)
{
	struct receiver *receiver = receiver_new();
	struct courier *courier = begun(&ops, receiver, &slow);
	struct courier_report report;

	(void)state;
	receiver->fail = 1;
	send_all(courier, "a");
	wait_for_failure(courier, "failure 1");
	/* each of them wakes the thread up */
	for (unsigned int i = 0; i < 1000; i++)
		send_all(courier, "x");
	assert_int_equal(receiver->calls, 1);
	courier_finish(courier, PATIENCE_MS, &report);
	assert_int_equal(receiver->calls, 5);
	assert_int_equal(report.delivered, 4);
	assert_int_equal(report.dropped, 1 + 1000 - 4);
	receiver_free(receiver);
}

static void finishing_ends_the_back_off(void **state)
{
	struct receiver *receiver = receiver_new();
	struct courier *courier = begun(&ops, receiver, &slow);
	struct courier_report report;

	(void)state;
	receiver->fail = 1;
	send_all(courier, "ab");
	wait_for_failure(courier, "failure 1");
	finish(courier, receiver, &report, "ab");
	expect_report(&report, 2, 0, 0, "failure 1");
}

static void finishing_does_not_wait_for_what_comes_too_late(void **state)
{
	struct receiver *receiver = receiver_new();
	struct courier *courier = begun(&ops, receiver, &slow);
	struct courier_report report;

	(void)state;
	receiver->fail = 2;
	send_all(courier, "ab");
	wait_for_failure(courier, "failure 1");
	finish(courier, receiver, &report, "");
	expect_report(&report, 0, 2, 0, "failure 2");
}

static void who_asks_for_time_has_it(void **state)
{
	struct receiver *receiver = receiver_new();
	struct courier *courier = begun(&ops, receiver, &quick);
	struct courier_report report;

	(void)state;
	receiver->fail = 1;
	receiver->retry_after_ms = NEVER_MS;
	send_all(courier, "a");
	wait_for_failure(courier, "failure 1");
	courier_finish(courier, PATIENCE_MS, &report);
	assert_int_equal(receiver->calls, 1);
	expect_report(&report, 0, 1, 0, "failure 1");
	receiver_free(receiver);
}

static void what_does_not_come_back_is_interrupted(void **state)
{
	struct receiver *receiver = receiver_new();
	struct courier *courier = begun(&ops_interrupted, receiver, &quick);
	struct courier_report report;

	(void)state;
	receiver->shut = true;
	send_all(courier, "ab");
	wait_for_calls(receiver, 1);
	courier_finish(courier, 0, &report);
	assert_int_equal(receiver->interrupts, 1);
	assert_int_equal(receiver->releases, 1);
	assert_int_equal(receiver->calls, 1);
	expect_report(&report, 0, 2, 0, "failure 1");
	receiver_free(receiver);
}

static void what_cannot_be_interrupted_is_left_alone(void **state)
{
	struct receiver *receiver = receiver_new();
	struct courier *courier = begun(&ops, receiver, &quick);
	struct courier_report report;

	(void)state;
	receiver->shut = true;
	send_all(courier, "ab");
	wait_for_calls(receiver, 1);
	courier_finish(courier, 0, &report);
	expect_report(&report, 0, 2, 0, "");
	assert_int_equal(receiver->releases, 0);
	open_up(receiver);
	/* the receiver lives until then */
	pthread_mutex_lock(&receiver->lock);
	while (!receiver->releases)
		pthread_cond_wait(&receiver->changed, &receiver->lock);
	pthread_mutex_unlock(&receiver->lock);
	receiver_free(receiver);
}

static void expect_line(const char *status, const char *line)
{
	if (!strstr(status, line))
		fail_msg("'%s' is not in:\n%s", line, status);
}

/* Signals by their number less one. */
static uint64_t blocked(const char *status)
{
	const char *line = strstr(status, "SigBlk:");

	assert_non_null(line);
	return strtoull(line + strlen("SigBlk:"), NULL, 16);
}

static void its_thread_has_a_name_and_little_else(void **state)
{
	struct receiver *receiver = receiver_new();
	struct courier *courier = begun(&ops, receiver, &quick);
	char before[sizeof(receiver->status)], after[sizeof(receiver->status)];
	struct courier_report report;
	sigset_t mask;

	(void)state;
	read_status(receiver);
	memcpy(before, receiver->status, sizeof(before));
	send_all(courier, "a");
	wait_for_calls(receiver, 1);
	expect_line(receiver->status, "Name:\ttest-courier\n");
	expect_line(receiver->status, "CapEff:\t0000000000000000\n");
	expect_line(receiver->status, "CapPrm:\t0000000000000000\n");
	expect_line(receiver->status, "CapInh:\t0000000000000000\n");
	expect_line(receiver->status, "CapAmb:\t0000000000000000\n");
	expect_line(receiver->status, "NoNewPrivs:\t1\n");
	/* all but KILL and STOP, and what the C library keeps for itself; the last valgrind does */
	assert_int_equal(blocked(receiver->status) | 1ULL << 63, 0xfffffffe7ffbfeff);
	/* and its maker has what it had */
	read_status(receiver);
	memcpy(after, receiver->status, sizeof(after));
	assert_string_equal(strndupa(strstr(before, "CapInh"), 150),
			    strndupa(strstr(after, "CapInh"), 150));
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	assert_false(sigismember(&mask, SIGTERM));
	finish(courier, receiver, &report, "a");
}

static void begins_with_what_it_has_yet(void **state)
{
	struct receiver *receiver = receiver_new();
	char before[sizeof(receiver->status)];
	struct courier_report report;
	struct error err = { 0 };
	struct courier *courier;

	(void)state;
	read_status(receiver);
	memcpy(before, receiver->status, sizeof(before));
	courier = begun(&ops_begun, receiver, &quick);
	assert_string_equal(strndupa(strstr(before, "CapInh"), 150),
			    strndupa(strstr(receiver->status, "CapInh"), 150));
	finish(courier, receiver, &report, "");
	receiver = receiver_new();
	receiver->refuse = true;
	assert_null(courier_new(&ops_begun, receiver, &quick, &err));
	assert_int_equal(err.code, -EPERM);
	assert_string_equal(err.text, "not this one");
	assert_int_equal(receiver->releases, 0);
	receiver_free(receiver);
}

struct capture {
	FILE *real;
	char *text;
	size_t len;
};

static void says_once_that_it_fails_and_once_that_it_works(void **state)
{
	struct capture capture = { .real = stderr };
	struct receiver *receiver = receiver_new();
	struct courier *courier = begun(&ops, receiver, &quick);
	struct courier_report report;

	(void)state;
	stderr = open_memstream(&capture.text, &capture.len);
	assert_non_null(stderr);
	receiver->fail = 5;
	receiver->shut = true;
	send_all(courier, "abc");
	open_up(receiver);
	wait_for_calls(receiver, 7);
	pthread_mutex_lock(&receiver->lock);
	receiver->refuse = true;
	pthread_mutex_unlock(&receiver->lock);
	send_all(courier, "de");
	wait_for_calls(receiver, 9);
	courier_finish(courier, PATIENCE_MS, &report);
	fclose(stderr);
	stderr = capture.real;
	/* a fails three times, b two */
	assert_string_equal(capture.text, "twtrace: test-courier: failure 1; trying again\n"
					  "twtrace: test-courier: works again, after 1 were lost\n"
					  "twtrace: test-courier: failure 8\n");
	free(capture.text);
	expect_report(&report, 2, 1, 2, "failure 9");
	receiver_free(receiver);
}

static void backs_off(void **state)
{
	const struct courier_config plain = { .max_waiting = 1 };
	static const struct {
		unsigned int failures;
		uint64_t retry_after_ms, most, least;
	} cases[] = {
		{ 1, 0, 1000, 500 },
		{ 2, 0, 2000, 1000 },
		{ 6, 0, 32000, 16000 },
		{ 7, 0, 60000, 30000 },
		{ 32, 0, 60000, 30000 },
		{ 33, 0, 60000, 30000 },
		{ UINT32_MAX, 0, 60000, 30000 },
		{ 1, 8000, 9000, 8000 },
		{ 9, 1, 1, 1 },
		{ 1, UINT64_MAX, 4050000, 3600000 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t a =
			courier_delay_ms(&plain, cases[i].failures, cases[i].retry_after_ms, 0);
		uint64_t b = courier_delay_ms(&plain, cases[i].failures, cases[i].retry_after_ms,
					      UINT32_MAX);

		if (cases[i].retry_after_ms) {
			assert_int_equal(a, cases[i].least);
			assert_in_range(b, cases[i].most - 1, cases[i].most);
		} else {
			assert_int_equal(a, cases[i].most);
			assert_in_range(b, cases[i].least, cases[i].least + 1);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(delivers_in_order),
		cmocka_unit_test(the_oldest_goes_when_it_is_full),
		cmocka_unit_test(one_that_is_to_be_tried_again_is_the_oldest),
		cmocka_unit_test(tries_again_as_often_as_it_may),
		cmocka_unit_test(what_is_refused_is_not_tried_again),
		cmocka_unit_test(a_parcel_that_comes_does_not_end_the_back_off),
		cmocka_unit_test(finishing_ends_the_back_off),
		cmocka_unit_test(finishing_does_not_wait_for_what_comes_too_late),
		cmocka_unit_test(who_asks_for_time_has_it),
		cmocka_unit_test(what_does_not_come_back_is_interrupted),
		cmocka_unit_test(what_cannot_be_interrupted_is_left_alone),
		cmocka_unit_test(its_thread_has_a_name_and_little_else),
		cmocka_unit_test(begins_with_what_it_has_yet),
		cmocka_unit_test(says_once_that_it_fails_and_once_that_it_works),
		cmocka_unit_test(backs_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
