/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SipHash against what its authors computed (their paper, appendix A, and vectors.h). */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/siphash.h"

static void it_is_what_its_authors_say_it_is(void **state)
{
	static const struct {
		size_t len;
		uint64_t hash;
	} known[] = {
		{ 0, 0x726fdb47dd0e0e31ULL }, { 1, 0x74f839c593dc67fdULL },
		{ 2, 0x0d6c8009d9a94f5aULL }, { 7, 0xab0200f58b01d137ULL },
		{ 8, 0x93f5f5799a932462ULL }, { 15, 0xa129ca6149be45e5ULL },
	};
	uint8_t key[SIPHASH_KEY_LEN], bytes[16];

	(void)state;
	for (uint8_t i = 0; i < 16; i++)
		key[i] = bytes[i] = i;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		assert_int_equal(siphash(key, bytes, known[i].len), known[i].hash);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_what_its_authors_say_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
