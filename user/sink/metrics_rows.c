// SPDX-License-Identifier: GPL-2.0-or-later
/* The tables of the model as metrics: by service, port and role, and by remote host. */
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "sink/metrics_part.h"

enum table {
	TABLE_PLACES,
	TABLE_REMOTES,
	NR_TABLES,
};

#define MAX_PARTS 8
#define HELP_LEN 256
#define FULL4 32
#define FULL6 128

/* A field, and the value of the label that it stands for. */
struct part {
	enum field field, but;	/* @but: is to be taken off; the same: nothing */
	const char *value;
};

struct family {
	const char *names[NR_TABLES];	/* NULL: not of this table */
	const char *help;
	/*
	 * NULL: one series, from the beginning on; else one a part, each from when it was not 0 on.
	 * Of "other" all are there always, so that no sum is without a value.
	 */
	const char *label;
	struct part parts[MAX_PARTS];
};

#define PART(name, text)                         \
	{                                        \
		FIELD_##name, FIELD_##name, text \
	}

static const struct family families[] = {
	{ { "twtrace_connections", "twtrace_remote_connections" },
	  "Full sockets that are open, by state.",
	  "state",
	  { PART(SYN_SENT, "syn_sent"),
	    PART(SYN_RECV, "syn_recv"),
	    PART(ESTABLISHED, "established"),
	    PART(FIN_WAIT1, "fin_wait1"),
	    /* the others are minisocks */
	    { FIELD_FIN_WAIT2, FIELD_FW2_ORPHANS, "fin_wait2" },
	    PART(CLOSE_WAIT, "close_wait"),
	    PART(LAST_ACK, "last_ack"),
	    PART(CLOSING, "closing") } },
	{ { "twtrace_connections_opened_total", "twtrace_remote_connections_opened_total" },
	  "Connections that reached ESTABLISHED.",
	  NULL,
	  { PART(OPENED, NULL) } },
	{ { "twtrace_connections_closed_total", "twtrace_remote_connections_closed_total" },
	  "Connections that reached CLOSE after having been opened.",
	  NULL,
	  { PART(CLOSED, NULL) } },
	{ { "twtrace_connections_closed_first_total",
	    "twtrace_remote_connections_closed_first_total" },
	  "Connections that this host closed first: the side that gets the TIME_WAIT.",
	  NULL,
	  { PART(CLOSED_FIRST, NULL) } },
	{ { "twtrace_connections_failed_total", "twtrace_remote_connections_failed_total" },
	  "Connects that never reached ESTABLISHED, but for those that the program gave up itself.",
	  NULL,
	  { PART(FAILED, NULL) } },
	{ { "twtrace_connections_reset_total", "twtrace_remote_connections_reset_total" },
	  "Connections that a RST ended, sent or received.",
	  NULL,
	  { PART(RESETS, NULL) } },
	{ { "twtrace_time_wait", "twtrace_remote_time_wait" },
	  "Minisocks that live, by substate; sockstat's tw is their sum.",
	  "substate",
	  { PART(TIME_WAIT, "time_wait"), PART(FW2_ORPHANS, "fin_wait2") } },
	{ { "twtrace_time_wait_entered_total", "twtrace_remote_time_wait_entered_total" },
	  "Births of minisocks, of both substates.",
	  NULL,
	  { PART(TW_ENTERED, NULL) } },
	{ { "twtrace_time_wait_ended_total" },
	  "Ends of minisocks, by reason.",
	  "reason",
	  { PART(TW_EXPIRED, "expired"), PART(TW_REUSED, "reused"), PART(TW_REOPENED, "reopened"),
	    PART(TW_RESET, "reset"), PART(TW_DESTROYED, "destroyed"), PART(TW_PURGED, "purged"),
	    PART(TW_UNKNOWN, "unknown") } },
	{ { "twtrace_fin_wait2_expired_total" },
	  "Of the minisocks that expired those whose peer never sent its FIN.",
	  NULL,
	  { PART(FW2_EXPIRED, NULL) } },
	{ { "twtrace_time_wait_refused_total" },
	  "Births of minisocks that tcp_max_tw_buckets prevented.",
	  NULL,
	  { PART(TW_REFUSED, NULL) } },
};

