/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses: what they look like, which are IPv4, which are in a network. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>

#include "base/addr.h"

/* By inet_pton(), with "1.2.3.4" written as "::ffff:1.2.3.4". */
static void set_addr(uint8_t addr[static ADDR_LEN], const char *text)
{
	assert_int_equal(inet_pton(AF_INET6, text, addr), 1);
}

static void formats_addresses_and_endpoints(void **state)
{
	static const struct {
		const char *addr;
		uint16_t port;
		const char *text, *endpoint, *why;
	} cases[] = {
		{ "::ffff:1.2.3.4", 80, "1.2.3.4", "1.2.3.4:80", "IPv4 is dotted" },
		{ "::ffff:0.0.0.0", 0, "0.0.0.0", "0.0.0.0:*", "no port, no address" },
		{ "::1", 80, "::1", "[::1]:80", "IPv6 in brackets" },
		{ "::", 0, "::", "[::]:*", "no port, no address" },
		{ "2001:db8::1", 65535, "2001:db8::1", "[2001:db8::1]:65535", "largest port" },
		{ "::1.2.3.4", 1, "::1.2.3.4", "[::1.2.3.4]:1", "compatible is not mapped" },
		{ "1111:2222:3333:4444:5555:6666:7777:8888", 12345,
		  "1111:2222:3333:4444:5555:6666:7777:8888",
		  "[1111:2222:3333:4444:5555:6666:7777:8888]:12345", "the longest" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[ADDR_TEXT_LEN], endpoint[ENDPOINT_TEXT_LEN];
		uint8_t addr[ADDR_LEN];

		set_addr(addr, cases[i].addr);
		assert_ptr_equal(addr_format(addr, text), text);
		assert_ptr_equal(endpoint_format(addr, cases[i].port, endpoint), endpoint);
		if (strcmp(text, cases[i].text) != 0)
			fail_msg("%s: got '%s'", cases[i].why, text);
		if (strcmp(endpoint, cases[i].endpoint) != 0)
			fail_msg("%s: got '%s'", cases[i].why, endpoint);
	}
}

static void knows_ipv4_and_the_wildcard(void **state)
{
	static const struct {
		const char *addr;
		bool v4, any;
		const char *why;
	} cases[] = {
		{ "::ffff:1.2.3.4", true, false, "mapped" },
		{ "::ffff:0.0.0.0", true, true, "the IPv4 wildcard" },
		{ "::ffff:0.0.0.1", true, false, "only its last byte is set" },
		{ "::ffff:1.0.0.0", true, false, "only its first byte is set" },
		{ "::", false, true, "the IPv6 wildcard" },
		{ "::1", false, false, "loopback" },
		{ "::1.2.3.4", false, false, "compatible, not mapped" },
		{ "::fffe:1.2.3.4", false, false, "one bit off" },
		{ "1::ffff:1.2.3.4", false, false, "a prefix before it" },
		{ "8000::", false, false, "only its first bit is set" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t addr[ADDR_LEN];

		set_addr(addr, cases[i].addr);
		if (addr_is_v4(addr) != cases[i].v4)
			fail_msg("addr_is_v4(%s): %s", cases[i].addr, cases[i].why);
		if (addr_is_any(addr) != cases[i].any)
			fail_msg("addr_is_any(%s): %s", cases[i].addr, cases[i].why);
	}
}

static void knows_loopback(void **state)
{
	static const struct {
		const char *addr;
		bool loopback;
	} cases[] = {
		{ "::1", true },
		{ "::ffff:127.0.0.1", true },
		{ "::ffff:127.77.1.2", true },
		{ "::ffff:1.2.3.127", false },
		{ "::", false },
		{ "7f00::1", false },
		{ "::127.0.0.1", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t addr[ADDR_LEN];

		set_addr(addr, cases[i].addr);
		if (addr_is_loopback(addr) != cases[i].loopback)
			fail_msg("addr_is_loopback(%s)", cases[i].addr);
	}
}

static void knows_what_is_in_a_network(void **state)
{
	static const struct {
		const char *net;
		uint32_t bits;
		const char *addr;
		bool in;
		const char *why;
	} cases[] = {
		{ "::ffff:10.0.0.0", 104, "::ffff:10.255.3.4", true, "10/8" },
		{ "::ffff:10.0.0.0", 104, "::ffff:11.0.0.0", false, "past 10/8" },
		{ "::ffff:10.0.0.0", 104, "::10.0.0.1", false, "not IPv4" },
		{ "::ffff:10.0.0.0", 111, "::ffff:10.1.0.0", true, "10.0/15 is two" },
		{ "::ffff:10.0.0.0", 111, "::ffff:10.2.0.0", false, "but not three" },
		{ "::ffff:0.0.0.0", 96, "::ffff:9.9.9.9", true, "all of IPv4" },
		{ "::ffff:0.0.0.0", 96, "2001::1", false, "nothing of IPv6" },
		{ "::", 0, "2001::1", true, "everything" },
		{ "::", 0, "::ffff:9.9.9.9", true, "everything, IPv4 too" },
		{ "2001:db8::1", 128, "2001:db8::1", true, "one host" },
		{ "2001:db8::1", 128, "2001:db8::", false, "its neighbour" },
		{ "2001:db8::", 127, "2001:db8::1", true, "two hosts" },
		{ "2001:db8::", 127, "2001:db8::2", false, "the third" },
		{ "8000::", 1, "ffff::", true, "one bit" },
		{ "8000::", 1, "7fff::", false, "the other half" },
		{ "2001:db8::1", 200, "2001:db8::1", true, "more bits than there are: one host" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tw_cidr cidr = { .bits = cases[i].bits };
		uint8_t addr[ADDR_LEN];

		set_addr(cidr.addr, cases[i].net);
		set_addr(addr, cases[i].addr);
		if (addr_in_cidr(addr, &cidr) != cases[i].in)
			fail_msg("%s in %s/%u: %s", cases[i].addr, cases[i].net, cases[i].bits,
				 cases[i].why);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(formats_addresses_and_endpoints),
		cmocka_unit_test(knows_ipv4_and_the_wildcard),
		cmocka_unit_test(knows_loopback),
		cmocka_unit_test(knows_what_is_in_a_network),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
