/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of addresses, with a resolver of our own in the place of the C library's:
 * it answers when it is let, and counts what it was asked.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/names.h"

#define PATIENCE_MS 60000	/* for what must happen; never waited out when it does */
#define MOMENT_MS 20		/* for what must not happen */
#define CAP 16384
#define TEN "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa9\xc3\xa8"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
#define LONG_NAME HUNDRED HUNDRED HUNDRED
#define EVIL_NAME "a\033[2J\xff\nb"

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool shut;		/* questions wait */
	unsigned int waiting, asked;
	const char *name;	/* of every address; NULL: by its last bytes */
} resolver = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static int answer(const struct sockaddr *addr, socklen_t addr_len, char *host, socklen_t host_len)
{
	const uint8_t *bytes;

	if (addr->sa_family == AF_INET && addr_len == sizeof(struct sockaddr_in)) {
		bytes = (const uint8_t *)&((const struct sockaddr_in *)addr)->sin_addr;
		snprintf(host, host_len, "v4-%u-%u.example", bytes[2], bytes[3]);
	} else if (addr->sa_family == AF_INET6 && addr_len == sizeof(struct sockaddr_in6)) {
		bytes = ((const struct sockaddr_in6 *)addr)->sin6_addr.s6_addr;
		snprintf(host, host_len, "v6-%u-%u.example", bytes[14], bytes[15]);
	} else {
		return EAI_FAMILY;
	}
	if (bytes[0] == 192)
		return EAI_NONAME;
	if (resolver.name)
		snprintf(host, host_len, "%s", resolver.name);
	return 0;
}

int getnameinfo(const struct sockaddr *addr, socklen_t addr_len, char *host, socklen_t host_len,
		char *port, socklen_t port_len, int flags)
{
	int ret;

	pthread_mutex_lock(&resolver.lock);
	resolver.asked++;
	resolver.waiting++;
	pthread_cond_broadcast(&resolver.changed);
	while (resolver.shut)
		pthread_cond_wait(&resolver.changed, &resolver.lock);
	resolver.waiting--;
	/* an address in numbers is no name; a port was not asked for */
	ret = flags == NI_NAMEREQD && !port && !port_len ? answer(addr, addr_len, host, host_len) :
							   EAI_BADFLAGS;
	pthread_mutex_unlock(&resolver.lock);
	return ret;
}

static void resolver_shut(bool shut)
{
	pthread_mutex_lock(&resolver.lock);
	resolver.shut = shut;
	pthread_cond_broadcast(&resolver.changed);
	pthread_mutex_unlock(&resolver.lock);
}

/* Until a question waits for its answer. */
static void resolver_await_question(void)
{
	pthread_mutex_lock(&resolver.lock);
	while (!resolver.waiting)
		pthread_cond_wait(&resolver.changed, &resolver.lock);
	pthread_mutex_unlock(&resolver.lock);
}

static unsigned int resolver_asked(void)
{
	unsigned int asked;

	pthread_mutex_lock(&resolver.lock);
	asked = resolver.asked;
	pthread_mutex_unlock(&resolver.lock);
	return asked;
}

static int resolver_reset(void **state)
{
	(void)state;
	resolver.shut = false;
	resolver.asked = 0;
	resolver.name = NULL;
	return 0;
}

/* 10.0.x.y */
static const uint8_t *v4(unsigned int number, uint8_t addr[static ADDR_LEN])
{
	const uint8_t bytes[ADDR_LEN] = { [10] = 0xff,
					  [11] = 0xff,
					  [12] = 10,
					  [14] = (uint8_t)(number >> 8),
					  [15] = (uint8_t)number };

	return memcpy(addr, bytes, ADDR_LEN);
}

static void a_name_is_there_after_its_lookup(void **state)
{
	struct names *names = names_new();
	uint8_t addr[ADDR_LEN];

	(void)state;
	assert_non_null(names);
	resolver_shut(true);
	assert_null(names_of(names, v4(0x102, addr)));	/* which did not wait for it */
	resolver_await_question();
	assert_null(names_of(names, addr));
	resolver_shut(false);
	names_wait(names, PATIENCE_MS);
	assert_string_equal(names_of(names, addr), "v4-1-2.example");
	assert_int_equal(resolver_asked(), 1);
	names_free(names);
}

static void families_are_told_apart(void **state)
{
	static const uint8_t v6[ADDR_LEN] = { 0x20, 1, 0xd, 0xb8, [14] = 1, [15] = 2 };
	struct names *names = names_new();
	uint8_t addr[ADDR_LEN];

	(void)state;
	names_of(names, v6);
	names_of(names, v4(0x102, addr));
	names_wait(names, PATIENCE_MS);
	assert_string_equal(names_of(names, v6), "v6-1-2.example");
	assert_string_equal(names_of(names, addr), "v4-1-2.example");
	names_free(names);
}

