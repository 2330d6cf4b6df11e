// SPDX-License-Identifier: GPL-2.0-or-later
/* What a supervisor hears, and when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/notify.h"

#define SECOND 1000000000ULL

static int supervisor = -1;
static char name[64];

/* A socket that listens at @address, of @len bytes with its NUL or, abstract, without. */
static void listen_at(const char *address, size_t len)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	memcpy(at.sun_path, address, len);
	supervisor = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	assert_true(supervisor >= 0);
	assert_int_equal(bind(supervisor, (struct sockaddr *)&at,
			      offsetof(struct sockaddr_un, sun_path) + len),
			 0);
}

static int set_up(void **state)
{
	(void)state;
	notify_forget();
	snprintf(name, sizeof(name), "@twtrace-test-notify-%d", getpid());
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	if (supervisor >= 0)
		close(supervisor);
	supervisor = -1;
	return 0;
}

static void listen_abstract(void)
{
	char address[sizeof(name)];

	memcpy(address, name, sizeof(name));
	address[0] = '\0';
	listen_at(address, strlen(name));
	setenv("NOTIFY_SOCKET", name, 1);
}

/* What has come, "" for nothing: a datagram is there when send() returns. */
static const char *heard(void)
{
	static char text[512];
	ssize_t len = recv(supervisor, text, sizeof(text) - 1, 0);

	text[len > 0 ? len : 0] = '\0';
	return text;
}

static void without_a_supervisor_nothing_is_due_and_nothing_is_said(void **state)
{
	struct notify notify;

	(void)state;
	assert_int_equal(notify_open(&notify, NULL), 0);
	assert_int_equal(notify.fd, -1);
	assert_false(notify_is_due(&notify, 5 * SECOND));
	assert_int_equal(notify_wait_ms(&notify, 5 * SECOND), -1);
	notify_say(&notify, "READY=1");
	notify_beat(&notify, SECOND, "well");
	notify_close(&notify);
}

static void an_abstract_socket_hears(void **state)
{
	struct notify notify;

	(void)state;
	listen_abstract();
	assert_int_equal(notify_open(&notify, NULL), 0);
	notify_say(&notify, "READY=1");
	assert_string_equal(heard(), "READY=1");
	notify_beat(&notify, SECOND, "3 open");
	assert_string_equal(heard(), "WATCHDOG=1\nSTATUS=3 open");
	notify_close(&notify);
}

static void a_socket_at_a_path_hears(void **state)
{
	char path[] = "/tmp/twtrace-notify-XXXXXX";
	struct notify notify;

	(void)state;
	assert_true(mkstemp(path) >= 0);
	unlink(path);
	listen_at(path, sizeof(path));
	setenv("NOTIFY_SOCKET", path, 1);
	assert_int_equal(notify_open(&notify, NULL), 0);
	notify_say(&notify, "STOPPING=1");
	assert_string_equal(heard(), "STOPPING=1");
	notify_close(&notify);
	unlink(path);
}

static void a_beat_is_due_at_once_and_then_at_half_of_the_watchdog(void **state)
{
	struct notify notify;
	char pid[16];

	(void)state;
	listen_abstract();
	setenv("WATCHDOG_USEC", "6000000", 1);
	snprintf(pid, sizeof(pid), "%d", getpid());
	setenv("WATCHDOG_PID", pid, 1);
	assert_int_equal(notify_open(&notify, NULL), 0);
	assert_true(notify_is_due(&notify, 100 * SECOND));
	notify_beat(&notify, 100 * SECOND, "");
	assert_false(notify_is_due(&notify, 103 * SECOND - 1));
	assert_int_equal(notify_wait_ms(&notify, 102 * SECOND), 1001);
	assert_true(notify_is_due(&notify, 103 * SECOND));
	notify_close(&notify);
}

static void without_a_watchdog_or_with_anothers_the_status_comes_every_ten_seconds(void **state)
{
	static const char *const of[][2] = {
		{ NULL, NULL }, { "6000000", "1" },   { "junk", NULL },
		{ "0", NULL },	{ "60000000", NULL },
	};
	struct notify notify;

	(void)state;
	listen_abstract();
	for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++) {
		unsetenv("WATCHDOG_USEC");
		unsetenv("WATCHDOG_PID");
		if (of[i][0])
			setenv("WATCHDOG_USEC", of[i][0], 1);
		if (of[i][1])
			setenv("WATCHDOG_PID", of[i][1], 1);
		assert_int_equal(notify_open(&notify, NULL), 0);
		assert_int_equal(notify.period_ns, 10 * SECOND);
		notify_close(&notify);
	}
}

static void an_address_that_is_none_is_quoted_and_nothing_is_said(void **state)
{
	char text[200] = "/";
	struct error err = { 0 };
	struct notify notify;

	(void)state;
	setenv("NOTIFY_SOCKET", "vsock:2:1234", 1);
	assert_int_equal(notify_open(&notify, &err), -EAFNOSUPPORT);
	assert_non_null(strstr(err.text, "'vsock:2:1234'"));
	assert_int_equal(notify.fd, -1);
	setenv("NOTIFY_SOCKET", "@", 1);
	assert_int_equal(notify_open(&notify, &err), -EINVAL);
	memset(text, 'x', sizeof(text) - 1);
	text[0] = '/';
	text[108] = '\0';
	setenv("NOTIFY_SOCKET", text, 1);
	assert_int_equal(notify_open(&notify, &err), -EINVAL);
	text[107] = '\0';
	setenv("NOTIFY_SOCKET", text, 1);
	assert_int_equal(notify_open(&notify, &err), 0);
	notify_say(&notify, "READY=1");
	notify_close(&notify);
}

static void what_is_forgotten_is_not_in_the_environment(void **state)
{
	(void)state;
	setenv("NOTIFY_SOCKET", "@x", 1);
	setenv("WATCHDOG_USEC", "1", 1);
	setenv("WATCHDOG_PID", "1", 1);
	notify_forget();
	assert_null(getenv("NOTIFY_SOCKET"));
	assert_null(getenv("WATCHDOG_USEC"));
	assert_null(getenv("WATCHDOG_PID"));
}

static void a_supervisor_that_reads_nothing_holds_nobody_up(void **state)
{
	struct notify notify;

	(void)state;
	listen_abstract();
	assert_int_equal(notify_open(&notify, NULL), 0);
	for (unsigned int i = 0; i < 10000; i++)
		notify_say(&notify, "STATUS=again");
	notify_close(&notify);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(without_a_supervisor_nothing_is_due_and_nothing_is_said),
		TEST(an_abstract_socket_hears),
		TEST(a_socket_at_a_path_hears),
		TEST(a_beat_is_due_at_once_and_then_at_half_of_the_watchdog),
		TEST(without_a_watchdog_or_with_anothers_the_status_comes_every_ten_seconds),
		TEST(an_address_that_is_none_is_quoted_and_nothing_is_said),
		TEST(what_is_forgotten_is_not_in_the_environment),
		TEST(a_supervisor_that_reads_nothing_holds_nobody_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
