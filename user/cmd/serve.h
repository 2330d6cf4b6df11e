/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of `twtrace serve`; for nobody else. */
#ifndef CMD_SERVE_H
#define CMD_SERVE_H

#include <stdbool.h>
#include <stdint.h>

#include "cmd/options.h"
#include "serve/http.h"
#include "serve/listen.h"
#include "serve/token.h"
#include "sink/flame_sink.h"
#include "sink/metrics.h"
#include "sink/part.h"

struct documents;
struct events;
struct metrics_file;

struct serve {
	struct options options;
	/* its own options */
	const char *listen;		/* "none": nowhere */
	const char *token_file;		/* NULL: none */
	const char *metrics_path;	/* NULL: no file */
	uint64_t file_ns;		/* it is written so often */
	bool insecure;
	struct metrics_opts metrics_opts;

	struct listen_at at;
	int listen_fd;			/* until the server has it; -1 */
	struct part doctor;
	struct token *token;		/* owned, as what follows; NULL: none */
	struct http *http;		/* NULL: it listens nowhere */
	struct metrics *metrics;
	struct documents *documents;
	struct events *events;
	struct metrics_file *file;	/* NULL: none is asked for */

	struct sink_opts opts;		/* as front.start() got them */
	const struct model *model;	/* during a call of the front */
	bool ready;
};

/* serve_routes.c: struct http_config.answer; @ctx is the struct serve. */
void serve_answer(void *ctx, struct http_request *request);

/* What HTTP did, as counters: struct metrics_site.more. @ctx is the struct serve. */
void serve_write_counts(void *ctx, enum metrics_format format, FILE *out);
/* All metrics. */
void serve_write_metrics(struct serve *serve, enum metrics_format format, FILE *out);

#endif
