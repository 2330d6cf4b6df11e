// SPDX-License-Identifier: GPL-2.0-or-later
/* What --what-if takes, and what it says of what it does not. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "cmd/whatif_args.h"

static struct whatif_ask take(const char *arg)
{
	struct whatif_ask ask;
	struct error err;

	memset(&ask, 0, sizeof(ask));
	if (whatif_args_add(&ask, arg, &err))
		fail_msg("%s", err.text);
	assert_int_equal(ask.count, 1);
	assert_string_equal(ask.asked[0], arg);
	return ask;
}

static void settings_are_taken_by_any_of_their_names(void **state)
{
	static const char *const ways[] = { "tcp_tw_reuse=1",	       "net.ipv4.tcp_tw_reuse=1",
					    "net/ipv4/tcp_tw_reuse=1", "TCP_TW_REUSE=1",
					    "tcp_tw_reuse = 1",	       " tcp_tw_reuse=\t1 ",
					    "tcp_tw_reuse=\"1\"",      "tcp_tw_reuse = '1'" };

	(void)state;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct whatif_ask ask = take(ways[i]);

		assert_int_equal(ask.changes.set, CHANGE_TW_REUSE);
		assert_int_equal(ask.changes.to.tw_reuse, 1);
	}
}

static void each_value_comes_where_it_belongs(void **state)
{
	struct whatif_ask ask;

	(void)state;
	assert_int_equal(take("tcp_tw_reuse_delay=250").changes.to.tw_reuse_delay_ms, 250);
	assert_false(take("tcp_timestamps=0").changes.to.timestamps);
	assert_int_equal(take("tcp_fin_timeout=5").changes.to.fin_timeout_s, 5);
	assert_int_equal(take("tcp_max_tw_buckets=0").changes.to.max_tw_buckets, 0);
	assert_int_equal(take("ip_local_port_range=15000 64999").changes.to.low, 15000);
	assert_int_equal(take("ip_local_port_range=15000\t64999").changes.to.high, 64999);
	assert_int_equal(take("ip_local_port_range=15000-64999").changes.to.high, 64999);
	assert_int_equal(take("ip_local_port_range=\"15000 64999\"").changes.to.low, 15000);
	ask = take("ip_local_reserved_ports=80,90-95");
	assert_true(port_set_has(&ask.changes.to.reserved, 95));
	assert_int_equal(take("ip_local_reserved_ports=").changes.set, CHANGE_RESERVED);
	assert_int_equal(take("destinations=3").changes.destinations, 3);
	assert_int_equal(take("sources=2").changes.sources, 2);
	assert_int_equal(take("keepalive=20").changes.keepalive, 20);
	assert_true(take("close_first=server").changes.server_first);
	assert_int_equal(take("close_first=client").changes.set, CHANGE_CLOSE_FIRST);
	assert_true(take("bind_address_no_port=1").changes.bind_no_port);
}

static void what_changes_nothing_is_taken_and_answered(void **state)
{
	static const struct whatif_changes nothing;
	static const char *const asked[] = { "tcp_tw_recycle=1", "tcp_rmem=4096 87380 6291456",
					     "net.ipv4.tcp_syncookies=1", "net.core.somaxconn=9" };
	struct whatif_ask ask;

	(void)state;
	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
		ask = take(asked[i]);
		assert_non_null(ask.remarks[0]);
		assert_memory_equal(&ask.changes, &nothing, sizeof(nothing));
	}
	ask = take("tcp_fin_timeout=5");
	assert_non_null(strstr(ask.remarks[0], "does not shorten TIME-WAIT"));
	assert_null(take("tcp_tw_reuse=1").remarks[0]);
}

static void what_makes_no_sense_is_quoted(void **state)
{
	static const struct {
		const char *arg, *says;
	} cases[] = {
		{ "tw_reuse=1", "there is no 'tw_reuse' to be changed, but these: tcp_tw_reuse" },
		{ "net.ipv4.destinations=2", "there is no 'net.ipv4.destinations'" },
		{ "tcp_tw_reuse", "takes NAME=VALUE" },
		{ "tcp_tw_reuse=3", "'3'" },
		{ "tcp_tw_reuse=\"1", "'\"1'" },
		{ "tcp_tw_reuse 1", "there is no 'tcp_tw_reuse 1'" },
		{ "tcp_tw_reuse_delay=60001", "'60001'" },
		{ "ip_local_port_range=15000", "no range" },
		{ "ip_local_port_range=64999 15000", "no range" },
		{ "ip_local_port_range=1 65536", "no range" },
		{ "ip_local_port_range=0 10", "no range" },
		{ "ip_local_port_range=1 2 3", "no range" },
		{ "ip_local_port_range=-1 2", "no range" },
		{ "ip_local_reserved_ports=x", "'x'" },
		{ "destinations=0", "'0'" },
		{ "destinations=1001", "'1001'" },
		{ "keepalive=many", "'many'" },
		{ "close_first=me", "server or client" },
		{ "=1", "there is no ''" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct whatif_ask ask;
		struct error err;

		memset(&ask, 0, sizeof(ask));
		assert_int_equal(whatif_args_add(&ask, cases[i].arg, &err), -EINVAL);
		if (!strstr(err.text, cases[i].says) || !strstr(err.text, cases[i].arg))
			fail_msg("'%s': %s", cases[i].arg, err.text);
		assert_int_equal(ask.count, 0);
	}
}

static void no_setting_is_asked_for_twice(void **state)
{
	struct whatif_ask ask;
	struct error err;

	(void)state;
	memset(&ask, 0, sizeof(ask));
	assert_int_equal(whatif_args_add(&ask, "tcp_tw_reuse=1", &err), 0);
	assert_int_equal(whatif_args_add(&ask, "keepalive=2", &err), 0);
	assert_int_equal(whatif_args_add(&ask, "net.ipv4.tcp_tw_reuse = 0", &err), -EINVAL);
	assert_string_equal(err.text, "'net.ipv4.tcp_tw_reuse = 0': tcp_tw_reuse is asked for "
				      "already, by 'tcp_tw_reuse=1': one of them");
	assert_int_equal(ask.count, 2);
	assert_int_equal(ask.changes.to.tw_reuse, 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(settings_are_taken_by_any_of_their_names),
		cmocka_unit_test(each_value_comes_where_it_belongs),
		cmocka_unit_test(what_changes_nothing_is_taken_and_answered),
		cmocka_unit_test(what_makes_no_sense_is_quoted),
		cmocka_unit_test(no_setting_is_asked_for_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
