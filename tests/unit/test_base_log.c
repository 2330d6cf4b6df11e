/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages: which levels are heard, and what a line of them looks like. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "scarcity.h"

struct capture {
	FILE *real;
	char *text;
	size_t len;
};

static void capture_begin(struct capture *capture)
{
	capture->real = stderr;
	stderr = open_memstream(&capture->text, &capture->len);
	assert_non_null(stderr);
}

/* The caller frees the text. */
static char *capture_end(struct capture *capture)
{
	fclose(stderr);
	stderr = capture->real;
	return capture->text;
}

static void shows_what_the_level_asks_for(void **state)
{
	static const struct {
		enum log_level level, message;
		bool heard;
		const char *why;
	} cases[] = {
		{ LOG_WARNING, LOG_WARNING, true, "warnings are always shown" },
		{ LOG_WARNING, LOG_VERBOSE, false, "no -v" },
		{ LOG_WARNING, LOG_DEBUG, false, "no -vv" },
		{ LOG_VERBOSE, LOG_WARNING, true, "-v still shows warnings" },
		{ LOG_VERBOSE, LOG_VERBOSE, true, "-v" },
		{ LOG_VERBOSE, LOG_DEBUG, false, "-v is not -vv" },
		{ LOG_DEBUG, LOG_DEBUG, true, "-vv" },
		{ LOG_DEBUG, LOG_VERBOSE, true, "-vv includes -v" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *expected = cases[i].heard ? "twtrace: probe 7\n" : "";
		struct capture capture;
		char *text;

		log_set_level(cases[i].level);
		capture_begin(&capture);
		log_msg(cases[i].message, "probe %d", 7);
		text = capture_end(&capture);
		if (strcmp(text, expected) != 0)
			fail_msg("%s: got '%s'", cases[i].why, text);
		if (log_wants(cases[i].message) != cases[i].heard)
			fail_msg("%s: log_wants() disagrees", cases[i].why);
		free(text);
	}
}

static void a_message_is_one_line_of_text(void **state)
{
	static const struct {
		const char *message, *expected, *why;
	} cases[] = {
		{ "a", "twtrace: a\n", "a newline is added" },
		{ "", "twtrace: \n", "nothing is still a line" },
		{ "'a\ntwtrace: b'", "twtrace: 'a\\x0atwtrace: b'\n", "no second message" },
		{ "'\x1b]52;c;eA==\a'", "twtrace: '\\x1b]52;c;eA==\\x07'\n", "no escape" },
		{ "'\xc2\x9b"
		  "31m'",
		  "twtrace: '\\xc2\\x9b31m'\n", "nor in eight bits" },
		{ "'\xff'", "twtrace: '\\xff'\n", "no text" },
		{ "'caf\xc3\xa9'", "twtrace: 'caf\xc3\xa9'\n", "what is text stays" },
		{ "%s%n", "twtrace: %s%n\n", "a name is no format" },
	};
	size_t i;

	(void)state;
	log_set_level(LOG_WARNING);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct capture capture;
		char *text;

		capture_begin(&capture);
		log_msg(LOG_WARNING, "%s", cases[i].message);
		text = capture_end(&capture);
		if (strcmp(text, cases[i].expected) != 0)
			fail_msg("%s: got '%s'", cases[i].why, text);
		free(text);
	}
}

/* Of a name that is longer than any, nothing is cut. */
static void a_message_is_whole(void **state)
{
	char name[20001], *text;
	struct capture capture;

	(void)state;
	memset(name, '\r', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	capture_begin(&capture);
	log_msg(LOG_WARNING, "%s", name);
	text = capture_end(&capture);
	assert_int_equal(strlen(text), strlen("twtrace: \n") + 4 * strlen(name));
	free(text);
}

/* It may be about that; it is a line of text then too, and no longer than the room there is. */
static void without_memory_a_message_is_cut(void **state)
{
	char name[2001], *text, *pieces = NULL;
	struct capture capture;

	(void)state;
	memset(name, '\n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	capture_begin(&capture);
	/* room for what is written has been made */
	fputs("before\n", stderr);
	fflush(stderr);
	memory = (struct scarcity){ .one_in = 1, .now = true };
	log_msg(LOG_WARNING, "no memory for '%s", name);
	memory.now = false;
	text = capture_end(&capture);
	assert_true(memory.failed >= 2);
	assert_int_equal(strncmp(text, "before\ntwtrace: no memory for '\\x0a\\x0a", 38), 0);
	assert_true(strlen(text) > 400 && strlen(text) < 600);
	assert_ptr_equal(strrchr(text, '\n'), text + strlen(text) - 1);
	strtok_r(text, "\n", &pieces);
	assert_non_null(strtok_r(NULL, "\n", &pieces));
	assert_null(strtok_r(NULL, "\n", &pieces));
	free(text);
}

static void leaves_errno_alone(void **state)
{
	struct capture capture;

	(void)state;
	log_set_level(LOG_WARNING);
	capture_begin(&capture);
	errno = EXDEV;
	log_msg(LOG_WARNING, "x");
	assert_int_equal(errno, EXDEV);
	free(capture_end(&capture));
}

static void keeps_messages_while_a_screen_is_up(void **state)
{
	struct capture capture;
	char *text;

	(void)state;
	log_set_level(LOG_WARNING);
	capture_begin(&capture);
	log_hold();
	log_msg(LOG_WARNING, "a");
	log_msg(LOG_WARNING, "b");
	log_msg(LOG_VERBOSE, "nobody asked");
	fflush(stderr);
	assert_int_equal(capture.len, 0);
	log_release();
	log_msg(LOG_WARNING, "c");
	log_release();
	text = capture_end(&capture);
	assert_string_equal(text, "twtrace: a\ntwtrace: b\ntwtrace: c\n");
	free(text);
}

static void keeps_no_more_than_anybody_would_read(void **state)
{
	const unsigned int many = 100000;
	struct capture capture;
	unsigned int lines = 0, left_out = 0;
	char *text;

	(void)state;
	capture_begin(&capture);
	log_hold();
	for (unsigned int i = 0; i < many; i++)
		log_msg(LOG_WARNING, "x");
	log_release();
	text = capture_end(&capture);
	for (const char *at = text; (at = strchr(at, '\n')); at++)
		lines++;
	assert_int_equal(sscanf(strrchr(text, ':'), ": %u more messages\n", &left_out), 1);
	assert_int_equal(lines - 1 + left_out, many);
	assert_true(strlen(text) < 100000);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shows_what_the_level_asks_for),
		cmocka_unit_test(a_message_is_one_line_of_text),
		cmocka_unit_test(a_message_is_whole),
		cmocka_unit_test(without_memory_a_message_is_cut),
		cmocka_unit_test(leaves_errno_alone),
		cmocka_unit_test(keeps_messages_while_a_screen_is_up),
		cmocka_unit_test(keeps_no_more_than_anybody_would_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