/* ---------------------------------------------------------------------- who is counted */

/*
 * Of whom the direction is not known the port may be ephemeral; and of what was there at the
 * start it is known by no more than its ports, which may both be.
 */
static bool port_is_certain(const struct row *row)
{
	if (row->key.role == ROLE_UNKNOWN)
		return false;
	return row->key.role == ROLE_SERVER || row->key.port < FIRST_EPHEMERAL ||
	       row->count[FIELD_OPENED] || row->count[FIELD_FAILED] || row->count[FIELD_SYN_SENT];
}

static void add_place(struct shelf *shelf, const struct row *row)
{
	struct row_key key = {
		.service = row->key.service,
		.port = port_is_certain(row) ? row->key.port : 0,
		.role = row->key.role,
	};

	shelf_add(shelf, &key, row->count);
}

/* Row 0 is "other" there, and what is left here. */
static void add_rows(struct shelf *shelf, const struct rows *rows,
		     void (*add)(struct shelf *shelf, const struct row *row))
{
	uint32_t id;

	for (id = pool_next(&rows->pool, ROW_OTHER + 1); id != POOL_NONE;
	     id = pool_next(&rows->pool, id + 1))
		add(shelf, rows_at(rows, id));
}

static void add_places(struct shelf *shelf, const struct model *model)
{
	add_rows(shelf, model_rows(model, DIM_PAIR), add_place);
	add_rows(shelf, model_places(model), add_place);
}

static char *place_labels(const void *ctx, const struct row_key *key)
{
	const char *service = model_service_name(ctx, key->service);
	struct labels labels = { 0 };
	char port[8];

	/* one that is called so is in what is */
	if (service && !strcmp(service, LABEL_OTHER))
		return NULL;
	snprintf(port, sizeof(port), "%u", key->port);
	labels_add(&labels, "service", service);
	labels_add(&labels, "port", key->port ? port : NULL);
	labels_add(&labels, "role", role_name(key->role));
	return strdup(labels.text);
}

/* The prefix that @addr is in; one that is not known is in none. */
static struct row_key remote_key(const struct metrics_opts *opts, const uint8_t *addr)
{
	static const uint8_t unknown[ADDR_LEN];
	unsigned int bits = addr_is_v4(addr) ? FULL6 - FULL4 + opts->prefix4 : opts->prefix6;
	struct row_key key = { .port = memcmp(addr, unknown, ADDR_LEN) != 0 };

	for (unsigned int i = 0; i < ADDR_LEN && bits; i++) {
		unsigned int here = bits < 8 ? bits : 8;

		key.remote_addr[i] = addr[i] & (0xff << (8 - here) & 0xff);
		bits -= here;
	}
	return key;
}

static void add_remotes(struct shelf *shelf, const struct model *model,
			const struct metrics_opts *opts)
{
	const struct rows *rows = model_rows(model, DIM_REMOTE);
	uint32_t id;

	for (id = pool_next(&rows->pool, ROW_OTHER + 1); id != POOL_NONE;
	     id = pool_next(&rows->pool, id + 1)) {
		const struct row *row = rows_at(rows, id);
		struct row_key key = remote_key(opts, row->key.remote_addr);

		shelf_add(shelf, &key, row->count);
	}
}

static char *remote_labels(const void *ctx, const struct row_key *key)
{
	const struct metrics_opts *opts = ctx;
	bool v4 = addr_is_v4(key->remote_addr);
	unsigned int prefix = v4 ? opts->prefix4 : opts->prefix6;
	struct labels labels = { 0 };
	char addr[ADDR_TEXT_LEN], text[ADDR_TEXT_LEN + 8];

	addr_format(key->remote_addr, addr);
	if (prefix == (v4 ? FULL4 : FULL6))
		snprintf(text, sizeof(text), "%s", addr);
	else
		snprintf(text, sizeof(text), "%s/%u", addr, prefix);
	labels_add(&labels, "remote", key->port ? text : NULL);
	return strdup(labels.text);
}

