// SPDX-License-Identifier: GPL-2.0-or-later
/* Failures as they come, with what holds the port where a certain one was asked for. */
#include "model/failures.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "model/budgets.h"
#include "model/failure_table.h"
#include "model/flames.h"
#include "model/owner.h"
#include "model/port_look.h"
#include "model/tracker.h"

/* The socket may be one that the model never heard of: what the record says is all there is. */
static void view_record(struct model *model, const struct tw_bind_failed *record, uint32_t service,
			unsigned int source, struct conn_view *view,
			char comm[static TW_COMM_LEN * 4 + 1])
{
	const char *bytes = record->owner.comm;

	*view = (struct conn_view){
		.cookie = record->cookie,
		.netns_cookie = record->tuple.netns_cookie,
		.netns_ino = record->tuple.netns_ino,
		.local_port = record->tuple.local_port,
		.pid = record->owner.tgid,
		.service = services_name(model->services, service),
		.cgroup = services_cgroup_path(model->services,
					       cgroup_key(record->cgroup_id, source)),
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

static void count_bind(struct model *model, const struct tw_bind_failed *record,
		       const struct port_wanted *wanted, uint32_t service,
		       const struct port_holder *holder)
{
	bool listening = record->head.flags & TW_B_LISTEN;
	struct failure like = { .netns_ino = record->tuple.netns_ino,
				.count = 1,
				.first_ns = record->head.ts_ns,
				.last_ns = record->head.ts_ns,
				.holder = *holder };
	struct failure_key key;

	memset(&key, 0, sizeof(key));
	key.netns_cookie = record->tuple.netns_cookie;
	key.source = wanted->source;
	key.kind = listening ? FAILURE_LISTEN : FAILURE_BIND;
	key.error = record->head.error;
	key.service = service;
	key.pid = record->owner.tgid;
	key.local_port = record->tuple.local_port;
	key.reuse = wanted->reuse;
	key.inferred = (record->head.flags & TW_B_INFERRED) != 0;
	memcpy(key.local_addr, record->tuple.local_addr, 16);
	memcpy(key.comm, record->owner.comm, TW_COMM_LEN);
	failure_table_add(model, &key, &like);
}

static void weigh_bind(struct model *model, const struct tw_bind_failed *record,
		       unsigned int source)
{
	const struct tw_tuple *tuple = &record->tuple;
	bool listening = record->head.flags & TW_B_LISTEN;
	struct conn like = {
		.source = source,
		.state = TW_CLOSE,
		.direction = listening ? DIRECTION_INCOMING : DIRECTION_UNKNOWN,
	};
	uint32_t netns = tracker_netns(model, tuple->netns_cookie, tuple->netns_ino, source);

	if (netns == POOL_NONE) {
		model->loss[TW_LOSS_NO_MEMORY]++;
		return;
	}
	like.netns = netns;
	tracker_set_tuple(&like, tuple);
	owner_learn(model, &like, record->cgroup_id, &record->owner, OWNER_ACTED);
	flames_add_bind(model, &like, record->head.error);
	owners_leave(&model->owners, like.owner);
}

void failures_bind(struct model *model, const struct tw_bind_failed *record, unsigned int source)
{
	struct port_wanted wanted = {
		.tuple = &record->tuple,
		.source = source,
		.cookie = record->cookie,
		.ts_ns = record->head.ts_ns,
		.reuse = reuse_of(record),
		.v6only = (record->head.flags & TW_B_V6ONLY) != 0,
	};
	char comm[TW_COMM_LEN * 4 + 1], holder_comm[TW_COMM_LEN * 4 + 1];
	uint32_t service = services_resolve(model->services, cgroup_key(record->cgroup_id, source),
					    record->owner.comm);
	struct port_holder holder = { .left_ns = TIME_UNKNOWN };
	struct conn_view view;
	struct model_event event = {
		.kind = EVENT_BIND_FAILED,
		.ts_ns = record->head.ts_ns,
		.conn = &view,
		.error = record->head.error,
		.reuse = wanted.reuse,
		.listening = (record->head.flags & TW_B_LISTEN) != 0,
	};

	view_record(model, record, service, source, &view, comm);
	if (!model->ready || !filter_wants(&model->opts.filter, &view) ||
	    !filter_wants(&model->recorded[source], &view))
		return;
	/* an address that is not there is nobody's */
	if (record->head.error == EADDRINUSE)
		look_holder(model, &wanted, &holder, holder_comm);
	count_bind(model, record, &wanted, service, &holder);
	if (model->flames)
		weigh_bind(model, record, source);
	if (holder.kind != HELD_UNKNOWN)
		event.holder = &holder;
	tracker_tell_event(model, &event);
}

/* Whose connect() it was; of those told in sum only the remote end is known. */
static void count_connect(struct model *model, const struct conn *conn, const struct failure *like,
			  int error)
{
	const struct netns *netns = netns_at(model, conn->netns);
	const struct owner *owner = conn_owner(model, conn);
	struct failure_key key;

	memset(&key, 0, sizeof(key));
	key.netns_cookie = netns->cookie;
	key.source = conn->source;
	key.kind = FAILURE_CONNECT;
	key.error = error;
	key.service = owner->service;
	key.pid = owner->pid;
	key.remote_port = conn->remote_port;
	/* an ephemeral one says nothing, but for the port that was asked for */
	if (error == EADDRNOTAVAIL)
		key.local_port = conn->local_port;
	memcpy(key.local_addr, conn->local_addr, 16);
	memcpy(key.remote_addr, conn->remote_addr, 16);
	memcpy(key.comm, owner->comm, TW_COMM_LEN);
	failure_table_add(model, &key, like);
}

static void hold_up(struct model *model, const struct conn *conn, uint64_t ts_ns,
		    struct port_holder *holder, char comm[static TW_COMM_LEN * 4 + 1])
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

	memcpy(tuple.local_addr, conn->local_addr, 16);
	memcpy(tuple.remote_addr, conn->remote_addr, 16);
	look_holder(model, &wanted, holder, comm);
}

void failures_connect(struct model *model, const struct conn *conn, int error, uint64_t ts_ns)
{
	struct model_event event = { .kind = EVENT_CONNECT_FAILED, .ts_ns = ts_ns, .error = error };
	struct failure like = { .netns_ino = netns_at(model, conn->netns)->ino,
				.count = 1,
				.first_ns = ts_ns,
				.last_ns = ts_ns };
	char comm[TW_COMM_LEN * 4 + 1];

	if (!model->ready || !conn->wanted)
		return;
	/* where the kernel was free to choose, no single socket is in the way */
	if (error == EADDRNOTAVAIL && conn->local_port)
		hold_up(model, conn, ts_ns, &like.holder, comm);
	else if (error == EADDRNOTAVAIL && conn->born_ns)
		like.took_max_ns = ts_ns - conn->born_ns;
	if (model->budgets && error == EADDRNOTAVAIL && !conn->local_port)
		budgets_failed(model, conn, like.took_max_ns);
	if (like.holder.kind != HELD_UNKNOWN)
		event.holder = &like.holder;
	count_connect(model, conn, &like, error);
	tracker_tell(model, conn, &event);
}

void failures_sum(struct model *model, const struct conn *like, const struct tw_record *head,
		  uint64_t count)
{
	struct failure failure = { .netns_ino = netns_at(model, like->netns)->ino,
				   .count = count,
				   .first_ns = head->ts_ns,
				   .last_ns = head->ts_ns };

	if (model->ready)
		count_connect(model, like, &failure, outcome_connect_error(head, PORT_UNTOLD));
}

/* Of what was told together: what was not seen of a part is not known of the whole. */
static enum tw_binds weaker(enum tw_binds one, enum tw_binds other)
{
	if (one == TW_BINDS_UNSEEN || other == TW_BINDS_UNSEEN)
		return TW_BINDS_UNSEEN;
	return one == other ? one : TW_BINDS_UNKNOWN;
}

void failures_sight(struct model *model, enum tw_binds binds, unsigned int source)
{
	bool first = !(model->fed >> source & 1);

	model->binds[source] = first ? binds : weaker(model->binds[source], binds);
}

enum tw_binds model_binds(const struct model *model)
{
	enum tw_binds binds = model->fed ? TW_BINDS_SEEN : TW_BINDS_UNKNOWN;

	for (unsigned int source = 0; source < MODEL_MAX_SOURCES; source++)
		if (model->fed >> source & 1)
			binds = weaker(binds, model->binds[source]);
	return binds;
}
