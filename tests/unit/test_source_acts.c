// SPDX-License-Identifier: GPL-2.0-or-later
/* Whether bpf() answers a keeper without capabilities, whichever map it is asked with. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "source/acts.h"

#define KEY_BYTES 4096

/* One entry, whose key would not fit into whatever is held ready for a smaller one. */
static int map_of_large_keys(void)
{
	static char key[KEY_BYTES];
	uint32_t value = 0;
	int fd = bpf_map_create(BPF_MAP_TYPE_HASH, "large_keys", sizeof(key), sizeof(value), 1,
				NULL);

	memset(key, 'x', sizeof(key));
	if (fd >= 0)
		assert_int_equal(bpf_map_update_elem(fd, key, &value, BPF_ANY), 0);
	return fd;
}

static void a_map_of_large_keys_is_as_any(void **state)
{
	int fd = map_of_large_keys(), ret;
	struct error err = { 0 };
	struct keeper *keeper;
	struct answer answer;

	(void)state;
	if (fd < 0) {
		print_message("SKIPPED: no map can be made here: %s\n", strerror(errno));
		skip();
	}
	keeper = acts_start_keeper(&err);
	assert_non_null(keeper);
	/* -EPERM before 5.19 */
	ret = acts_ask(keeper, ACT_BPF, NULL, 0, fd, &answer);
	assert_true(!ret || ret == -EPERM);
	answer_release(&answer);
	assert_false(keeper_is_gone(keeper));
	keeper_end(keeper);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_map_of_large_keys_is_as_any),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
