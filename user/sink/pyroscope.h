/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What Pyroscope, and whatever takes its push, is sent: a profile and the labels of its series. */
#ifndef SINK_PYROSCOPE_H
#define SINK_PYROSCOPE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* Behind the server's URL, to be POSTed to as that type. */
#define PYROSCOPE_PATH "/push.v1.PusherService/Push"
#define PYROSCOPE_TYPE "application/proto"

struct pyroscope_label {
	const char *name;	/* borrowed; [a-zA-Z_][a-zA-Z0-9_]*, of Prometheus */
	const char *value;	/* borrowed, clean (text_clean()) */
};

bool pyroscope_is_label_name(const char *name);
/*
 * The body of a push of one @profile (pprof's format in gzip, @len bytes): *@body, which the
 * caller frees, *@body_len bytes. Each push has an id of its own. @labels must have __name__
 * and service_name, without which the server refuses, and no name twice. 0, or -EINVAL with
 * the label quoted, -ENOMEM, or what getrandom() says.
 */
int pyroscope_body(const void *profile, size_t len, const struct pyroscope_label *labels,
		   size_t nr_labels, unsigned char **body, size_t *body_len, struct error *err);

#endif
