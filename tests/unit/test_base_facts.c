// SPDX-License-Identifier: GPL-2.0-or-later
/* Facts of a tree of files, of this host, and of texts that are odd. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/facts.h"

static char root[64];
static char text[FACTS_SIZE];

static int make_root(void **state)
{
	(void)state;
	strcpy(root, "/tmp/twtrace-facts-XXXXXX");
	return mkdtemp(root) ? 0 : -1;
}

static int remove_root(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", root);
	return system(command);
}

static void put(const char *name, const char *content, size_t len)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	for (char *slash = path + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(path, 0755);
		*slash = '/';
	}
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(content, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

static void put_text(const char *name, const char *content)
{
	put(name, content, strlen(content));
}

static void a_tree_becomes_one_text(void **state)
{
	int64_t value;
	uint64_t count;
	struct fact fact;

	(void)state;
	put_text("proc/sys/net/ipv4/tcp_tw_reuse", "2\n");
	put_text("proc/sys/net/ipv4/ip_local_port_range", "32768\t60999\n");
	put_text("proc/sys/net/ipv4/tcp_rmem", "4096");
	put_text("proc/net/sockstat",
		 "sockets: used 3\nTCP: inuse 1 orphan 7 tw 9 alloc 2 mem 0\n");
	put_text("proc/net/netstat", "TcpExt: TW TWRecycled\nTcpExt: 12 4\n");
	put_text("proc/net/snmp", "Tcp: MaxConn OutRsts\nTcp: -1 5\n");
	assert_true(facts_read(root, text) > 0);

	assert_int_equal(facts_sysctl(text, "net.ipv4.tcp_tw_reuse", 0, &value), 0);
	assert_int_equal(value, 2);
	assert_int_equal(facts_sysctl(text, "net.ipv4.tcp_tw_reuse", 1, &value), -ENOENT);
	assert_int_equal(facts_sysctl(text, "net.ipv4.ip_local_port_range", 1, &value), 0);
	assert_int_equal(value, 60999);
	assert_int_equal(facts_sysctl(text, "net.ipv4.tcp_rmem", 0, &value), 0);
	assert_int_equal(value, 4096);
	assert_int_equal(facts_sysctl(text, "net.ipv4.tcp_tw_recycle", 0, &value), -ENOENT);
	assert_int_equal(facts_sysctl(text, "net.ipv4.tcp_tw", 0, &value), -ENOENT);
	assert_int_equal(facts_sockstat(text, "TCP", "orphan", &count), 0);
	assert_int_equal(count, 7);
	assert_int_equal(facts_counter(text, "TcpExt", "TWRecycled", &count), 0);
	assert_int_equal(count, 4);
	assert_int_equal(facts_counter(text, "Tcp", "OutRsts", &count), 0);
	assert_int_equal(count, 5);
	fact = facts_find(text, "proc/net/sockstat");
	assert_int_equal(fact.len,
			 strlen("sockets: used 3\nTCP: inuse 1 orphan 7 tw 9 alloc 2 mem 0\n"));
}

static void an_empty_file_is_there_and_a_missing_one_is_not(void **state)
{
	struct fact fact;
	int64_t value;

	(void)state;
	put_text("proc/sys/net/ipv4/ip_local_reserved_ports", "\n");
	put("proc/sys/net/ipv4/tcp_mem", "", 0);
	put("proc/sys/net/ipv4/tcp_wmem", "1\0002\n", 4);
	assert_true(facts_read(root, text) > 0);
	fact = facts_find(text, "proc/sys/net/ipv4/ip_local_reserved_ports");
	assert_non_null(fact.text);
	assert_int_equal(fact.len, 1);
	assert_non_null(facts_find(text, "proc/sys/net/ipv4/tcp_mem").text);
	assert_int_equal(facts_sysctl(text, "net.ipv4.tcp_mem", 0, &value), -ENOENT);
	assert_null(facts_find(text, "proc/sys/net/ipv4/tcp_rmem").text);
	assert_int_equal(facts_sysctl(text, "net.ipv4.tcp_wmem", 1, &value), 0);
	assert_int_equal(value, 2);
	assert_int_equal(strlen(text), facts_read(root, text));
}

static void what_is_no_number_is_refused(void **state)
{
	int64_t value;

	(void)state;
	put_text("proc/sys/net/ipv4/tcp_tw_reuse", "yes\n");
	put_text("proc/sys/net/ipv4/tcp_fin_timeout", "60s\n");
	put_text("proc/sys/net/ipv4/tcp_mem", "99999999999999999999999 1\n");
	assert_true(facts_read(root, text) > 0);
	assert_int_equal(facts_sysctl(text, "net.ipv4.tcp_tw_reuse", 0, &value), -EINVAL);
	assert_int_equal(facts_sysctl(text, "net.ipv4.tcp_fin_timeout", 0, &value), -EINVAL);
	assert_int_equal(facts_sysctl(text, "net.ipv4.tcp_mem", 0, &value), -EINVAL);
	assert_int_equal(facts_sysctl(text, "net.ipv4.tcp_mem", 1, &value), 0);
}

/* The longest file comes last: the others are whole. */
static void what_does_not_fit_is_left_out_whole(void **state)
{
	static char ports[FACTS_SIZE];
	int64_t value;

	(void)state;
	memset(ports, '1', sizeof(ports));
	put_text("proc/sys/net/ipv4/tcp_tw_reuse", "1\n");
	put("proc/sys/net/ipv4/ip_local_reserved_ports", ports, sizeof(ports));
	assert_true(facts_read(root, text) > 0);
	assert_null(facts_find(text, "proc/sys/net/ipv4/ip_local_reserved_ports").text);
	assert_int_equal(facts_sysctl(text, "net.ipv4.tcp_tw_reuse", 0, &value), 0);
	assert_int_equal(strlen(text), strlen("@proc/sys/net/ipv4/tcp_tw_reuse\n1\n"));
}

