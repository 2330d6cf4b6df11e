/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What comes out is what gzip(1) makes of it again; a stream that is failed. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/gzip.h"
#include "base/stream.h"

#define MOST (1 << 20)

static void expect_again(const char *path, const char *bytes, size_t len)
{
	char command[128], *again = malloc(len + 1);
	FILE *from;

	assert_non_null(again);
	snprintf(command, sizeof(command), "gzip -dc '%s'", path);
	from = popen(command, "r");
	assert_non_null(from);
	assert_int_equal(fread(again, 1, len + 1, from), len);
	assert_int_equal(pclose(from), 0);
	assert_memory_equal(again, bytes, len);
	free(again);
}

/* @bytes in pieces of that size are the same again. */
static void pass(const char *bytes, size_t len, size_t piece)
{
	char path[] = "/tmp/twtrace-test-XXXXXX";
	int fd = mkstemp(path);
	FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
	struct gzip *gzip = out ? gzip_new(out) : NULL;

	assert_non_null(gzip);
	for (size_t at = 0; at < len; at += piece)
		gzip_put(gzip, bytes + at, piece < len - at ? piece : len - at);
	gzip_finish(gzip);
	assert_int_equal(fclose(out), 0);
	expect_again(path, bytes, len);
	unlink(path);
}

static void gives_back_what_it_was_given(void **state)
{
	static const size_t lengths[] = { 0, 1, 65535, 65536, 65537, MOST };
	static const size_t pieces[] = { 7, 65536, MOST };
	char *bytes = malloc(MOST);
	uint64_t random = 1;

	(void)state;
	assert_non_null(bytes);
	/* cannot be made smaller: more comes out than is put in */
	for (size_t i = 0; i < MOST; i++) {
		random = random * 6364136223846793005ULL + 1442695040888963407ULL;
		bytes[i] = (char)(random >> 56);
	}
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
		for (size_t j = 0; j < sizeof(pieces) / sizeof(pieces[0]); j++)
			pass(bytes, lengths[i], pieces[j]);
	memset(bytes, 'a', MOST);
	pass(bytes, MOST, 1000);
	free(bytes);
}

static void without_an_end_it_is_no_file(void **state)
{
	char path[] = "/tmp/twtrace-test-XXXXXX", command[128];
	int fd = mkstemp(path);
	FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
	struct gzip *gzip = out ? gzip_new(out) : NULL;

	(void)state;
	assert_non_null(gzip);
	gzip_put(gzip, "abc", 3);
	gzip_free(gzip);
	gzip_free(NULL);
	fclose(out);
	/* of nothing at all it makes nothing, so there is something */
	snprintf(command, sizeof(command), "{ head -c 20 '%s'; echo; } | gzip -t 2>/dev/null",
		 path);
	assert_int_not_equal(system(command), 0);
	unlink(path);
}

static void a_stream_can_be_failed(void **state)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	assert_non_null(out);
	fputs("some", out);
	assert_false(ferror(out));
	stream_fail(out, ENOMEM);
	assert_int_equal(errno, ENOMEM);
	assert_true(ferror(out));
	clearerr(out);
	assert_false(ferror(out));
	fclose(out);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_back_what_it_was_given),
		cmocka_unit_test(without_an_end_it_is_no_file),
		cmocka_unit_test(a_stream_can_be_failed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
