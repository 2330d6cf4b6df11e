// SPDX-License-Identifier: GPL-2.0-or-later
/* Root directories, by what they are said to be: which are shared, and until when they are open. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <unistd.h>

#include "descriptors.h"
#include "source/roots.h"

#define MANY 100

static const struct root_id one = { .dev = 1, .ino = 2, .mnt_id = 3 };
static const struct root_id other = { .dev = 1, .ino = 2, .mnt_id = 4 };

static int open_root(void)
{
	int fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void one_directory_costs_one_descriptor(void **state)
{
	unsigned int before = count_descriptors();
	struct root *all[MANY];
	struct roots roots = { NULL };

	(void)state;
	for (unsigned int i = 0; i < MANY; i++) {
		all[i] = roots_share(&roots, open_root(), &one);
		assert_non_null(all[i]);
		assert_ptr_equal(all[i], all[0]);
	}
	assert_int_equal(count_descriptors(), before + 1);
	assert_true(fcntl(all[0]->fd, F_GETFD) >= 0);
	for (unsigned int i = 0; i < MANY - 1; i++)
		root_put(all[i]);
	roots_release(&roots);
	assert_true(fcntl(all[MANY - 1]->fd, F_GETFD) >= 0);
	root_put(all[MANY - 1]);
	assert_int_equal(count_descriptors(), before);
}

/* Whatever differs; and of two that are not known, who knows. */
static void others_have_their_own(void **state)
{
	static const struct root_id ids[] = {
		{ 1, 2, 3 }, { 9, 2, 3 }, { 1, 9, 3 }, { 1, 2, 9 }, { 1, 0, 3 }, { 1, 0, 3 },
	};
	const unsigned int count = sizeof(ids) / sizeof(ids[0]);
	struct root *all[sizeof(ids) / sizeof(ids[0])];
	unsigned int before = count_descriptors();
	struct roots roots = { NULL };

	(void)state;
	for (unsigned int i = 0; i < count; i++) {
		all[i] = roots_share(&roots, open_root(), &ids[i]);
		assert_non_null(all[i]);
		assert_int_equal(count_descriptors(), before + i + 1);
		for (unsigned int earlier = 0; earlier < i; earlier++)
			assert_ptr_not_equal(all[i], all[earlier]);
	}
	for (unsigned int i = 0; i < count; i++)
		root_put(all[i]);
	roots_release(&roots);
	assert_int_equal(count_descriptors(), before);
}

static void what_nobody_has_any_more_is_closed(void **state)
{
	unsigned int before = count_descriptors();
	struct roots roots = { NULL };
	struct root *kept;

	(void)state;
	for (unsigned int i = 0; i < MANY; i++) {
		struct root_id id = { .dev = 1, .ino = 100 + i, .mnt_id = 3 };

		root_put(roots_share(&roots, open_root(), &id));
		/* this one, and of the table that of the last time */
		assert_in_range(count_descriptors(), before, before + 1);
	}
	kept = roots_share(&roots, open_root(), &one);
	root_put(roots_share(&roots, open_root(), &other));
	/* had again before anybody has looked for what goes */
	root_put(roots_share(&roots, open_root(), &other));
	assert_int_equal(count_descriptors(), before + 2);
	assert_null(roots_share(&roots, -1, &(struct root_id){ .ino = 0 }));
	assert_int_equal(count_descriptors(), before + 1);
	root_put(kept);
	roots_release(&roots);
	assert_int_equal(count_descriptors(), before);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_directory_costs_one_descriptor),
		cmocka_unit_test(others_have_their_own),
		cmocka_unit_test(what_nobody_has_any_more_is_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
