// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What users type: the input is lines of NAME=VALUE, each an option that is shared by commands
 * or of `flame` or `ports` alone, and what is left of them: words to be completed.
 */
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "cmd/flame_args.h"
#include "cmd/options.h"
#include "cmd/whatif_args.h"
#include "fuzz.h"
#include "model/event.h"
#include "serve/accept.h"
#include "serve/listen.h"
#include "serve/query.h"
#include "sink/list.h"
#include "sink/recordings.h"
#include "sink/sink.h"

#define ALL_GROUPS (~(GROUP_LIVE | GROUP_INPUT) & ~0U)

struct typed {
	struct options options;
	struct flame_args flame;
	struct whatif_ask ask;
};

/* Names of namespaces are files, and descriptors this process's. */
static bool reads_host(const char *name)
{
	return !strcmp(name, "netns");
}

static int set_flame(struct typed *typed, const char *name, const char *value, struct error *err)
{
	for (const struct option_row *row = flame_rows; row->set; row++)
		if (!strcmp(row->option.name, name))
			return row->set(&typed->options, value, err);
	return -1;
}

static void take_percent(const char *value)
{
	double share;
	struct error err;

	if (!parse_percent(value, &share, &err) && !(share >= 0 && share <= 1))
		abort();
}

static void take_size(const char *value)
{
	uint64_t bytes;
	struct error err;

	parse_size(value, &bytes, &err);
}

static void take_listen(const char *value)
{
	char url[LISTEN_URL_LEN];
	struct listen_at at;
	struct error err;

	if (!listen_parse(value, &at, &err))
		listen_url(&at, url);
	listen_host_is_ours(value);
}

static void take_accept(const char *value)
{
	if (accept_media(value, "text/plain", "0.0.4") > 1000)
		abort();
	accept_coding(value, "gzip");
}

static void take_query(const char *value)
{
	struct query query;
	struct error err;

	if (!query_parse(&query, value, &err) && query.count)
		query_get(&query, query.args[query.count - 1].name);
	query_release(&query);
}

static void take_states(const char *value)
{
	uint32_t states = 0;
	struct error err;

	list_parse_states(value, &states, &err);
}

static const struct {
	const char *name;
	void (*take)(const char *value);
} values[] = {
	{ "percent", take_percent }, { "size", take_size },    { "listen", take_listen },
	{ "accept", take_accept },   { "state", take_states }, { "query", take_query },
};

static void take(struct typed *typed, char *line)
{
	char *value = strchrnul(line, '=');
	struct error err = { 0 };

	if (*value)
		*value++ = '\0';
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		if (!strcmp(values[i].name, line))
			values[i].take(value);
	if (!strcmp(line, "what-if"))
		whatif_args_add(&typed->ask, value, &err);
	else if (!reads_host(line) && options_set(&typed->options, ALL_GROUPS, line, value, &err))
		set_flame(typed, line, value, &err);
}

/* Filters are made to be asked. */
static void use(const struct typed *typed)
{
	char text[FILTER_TEXT_LEN];
	struct conn_view view = { .service = "nginx.service", .cookie = 1 };

	filter_text(&typed->options.filter, text);
	filter_wants(&typed->options.filter, &view);
	filter_is_by_netns(&typed->options.filter);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct sink_ops *const formats[] = { &top_text_sink, &top_json_sink, NULL };
	char *text = fuzz_text(data, size), *at = text, *line;
	struct typed typed = { .ask = { .count = 0 } };

	options_init(&typed.options);
	flame_args_init(&typed.flame);
	typed.options.formats = formats;
	typed.options.own = &typed.flame;
	while ((line = strsep(&at, "\n")))
		take(&typed, line);
	use(&typed);
	free(text);
	return 0;
}
