/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An existing sysctl.conf, or what a web page said to put there, line by line. */
#ifndef DOCTOR_CHECK_H
#define DOCTOR_CHECK_H

#include "base/error.h"
#include "doctor/counsel.h"

/* More is no sysctl.conf. */
#define CHECK_SIZE (256 * 1024)

/* A setting; a line without one has a row as well, one with several has several. Owns its text. */
struct checked {
	unsigned int line;	/* from 1 on */
	char *text;		/* the line, clean */
	char *setting;		/* as sysctl(8) has it; NULL: there is none */
	char *value;		/* NULL: there is none */
	char *meant;		/* "net.ipv4.tcp_tw_reuse = 1"; NULL: it stands there so */
	char *reason;
	enum opinion verdict;
};

struct check {
	struct checked *rows;
	size_t count;
};

/* 0; -EINVAL: no text that could be one; -ENOMEM. */
int check_text(const struct chart *chart, const char *text, size_t len, struct check *check,
	       struct error *err);
void check_release(struct check *check);
/* How many settings there are, and how many do not do what they are for, or do harm. */
struct check_sums {
	size_t settings, wrong;
	size_t dangerous;	/* of those that are wrong */
};

struct check_sums check_sums(const struct check *check);
/* Whether a line does not do what it is for, or does harm. */
bool check_has_wrong(const struct check *check);

#endif
