// SPDX-License-Identifier: GPL-2.0-or-later
/* Documents, by what was asked: made, kept for the interval, forgotten. */
#include "cmd/serve_documents.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/parse.h"
#include "base/stream.h"
#include "base/text.h"
#include "serve/accept.h"
#include "serve/query.h"
#include "sink/list.h"

/* So many are kept, each as it was asked for: every document without a query, and queries. */
#define MOST_KEPT 48
/* Of the memory of all answers those to queries have the half. */
#define QUERY_SHARE 2
/* One that is kept warm is so, until nobody has asked for so many intervals. */
#define WARM_INTERVALS 5
/* Making one again and again takes so much of the time at most: it has to be that much older. */
#define AGE_SHARE 20
#define DEFAULT_ROWS 1000
#define MOST_ROWS 10000

struct kept {
	const struct document *document; /* NULL: the place is free */
	char *query;		/* owned */
	enum metrics_format format;
	struct http_body *body;	/* owned; NULL: none that is young enough */
	uint64_t made_ns, cost_ns; /* when it was, and what it has cost since */
	uint64_t asked;		/* the interval in which it was asked for last */
};

struct documents {
	struct kept kept[MOST_KEPT];
	uint64_t interval;
	struct allowance allowance;
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

/* ----------------------------------------------------------------------------- allowance */

bool allowance_is_left(struct allowance *allowance, uint64_t now)
{
	uint64_t paid = (now - allowance->at_ns) / ALLOWANCE_SHARE;

	allowance->debt_ns -= paid < allowance->debt_ns ? paid : allowance->debt_ns;
	allowance->at_ns = now;
	return allowance->debt_ns < ALLOWANCE_NS;
}

void allowance_spend(struct allowance *allowance, uint64_t spent_ns)
{
	allowance->debt_ns += spent_ns;
}

/* ------------------------------------------------------------------------------- queries */

static int take_state(struct document_ask *ask, const char *value, struct error *err)
{
	return list_parse_states(value, &ask->states, err);
}

/* A moment has no length; that they are a number is looked at all the same. */
static int take_seconds(const char *value, struct error *err)
{
	uint64_t seconds;

	return parse_u64(value, 0, UINT32_MAX, &seconds, err);
}

/* Names of files are nothing that clients may ask about. */
static int take_netns(struct document_ask *ask, const char *value, struct error *err)
{
	uint64_t ino;

	if (parse_u64(value, 1, UINT32_MAX, &ino, err))
		return err->code;
	ask->options.filter.kernel.netns_ino = (uint32_t)ino;
	return 0;
}

/* Options of the command line, by their names, with either line. */
static int take_option(struct document_ask *ask, const char *name, const char *value,
		       struct error *err)
{
	char option[32];

