// SPDX-License-Identifier: GPL-2.0-or-later
/* Settings of namespaces: each is found by its own, whichever are forgotten and in which order. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "model/port_settings.h"
#include "scarcity.h"

#define NR 200
#define RESERVED "proc/sys/net/ipv4/ip_local_reserved_ports"

/*
 * The homes of most are the last ones of any index, so that it has to grow its tail too; the
 * others' are anywhere.
 */
static void choose_cookies(uint64_t cookies[static NR])
{
	uint64_t cookie = 1;

	for (size_t i = 0; i < NR; cookie++)
		if (hash_u64(cookie) >= 0xfc000000 || cookie % 512 == 0)
			cookies[i++] = cookie;
}

/* Each has a range of its own by which it is known. */
static int add(struct port_settings_list *list, const uint64_t cookies[static NR], size_t i)
{
	return port_settings_range(list, cookies[i], i % 2, 1000 + i, 60000);
}

static bool is_there(struct port_settings_list *list, const uint64_t cookies[static NR], size_t i)
{
	const struct port_settings *settings = port_settings_of(list, cookies[i], i % 2);

	assert_null(port_settings_of(list, cookies[i], 1 - i % 2));
	if (!settings)
		return false;
	assert_int_equal(settings->netns_cookie, cookies[i]);
	assert_int_equal(settings->low, 1000 + i);
	return true;
}

/* Forgets all, at each step the one that @next says of so many that are left. */
static void forget_all(size_t (*next)(size_t left))
{
	struct port_settings_list list = { 0 };
	uint64_t cookies[NR];
	bool gone[NR] = { false };

	choose_cookies(cookies);
	for (size_t i = 0; i < NR; i++)
		assert_int_equal(add(&list, cookies, i), 0);
	for (size_t left = NR; left; left--) {
		uint64_t cookie = list.items[next(left)].netns_cookie;
		size_t i = 0;

		while (cookies[i] != cookie)
			i++;
		port_settings_forget(&list, cookie, 1 - i % 2);
		assert_int_equal(list.count, left);
		port_settings_forget(&list, cookie, i % 2);
		gone[i] = true;
		assert_int_equal(list.count, left - 1);
		assert_int_equal(list.by_netns.count, left - 1);
		for (i = 0; i < NR; i++)
			assert_int_equal(is_there(&list, cookies, i), !gone[i]);
	}
	port_settings_release(&list);
}

static size_t first(size_t left)
{
	(void)left;
	return 0;
}

static size_t middle(size_t left)
{
	return left / 2;
}

static size_t last(size_t left)
{
	return left - 1;
}

static size_t any(size_t left)
{
	return left * left % 31 % left;
}

static void whichever_is_forgotten_the_others_are_found(void **state)
{
	(void)state;
	forget_all(first);
	forget_all(middle);
	forget_all(last);
	forget_all(any);
}

static void what_is_forgotten_needs_no_memory(void **state)
{
	struct port_settings_list list = { 0 };
	uint64_t cookies[NR];

	(void)state;
	choose_cookies(cookies);
	for (size_t i = 0; i < NR; i++)
		assert_int_equal(add(&list, cookies, i), 0);
	memory = (struct scarcity){ .one_in = 1, .now = true };
	for (size_t i = 0; i < NR; i += 2)
		port_settings_forget(&list, cookies[i], i % 2);
	memory.now = false;
	assert_int_equal(memory.calls, 0);
	for (size_t i = 0; i < NR; i++)
		assert_int_equal(is_there(&list, cookies, i), i % 2);
	port_settings_release(&list);
}

/* What could not be kept is not there, or there in full; told again it is. */
static void what_there_was_no_memory_for_is_kept_when_it_is_told_again(void **state)
{
	struct port_settings_list list = { 0 };
	uint64_t cookies[NR];
	bool kept[NR];

	(void)state;
	choose_cookies(cookies);
	for (unsigned int one_in = 1; one_in < 4; one_in++) {
		memory = (struct scarcity){ .one_in = one_in, .now = true };
		for (size_t i = 0; i < NR; i++) {
			kept[i] = !add(&list, cookies, i);
			if (kept[i] && i % 7 == 0)
				port_settings_forget(&list, cookies[i], i % 2);
		}
		memory.now = false;
		assert_true(memory.failed > 0);
		for (size_t i = 0; i < NR; i++)
			assert_int_equal(is_there(&list, cookies, i), kept[i] && i % 7 != 0);
		for (size_t i = 0; i < NR; i++)
			assert_int_equal(add(&list, cookies, i), 0);
		for (size_t i = 0; i < NR; i++)
			assert_true(is_there(&list, cookies, i));
		port_settings_release(&list);
		memset(&list, 0, sizeof(list));
	}
}

static void reserved_ports_that_had_no_memory_are_not_known(void **state)
{
	static const char facts[] = "@" RESERVED "\n8000-8010\n";
	struct port_settings_list list = { 0 };

	(void)state;
	assert_int_equal(port_settings_learn(&list, 1, 0, facts), 0);
	assert_true(port_settings_of(&list, 1, 0)->reserved_known);
	assert_true(port_set_has(port_settings_of(&list, 1, 0)->reserved, 8005));
	memory = (struct scarcity){ .one_in = 1, .now = true };
	assert_int_equal(port_settings_learn(&list, 1, 0, facts), -ENOMEM);
	memory.now = false;
	assert_false(port_settings_of(&list, 1, 0)->reserved_known);
	assert_null(port_settings_of(&list, 1, 0)->reserved);
	port_settings_release(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whichever_is_forgotten_the_others_are_found),
		cmocka_unit_test(what_is_forgotten_needs_no_memory),
		cmocka_unit_test(what_there_was_no_memory_for_is_kept_when_it_is_told_again),
		cmocka_unit_test(reserved_ports_that_had_no_memory_are_not_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
