// SPDX-License-Identifier: GPL-2.0-or-later
/* Looks at single ports: the last few are remembered, for failures come in swarms. */
#include "model/port_look.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/text.h"
#include "model/tracker.h"

#define MS_NS 1000000ULL
#define MAX_LOOKS 32
/* Of a kind. A server's port may have thousands of minisocks: the rest is only counted. */
#define MAX_SOCKETS 1024
/* The records of one look come in a row; what comes later is of the next one. */
#define LOOK_LASTS_NS (50 * MS_NS)
/* The source does not look again at once: what was true then is so still. */
#define LOOK_HOLDS_NS (1000 * MS_NS)
/* Going through the connections costs 35 ns each: a hundredth of the time. */
#define WALK_NS_A_CONN 3500

struct bound {
	uint64_t cookie, cgroup_id;
	uint64_t ends_ns;	/* minisock; TIME_UNKNOWN */
	struct tw_owner owner;
	uint8_t local_addr[16], remote_addr[16];
	uint16_t remote_port;
	uint8_t state;
	uint8_t kind;		/* enum port_holder_kind */
	uint8_t reuse;		/* enum reuse */
	bool v6only;		/* IPV6_V6ONLY */
};

struct look {
	uint64_t netns_cookie;
	uint64_t began_ns;
	unsigned int source;
	uint16_t port;
	bool taken;		/* an answer was made of it: what comes now is of the next one */
	struct bound *sockets;	/* owned */
	size_t count, room;
	uint32_t of_kind[NR_PORT_HOLDERS];
};

struct port_looks {
	struct look at[MAX_LOOKS];
	unsigned int next;	/* the oldest one, which gives way */
	uint64_t walked_ns;
};

void looks_free(struct port_looks *looks)
{
	if (!looks)
		return;
	for (unsigned int i = 0; i < MAX_LOOKS; i++)
		free(looks->at[i].sockets);
	free(looks);
}

static struct look *find(struct port_looks *looks, const struct tw_tuple *tuple,
			 unsigned int source)
{
	for (unsigned int i = 0; i < MAX_LOOKS; i++) {
		struct look *look = &looks->at[i];

		if (look->port == tuple->local_port && look->source == source &&
		    look->netns_cookie == tuple->netns_cookie)
			return look;
	}
	return NULL;
}

/* An empty look at this port, in place of what was known of it or of the oldest one. */
static struct look *begin(struct port_looks *looks, struct look *look, const struct tw_tuple *tuple,
			  unsigned int source, uint64_t ts_ns)
{
	if (!look)
		look = &looks->at[looks->next++ % MAX_LOOKS];
	look->netns_cookie = tuple->netns_cookie;
	look->source = source;
	look->port = tuple->local_port;
	look->began_ns = ts_ns;
	look->taken = false;
	look->count = 0;
	memset(look->of_kind, 0, sizeof(look->of_kind));
	return look;
}

static void add(struct model *model, struct look *look, const struct bound *socket)
{
	struct bound *grown;

	if (look->of_kind[socket->kind]++ >= MAX_SOCKETS)
		return;
	if (look->count == look->room) {
		size_t room = look->room ? 2 * look->room : 4;

		grown = realloc(look->sockets, room * sizeof(*grown));
		if (!grown) {
			model->loss[TW_LOSS_NO_MEMORY]++;
			return;
		}
		look->sockets = grown;
		look->room = room;
	}
	look->sockets[look->count++] = *socket;
}

static enum port_holder_kind kind_of(uint8_t state, bool minisock)
{
	if (minisock)
		return HELD_BY_TIME_WAIT;
	if (state == TW_LISTEN)
		return HELD_BY_LISTENER;
	return state == TW_CLOSE ? HELD_BY_BOUND : HELD_BY_CONNECTION;
}

static bool has_looks(struct model *model)
{
	if (!model->looks)
		model->looks = calloc(1, sizeof(*model->looks));
	if (!model->looks)
		model->loss[TW_LOSS_NO_MEMORY]++;
	return model->looks != NULL;
}

