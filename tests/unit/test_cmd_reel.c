// SPDX-License-Identifier: GPL-2.0-or-later
/* Recordings of two hosts: every time in the records comes onto the one clock. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cmd/reel.h"
#include "sink/recording.h"

#define MS 1000000ULL
#define SECOND (1000 * MS)
#define REALTIME_NS (1769860800 * SECOND)
#define TIME_NS (500 * SECOND)
#define TURN_NS (4096 * MS)

/* Recordings of two hosts. */
struct hosts {
	int fds[2];
	char paths[2][32];
	struct error err;
	struct reel *reel;
};

static void record_host(struct hosts *hosts, unsigned int host, uint64_t monotonic_ns,
			const struct tw_record *record)
{
	struct tw_recording_head head = {
		.magic = "TWTRACE\n",
		.version = TW_RECORDING_VERSION,
		.size = sizeof(head),
		.realtime_ns = REALTIME_NS,
		.monotonic_ns = monotonic_ns,
	};
	struct recorder *recorder;

	snprintf(head.boot_id, sizeof(head.boot_id), "boot-%u", host);
	hosts->fds[host] = memfd_create("recording", MFD_CLOEXEC);
	assert_true(hosts->fds[host] >= 0);
	snprintf(hosts->paths[host], sizeof(hosts->paths[host]), "/proc/self/fd/%d",
		 hosts->fds[host]);
	recorder = recorder_open(hosts->paths[host], &head, &(struct recorder_opts){ .keep = 0 },
				 &hosts->err);
	assert_non_null(recorder);
	assert_int_equal(recorder_write(recorder, record), 0);
	assert_int_equal(recorder_flush(recorder), 0);
	assert_int_equal(recorder_close(recorder, &hosts->err), 0);
}

/*
 * @record of a host that booted @shift_ns after the other one, as it comes out of the reel; until
 * hosts_end().
 */
static const struct tw_record *hosts_begin(struct hosts *hosts, const struct tw_record *record,
					   uint64_t shift_ns)
{
	const char *paths[] = { hosts->paths[0], hosts->paths[1] };
	const struct tw_record later = {
		.size = sizeof(later),
		.kind = TW_READY,
		.ts_ns = record->ts_ns + shift_ns + SECOND,
	};
	unsigned int source;
	uint64_t ts_ns;

	*hosts = (struct hosts){ .reel = NULL };
	record_host(hosts, 0, TIME_NS + shift_ns, &later);
	record_host(hosts, 1, TIME_NS, record);
	hosts->reel = reel_open(paths, hosts->fds, 2, &hosts->err);
	if (!hosts->reel)
		fail_msg("%s", hosts->err.text);
	assert_int_equal(reel_next(hosts->reel, &ts_ns, &hosts->err), 1);
	assert_int_equal(ts_ns, record->ts_ns + shift_ns);
	record = reel_record(hosts->reel, &source);
	assert_int_equal(source, 1);
	assert_int_equal(record->ts_ns, ts_ns);
	return record;
}

static void hosts_end(struct hosts *hosts)
{
	reel_free(hosts->reel);
	close(hosts->fds[0]);
	close(hosts->fds[1]);
}

static void the_wheel_turns_on_the_common_clock(void **state)
{
	static const struct {
		uint64_t shift_ns, granule_ns, phase_ns, becomes_ns;
	} cases[] = {
		{ 0, TURN_NS, 5 * MS, 5 * MS },
		{ 300 * MS, TURN_NS, 5 * MS, 305 * MS },
		{ 3 * TURN_NS, TURN_NS, 5 * MS, 5 * MS },
		{ TURN_NS - 5 * MS, TURN_NS, 5 * MS, 0 },
		{ 1000 * TURN_NS + 300 * MS, TURN_NS, 4000 * MS, 204 * MS },
		/* not known, or damaged: it stays that */
		{ 300 * MS, 0, 0, 0 },
		{ 300 * MS, 0, 7, 7 },
		{ 300 * MS, 5, 7, 7 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct tw_tier tier = {
			.head = { .size = sizeof(tier), .kind = TW_TIER, .ts_ns = TIME_NS },
			.wheel_granule_ns = cases[i].granule_ns,
			.wheel_phase_ns = cases[i].phase_ns,
		};
		struct hosts hosts;
		const struct tw_tier *moved =
			(const void *)hosts_begin(&hosts, &tier.head, cases[i].shift_ns);

		assert_int_equal(moved->wheel_granule_ns, cases[i].granule_ns);
		assert_int_equal(moved->wheel_phase_ns, cases[i].becomes_ns);
		hosts_end(&hosts);
	}
}

/* The first version's has no wheel. */
static void a_tier_that_ends_early_has_nothing_behind_it(void **state)
{
	const struct tw_tier tier = {
		.head = { .size = sizeof(tier.head), .kind = TW_TIER, .ts_ns = TIME_NS },
	};
	struct hosts hosts;

	(void)state;
	assert_int_equal(hosts_begin(&hosts, &tier.head, SECOND)->size, sizeof(tier.head));
	hosts_end(&hosts);
}

static void births_and_starts_are_on_the_common_clock(void **state)
{
	static const struct {
		uint64_t at_ns, becomes_ns;
	} cases[] = { { TIME_NS - SECOND, TIME_NS + 6 * SECOND }, { 0, 0 } };
	const struct tw_holder holder = {
		.head = { .size = sizeof(holder), .kind = TW_HOLDER, .ts_ns = TIME_NS },
		.started_ns = TIME_NS - SECOND,
	};
	struct hosts hosts;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct tw_transition made = {
			.head = { .size = sizeof(made),
				  .kind = TW_TRANSITION,
				  .from = TW_SYN_SENT,
				  .to = TW_ESTABLISHED,
				  .ts_ns = TIME_NS },
			.born_ns = cases[i].at_ns,
			.syn_ns = cases[i].at_ns,
		};
		const struct tw_transition *moved =
			(const void *)hosts_begin(&hosts, &made.head, 7 * SECOND);

		assert_int_equal(moved->born_ns, cases[i].becomes_ns);
		assert_int_equal(moved->syn_ns, cases[i].becomes_ns);
		hosts_end(&hosts);
	}
	assert_int_equal(((const struct tw_holder *)hosts_begin(&hosts, &holder.head, 7 * SECOND))
				 ->started_ns,
			 TIME_NS + 6 * SECOND);
	hosts_end(&hosts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_wheel_turns_on_the_common_clock),
		cmocka_unit_test(a_tier_that_ends_early_has_nothing_behind_it),
		cmocka_unit_test(births_and_starts_are_on_the_common_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