static void a_tree_without_facts_is_an_error(void **state)
{
	(void)state;
	assert_int_equal(facts_read(root, text), -ENOENT);
	assert_string_equal(text, "");
	assert_int_equal(facts_read("/nowhere", text), -ENOENT);
}

static void odd_texts_do_no_harm(void **state)
{
	static const char *const odd[] = { "",	      "@",	 "\n",
					   "@a",      "a\n@",	 "@proc/net/sockstat",
					   "@@\n@\n", "x\n@y\nz" };
	uint64_t count;
	int64_t value;

	(void)state;
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		assert_int_equal(facts_sysctl(odd[i], "net.ipv4.tcp_tw_reuse", 0, &value), -ENOENT);
		assert_int_equal(facts_counter(odd[i], "Tcp", "OutRsts", &count), -ENOENT);
		assert_int_equal(facts_sockstat(odd[i], "TCP", "tw", &count), -ENOENT);
	}
	assert_int_equal(facts_find("x\n@y\nz", "y").len, 1);
}

/* They are shown on terminals and in JSON. */
static void bytes_that_no_such_file_has_are_marked(void **state)
{
	struct fact fact;

	(void)state;
	put_text("proc/sys/net/ipv4/tcp_tw_reuse", "1\t\033[2J\xff\xc3\xa9\x7f\r2\n");
	assert_true(facts_read(root, text) > 0);
	fact = facts_find(text, "proc/sys/net/ipv4/tcp_tw_reuse");
	assert_int_equal(fact.len, 13);
	assert_memory_equal(fact.text,
			    "1\t?[2J????"
			    "?2\n",
			    12);
}

static void this_host_has_facts(void **state)
{
	uint64_t count;
	int64_t value;

	(void)state;
	assert_true(facts_read("", text) > 0);
	assert_int_equal(facts_sysctl(text, "net.ipv4.tcp_fin_timeout", 0, &value), 0);
	assert_int_equal(facts_counter(text, "Tcp", "ActiveOpens", &count), 0);
	assert_int_equal(facts_sockstat(text, "TCP", "tw", &count), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_tree_becomes_one_text, make_root, remove_root),
		cmocka_unit_test_setup_teardown(an_empty_file_is_there_and_a_missing_one_is_not,
						make_root, remove_root),
		cmocka_unit_test_setup_teardown(what_is_no_number_is_refused, make_root,
						remove_root),
		cmocka_unit_test_setup_teardown(what_does_not_fit_is_left_out_whole, make_root,
						remove_root),
		cmocka_unit_test_setup_teardown(a_tree_without_facts_is_an_error, make_root,
						remove_root),
		cmocka_unit_test(odd_texts_do_no_harm),
		cmocka_unit_test_setup_teardown(bytes_that_no_such_file_has_are_marked, make_root,
						remove_root),
		cmocka_unit_test(this_host_has_facts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