static void gather_places(struct metrics *metrics, const struct model *model)
{
	uint64_t folded = model_places(model)->folded;
	struct shelf *shelf = &metrics->places;

	shelf_begin(shelf);
	add_places(shelf, model);
	if (shelf_admit(shelf, place_labels, model))
		add_places(shelf, model);
	shelf_settle(shelf, model_totals(model)->count, folded != metrics->places_folded);
	metrics->places_folded = folded;
}

static void gather_remotes(struct metrics *metrics, const struct model *model)
{
	uint64_t folded = model_rows(model, DIM_REMOTE)->folded;
	struct shelf *shelf = &metrics->remotes;

	shelf_begin(shelf);
	add_remotes(shelf, model, &metrics->opts);
	if (shelf_admit(shelf, remote_labels, &metrics->opts))
		add_remotes(shelf, model, &metrics->opts);
	shelf_settle(shelf, model_totals(model)->count, folded != metrics->remotes_folded);
	metrics->remotes_folded = folded;
}

/* ------------------------------------------------------------------------ what is shown */

static const struct {
	const char *by;		/* the end of HELP */
	const char *other;	/* the labels of everyone else */
} tables[NR_TABLES] = {
	[TABLE_PLACES] = { "By service, port and role.",
			   "service=\"" LABEL_OTHER "\",port=\"" LABEL_OTHER
			   "\",role=\"" LABEL_OTHER "\"" },
	[TABLE_REMOTES] = { "By remote host.", "remote=\"" LABEL_OTHER "\"" },
};

static void write_part(const struct exposition *to, const struct metric *metric,
		       const struct shelf_entry *entry, const char *labels, const char *label,
		       const struct part *part, bool whole)
{
	const uint64_t *count = field_is_gauge(part->field) ? entry->now : entry->shown;
	char text[LABELS_LEN];
	uint64_t value = count[part->field];

	if (part->but != part->field)
		value = value > count[part->but] ? value - count[part->but] : 0;
	if (!label) {
		metric_u64(to, metric, labels, value);
	} else if (whole || entry->seen & FIELD_BIT(part->field)) {
		snprintf(text, sizeof(text), "%s,%s=\"%s\"", labels, label, part->value);
		metric_u64(to, metric, text, value);
	}
}

static void write_family(const struct exposition *to, const struct family *family, enum table table,
			 const struct shelf *shelf)
{
	bool gauge = field_is_gauge(family->parts[0].field);
	char help[HELP_LEN];
	struct metric metric = {
		.name = family->names[table],
		.type = gauge ? METRIC_GAUGE : METRIC_COUNTER,
		.help = help,
	};

	snprintf(help, sizeof(help), "%s %s", family->help, tables[table].by);
	metric_begin(to, &metric);
	for (uint32_t i = 0; shelf && i < shelf->count; i++) {
		const struct shelf_entry *entry = &shelf->entries[i];
		const char *labels = i == SHELF_OTHER ? tables[table].other : entry->labels;

		for (unsigned int at = 0; at < MAX_PARTS; at++)
			if (!at || family->parts[at].value)
				write_part(to, &metric, entry, labels, family->label,
					   &family->parts[at], i == SHELF_OTHER);
	}
}

void metrics_rows(struct metrics *metrics, const struct model *model, const struct exposition *to)
{
	const struct shelf *shelves[NR_TABLES] = { NULL };

	/* before that counts may go back to 0 */
	if (model_ready_ns(model)) {
		gather_places(metrics, model);
		gather_remotes(metrics, model);
		shelves[TABLE_PLACES] = &metrics->places;
		shelves[TABLE_REMOTES] = &metrics->remotes;
	}
	for (unsigned int table = 0; table < NR_TABLES; table++)
		for (size_t i = 0; i < COUNT_OF(families); i++)
			if (families[i].names[table])
				write_family(to, &families[i], table, shelves[table]);
}