/* Not on every drawing of the screen. */
static void what_has_no_name_is_asked_for_once(void **state)
{
	struct names *names = names_new();
	uint8_t addr[ADDR_LEN];
	int i;

	(void)state;
	v4(1, addr);
	addr[12] = 192;
	for (i = 0; i < 3; i++) {
		assert_null(names_of(names, addr));
		names_wait(names, PATIENCE_MS);
	}
	assert_int_equal(resolver_asked(), 1);
	names_free(names);
}

/* Whoever owns an address chooses its name. */
static void names_are_clean_text(void **state)
{
	struct names *names = names_new();
	uint8_t addr[ADDR_LEN];

	(void)state;
	resolver.name = EVIL_NAME;
	names_of(names, v4(1, addr));
	names_wait(names, PATIENCE_MS);
	assert_string_equal(names_of(names, addr), "a\\x1b[2J\\xff\\x0ab");
	/* and none is longer than a name may be: 255 bytes, and no part of a character */
	resolver.name = LONG_NAME;
	names_of(names, v4(2, addr));
	names_wait(names, PATIENCE_MS);
	assert_int_equal(strlen(names_of(names, addr)), 254);
	names_free(names);
}

static void a_name_stays_where_it_is(void **state)
{
	struct names *names = names_new();
	uint8_t addr[ADDR_LEN];
	const char *name;
	unsigned int i;

	(void)state;
	names_of(names, v4(1, addr));
	names_wait(names, PATIENCE_MS);
	name = names_of(names, addr);
	for (i = 2; i < 5000; i++)	/* the cache grows several times */
		names_of(names, v4(i, addr));
	names_wait(names, PATIENCE_MS);
	assert_ptr_equal(names_of(names, v4(1, addr)), name);
	assert_string_equal(name, "v4-0-1.example");
	assert_string_equal(names_of(names, v4(4999, addr)), "v4-19-135.example");
	names_free(names);
}

static void waiting_ends_without_an_answer(void **state)
{
	struct names *names = names_new();
	uint8_t addr[ADDR_LEN];

	(void)state;
	names_wait(names, PATIENCE_MS);		/* nothing was asked for */
	resolver_shut(true);
	names_of(names, v4(1, addr));
	names_wait(names, MOMENT_MS);
	names_wait(names, 0);
	assert_null(names_of(names, addr));
	resolver_shut(false);
	names_wait(names, PATIENCE_MS);
	assert_non_null(names_of(names, addr));
	names_free(names);
}

static void past_the_cap_nothing_is_looked_up(void **state)
{
	struct names *names = names_new();
	uint8_t addr[ADDR_LEN];
	unsigned int i;

	(void)state;
	for (i = 0; i < CAP + 100; i++)
		assert_true(i >= CAP || !names_of(names, v4(i, addr)));
	for (i = CAP; i < CAP + 100; i++)
		assert_null(names_of(names, v4(i, addr)));
	names_wait(names, PATIENCE_MS);
	assert_string_equal(names_of(names, v4(CAP - 1, addr)), "v4-63-255.example");
	assert_null(names_of(names, v4(CAP, addr)));
	names_wait(names, PATIENCE_MS);
	assert_null(names_of(names, addr));
	assert_int_equal(resolver_asked(), CAP);
	names_free(names);
}

static void no_cache_has_no_names(void **state)
{
	uint8_t addr[ADDR_LEN];

	(void)state;
	assert_null(names_of(NULL, v4(1, addr)));
	names_free(NULL);
	assert_int_equal(resolver_asked(), 0);
}

/* Nobody waits for a resolver that hangs: what it uses must stay until it is back. */
static void freeing_does_not_wait_for_the_resolver(void **state)
{
	struct names *names = names_new();
	uint8_t addr[ADDR_LEN];
	unsigned int i;

	(void)state;
	names_free(names_new());	/* never asked */
	resolver_shut(true);
	for (i = 0; i < 10; i++)
		names_of(names, v4(i, addr));
	resolver_await_question();
	names_free(names);
	assert_int_equal(resolver_asked(), 1);
	/* it stays shut: this test must be the last one */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_name_is_there_after_its_lookup, resolver_reset),
		cmocka_unit_test_setup(families_are_told_apart, resolver_reset),
		cmocka_unit_test_setup(what_has_no_name_is_asked_for_once, resolver_reset),
		cmocka_unit_test_setup(names_are_clean_text, resolver_reset),
		cmocka_unit_test_setup(a_name_stays_where_it_is, resolver_reset),
		cmocka_unit_test_setup(waiting_ends_without_an_answer, resolver_reset),
		cmocka_unit_test_setup(past_the_cap_nothing_is_looked_up, resolver_reset),
		cmocka_unit_test_setup(no_cache_has_no_names, resolver_reset),
		cmocka_unit_test_setup(freeing_does_not_wait_for_the_resolver, resolver_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
