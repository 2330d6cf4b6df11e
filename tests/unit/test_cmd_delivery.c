/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Deliveries into a folder of our own, as live tracing makes them: by a courier. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/caps.h"
#include "base/file_put.h"
#include "base/log.h"
#include "cmd/delivery_ways.h"

#define SECOND_NS 1000000000ULL
#define SOMEBODY 65534

struct fixture {
	char folder[64], pattern[128];
	struct delivery_config config;
	struct delivery *delivery;
	FILE *real;		/* standard error */
	char *said;		/* instead */
	size_t len;
};

static struct fixture *fixture_new(const char *name)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	strcpy(fixture->folder, "/tmp/test_cmd_delivery.XXXXXX");
	assert_non_null(mkdtemp(fixture->folder));
	snprintf(fixture->pattern, sizeof(fixture->pattern), "%s/%s", fixture->folder, name);
	fixture->config.pattern = fixture->pattern;
	return fixture;
}

static void open_up(struct fixture *fixture)
{
	struct error err = { 0 };

	fixture->delivery = delivery_open(&fixture->config, &err);
	if (!fixture->delivery)
		fail_msg("%s", err.text);
	fixture->real = stderr;
	stderr = open_memstream(&fixture->said, &fixture->len);
	assert_non_null(stderr);
}

static void take(struct fixture *fixture, const char *text, uint64_t from_s, uint64_t to_s)
{
	delivery_take(fixture->delivery, text ? strdup(text) : NULL, text ? strlen(text) : 0,
		      from_s * SECOND_NS, to_s * SECOND_NS);
}

static bool close_up(struct fixture *fixture)
{
	bool all = delivery_close(fixture->delivery);

	fclose(stderr);
	stderr = fixture->real;
	return all;
}

/* Has been made by a delivery, and only what tests name. */
static void expect_file(const struct fixture *fixture, const char *name, const char *text)
{
	char path[128], is[64];
	size_t len;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", fixture->folder, name);
	file = fopen(path, "r");
	if (!file)
		fail_msg("there is no %s; %s", path, fixture->said);
	len = fread(is, 1, sizeof(is) - 1, file);
	fclose(file);
	is[len] = '\0';
	assert_string_equal(is, text);
	unlink(path);
}

static void expect_said(const struct fixture *fixture, const char *fmt)
{
	char text[512];

	snprintf(text, sizeof(text), "twtrace: %s", fmt);
	assert_string_equal(fixture->said, text);
}

/* There is nothing else in the folder. */
static void fixture_free(struct fixture *fixture)
{
	assert_int_equal(rmdir(fixture->folder), 0);
	free(fixture->said);
	free(fixture);
}

static void a_name_of_its_own_for_each_window(void **state)
{
	struct fixture *fixture = fixture_new("%Y.pb.gz");
	char said[256];

	(void)state;
	open_up(fixture);
	take(fixture, "one", 0, 1);
	take(fixture, "two", 1, 2);
	take(fixture, "three", 2, 3);
	assert_true(close_up(fixture));
	snprintf(said, sizeof(said), "3 summaries written, the last one into '%s/1970_003.pb.gz'\n",
		 fixture->folder);
	expect_said(fixture, said);
	expect_file(fixture, "1970.pb.gz", "one");
	expect_file(fixture, "1970_002.pb.gz", "two");
	expect_file(fixture, "1970_003.pb.gz", "three");
	fixture_free(fixture);
}

static void a_name_that_stays_the_same_is_replaced(void **state)
{
	struct fixture *fixture = fixture_new("100%%.svg");

	(void)state;
	fixture->config.window_ns = 10 * SECOND_NS;
	open_up(fixture);
	take(fixture, "short", 0, 1);
	take(fixture, "whole", 1, 11);
	take(fixture, "nearly whole", 11, 18);
	take(fixture, "rest", 18, 20);
	assert_true(close_up(fixture));
	expect_file(fixture, "100%.svg", "nearly whole");
	fixture_free(fixture);
}

static void the_only_one_is_written_however_short(void **state)
{
	struct fixture *fixture = fixture_new("x");
	char said[256];

	(void)state;
	fixture->config.window_ns = 10 * SECOND_NS;
	open_up(fixture);
	take(fixture, "short", 0, 1);
	assert_true(close_up(fixture));
	snprintf(said, sizeof(said), "1 summary written into '%s/x'\n", fixture->folder);
	expect_said(fixture, said);
	expect_file(fixture, "x", "short");
	fixture_free(fixture);
}

