// SPDX-License-Identifier: GPL-2.0-or-later
/* Names that a process leaves of code it has made, in a root directory of its own. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "source/perf_map.h"

#define FILE_NAME "tmp/perf-7.map"

struct place {
	char root[32];
	struct maps maps;
	struct perf_map map;
};

static int set_up(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	assert_non_null(place);
	strcpy(place->root, "/tmp/test-perf-map.XXXXXX");
	assert_non_null(mkdtemp(place->root));
	place->maps = (struct maps){ .serial = 1, .who = { 7, geteuid() } };
	place->maps.root = root_new(open(place->root, O_PATH | O_DIRECTORY | O_CLOEXEC));
	assert_non_null(place->maps.root);
	assert_return_code(mkdirat(maps_root(&place->maps), "tmp", 0700), 0);
	*state = place;
	return 0;
}

static int tear_down(void **state)
{
	struct place *place = *state;

	perf_map_release(&place->map);
	unlinkat(maps_root(&place->maps), FILE_NAME, 0);
	unlinkat(maps_root(&place->maps), "tmp/other", 0);
	unlinkat(maps_root(&place->maps), "tmp", AT_REMOVEDIR);
	root_put(place->maps.root);
	rmdir(place->root);
	free(place);
	return 0;
}

static void write_map(const struct place *place, const char *name, const char *text)
{
	int fd = openat(maps_root(&place->maps), name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
			0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static int truncate_map(const struct place *place, off_t size)
{
	int fd = openat(maps_root(&place->maps), FILE_NAME, O_WRONLY | O_CLOEXEC);
	int ret = ftruncate(fd, size);

	close(fd);
	return ret;
}

/* As if a second had passed since the file was read: it is read again where a name is lacking. */
static void expect(struct place *place, uint64_t ip, const char *name)
{
	const char *found;
	size_t len = 0;

	place->map.read_at = 0;
	found = perf_map_find(&place->map, &place->maps, ip, &len);
	if (!name) {
		assert_null(found);
		return;
	}
	assert_non_null(found);
	assert_int_equal(len, strlen(name));
	assert_memory_equal(found, name, len);
}

static void the_last_that_fits_counts(void **state)
{
	struct place *place = *state;

	write_map(place, FILE_NAME,
		  "2000 10 old\n"
		  "1000 20 LazyCompile:*f /x y.js:1\n"
		  "2000 8 new\n"
		  "ffffffffffffff00 100 top\n");
	expect(place, 0xfff, NULL);
	expect(place, 0x1000, "LazyCompile:*f /x y.js:1");
	expect(place, 0x101f, "LazyCompile:*f /x y.js:1");
	expect(place, 0x1020, NULL);
	expect(place, 0x2007, "new");
	expect(place, 0x2008, "old");
	expect(place, UINT64_MAX, "top");
}

static void lines_that_are_none_are_passed_over(void **state)
{
	struct place *place = *state;

	write_map(place, FILE_NAME,
		  "\n"
		  "1000 10\n"
		  "1000 10 \n"
		  "no line at all\n"
		  "1000\n"
		  "10 after\n"
		  "fffffffffffffffffffff 10 too much\n"
		  "1000 8 cut off");
	expect(place, 0x1000, "cut off");
	expect(place, 0x1008, NULL);
}

/* Whoever writes it could keep the thread busy for good; the processor's time, not the clock's. */
static void empty_lines_take_no_longer_than_others(void **state)
{
	const size_t size = 2 << 20;
	struct place *place = *state;
	char *text = malloc(size + 1);
	clock_t begun = clock();

	assert_non_null(text);
	memset(text, '\n', size);
	strcpy(text + size - 16, "\n1000 10 last\n");
	write_map(place, FILE_NAME, text);
	expect(place, 0x1000, "last");
	assert_true(clock() - begun < 5 * CLOCKS_PER_SEC);
	free(text);
}

static void a_number_is_read_from_its_own_line(void **state)
{
	struct place *place = *state;

	write_map(place, FILE_NAME,
		  "1000\n"
		  "10 across\n"
		  "2000 \n"
		  "10 across, too\n");
	expect(place, 0x1000, NULL);
	expect(place, 0x2000, NULL);
}

static void what_is_not_the_process_s_own_is_not_read(void **state)
{
	struct place *place = *state;

	write_map(place, FILE_NAME, "1000 10 another's\n");
	place->maps.who.uid = geteuid() + 1;
	expect(place, 0x1000, NULL);
	/* nor where its user could not be found out */
	place->maps.who.uid = UINT32_MAX;
	expect(place, 0x1000, NULL);
}

static void one_that_is_too_large_is_not_read(void **state)
{
	struct place *place = *state;

	write_map(place, FILE_NAME, "1000 10 first\n");
	assert_return_code(truncate_map(place, 8 << 20), 0);
	expect(place, 0x1000, NULL);
	assert_return_code(truncate_map(place, (8 << 20) - 1), 0);
	expect(place, 0x1000, "first");
}

static void what_is_added_is_found(void **state)
{
	struct place *place = *state;

	expect(place, 0x1000, NULL);
	write_map(place, FILE_NAME, "1000 10 first\n");
	expect(place, 0x1000, "first");
	expect(place, 0x2000, NULL);
	write_map(place, FILE_NAME, "1000 10 first\n2000 10 second\n");
	expect(place, 0x2000, "second");
	/* another process, which has left none */
	place->maps.serial = 2;
	place->maps.who.inner_pid = 8;
	expect(place, 0x1000, NULL);
}

static void a_file_of_another_kind_is_not_read(void **state)
{
	struct place *place = *state;

	/* would be one of the tracer's host */
	write_map(place, "tmp/other", "1000 10 stolen\n");
	assert_return_code(symlinkat("other", maps_root(&place->maps), FILE_NAME), 0);
	expect(place, 0x1000, NULL);
	assert_return_code(unlinkat(maps_root(&place->maps), FILE_NAME, 0), 0);
	/* nobody would ever write into it */
	assert_return_code(mkfifoat(maps_root(&place->maps), FILE_NAME, 0600), 0);
	expect(place, 0x1000, NULL);
}

static void without_a_root_there_is_none(void **state)
{
	struct maps maps = { .serial = 1, .who = { (uint32_t)getpid(), geteuid() } };
	struct perf_map map = { .serial = 0 };
	size_t len;

	(void)state;
	assert_null(perf_map_find(&map, &maps, 0x1000, &len));
	perf_map_release(&map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_last_that_fits_counts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(lines_that_are_none_are_passed_over, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(empty_lines_take_no_longer_than_others, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_number_is_read_from_its_own_line, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(what_is_not_the_process_s_own_is_not_read, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(one_that_is_too_large_is_not_read, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(what_is_added_is_found, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_file_of_another_kind_is_not_read, set_up,
						tear_down),
		cmocka_unit_test(without_a_root_there_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
