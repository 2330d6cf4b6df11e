/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `list -o json`: one document with every socket. */
#include "base/json.h"
#include "base/text.h"
#include "sink/common.h"
#include "sink/conn_field.h"
#include "sink/list.h"
#include "sink/part.h"

static void add_ms(struct json *json, const char *key, bool known, uint64_t ns)
{
	if (known)
		json_add_double(json, key, ns_to_ms(ns));
	else
		json_add_null(json, key);
}

static void add_holders(struct json *json, const struct conn_view *conn)
{
	struct json *array = json_array(), *child;
	struct value pid;
	uint32_t i;

	for (i = 0; i < conn->nr_holders; i++) {
		const struct holder *holder = &conn->holders[i];

		child = json_object();
		value_nonzero(&pid, holder->pid);
		json_add_value(child, "pid", &pid);
		json_add_text(child, "comm", *holder->comm ? holder->comm : NULL);
		json_add_u64(child, "fds", holder->fds);
		json_add(array, NULL, child);
	}
	json_add(json, "holders", array);
}

static struct json *socket_new(const struct conn_view *conn, const struct model *model,
			       const struct sink_opts *opts)
{
	struct json *json = json_object();
	uint64_t age_ns = 0, left_ns = 0;
	bool aged = list_age(conn, model, &age_ns);
	bool ends = list_left(conn, model, &left_ns);

	json_add_conn(json, conn);
	if (opts->names)
		json_add_text(json, "remote_name", names_of(opts->names, conn->remote_addr));
	json_add_text(json, "cgroup", conn->cgroup);
	json_add_text(json, "state", state_name(conn->state));
	json_add_bool(json, "minisock", conn->minisock);
	add_ms(json, "age_ms", aged, age_ns);
	if (aged)
		json_add_bool(json, "age_at_least", conn->since_bound);
	else
		json_add_null(json, "age_at_least");
	add_ms(json, "expires_ms", ends, left_ns);
	add_holders(json, conn);
	return json;
}

struct json *list_document(const struct model *model, const struct sink_opts *opts,
			   list_wants_fn wants)
{
	struct json *json = json_object(), *array = json_array();
	char time[TIME_TEXT_LEN];
	struct list list;
	size_t i;

	list_init(&list, model, opts, wants);
	json_add_text(json, "host", opts->host);
	json_add_text(json, "time",
		      model_now_ns(model) ?
			      text_time(sink_realtime(opts, model_now_ns(model)), time) :
			      NULL);
	json_add_u64(json, "total", list.total);
	for (i = 0; i < list.count; i++)
		json_add(array, NULL, socket_new(list.items[i], model, opts));
	if (list.short_of_memory)
		json_spoil(array);
	json_add(json, "sockets", array);
	list_release(&list);
	return json;
}

static void list_json_end(struct sink *sink, const struct model *model)
{
	struct json *json = list_document(model, &sink->opts, NULL);

	json_write_pretty(json, sink->opts.out);
	json_free(json);
	fflush(sink->opts.out);
}

const struct sink_ops list_json_sink = {
	.name = "json",
	.open = sink_open,
	.end = list_json_end,
	.free = sink_free,
};
