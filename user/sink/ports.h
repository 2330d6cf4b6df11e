/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Budgets of ports and failures: parts of documents and of texts, also for other commands. */
#ifndef SINK_PORTS_H
#define SINK_PORTS_H

#include "base/json.h"
#include "model/ports.h"
#include "sink/sink.h"

/* The document of `ports`; @kind: for a line of jsonl; NULL for none. Free with json_free(). */
struct json *ports_document(const struct model *model, const struct sink_opts *opts,
			    const char *kind);
/* "budgets", "failures" and "left_out": what that document is made of. */
void json_add_ports(struct json *json, const struct model *model, const struct sink_opts *opts);
void json_add_failures(struct json *json, const struct model *model, const struct sink_opts *opts);

#define ADVICE_LEN 512

/*
 * What would help, as one sentence; empty where nothing need be done. Return @text. Of @budgets,
 * all @count of the model, it is the one at @at: what it lacks another one may have.
 */
const char *budget_advice(const struct budget *budgets, size_t count, size_t at,
			  char text[static ADVICE_LEN]);
const char *failure_advice(const struct failure *failure, char text[static ADVICE_LEN]);

/* Connects fail while few ports are known to be used: how long they last is not known. */
bool budget_is_unexplained(const struct budget *budget);

#define DESTINATION_LEN 192

/* "127.0.0.1 -> 127.0.0.1:80", and the namespace where that is not the host's. Returns @text. */
const char *budget_place(const struct budget *budget, char text[static DESTINATION_LEN]);
/*
 * The budget that is at half or at its end in plain words, with what has its ports and what
 * would help; nothing of a fine one. @budgets, @count, @at: as for budget_advice().
 */
void budget_print_warning(const struct budget *budgets, size_t count, size_t at,
			  const struct sink_opts *opts);
/* So many rows are shown: as --limit says. */
uint32_t ports_limit(const struct sink_opts *opts);
void ports_print_table(const struct budget *budgets, size_t count, const struct sink_opts *opts);
/* The table of failures and what would help; nothing where nothing has failed. */
void failures_print(const struct model *model, const struct sink_opts *opts, uint32_t limit);
#define FAILURE_WHERE_LEN 160
/* "-> 10.0.0.1:80", "0.0.0.0:80, SO_REUSEADDR". Returns @text. */
const char *failure_where_text(const struct failure *failure, struct names *names,
			       char text[static FAILURE_WHERE_LEN]);
/* What was in the way, and what would help, as lines; nothing where neither is known. */
void failure_explain(const struct failure *failure, const struct sink_opts *opts);
/* One line: what has failed how often, whoever it was; nothing where nothing has. */
void failures_print_sum(const struct model *model, FILE *out);
/* All that `ports` prints. */
void ports_print(const struct model *model, const struct sink_opts *opts);

#endif
