// SPDX-License-Identifier: GPL-2.0-or-later
/* Facts and the model, side by side. */
#include "doctor/chart.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/facts.h"
#include "base/text.h"
#include "model/port_settings.h"

#define NAME_LEN 64

int chart_add_site(struct chart *chart, const struct site *site)
{
	struct site *sites = reallocarray(chart->sites, chart->nr_sites + 1, sizeof(*sites));

	if (!sites)
		return -ENOMEM;
	chart->sites = sites;
	sites[chart->nr_sites] = *site;
	sites[chart->nr_sites++].first = true;
	/* what is of all namespaces is read best in the host's own: others lack some of its files */
	for (size_t i = 0; i + 1 < chart->nr_sites; i++)
		if (sites[i].source == site->source && sites[i].first)
			sites[site->is_host ? i : chart->nr_sites - 1].first = false;
	return 0;
}

int chart_add_listener(struct chart *chart, uint64_t netns_cookie, uint16_t port)
{
	size_t count = chart->nr_listeners;
	struct listening *listeners = chart->listeners;

	/* there is room up to the next power of two */
	if (!(count & (count - 1)))
		listeners = reallocarray(listeners, count ? 2 * count : 1, sizeof(*listeners));
	if (!listeners)
		return -ENOMEM;
	chart->listeners = listeners;
	listeners[chart->nr_listeners++] = (struct listening){ netns_cookie, port };
	return 0;
}

bool chart_knows_listeners(const struct chart *chart)
{
	return chart->traced || chart->listened;
}

struct collection {
	struct chart *chart;
	bool failed;
};

static void collect_listener(void *ctx, const struct conn_view *view)
{
	struct collection *collection = ctx;

	if (view->state == TW_LISTEN && view->local_port &&
	    chart_add_listener(collection->chart, view->netns_cookie, view->local_port))
		collection->failed = true;
}

static int add_sites(struct chart *chart, const struct model *model)
{
	const struct netns_facts *facts;
	size_t count = model_facts(model, &facts);

	for (size_t i = 0; i < count; i++) {
		const struct netns_facts *told = &facts[i];
		bool twice = told->last != told->first && told->last_ns > told->first_ns;
		struct site site = {
			.name = told->netns_name,
			.ino = told->netns_ino,
			.cookie = told->netns_cookie,
			.source = told->source,
			.before = twice ? told->first : NULL,
			.now = told->last,
			.window_s = twice ? (double)(told->last_ns - told->first_ns) / 1e9 : 0,
			.is_host = told->netns_name && !strcmp(told->netns_name, "host"),
		};

		if (chart_add_site(chart, &site))
			return -ENOMEM;
	}
	return 0;
}

static bool has_site(const struct chart *chart, uint64_t cookie, uint8_t source)
{
	for (size_t i = 0; i < chart->nr_sites; i++)
		if (chart->sites[i].cookie == cookie && chart->sites[i].source == source)
			return true;
	return false;
}

/* Namespaces without facts, as of an old recording: what the model knows of them still counts. */
static int add_bare_sites(struct chart *chart, const struct model *model)
{
	static const struct site unknown = { .now = "" };
	const struct audit *audits;
	size_t count = model_audits(model, &audits);

	for (size_t i = 0; i < count; i++) {
		struct site site = {
			.name = audits[i].name,
			.ino = audits[i].netns_ino,
			.cookie = audits[i].netns_cookie,
			.source = audits[i].source,
			.now = "",
			.is_host = audits[i].name && !strcmp(audits[i].name, "host"),
		};

		if (!has_site(chart, site.cookie, site.source) && chart_add_site(chart, &site))
			return -ENOMEM;
	}
	return chart->nr_sites ? 0 : chart_add_site(chart, &unknown);
}

int chart_add_model(struct chart *chart, const struct model *model)
{
	struct collection collection = { .chart = chart };

	chart->traced = true;
	chart->evidence = model_evidence(model);
	chart->binds = model_binds(model);
	chart->totals = model_totals(model);
	for (unsigned int cause = 0; cause < TW_NR_LOSS; cause++)
		chart->lost += cause == TW_LOSS_OUTPUT_FULL ? 0 : model_loss(model, cause);
	chart->nr_budgets = model_budgets(model, &chart->budgets);
	if (errno == ENOMEM)
		return -ENOMEM;
	chart->nr_failures = model_failures(model, &chart->failures);
	chart->nr_verdicts = model_verdicts(model, &chart->verdicts);
	model_each_conn(model, collect_listener, &collection);
	if (collection.failed || add_sites(chart, model))
		return -ENOMEM;
	return add_bare_sites(chart, model);
}

void chart_release(struct chart *chart)
{
	free(chart->sites);
	free(chart->listeners);
	*chart = (struct chart){ 0 };
}

bool site_sysctl(const struct site *site, const char *name, unsigned int index, int64_t *value)
{
	return !facts_sysctl(site->now, name, index, value);
}

