// SPDX-License-Identifier: GPL-2.0-or-later
/* Failures as they come: told at once, with what holds the port where one was asked for. */
#include "model/failures.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "model/port_look.h"
#include "model/tracker.h"

/* The socket may be one that the model never heard of: what the record says is all there is. */
static void view_record(struct model *model, const struct tw_bind_failed *record,
			unsigned int source, struct conn_view *view,
			char comm[static TW_COMM_LEN * 4 + 1])
{
	const char *bytes = record->owner.comm;
	uint64_t cgroup = cgroup_key(record->cgroup_id, source);

	*view = (struct conn_view){
		.cookie = record->cookie,
		.netns_cookie = record->tuple.netns_cookie,
		.netns_ino = record->tuple.netns_ino,
		.local_port = record->tuple.local_port,
		.pid = record->owner.tgid,
		.service = services_name(model->services,
					 services_resolve(model->services, cgroup, bytes)),
		.cgroup = services_cgroup_path(model->services, cgroup),
		.state = TW_CLOSE,
		.since_ns = record->head.ts_ns,
		.since_bound = true,
		.expires_ns = TIME_UNKNOWN,
	};
	memcpy(view->local_addr, record->tuple.local_addr, 16);
	if (bytes[0])
		view->comm =
			text_clean(bytes, strnlen(bytes, TW_COMM_LEN), comm, TW_COMM_LEN * 4 + 1);
}

static enum reuse reuse_of(const struct tw_bind_failed *record)
{
	if (record->head.flags & TW_B_REUSEADDR)
		return REUSE_YES;
	/* changes of state don't say */
	return record->head.flags & TW_B_INFERRED ? REUSE_UNKNOWN : REUSE_NO;
}

void failures_bind(struct model *model, const struct tw_bind_failed *record, unsigned int source)
{
	struct port_wanted wanted = {
		.tuple = &record->tuple,
		.source = source,
		.cookie = record->cookie,
		.ts_ns = record->head.ts_ns,
		.reuse = reuse_of(record),
	};
	char comm[TW_COMM_LEN * 4 + 1], holder_comm[TW_COMM_LEN * 4 + 1];
	struct port_holder holder;
	struct conn_view view;
	struct model_event event = {
		.kind = EVENT_BIND_FAILED,
		.ts_ns = record->head.ts_ns,
		.conn = &view,
		.error = record->head.error,
		.reuse = wanted.reuse,
		.listening = (record->head.flags & TW_B_LISTEN) != 0,
	};

	view_record(model, record, source, &view, comm);
	if (!model->ready || !filter_wants(&model->opts.filter, &view) ||
	    !filter_wants(&model->recorded[source], &view))
		return;
	look_holder(model, &wanted, &holder, holder_comm);
	if (holder.kind != HELD_UNKNOWN)
		event.holder = &holder;
	if (model->event_fn)
		model->event_fn(model->event_ctx, &event);
}

void failures_connect(struct model *model, const struct conn *conn, int error, uint64_t ts_ns)
{
	const struct netns *netns = netns_at(model, conn->netns);
	struct tw_tuple tuple = {
		.local_port = conn->local_port,
		.remote_port = conn->remote_port,
		.netns_ino = netns->ino,
		.netns_cookie = netns->cookie,
	};
	struct port_wanted wanted = {
		.tuple = &tuple,
		.source = conn->source,
		.cookie = conn->cookie,
		.ts_ns = ts_ns,
		.connecting = true,
	};
	struct model_event event = { .kind = EVENT_CONNECT_FAILED, .ts_ns = ts_ns, .error = error };
	char holder_comm[TW_COMM_LEN * 4 + 1];
	struct port_holder holder;

	if (!model->ready || !conn->wanted)
		return;
	/* of a port that was chosen for it no single socket is in the way */
	if (error == EADDRNOTAVAIL && conn->local_port) {
		memcpy(tuple.local_addr, conn->local_addr, 16);
		memcpy(tuple.remote_addr, conn->remote_addr, 16);
		look_holder(model, &wanted, &holder, holder_comm);
		if (holder.kind != HELD_UNKNOWN)
			event.holder = &holder;
	}
	tracker_tell(model, conn, &event);
}
