/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What stands behind the question mark of a URL: "port=443&state=TIME_WAIT". */
#ifndef SERVE_QUERY_H
#define SERVE_QUERY_H

#include <stddef.h>

#include "base/error.h"

#define QUERY_MOST 16

struct query_arg {
	const char *name, *value;	/* decoded, UTF-8, without control characters */
};

struct query {
	struct query_arg args[QUERY_MOST];
	size_t count;
	char *text;		/* owned: what they point to */
};

/* 0, -EINVAL: it is none, or -ENOMEM. query_release() in any case. */
int query_parse(struct query *query, const char *text, struct error *err);
void query_release(struct query *query);
/* The value of the first one of that name; NULL: there is none. */
const char *query_get(const struct query *query, const char *name);

#endif
