/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Typed text is taken whole or refused with a sentence that quotes it. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/parse.h"

#define UNTOUCHED 0xdeadbeefULL
#define SECOND_NS 1000000000ULL

struct number_case {
	const char *text;
	uint64_t value;
	const char *why;
};

struct refused_case {
	const char *text, *why;
};

typedef int (*parse_fn)(const char *text, uint64_t *value, struct error *err);

static void assert_refusal(int ret, const struct error *err, const char *text, const char *why)
{
	char quoted[128];

	snprintf(quoted, sizeof(quoted), "'%s'", text);
	if (ret != -EINVAL || err->code != -EINVAL)
		fail_msg("'%s' was not refused: %s", text, why);
	if (!strstr(err->text, quoted))
		fail_msg("'%s' is not quoted in: %s", text, err->text);
	if (err->text[strlen(err->text) - 1] == '.')
		fail_msg("a full stop after: %s", err->text);
}

static void assert_accepts(parse_fn parse, const struct number_case *cases, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		struct error err = { 0 };
		uint64_t value = UNTOUCHED;

		if (parse(cases[i].text, &value, &err))
			fail_msg("'%s' was refused (%s): %s", cases[i].text, err.text,
				 cases[i].why);
		if (value != cases[i].value)
			fail_msg("'%s' is %" PRIu64 ": %s", cases[i].text, value, cases[i].why);
	}
}

static void assert_refuses(parse_fn parse, const struct refused_case *cases, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		struct error err = { 0 };
		uint64_t value = UNTOUCHED;
		int ret = parse(cases[i].text, &value, &err);

		assert_refusal(ret, &err, cases[i].text, cases[i].why);
		if (value != UNTOUCHED)
			fail_msg("'%s' was refused but stored: %s", cases[i].text, cases[i].why);
	}
}

static int parse_any_u64(const char *text, uint64_t *value, struct error *err)
{
	return parse_u64(text, 0, UINT64_MAX, value, err);
}

static int parse_5_to_10(const char *text, uint64_t *value, struct error *err)
{
	return parse_u64(text, 5, 10, value, err);
}

static void accepts_whole_numbers(void **state)
{
	static const struct number_case cases[] = {
		{ "0", 0, "the least" },
		{ "7", 7, "a digit" },
		{ "007", 7, "zeros before it: still decimal" },
		{ "18446744073709551615", UINT64_MAX, "the largest" },
	};
	static const struct number_case bounded[] = {
		{ "5", 5, "the lower bound is in" },
		{ "10", 10, "the upper bound is in" },
	};

	(void)state;
	assert_accepts(parse_any_u64, cases, sizeof(cases) / sizeof(cases[0]));
	assert_accepts(parse_5_to_10, bounded, sizeof(bounded) / sizeof(bounded[0]));
}

static void refuses_what_is_not_wholly_a_number(void **state)
{
	static const struct refused_case cases[] = {
		{ "", "nothing" },
		{ "12abc", "trailing junk" },
		{ "12 ", "trailing blank" },
		{ " 12", "leading blank" },
		{ "+12", "sign" },
		{ "-1", "sign: strtoul() makes it the largest" },
		{ "0x10", "hexadecimal" },
		{ "1e3", "exponent" },
		{ "1.0", "decimals" },
		{ "18446744073709551616", "one too large" },
		{ "18446744073709551620", "too large in its last digit's tens" },
		{ "99999999999999999999999", "wraps more than once" },
	};
	static const struct refused_case bounded[] = {
		{ "4", "below" },
		{ "11", "above" },
		{ "0", "far below" },
	};

	(void)state;
	assert_refuses(parse_any_u64, cases, sizeof(cases) / sizeof(cases[0]));
	assert_refuses(parse_5_to_10, bounded, sizeof(bounded) / sizeof(bounded[0]));
}

static void accepts_durations_with_a_unit(void **state)
{
	static const struct number_case cases[] = {
		{ "0", 0, "no unit is needed" },
		{ "00", 0, "still nothing" },
		{ "0s", 0, "with a unit too" },
		{ "90us", 90000, "microseconds" },
		{ "500ms", SECOND_NS / 2, "milliseconds" },
		{ "10s", 10 * SECOND_NS, "seconds" },
		{ "5m", 300 * SECOND_NS, "minutes, not milli" },
		{ "1h", 3600 * SECOND_NS, "hours" },
		{ "2d", 2 * 86400 * SECOND_NS, "days" },
		{ "18446744073s", 18446744073 * SECOND_NS, "the most seconds that fit" },
	};

	(void)state;
	assert_accepts(parse_duration, cases, sizeof(cases) / sizeof(cases[0]));
}

