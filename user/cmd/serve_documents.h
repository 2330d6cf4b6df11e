/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `serve` answers with: each document is made when it is asked for, at most once an
 * interval, however many ask, and more seldom where it takes long. Those that are asked for in a
 * way of their own (with a query) may take so much of the time together and no more: the rest is
 * told to come again.
 */
#ifndef CMD_SERVE_DOCUMENTS_H
#define CMD_SERVE_DOCUMENTS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "cmd/serve.h"

/* How one of them is asked for. */
struct document_ask {
	struct options options;		/* of those that queries have, too */
	uint32_t states;		/* 1 << enum tw_state; 0: all */
	enum metrics_format format;
	bool fresh;			/* made for the interval that ends now */
};

/* What may stand in a query. */
enum document_takes {
	TAKES_LIMIT = 1 << 0,
	TAKES_FILTER = 1 << 1,	/* and how sockets are sorted */
	TAKES_SECONDS = 1 << 2,	/* as profilers ask: a moment has none */
};

struct document {
	const char *path;
	const char *what;	/* it is, for people */
	const char *type;
	const char *(*policy)(void); /* NULL: the strictest */
	unsigned int takes;	/* enum document_takes */
	bool constant;		/* it is the same for ever, whether anything is traced or not */
	bool open;		/* to who shows no token, too: it tells nothing */
	bool packed;		/* it is compressed already */
	bool kept_warm;		/* made at the end of an interval, for who asks again and again */
	/* 0 or -ENOMEM. */
	int (*write)(struct serve *serve, const struct document_ask *ask, FILE *out);
};

/* The last one has no path. */
extern const struct document all_documents[];

/* NULL: no memory. */
struct documents *documents_new(void);
void documents_free(struct documents *documents);
/* Answers with @document, or says why not. */
void documents_answer(struct serve *serve, struct http_request *request,
		      const struct document *document);
/* What was made so far is of the past. */
void documents_interval(struct serve *serve);

/*
 * Time that may be spent: what is spent is a debt, which is paid off by the passing of four
 * times as much; up to so much of it may stand.
 */
struct allowance {
	uint64_t debt_ns, at_ns;
};

#define ALLOWANCE_SHARE 4
#define ALLOWANCE_NS 500000000ULL

/* Whether something more may be begun. */
bool allowance_is_left(struct allowance *allowance, uint64_t now_ns);
void allowance_spend(struct allowance *allowance, uint64_t spent_ns);

#endif
