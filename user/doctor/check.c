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

static void checked_release(const struct checked *row)
{
	free(row->text);
	free(row->setting);
	free(row->value);
	free(row->meant);
	free(row->reason);
}

/* Takes over what @row owns, whatever it returns. */
static int add_row(struct check *check, const struct checked *row)
{
	struct checked *rows = check->rows;
	size_t count = check->count;

	/* room for twice as many whenever their number is a power of two */
	if (!(count & (count - 1)))
		rows = reallocarray(rows, count ? 2 * count : 1, sizeof(*rows));
	if (!rows) {
		checked_release(row);
		return -ENOMEM;
	}
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

/* A line, and the check that its settings are added to. */
struct reading {
	const struct chart *chart;
	struct check *check;
	unsigned int number;
	char text[SHOWN_LEN];
};

static int add_setting(void *ctx, const struct statement *statement)
{
	const struct reading *reading = ctx;
	char reason[REASON_LEN] = "It has no value: sysctl(8) complains and sets nothing.";
	char meant[NAME_LEN + VALUE_LEN + 4];
	struct checked row = {
		.line = reading->number,
		.text = strdup(reading->text),
		.setting = strdup(statement->name),
		.verdict = OPINION_FALSE,
	};

	if (statement->value[0])
		row.value = strdup(statement->value);
	if (statement->too_long) {
		snprintf(reason, sizeof(reason), "Its value has more than %d bytes: not judged.",
			 VALUE_LEN - 1);
		row.verdict = OPINION_NONE;
	} else if (statement->value[0]) {
		row.verdict =
			counsel_setting(reading->chart, statement->name, statement->value, reason);
	}
	snprintf(meant, sizeof(meant), "%s = %s", statement->name, statement->value);
	if (statement->repaired && statement->value[0] && !statement->too_long)
		row.meant = strdup(meant);
	row.reason = strdup(reason);
	return add_row(reading->check, &row);
}

static int check_line(const struct chart *chart, struct check *check, unsigned int number,
		      const char *line, size_t len)
{
	struct reading reading = { .chart = chart, .check = check, .number = number };
	enum line_kind kind;
	int ret;

	while (len && line[len - 1] == '\r')
		len--;
	text_clean(line, len, reading.text, sizeof(reading.text));
	ret = repair_line(line, len, add_setting, &reading, &kind);
	if (!ret && kind != LINE_SETTINGS)
		ret = add_other(check, number, reading.text, kind);
	return ret;
}

/* A file of another kind: its bytes are no lines. */
static int refuse(const char *text, size_t len, struct error *err)
{
	unsigned int line = 1;
	size_t start = 0;

	if (len > CHECK_SIZE)
		return error_set(err, -EINVAL, "more than %d KiB: that is no sysctl.conf",
				 CHECK_SIZE / 1024);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (!c || (c < ' ' && c != '\n' && c != '\t' && c != '\r' && c != '\f'))
			return error_set(err, -EINVAL,
					 "line %u, byte %zu: 0x%02x is no text (a NUL, a control "
					 "character): that is no sysctl.conf",
					 line, i - start + 1, c);
		if (c == '\n') {
			line++;
			start = i + 1;
		}
	}
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
	for (size_t i = 0; i < check->count; i++)
		checked_release(&check->rows[i]);
	free(check->rows);
	*check = (struct check){ 0 };
}

struct check_sums check_sums(const struct check *check)
{
	struct check_sums sums = { 0 };

	for (size_t i = 0; i < check->count; i++) {
		enum opinion verdict = check->rows[i].verdict;

		sums.settings += check->rows[i].setting != NULL;
		sums.dangerous += verdict == OPINION_DANGEROUS;
		sums.wrong += verdict == OPINION_FALSE || verdict == OPINION_DANGEROUS ||
			      verdict == OPINION_GONE;
	}
	return sums;
}

bool check_has_wrong(const struct check *check)
{
	return check_sums(check).wrong;
}
