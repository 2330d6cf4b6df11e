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
#define VALUE_LEN 256
#define MAX_STATEMENTS 16

struct statement {
	char name[NAME_LEN];	/* as sysctl(8) has it, with dots */
	char value[VALUE_LEN];	/* empty: there is none */
	bool repaired;		/* it does not stand there so */
};

enum line_kind {
	LINE_BLANK,
	LINE_COMMENT,
	LINE_SETTINGS,		/* one or several */
	LINE_OTHER,		/* nothing that could be meant as a setting */
};

/* @line: one line without its end, as text. Returns what it is; @count statements. */
enum line_kind repair_line(const char *line, struct statement statements[static MAX_STATEMENTS],
			   size_t *count);

#endif