	snprintf(option, sizeof(option), "%s", name);
	for (char *at = strchr(option, '_'); at; at = strchr(at, '_'))
		*at = '-';
	return options_set(&ask->options, GROUP_FILTER | GROUP_SORT, option, value, err);
}

static int take_limit(struct document_ask *ask, const char *value, struct error *err)
{
	uint64_t limit;

	if (parse_u64(value, 1, MOST_ROWS, &limit, err))
		return err->code;
	ask->options.limit = (uint32_t)limit;
	return 0;
}

/* -ENOENT: there is no such parameter. */
static int take_arg(struct document_ask *ask, unsigned int takes, const struct query_arg *arg,
		    struct error *err)
{
	if ((takes & TAKES_LIMIT) && !strcmp(arg->name, "limit"))
		return take_limit(ask, arg->value, err);
	if ((takes & TAKES_SECONDS) && !strcmp(arg->name, "seconds"))
		return take_seconds(arg->value, err);
	if (!(takes & TAKES_FILTER))
		return -ENOENT;
	if (!strcmp(arg->name, "state"))
		return take_state(ask, arg->value, err);
	if (!strcmp(arg->name, "netns"))
		return take_netns(ask, arg->value, err);
	return take_option(ask, arg->name, arg->value, err);
}

static int read_ask(struct document_ask *ask, const struct document *document,
		    const struct query *query, struct error *err)
{
	struct error why = { 0 };

	for (size_t i = 0; i < query->count; i++) {
		const struct query_arg *arg = &query->args[i];
		int ret = take_arg(ask, document->takes, arg, &why);

		if (ret == -ENOENT && !why.text[0])
			return error_set(err, -EINVAL, "'%s' is no parameter of %s", arg->name,
					 document->path);
		if (ret)
			return error_set(err, -EINVAL, "%s=%s", arg->name, why.text);
	}
	return 0;
}

static void ask_init(struct document_ask *ask, const struct http_request *request)
{
	static const char openmetrics[] = "application/openmetrics-text";
	const char *accepted = request ? http_header(request, "Accept") : NULL;

	*ask = (struct document_ask){ .format = METRICS_TEXT };
	options_init(&ask->options);
	ask->options.limit = DEFAULT_ROWS;
	if (accepted && accept_media(accepted, openmetrics, "1.0.0") >
				accept_media(accepted, "text/plain", "0.0.4"))
		ask->format = METRICS_OPENMETRICS;
}

/* ---------------------------------------------------------------------------------- kept */

static void forget(struct kept *kept)
{
	http_body_release(kept->body);
	free(kept->query);
	*kept = (struct kept){ .document = NULL };
}

/* What was asked so before; NULL: it is not kept. */
static struct kept *find_kept(struct documents *documents, const struct document *document,
			      const char *query, enum metrics_format format)
{
	for (struct kept *kept = documents->kept; kept < documents->kept + MOST_KEPT; kept++)
		if (kept->document == document && kept->format == format &&
		    !strcmp(kept->query, query))
			return kept;
	return NULL;
}

/*
 * A free place, or that of the query that nobody has asked for longest. What is asked for without
 * one stays: no client may have it made again and again by asking for much else. NULL: no memory.
 */
static struct kept *place_kept(struct documents *documents, const struct document *document,
			       const char *query, enum metrics_format format)
{
	struct kept *oldest = NULL;

	for (struct kept *kept = documents->kept; kept < documents->kept + MOST_KEPT; kept++)
		if (!kept->document ||
		    (kept->query[0] &&
		     (!oldest || (oldest->document && kept->asked < oldest->asked))))
			oldest = kept;
	if (!oldest)
		return NULL;
	forget(oldest);
	oldest->query = strdup(query);
	if (!oldest->query)
		return NULL;
	oldest->document = document;
	oldest->format = format;
	return oldest;
}

static const char *type_of(const struct document *document, enum metrics_format format)
{
	return document->type ? document->type : metrics_type(format);
}

/* NULL: no memory. */
static struct http_body *make_body(struct serve *serve, const struct document *document,
				   const struct document_ask *ask)
{
	struct http_content content = {
		.type = type_of(document, ask->format),
		.policy = document->policy ? document->policy() : NULL,
		.packed = document->packed,
	};
	FILE *out = stream_memory(&content.bytes, &content.len);
	int ret = out ? document->write(serve, ask, out) : -ENOMEM;

	if (out && (ferror(out) || fflush(out)))
		ret = -ENOMEM;
	if (out)
		fclose(out);
	if (!ret)
		return http_body_new(serve->http, &content);
	free(content.bytes);
	return NULL;
}

/* What has been done for it since @since_ns. */
static void charge(struct serve *serve, struct kept *kept, uint64_t since_ns)
{
	uint64_t spent_ns = now_ns() - since_ns;

	kept->cost_ns += spent_ns;
	if (kept->query[0])
		allowance_spend(&serve->documents->allowance, spent_ns);
}

static void make(struct serve *serve, struct kept *kept, const struct document_ask *ask)
{
	kept->made_ns = now_ns();
	kept->cost_ns = 0;
	kept->body = make_body(serve, kept->document, ask);
	charge(serve, kept, kept->made_ns);
}

/* Whether it may be made now; if not, somebody has been told. */
static bool may_make(struct serve *serve, struct http_request *request, const char *query)
{
	/* so that queries alone never take what all ask for its room */
	if (!http_has_room(serve->http, query[0] ? QUERY_SHARE : 1)) {
		http_refuse(request, 503, HTTP_BUSY, "too many answers wait to be taken");
		return false;
	}
	if (query[0] && !allowance_is_left(&serve->documents->allowance, now_ns())) {
		http_refuse(request, 503, HTTP_BUSY, "too much is asked for at once");
		return false;
	}
	return true;
}

static void answer(struct serve *serve, struct http_request *request, const char *query,
		   const struct document *document, const struct document_ask *ask)
{
	enum metrics_format format = document->type ? METRICS_TEXT : ask->format;
	struct kept *kept = find_kept(serve->documents, document, query, format);
	uint64_t since_ns;

	if (!kept || !kept->body) {
		if (!may_make(serve, request, query))
			return;
		if (!kept)
			kept = place_kept(serve->documents, document, query, format);
		if (kept)
			make(serve, kept, ask);
	}
	if (!kept || !kept->body) {
		http_refuse(request, 503, HTTP_BUSY, "there is no memory for it");
		return;
	}
	kept->asked = serve->documents->interval;
	/* mere sending does not count: who asks again and again would have all see the past */
	since_ns = now_ns();
	if (http_send(request, kept->body))
		charge(serve, kept, since_ns);
}

void documents_answer(struct serve *serve, struct http_request *request,
		      const struct document *document)
{
	struct document_ask ask;
	struct error err = { 0 };
	struct query query;
	int ret;

	ask_init(&ask, request);
	ret = query_parse(&query, http_query(request), &err);
	if (!ret)
		ret = read_ask(&ask, document, &query, &err);
	if (ret)
		http_refuse(request, 400, HTTP_MALFORMED, "%s", err.text);
	else if (!serve->ready && !document->constant)
		http_refuse(request, 503, HTTP_NOT_READY, "the tracing has not begun yet");
	else
		/* one that names nothing, as "?&", is none */
		answer(serve, request, query.count ? http_query(request) : "", document, &ask);
	query_release(&query);
}

/* ----------------------------------------------------------------------------- intervals */

static bool is_wanted_warm(const struct documents *documents, const struct kept *kept)
{
	return kept->document->kept_warm && !kept->query[0] &&
	       documents->interval - kept->asked < WARM_INTERVALS;
}

void documents_interval(struct serve *serve)
{
	struct documents *documents = serve->documents;
	struct document_ask ask;
	uint64_t now = now_ns();

	documents->interval++;
	ask_init(&ask, NULL);
	ask.fresh = true;
	for (struct kept *kept = documents->kept; kept < documents->kept + MOST_KEPT; kept++) {
		if (!kept->document || kept->document->constant ||
		    now - kept->made_ns < AGE_SHARE * kept->cost_ns)
			continue;
		http_body_release(kept->body);
		kept->body = NULL;
		if (is_wanted_warm(documents, kept) && http_has_room(serve->http, 1))
			make(serve, kept, &ask);
	}
}

struct documents *documents_new(void)
{
	return calloc(1, sizeof(struct documents));
}

void documents_free(struct documents *documents)
{
	for (size_t i = 0; documents && i < MOST_KEPT; i++)
		forget(&documents->kept[i]);
	free(documents);
}