void look_bound(struct model *model, const struct tw_bound *record, unsigned int source)
{
	bool minisock = record->head.to == TW_TIMER_MINISOCK;
	struct bound socket = {
		.cookie = record->cookie,
		.cgroup_id = record->cgroup_id,
		.ends_ns = TIME_UNKNOWN,
		.owner = record->owner,
		.remote_port = record->tuple.remote_port,
		.state = record->head.from,
		.kind = kind_of(record->head.from, minisock),
		.reuse = record->head.flags & TW_B_REUSEADDR ? REUSE_YES : REUSE_NO,
		.v6only = (record->head.flags & TW_B_V6ONLY) != 0,
	};
	struct look *look;

	if (!has_looks(model))
		return;
	look = find(model->looks, &record->tuple, source);
	if (!look || look->taken || record->head.ts_ns - look->began_ns > LOOK_LASTS_NS)
		look = begin(model->looks, look, &record->tuple, source, record->head.ts_ns);
	if (minisock && record->expires_ms != UINT32_MAX)
		socket.ends_ns = record->head.ts_ns + record->expires_ms * MS_NS;
	memcpy(socket.local_addr, record->tuple.local_addr, 16);
	memcpy(socket.remote_addr, record->tuple.remote_addr, 16);
	add(model, look, &socket);
}

static void add_conn(struct model *model, struct look *look, const struct conn *conn)
{
	bool minisock = conn->phase == PHASE_MINI;
	struct bound socket = {
		.cookie = conn->cookie,
		.ends_ns = minisock && conn->expires_ns ? conn->expires_ns : TIME_UNKNOWN,
		.remote_port = conn->remote_port,
		.state = conn->state,
		.kind = kind_of(conn->state, minisock),
		.reuse = REUSE_UNKNOWN,
	};

	memcpy(socket.local_addr, conn->local_addr, 16);
	memcpy(socket.remote_addr, conn->remote_addr, 16);
	add(model, look, &socket);
}

/* What the model has on that port; NULL: it was gone through too lately. */
static struct look *walk(struct model *model, const struct port_wanted *wanted, struct look *look)
{
	const struct tw_tuple *tuple = wanted->tuple;
	uint64_t since_ns = model->now_ns - model->looks->walked_ns;
	uint32_t id;

	if (since_ns < (uint64_t)model->conns.count * WALK_NS_A_CONN)
		return NULL;
	model->looks->walked_ns = model->now_ns;
	look = begin(model->looks, look, tuple, wanted->source, wanted->ts_ns);
	for (id = pool_next(&model->conns, 0); id != POOL_NONE;
	     id = pool_next(&model->conns, id + 1)) {
		const struct conn *conn = conn_at(model, id);

		if (conn->local_port == tuple->local_port && conn->source == wanted->source &&
		    netns_at(model, conn->netns)->cookie == tuple->netns_cookie &&
		    (conn->phase == PHASE_MINI ||
		     (conn->phase == PHASE_FULL && conn->state != TW_CLOSE)))
			add_conn(model, look, conn);
	}
	return look;
}

/* A socket of IPv6 has IPv4's ports, too, if its address is :: and it is not for IPv6 alone. */
static bool is_for_v4(const uint8_t addr[static 16], bool v6only)
{
	return addr_is_v4(addr) || (addr_is_any(addr) && !v6only);
}

/* Another address of this host is another port (inet_rcv_saddr_equal()). */
static bool addrs_meet(const struct bound *socket, const struct port_wanted *wanted)
{
	const uint8_t *one = socket->local_addr, *other = wanted->tuple->local_addr;

	if ((addr_is_v4(one) && !is_for_v4(other, wanted->v6only)) ||
	    (addr_is_v4(other) && !is_for_v4(one, socket->v6only)))
		return false;
	return addr_is_any(one) || addr_is_any(other) || !memcmp(one, other, 16);
}

static const struct conn *known_as(const struct model *model, const struct look *look,
				   const struct bound *socket)
{
	uint32_t id = socket->cookie ? tracker_find(model, socket->cookie, look->source) :
				       POOL_NONE;

	return id == POOL_NONE ? NULL : conn_at(model, id);
}

/* The look came after the failure: what was opened in between was in nobody's way. */
static bool came_later(const struct model *model, const struct look *look,
		       const struct bound *socket, uint64_t ts_ns)
{
	const struct conn *conn = known_as(model, look, socket);

	return conn && conn->phase == PHASE_FULL && conn->born_ns > ts_ns;
}

static bool is_in_the_way(const struct bound *socket, const struct port_wanted *wanted)
{
	const struct tw_tuple *tuple = wanted->tuple;

	if (wanted->cookie && socket->cookie == wanted->cookie)
		return false;
	if (wanted->connecting)
		return socket->remote_port == tuple->remote_port &&
		       !memcmp(socket->remote_addr, tuple->remote_addr, 16) &&
		       !memcmp(socket->local_addr, tuple->local_addr, 16);
	return addrs_meet(socket, wanted);
}

/* Two that both set SO_REUSEADDR share a port, unless one listens (inet_bind_conflict()). */
static bool is_compatible(const struct bound *socket, const struct port_wanted *wanted)
{
	return !wanted->connecting && wanted->reuse == REUSE_YES && socket->reuse == REUSE_YES &&
	       socket->kind != HELD_BY_LISTENER;
}