static void refuses_other_durations(void **state)
{
	static const struct refused_case cases[] = {
		{ "", "nothing" },
		{ "10", "which unit?" },
		{ "18446744073709551616", "wraps to 0, which needs no unit" },
		{ "s", "no number" },
		{ "10 s", "blank" },
		{ "10S", "units are lower case" },
		{ "10sec", "unknown unit" },
		{ "10s1", "trailing junk" },
		{ "1h30m", "two of them" },
		{ "1.5s", "decimals" },
		{ "-1s", "sign" },
		{ "18446744074s", "one second too many" },
		{ "213504d", "one day too many" },
		{ "18446744073709551616us", "the number alone is too large" },
	};

	(void)state;
	assert_refuses(parse_duration, cases, sizeof(cases) / sizeof(cases[0]));
}

static void accepts_sizes(void **state)
{
	static const struct number_case cases[] = {
		{ "0", 0, "nothing" },
		{ "65536", 65536, "bytes" },
		{ "64K", 65536, "kibi" },
		{ "64k", 65536, "as others write it" },
		{ "8m", 8 << 20, "mebi" },
		{ "1g", 1 << 30, "gibi" },
		{ "8M", 8 << 20, "mebi" },
		{ "1G", 1 << 30, "gibi" },
		{ "17179869183G", 17179869183ULL << 30, "the most that fit" },
	};

	(void)state;
	assert_accepts(parse_size, cases, sizeof(cases) / sizeof(cases[0]));
}

static void refuses_other_sizes(void **state)
{
	static const struct refused_case cases[] = {
		{ "", "nothing" },
		{ "K", "no number" },
		{ "64KB", "trailing junk" },
		{ "64 K", "blank" },
		{ "-1", "sign" },
		{ "1T", "unknown unit" },
		{ "17179869184G", "one too many" },
		{ "18446744073709551616", "wraps to 0" },
	};

	(void)state;
	assert_refuses(parse_size, cases, sizeof(cases) / sizeof(cases[0]));
}