static void one_that_was_never_made_is_missing(void **state)
{
	struct fixture *fixture = fixture_new("x");

	(void)state;
	open_up(fixture);
	take(fixture, NULL, 0, 1);
	assert_false(close_up(fixture));
	assert_string_equal(fixture->said, "");
	fixture_free(fixture);
}

/* Else the end would wait for a second try. */
static void what_no_other_try_mends_is_refused(void **state)
{
	struct fixture *fixture = fixture_new("x");
	char said[512];

	(void)state;
	open_up(fixture);
	assert_int_equal(rmdir(fixture->folder), 0);
	take(fixture, "one", 0, 1);
	assert_false(close_up(fixture));
	snprintf(
		said, sizeof(said),
		"twtrace: --write: cannot write '%s': No such file or directory\n"
		"twtrace: 1 summary was not written: cannot write '%s': No such file or directory\n",
		fixture->pattern, fixture->pattern);
	assert_string_equal(fixture->said, said);
	assert_int_equal(mkdir(fixture->folder, 0700), 0);
	fixture_free(fixture);
}

static void what_may_pass_is_tried_again(void **state)
{
	static const int may[] = { ENOSPC, EDQUOT, EIO, ENOMEM, EMFILE, ESTALE };
	static const int never[] = { ENOENT, ENOTDIR, EACCES, EPERM,	   EROFS,
				     EISDIR, ELOOP,   EINVAL, ENAMETOOLONG };

	(void)state;
	for (size_t i = 0; i < sizeof(may) / sizeof(may[0]); i++)
		assert_true(file_put_may_pass(-may[i]));
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		assert_false(file_put_may_pass(-never[i]));
}

static void the_folder_is_that_of_now(void **state)
{
	struct fixture *fixture = fixture_new("%Y/x");
	struct error err = { 0 };
	char folder[128], said[256];
	time_t now = time(NULL);
	int year = gmtime(&now)->tm_year + 1900;

	(void)state;
	snprintf(folder, sizeof(folder), "%s/%d", fixture->folder, year);
	snprintf(said, sizeof(said), "cannot write '%s/x': No such file or directory", folder);
	assert_null(delivery_open(&fixture->config, &err));
	assert_string_equal(err.text, said);
	assert_int_equal(mkdir(folder, 0700), 0);
	open_up(fixture);
	assert_true(close_up(fixture));
	rmdir(folder);
	fixture_free(fixture);
}

/* Of all threads; whoever has one of the first three may signal the process. */
static unsigned int count_fsuids(uid_t wanted)
{
	unsigned int found = 0, ids[4];
	DIR *tasks = opendir("/proc/self/task");
	char path[300], line[256];
	struct dirent *task;
	FILE *file;

	assert_non_null(tasks);
	while ((task = readdir(tasks))) {
		snprintf(path, sizeof(path), "/proc/self/task/%s/status", task->d_name);
		file = task->d_name[0] == '.' ? NULL : fopen(path, "r");
		while (file && fgets(line, sizeof(line), file))
			if (sscanf(line, "Uid: %u %u %u %u", ids, ids + 1, ids + 2, ids + 3) == 4) {
				assert_int_equal(ids[0] | ids[1] | ids[2], 0);
				found += ids[3] == wanted;
			}
		if (file)
			fclose(file);
	}
	closedir(tasks);
	return found;
}

/* How many threads are in none of root's groups, of which this one has been given one. */
static unsigned int count_without_groups(void)
{
	DIR *tasks = opendir("/proc/self/task");
	char path[300], line[256], none[2];
	unsigned int found = 0;
	struct dirent *task;
	FILE *file;

	assert_non_null(tasks);
	while ((task = readdir(tasks))) {
		snprintf(path, sizeof(path), "/proc/self/task/%s/status", task->d_name);
		file = task->d_name[0] == '.' ? NULL : fopen(path, "r");
		while (file && fgets(line, sizeof(line), file))
			found += !strncmp(line, "Groups:", 7) && sscanf(line + 7, "%1s", none) != 1;
		if (file)
			fclose(file);
	}
	closedir(tasks);
	return found;
}

static void in_somebodys_folder_it_is_theirs(void **state)
{
	struct fixture *fixture = fixture_new("x");
	const gid_t root = 0;
	struct stat is;

	(void)state;
	if (geteuid())
		skip();
	assert_int_equal(setgroups(1, &root), 0);
	assert_int_equal(chown(fixture->folder, SOMEBODY, SOMEBODY), 0);
	open_up(fixture);
	assert_int_equal(count_fsuids(SOMEBODY), 1);
	assert_int_equal(count_without_groups(), 1);
	take(fixture, "one", 0, 1);
	assert_true(close_up(fixture));
	assert_int_equal(stat(fixture->pattern, &is), 0);
	assert_int_equal(is.st_uid, SOMEBODY);
	assert_int_equal(is.st_gid, SOMEBODY);
	expect_file(fixture, "x", "one");
	fixture_free(fixture);
}