/* Sockets of one kind, added up. */
struct tally {
	uint32_t sockets, of_state[TW_NR_STATES];
	enum reuse reuse;
	uint64_t ends_ns;
	const struct bound *named;	/* whose owner is known */
};

static bool is_named(const struct model *model, const struct look *look, const struct bound *socket)
{
	const struct conn *conn = known_as(model, look, socket);

	return socket->owner.comm[0] || (conn && conn->owner != OWNERS_NOBODY);
}

/* The smaller kind is the stronger one; of that kind, all of them. */
static enum port_holder_kind tally_up(const struct model *model, const struct look *look,
				      const struct port_wanted *wanted, struct tally *tally)
{
	enum port_holder_kind strongest = HELD_UNKNOWN;

	for (size_t i = 0; i < look->count; i++) {
		const struct bound *socket = &look->sockets[i];

		if (!is_in_the_way(socket, wanted) || is_compatible(socket, wanted) ||
		    came_later(model, look, socket, wanted->ts_ns) ||
		    (strongest && socket->kind > strongest))
			continue;
		if (socket->kind != strongest)
			*tally = (struct tally){ .reuse = socket->reuse };
		strongest = socket->kind;
		tally->sockets++;
		tally->of_state[socket->state < TW_NR_STATES ? socket->state : 0]++;
		if (socket->reuse < tally->reuse)
			tally->reuse = socket->reuse;
		/* of one that has no known end the last one's is not known either */
		if (socket->ends_ns > tally->ends_ns)
			tally->ends_ns = socket->ends_ns;
		if (!tally->named && is_named(model, look, socket))
			tally->named = socket;
	}
	return strongest;
}

static uint8_t most_frequent_state(const struct tally *tally)
{
	uint8_t most = 0;

	for (unsigned int state = 1; state < TW_NR_STATES; state++)
		if (tally->of_state[state] > tally->of_state[most])
			most = state;
	return most;
}

static void name_owner(const struct model *model, const struct look *look,
		       const struct bound *socket, struct port_holder *holder,
		       char comm[static TW_COMM_LEN * 4 + 1])
{
	const struct conn *conn = known_as(model, look, socket);
	const struct owner *known = conn ? conn_owner(model, conn) : NULL;
	bool looked = socket->owner.comm[0];
	const char *bytes;

	assert(looked || known); /* is_named() */
	bytes = looked ? socket->owner.comm : known->comm;

	holder->pid = looked ? socket->owner.tgid : known->pid;
	if (bytes[0])
		holder->comm =
			text_clean(bytes, strnlen(bytes, TW_COMM_LEN), comm, TW_COMM_LEN * 4 + 1);
	holder->service =
		services_name(model->services,
			      looked ? services_resolve(model->services,
							cgroup_key(socket->cgroup_id, look->source),
							socket->owner.comm) :
				       known->service);
}

static void describe(const struct model *model, const struct look *look,
		     const struct port_wanted *wanted, struct port_holder *holder,
		     char comm[static TW_COMM_LEN * 4 + 1])
{
	struct tally tally = { 0 };

	holder->kind = tally_up(model, look, wanted, &tally);
	if (holder->kind == HELD_UNKNOWN)
		return;
	holder->sockets = tally.sockets;
	if (look->of_kind[holder->kind] > MAX_SOCKETS)
		holder->sockets += look->of_kind[holder->kind] - MAX_SOCKETS;
	holder->reuse = tally.reuse;
	if (holder->kind == HELD_BY_CONNECTION)
		holder->state = most_frequent_state(&tally);
	if (holder->kind == HELD_BY_TIME_WAIT && tally.ends_ns != TIME_UNKNOWN)
		holder->left_ns = tally.ends_ns > wanted->ts_ns ? tally.ends_ns - wanted->ts_ns : 0;
	if (tally.named)
		name_owner(model, look, tally.named, holder, comm);
}

void look_holder(struct model *model, const struct port_wanted *wanted, struct port_holder *holder,
		 char comm[static TW_COMM_LEN * 4 + 1])
{
	struct look *look;

	*holder = (struct port_holder){ .left_ns = TIME_UNKNOWN };
	/* any port was asked for: it is all of them that are taken */
	if (!wanted->tuple->local_port || !has_looks(model))
		return;
	look = find(model->looks, wanted->tuple, wanted->source);
	if (!look || wanted->ts_ns > look->began_ns + LOOK_HOLDS_NS)
		look = walk(model, wanted, look);
	if (!look)
		return;
	look->taken = true;
	describe(model, look, wanted, holder, comm);
}