static void accepts_lists_of_ports(void **state)
{
	static const struct {
		const char *text;
		struct tw_port_range ranges[4];
		uint32_t count;
		const char *why;
	} cases[] = {
		{ "80", { { 80, 80 } }, 1, "one" },
		{ "1", { { 1, 1 } }, 1, "the least" },
		{ "65535", { { 65535, 65535 } }, 1, "the largest" },
		{ "80,443", { { 80, 80 }, { 443, 443 } }, 2, "two" },
		{ "8000-8100,9000", { { 8000, 8100 }, { 9000, 9000 } }, 2, "a range" },
		{ "1-65535", { { 1, 65535 } }, 1, "all" },
		{ "80-80", { { 80, 80 } }, 1, "a range of one" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tw_port_range ranges[TW_MAX_PORT_RANGES] = { { 7, 7 } };
		struct error err = { 0 };
		uint32_t count = 1;

		if (parse_ports(cases[i].text, ranges, &count, &err))
			fail_msg("'%s' was refused (%s): %s", cases[i].text, err.text,
				 cases[i].why);
		if (count != 1 + cases[i].count || ranges[0].low != 7 ||
		    memcmp(ranges + 1, cases[i].ranges, cases[i].count * sizeof(ranges[0])) != 0)
			fail_msg("'%s' is misread: %s", cases[i].text, cases[i].why);
	}
}

static void refuses_ports_over_65535_and_other_lists(void **state)
{
	static const struct refused_case cases[] = {
		{ "", "nothing" },
		{ "0", "no socket has it" },
		{ "0-80", "likewise" },
		{ "65536", "over 65535" },
		{ "80-65536", "over 65535 at the far end" },
		{ "65536-65537", "both" },
		{ "18446744073709551696", "80 after it wraps" },
		{ "1-18446744073709551696", "80 after it wraps, at the far end" },
		{ "80,", "trailing comma" },
		{ ",80", "leading comma" },
		{ "80,,443", "empty between" },
		{ "80 ,443", "blank" },
		{ "80-", "open range" },
		{ "-80", "open range, or a sign" },
		{ "80-90-100", "two dashes" },
		{ "90-80", "backwards" },
		{ "http", "a name" },
		{ "80,443x", "trailing junk" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tw_port_range ranges[TW_MAX_PORT_RANGES];
		struct error err = { 0 };
		uint32_t count = 3;
		int ret = parse_ports(cases[i].text, ranges, &count, &err);

		assert_refusal(ret, &err, cases[i].text, cases[i].why);
		if (count != 3)
			fail_msg("'%s' was refused but counted: %s", cases[i].text, cases[i].why);
	}
}

static void refuses_more_port_ranges_than_fit(void **state)
{
	struct tw_port_range ranges[TW_MAX_PORT_RANGES + 1];
	struct error err = { 0 };
	uint32_t count = TW_MAX_PORT_RANGES - 2;

	(void)state;
	memset(ranges, 0xee, sizeof(ranges));
	assert_refusal(parse_ports("1,2,3", ranges, &count, &err), &err, "1,2,3", "17 of 16");
	assert_int_equal(count, TW_MAX_PORT_RANGES - 2);
	assert_int_equal(ranges[TW_MAX_PORT_RANGES].low, 0xeeee);
	assert_int_equal(parse_ports("1,2", ranges, &count, &err), 0);
	assert_int_equal(count, TW_MAX_PORT_RANGES);
}

static void accepts_networks_and_masks_the_host_part(void **state)
{
	static const struct {
		const char *text, *addr;
		uint32_t bits;
		const char *why;
	} cases[] = {
		{ "10.0.0.0/8", "10.0.0.0", 104, "IPv4 counts from 96" },
		{ "10.1.2.3/8", "10.0.0.0", 104, "its host part is masked" },
		{ "10.1.2.3/15", "10.0.0.0", 111, "in the middle of a byte" },
		{ "10.1.2.3", "10.1.2.3", 128, "one host" },
		{ "10.1.2.3/32", "10.1.2.3", 128, "likewise" },
		{ "1.2.3.4/0", "0.0.0.0", 96, "all of IPv4, and only that" },
		{ "::1", "::1", 128, "one host" },
		{ "2001:db8::/32", "2001:db8::", 32, "IPv6" },
		{ "2001:db8:ffff::1/33", "2001:db8:8000::", 33, "its host part is masked" },
		{ "ffff::1/0", "::", 0, "everything" },
		{ "::ffff:10.1.2.3/120", "10.1.2.0", 120, "mapped, with IPv6's count" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error err = { 0 };
		struct tw_cidr cidr;
		char text[ADDR_TEXT_LEN];

		if (parse_cidr(cases[i].text, &cidr, &err))
			fail_msg("'%s' was refused (%s): %s", cases[i].text, err.text,
				 cases[i].why);
		addr_format(cidr.addr, text);
		if (strcmp(text, cases[i].addr) != 0 || cidr.bits != cases[i].bits)
			fail_msg("'%s' is %s/%u: %s", cases[i].text, text, cidr.bits, cases[i].why);
	}
}

static void refuses_what_is_not_a_network(void **state)
{
	static const struct refused_case cases[] = {
		{ "", "nothing" },
		{ "/8", "no address" },
		{ "10.0.0.0/", "no length" },
		{ "10.0.0.0/33", "longer than IPv4" },
		{ "::/129", "longer than IPv6" },
		{ "10.0.0.0/8x", "trailing junk" },
		{ "10.0.0.0/-1", "sign" },
		{ "10.0.0.0/8/8", "twice" },
		{ "10.0.0.0/18446744073709551624", "8 after it wraps" },
		{ "10.0.0/8", "three bytes" },
		{ "10.0.0.256", "a byte too large" },
		{ " 10.0.0.1", "blank" },
		{ "10.0.0.1 ", "blank" },
		{ "fe80::1%eth0", "scope" },
		{ "[::1]", "brackets" },
		{ "localhost", "a name" },
		{ "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb", "longer than any" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tw_cidr cidr = { .bits = 77 };
		struct error err = { 0 };
		int ret = parse_cidr(cases[i].text, &cidr, &err);

		assert_refusal(ret, &err, cases[i].text, cases[i].why);
		if (cidr.bits != 77)
			fail_msg("'%s' was refused but stored: %s", cases[i].text, cases[i].why);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepts_whole_numbers),
		cmocka_unit_test(refuses_what_is_not_wholly_a_number),
		cmocka_unit_test(accepts_durations_with_a_unit),
		cmocka_unit_test(refuses_other_durations),
		cmocka_unit_test(accepts_sizes),
		cmocka_unit_test(refuses_other_sizes),
		cmocka_unit_test(accepts_lists_of_ports),
		cmocka_unit_test(refuses_ports_over_65535_and_other_lists),
		cmocka_unit_test(refuses_more_port_ranges_than_fit),
		cmocka_unit_test(accepts_networks_and_masks_the_host_part),
		cmocka_unit_test(refuses_what_is_not_a_network),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