bool site_text(const struct site *site, const char *name, char *text, size_t size)
{
	char path[128], raw[256];
	struct fact fact;
	size_t len;

	snprintf(path, sizeof(path), "proc/sys/%s", name);
	for (char *dot = path; (dot = strchr(dot, '.'));)
		*dot = '/';
	fact = facts_find(site->now, path);
	len = fact.text ? strcspn(fact.text, "\n") : size;
	text[0] = '\0';
	if (len >= size || len >= sizeof(raw))
		return false;
	for (size_t i = 0; i < len; i++)
		raw[i] = fact.text[i] == '\t' ? ' ' : fact.text[i];
	text_clean(raw, len, text, size);
	return true;
}

/* "TCP:orphan" into its two halves. */
static const char *split(const char *name, char first[static NAME_LEN])
{
	snprintf(first, NAME_LEN, "%.*s", (int)strcspn(name, ":"), name);
	return strchrnul(name, ':') + 1;
}

bool site_counter(const struct site *site, const char *name, struct tally *tally)
{
	char proto[NAME_LEN];
	const char *field = split(name, proto);
	uint64_t before;

	if (facts_counter(site->now, proto, field, &tally->since_boot))
		return false;
	tally->windowed = site->before && !facts_counter(site->before, proto, field, &before) &&
			  before <= tally->since_boot;
	tally->lately = tally->since_boot - (tally->windowed ? before : 0);
	return true;
}

bool site_sockstat(const struct site *site, const char *name, uint64_t *value)
{
	char line[NAME_LEN];
	const char *field = split(name, line);

	return !facts_sockstat(site->now, line, field, value);
}

bool site_range(const struct site *site, unsigned int *low, unsigned int *high)
{
	int64_t ends[2];

	for (unsigned int i = 0; i < 2; i++)
		if (!site_sysctl(site, "net.ipv4.ip_local_port_range", i, &ends[i]) ||
		    ends[i] < 0 || ends[i] > UINT16_MAX)
			return false;
	*low = ends[0];
	*high = ends[1];
	return *low <= *high;
}

unsigned int site_reserved(const struct site *site, unsigned int low, unsigned int high)
{
	struct fact fact = facts_find(site->now, "proc/sys/net/ipv4/ip_local_reserved_ports");
	struct port_set reserved = { 0 };

	if (fact.text)
		port_set_parse(&reserved, fact.text, fact.len);
	return port_set_count(&reserved, NULL, low, high);
}

bool site_reserves(const struct site *site, unsigned int port)
{
	return site_reserved(site, port, port) != 0;
}

const char *site_kernel(const struct site *site, char *text, size_t size)
{
	struct fact fact = facts_find(site->now, "proc/sys/kernel/osrelease");
	size_t len = 0;

	while (fact.text && len < fact.len && len + 1 < size && fact.text[len] > ' ' &&
	       fact.text[len] < 0x7f) {
		text[len] = fact.text[len];
		len++;
	}
	text[len] = '\0';
	return text;
}

const struct site *chart_main_site(const struct chart *chart)
{
	const struct site *any = NULL;

	for (size_t i = 0; i < chart->nr_sites; i++) {
		if (chart->sites[i].aside)
			continue;
		if (chart->sites[i].is_host)
			return &chart->sites[i];
		any = any ? any : &chart->sites[i];
	}
	return any;
}

void chart_keep(struct chart *chart, uint32_t netns_ino)
{
	size_t kept = 0;
	bool any = false;

	for (size_t i = 0; i < chart->nr_sites; i++)
		any |= chart->sites[i].ino == netns_ino;
	for (size_t i = 0; netns_ino && any && i < chart->nr_sites; i++) {
		struct site site = chart->sites[i];

		site.aside = site.ino != netns_ino;
		if (site.first || !site.aside)
			chart->sites[kept++] = site;
	}
	chart->nr_sites = kept ? kept : chart->nr_sites;
}

bool site_has_budget(const struct site *site, const struct budget *budget)
{
	return budget->source == site->source && budget->netns_cookie == site->cookie;
}

bool site_has_failure(const struct site *site, const struct failure *failure)
{
	return failure->source == site->source && failure->netns_cookie == site->cookie;
}

unsigned int chart_listener(const struct chart *chart, const struct site *site, unsigned int port)
{
	unsigned int lowest = 0;

	for (size_t i = 0; i < chart->nr_listeners; i++) {
		const struct listening *listener = &chart->listeners[i];

		if (listener->netns_cookie == site->cookie && listener->port >= port &&
		    (!lowest || listener->port < lowest) && !site_reserves(site, listener->port))
			lowest = listener->port;
	}
	return lowest;
}

unsigned int chart_listeners(const struct chart *chart, const struct site *site, unsigned int low,
			     unsigned int high)
{
	unsigned int port = chart_listener(chart, site, low), count = 0;

	for (; port && port <= high; port = chart_listener(chart, site, port + 1))
		count++;
	return count;
}