static void leave(const char *path)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs("ours", file);
	fclose(file);
}

/* Their link leads where they may not write. */
static void somebodys_link_opens_no_door(void **state)
{
	struct fixture *fixture = fixture_new("x"), *ours = fixture_new("y");
	struct error err = { 0 };

	(void)state;
	if (geteuid())
		skip();
	leave(ours->pattern);
	assert_int_equal(chmod(ours->folder, 0755), 0);
	assert_int_equal(symlink(ours->pattern, fixture->pattern), 0);
	assert_int_equal(chown(fixture->folder, SOMEBODY, SOMEBODY), 0);
	assert_null(delivery_open(&fixture->config, &err));
	assert_non_null(strstr(err.text, "Permission denied"));
	expect_file(ours, "y", "ours");
	unlink(fixture->pattern);
	fixture_free(ours);
	fixture_free(fixture);
}

/* Nor does it where root itself writes, at once: what is replayed. */
static void nor_where_root_writes_at_once(void **state)
{
	struct fixture *fixture = fixture_new("x"), *ours = fixture_new("y");

	(void)state;
	if (geteuid())
		skip();
	leave(ours->pattern);
	assert_int_equal(symlink(ours->pattern, fixture->pattern), 0);
	assert_int_equal(chown(fixture->folder, SOMEBODY, SOMEBODY), 0);
	fixture->config.waits = true;
	open_up(fixture);
	take(fixture, "one", 0, 1);
	assert_false(close_up(fixture));
	assert_non_null(strstr(fixture->said, "leads to a folder of another user"));
	/* what it was raised for is over */
	caps_raise(ALL_CAPS);
	expect_file(ours, "y", "ours");
	/* a link within his own is his affair */
	leave(ours->pattern);
	assert_int_equal(chown(ours->folder, SOMEBODY, SOMEBODY), 0);
	free(fixture->said);
	open_up(fixture);
	take(fixture, "one", 0, 1);
	assert_true(close_up(fixture));
	caps_raise(ALL_CAPS);
	expect_file(ours, "y", "one");
	unlink(fixture->pattern);
	fixture_free(ours);
	fixture_free(fixture);
}

static enum courier_verdict deliver_slowly(void *ctx, const void *bytes, size_t len,
					   struct courier_failure *failure)
{
	(void)bytes;
	(void)len;
	(void)failure;
	pthread_mutex_lock(ctx);
	pthread_mutex_unlock(ctx);
	return COURIER_DELIVERED;
}

/* Nothing has failed, there was but no room. */
static void what_was_too_slow_is_told(void **state)
{
	static const struct courier_ops ops = { .deliver = deliver_slowly };
	const struct courier_config config = { .name = "slow", .max_waiting = 1 };
	pthread_mutex_t shut = PTHREAD_MUTEX_INITIALIZER;
	struct courier *courier = courier_new(&ops, &shut, &config, NULL);
	struct fixture *fixture = fixture_new("x");
	struct courier_report report;
	uint64_t missing;
	char said[256];

	(void)state;
	assert_non_null(courier);
	pthread_mutex_lock(&shut);
	for (unsigned int i = 0; i < 5; i++)
		courier_send(courier, strdup("x"), 1);
	pthread_mutex_unlock(&shut);
	open_up(fixture);
	missing = delivery_finish(courier, 60000, "pushed", "the server was too slow", &report);
	close_up(fixture);
	/* as many as had come before the first one was under way */
	assert_in_range(missing, 3, 4);
	assert_int_equal(report.delivered, 5 - missing);
	snprintf(
		said, sizeof(said),
		"%d summaries were not pushed: there was no room for them: the server was too slow\n",
		(int)missing);
	expect_said(fixture, said);
	fixture_free(fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_of_its_own_for_each_window),
		cmocka_unit_test(a_name_that_stays_the_same_is_replaced),
		cmocka_unit_test(the_only_one_is_written_however_short),
		cmocka_unit_test(one_that_was_never_made_is_missing),
		cmocka_unit_test(what_no_other_try_mends_is_refused),
		cmocka_unit_test(the_folder_is_that_of_now),
		cmocka_unit_test(what_may_pass_is_tried_again),
		cmocka_unit_test(what_was_too_slow_is_told),
		cmocka_unit_test(in_somebodys_folder_it_is_theirs),
		cmocka_unit_test(somebodys_link_opens_no_door),
		cmocka_unit_test(nor_where_root_writes_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
