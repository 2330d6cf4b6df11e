/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a server listens, who may ask it there, and who has its port. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "serve/listen.h"
#include "serve/port_holder.h"

static void addresses_are_taken_as_they_are_written(void **state)
{
	static const struct {
		const char *text, *url;
		bool loopback;
	} cases[] = {
		{ "127.0.0.1:9435", "http://127.0.0.1:9435/", true },
		{ "127.9.9.9:1", "http://127.9.9.9:1/", true },
		{ "localhost:65535", "http://127.0.0.1:65535/", true },
		{ "[::1]:9435", "http://[::1]:9435/", true },
		{ "[::]:80", "http://[::]:80/", false },
		{ "0.0.0.0:80", "http://0.0.0.0:80/", false },
		{ "10.1.2.3:8080", "http://10.1.2.3:8080/", false },
		{ "[::ffff:127.0.0.1]:80", "http://127.0.0.1:80/", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char url[LISTEN_URL_LEN];
		struct error err = { 0 };
		struct listen_at at;

		if (listen_parse(cases[i].text, &at, &err))
			fail_msg("'%s': %s", cases[i].text, err.text);
		assert_string_equal(listen_url(&at, url), cases[i].url);
		if (addr_is_loopback(at.addr) != cases[i].loopback)
			fail_msg("'%s': whose it is", cases[i].text);
	}
}

static void what_is_no_address_and_port_is_refused(void **state)
{
	static const char *const cases[] = { "",
					     "9435",
					     ":9435",
					     "::1:9435",
					     "[::1]",
					     "[::1:9435",
					     "127.0.0.1",
					     "127.0.0.1:",
					     "127.0.0.1:65536",
					     "127.0.0.1:+1",
					     "127.0.0.1:1 ",
					     "example.org:80",
					     "127.0.0.256:1",
					     "[1.2.3.4]:80",
					     "[]:80" };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error err = { 0 };
		struct listen_at at;

		if (listen_parse(cases[i], &at, &err) != -EINVAL)
			fail_msg("'%s' was taken", cases[i]);
		if (!strstr(err.text, cases[i]))
			fail_msg("'%s' is not quoted: %s", cases[i], err.text);
	}
}

static void only_names_of_this_host_may_be_asked_by(void **state)
{
	static const char *const ours[] = { "localhost", "localhost:9435", "LocalHost:1",
					    "127.0.0.1", "127.0.0.1:9435", "127.1.2.3:80",
					    "[::1]",	 "[::1]:9435",	   "0.0.0.0:9435" };
	static const char *const foreign[] = { "",
					       "evil.example",
					       "evil.example:9435",
					       "localhost.evil.example",
					       "127.0.0.1.evil.example",
					       "10.0.0.1:9435",
					       "[2001:db8::1]:9435",
					       "localhost:9435.evil.example:1",
					       "127.0.0.1@evil.example",
					       "a127.0.0.1" };

	(void)state;
	assert_true(listen_host_is_ours(NULL));
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (!listen_host_is_ours(ours[i]))
			fail_msg("'%s' is ours", ours[i]);
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
		if (listen_host_is_ours(foreign[i]))
			fail_msg("'%s' is not ours", foreign[i]);
}

static void write_file(const char *root, const char *name, const char *text)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void make_tree(char *root)
{
	static const char *const folders[] = { "", "/proc", "/proc/net", "/proc/812",
					       "/proc/812/fd" };
	char path[256];

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", root, folders[i]);
		assert_true(!mkdir(path, 0755) || errno == EEXIST);
	}
	write_file(
		root, "proc/net/tcp",
		"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   "
		"uid  timeout inode\n"
		"   0: 0100007F:24DB 0100007F:0050 01 00000000:00000000 00:00000000 00000000     "
		"0        0 77 1 0000000000000000 20 4 30 10 -1\n"
		"   1: 0100007F:24DB 00000000:0000 0A 00000000:00000000 00:00000000 00000000     "
		"0        0 1234 1 0000000000000000 100 0 0 10 0\n");
	write_file(root, "proc/812/comm", "ng\x01inx\n");
	snprintf(path, sizeof(path), "%s/proc/812/fd/6", root);
	assert_int_equal(symlink("socket:[1234]", path), 0);
}

static void who_listens_on_a_port_is_named(void **state)
{
	char root[] = "/tmp/twtrace-listen-XXXXXX", text[PORT_HOLDER_LEN] = "", command[64];

	(void)state;
	assert_non_null(mkdtemp(root));
	make_tree(root);
	assert_true(port_holder(root, 9435, text));
	assert_string_equal(text, "ng\\x01inx (pid 812)");
	assert_false(port_holder(root, 80, text));
	assert_false(port_holder("/nowhere", 9435, text));
	snprintf(command, sizeof(command), "rm -r %s", root);
	assert_int_equal(system(command), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_taken_as_they_are_written),
		cmocka_unit_test(what_is_no_address_and_port_is_refused),
		cmocka_unit_test(only_names_of_this_host_may_be_asked_by),
		cmocka_unit_test(who_listens_on_a_port_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
