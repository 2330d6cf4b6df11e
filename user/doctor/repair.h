/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines of a sysctl.conf as people paste them, and what was meant by them. Pages break blanks
 * into names, make quotes and dashes typographic, lose line breaks, and give commands where
 * lines are wanted. Private to this room.
 */
#ifndef DOCTOR_REPAIR_H
#define DOCTOR_REPAIR_H

#include <stdbool.h>
#include <stddef.h>

#define NAME_LEN 128
#define VALUE_LEN 4096

struct statement {
	char name[NAME_LEN];	/* as sysctl(8) has it, with dots */
	char value[VALUE_LEN];	/* clean; empty: there is none */
	bool too_long;		/* the value, which is cut */
	bool repaired;		/* it does not stand there so */
};

enum line_kind {
	LINE_BLANK,
	LINE_COMMENT,
	LINE_SETTINGS,		/* one or several */
	LINE_OTHER,		/* nothing that could be meant as a setting */
};

/* Hears of a statement, which lasts until it returns. What it returns, if not 0, is the last. */
typedef int statement_fn(void *ctx, const struct statement *statement);

/*
 * @line: @len bytes without the line's end. Tells @fn every statement in it, in order, and what
 * the line is. 0, -ENOMEM, or the first of @fn that was not 0: nothing is told after that.
 */
int repair_line(const char *line, size_t len, statement_fn *fn, void *ctx, enum line_kind *kind);

#endif
