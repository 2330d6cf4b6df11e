// SPDX-License-Identifier: GPL-2.0-or-later
/* Line by line: what stands there, what was meant, what it would do here. */
#include "doctor/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "doctor/repair.h"

#define SHOWN_LEN 1024

static int add_row(struct check *check, const struct checked *row)
{
	struct checked *rows = check->rows;
	size_t count = check->count;

	/* room for twice as many whenever their number is a power of two */
	if (!(count & (count - 1)))
		rows = reallocarray(rows, count ? 2 * count : 1, sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	check->rows = rows;
	rows[check->count++] = *row;
	return row->text && row->reason ? 0 : -ENOMEM;
}

/* A line that sets nothing. */
static int add_other(struct check *check, unsigned int number, const char *text,
		     enum line_kind kind)
{
	static const char *const reasons[] = {
		[LINE_BLANK] = "Empty.",
		[LINE_COMMENT] = "A comment.",
		[LINE_OTHER] = "No setting: not judged.",
	};
	struct checked row = {
		.line = number,
		.text = strdup(text),
		.reason = strdup(reasons[kind]),
		.verdict = OPINION_NONE,
	};

	return add_row(check, &row);
}

static int add_setting(const struct chart *chart, struct check *check, unsigned int number,
		       const char *text, const struct statement *statement)
{
	char reason[REASON_LEN] = "It has no value: sysctl(8) complains and sets nothing.";
	char meant[NAME_LEN + VALUE_LEN + 4];
	struct checked row = {
		.line = number,
		.text = strdup(text),
		.setting = strdup(statement->name),
		.verdict = OPINION_FALSE,
	};

	if (statement->value[0]) {
		row.value = strdup(statement->value);
		row.verdict = counsel_setting(chart, statement->name, statement->value, reason);
	}
	snprintf(meant, sizeof(meant), "%s = %s", statement->name, statement->value);
	if (statement->repaired && statement->value[0])
		row.meant = strdup(meant);
	row.reason = strdup(reason);
	return add_row(check, &row);
}

static int check_line(const struct chart *chart, struct check *check, unsigned int number,
		      const char *line, size_t len)
{
	struct statement statements[MAX_STATEMENTS];
	char text[SHOWN_LEN], whole[4 * SHOWN_LEN];
	enum line_kind kind;
	size_t count;
	int ret = 0;

	while (len && line[len - 1] == '\r')
		len--;
	snprintf(whole, sizeof(whole), "%.*s", (int)(len < sizeof(whole) ? len : sizeof(whole) - 1),
		 line);
	text_clean(line, len, text, sizeof(text));
	kind = repair_line(whole, statements, &count);
	if (kind != LINE_SETTINGS)
		return add_other(check, number, text, kind);
	for (size_t i = 0; !ret && i < count; i++)
		ret = add_setting(chart, check, number, text, &statements[i]);
	return ret;
}

/* A file of another kind: its bytes are no lines. */
static int refuse(const char *text, size_t len, struct error *err)
{
	size_t odd = 0;

	if (len > CHECK_SIZE)
		return error_set(err, -EINVAL, "more than %d KiB: that is no sysctl.conf",
				 CHECK_SIZE / 1024);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		odd += !c || (c < ' ' && c != '\n' && c != '\t' && c != '\r' && c != '\f');
	}
	if (odd)
		return error_set(
			err, -EINVAL,
			"%zu bytes of it are no text (NUL, control characters): that is no "
			"sysctl.conf",
			odd);
	return 0;
}

int check_text(const struct chart *chart, const char *text, size_t len, struct check *check,
	       struct error *err)
{
	const char *end = text + len;
	unsigned int number = 0;

	*check = (struct check){ 0 };
	if (refuse(text, len, err))
		return err->code;
	while (text < end) {
		const char *newline = memchr(text, '\n', end - text);
		size_t length = newline ? (size_t)(newline - text) : (size_t)(end - text);

		if (check_line(chart, check, ++number, text, length)) {
			check_release(check);
			return error_set(err, -ENOMEM, "no memory");
		}
		text += length + 1;
	}
	return 0;
}

void check_release(struct check *check)
{
	for (size_t i = 0; i < check->count; i++) {
		free(check->rows[i].text);
		free(check->rows[i].setting);
		free(check->rows[i].value);
		free(check->rows[i].meant);
		free(check->rows[i].reason);
	}
	free(check->rows);
	*check = (struct check){ 0 };
}

bool check_has_wrong(const struct check *check)
{
	for (size_t i = 0; i < check->count; i++)
		if (check->rows[i].verdict == OPINION_FALSE ||
		    check->rows[i].verdict == OPINION_DANGEROUS ||
		    check->rows[i].verdict == OPINION_GONE)
			return true;
	return false;
}
