// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A kernel whose ring is full now and then: what has no room is told in sum, or late under
 * its cookie, by the rules of bpf/spill.h (spill_note()) and in the order of
 * source/live.c. Whatever was spilled, whenever that is told and whenever a dump comes by:
 * every count is the kernel's, in every table, and nothing is left behind.
 */
#include "model_fixture.h"

#include <errno.h>

#define SEED 0x0eed5eed
#define MAX_CHANGES 7
#define MAX_SUMS 8192
#define NR_SOCKETS 1500
#define NR_STEPS 250000
#define NR_PORTS 2
#define NR_REMOTES 3
#define LISTENER 1000000

#define OPENED (FIELD_BIT(FIELD_CONNECTIONS) | FIELD_BIT(FIELD_OPENED))
#define CLOSED FIELD_BIT(FIELD_CLOSED)
#define FIRST FIELD_BIT(FIELD_CLOSED_FIRST)
#define FAILED FIELD_BIT(FIELD_FAILED)
#define RESET FIELD_BIT(FIELD_RESETS)
#define ENTERED (CLOSED | FIELD_BIT(FIELD_TW_ENTERED))

/* One change of a life, and what it counts for. */
struct change {
	uint8_t from, to, error;
	bool acted;
	uint16_t flags;
	uint32_t counts;
};

struct life {
	const char *name;
	bool incoming;
	struct change changes[MAX_CHANGES]; /* up to one without states */
};

/* clang-format off */
static const struct life lives[] = {
	{ "the client closes first", false, {
		{ TW_CLOSE, TW_SYN_SENT, 0, true, 0, 0 },
		{ TW_SYN_SENT, TW_ESTABLISHED, 0, false, 0, OPENED },
		{ TW_ESTABLISHED, TW_FIN_WAIT1, 0, true, 0, FIRST },
		{ TW_FIN_WAIT1, TW_FIN_WAIT2, 0, false, 0, 0 },
		{ TW_FIN_WAIT2, TW_CLOSE, 0, false, ORDERLY, ENTERED } } },
	{ "the client closes second", false, {
		{ TW_CLOSE, TW_SYN_SENT, 0, true, 0, 0 },
		{ TW_SYN_SENT, TW_ESTABLISHED, 0, false, 0, OPENED },
		{ TW_ESTABLISHED, TW_CLOSE_WAIT, 0, false, 0, 0 },
		{ TW_CLOSE_WAIT, TW_LAST_ACK, 0, true, 0, 0 },
		{ TW_LAST_ACK, TW_CLOSE, 0, false, ORDERLY, CLOSED } } },
	{ "the server closes first", true, {
		{ TW_SYN_RECV, TW_ESTABLISHED, 0, false, 0, OPENED },
		{ TW_ESTABLISHED, TW_FIN_WAIT1, 0, true, 0, FIRST },
		{ TW_FIN_WAIT1, TW_FIN_WAIT2, 0, false, 0, 0 },
		{ TW_FIN_WAIT2, TW_CLOSE, 0, false, ORDERLY, ENTERED } } },
	{ "the server closes second", true, {
		{ TW_SYN_RECV, TW_ESTABLISHED, 0, false, 0, OPENED },
		{ TW_ESTABLISHED, TW_CLOSE_WAIT, 0, false, 0, 0 },
		{ TW_CLOSE_WAIT, TW_LAST_ACK, 0, true, 0, 0 },
		{ TW_LAST_ACK, TW_CLOSE, 0, false, ORDERLY, CLOSED } } },
	{ "both at once", true, {
		{ TW_SYN_RECV, TW_ESTABLISHED, 0, false, 0, OPENED },
		{ TW_ESTABLISHED, TW_FIN_WAIT1, 0, true, 0, FIRST },
		{ TW_FIN_WAIT1, TW_CLOSING, 0, false, 0, 0 },
		{ TW_CLOSING, TW_CLOSE, 0, false, ORDERLY, ENTERED } } },
	{ "an orphan waits for the peer's FIN", false, {
		{ TW_CLOSE, TW_SYN_SENT, 0, true, 0, 0 },
		{ TW_SYN_SENT, TW_ESTABLISHED, 0, false, 0, OPENED },
		{ TW_ESTABLISHED, TW_FIN_WAIT1, 0, true, 0, FIRST },
		{ TW_FIN_WAIT1, TW_FIN_WAIT2, 0, false, 0, 0 },
		{ TW_FIN_WAIT2, TW_CLOSE, 0, false, TW_F_ORPHAN | TW_F_ALL_ACKED, ENTERED } } },
	{ "nobody listens", false, {
		{ TW_CLOSE, TW_SYN_SENT, 0, true, 0, 0 },
		{ TW_SYN_SENT, TW_CLOSE, ECONNREFUSED, false, 0, FAILED | RESET } } },
	{ "a RST comes", true, {
		{ TW_SYN_RECV, TW_ESTABLISHED, 0, false, 0, OPENED },
		{ TW_ESTABLISHED, TW_CLOSE, ECONNRESET, false, 0, CLOSED | RESET } } },
	{ "close() with unread data", false, {
		{ TW_CLOSE, TW_SYN_SENT, 0, true, 0, 0 },
		{ TW_SYN_SENT, TW_ESTABLISHED, 0, false, 0, OPENED },
		{ TW_ESTABLISHED, TW_CLOSE, 0, true, TW_F_LOCKED, CLOSED | RESET } } },
};
/* clang-format on */

#define NR_LIVES (sizeof(lives) / sizeof(lives[0]))

/* A row in truth; the other tables are sums of these. */
struct place {
	const char *comm;
	uint16_t port;
	uint8_t role, remote;
	uint64_t count[FIELD_FIRST_GAUGE];
};

struct sock {
	const struct life *life; /* NULL: none */
	struct end end;
	struct place *place;
	unsigned int at; /* the change that comes next */
	uint8_t state;
	bool mini;
	uint64_t ends_ns; /* of the minisock */
	/* struct tw_note */
	bool spilled;
	uint16_t direction;
	char comm[TW_COMM_LEN];
};

struct sim {
	struct fixture *f;
	uint64_t random, cookies;
	struct place places[2 * NR_PORTS * NR_REMOTES];
	struct sock socks[NR_SOCKETS];
	struct tw_spilled sums[MAX_SUMS];
	size_t nr_sums;
	uint64_t spilled, told_spilled;
	struct tw_kernel_figures figures;
	unsigned int spill_permille; /* as things are now */
	bool busy; /* the kernel does not stand still while the reader works */
};

static uint32_t draw(struct sim *sim, uint32_t below)
{
	sim->random = sim->random * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(sim->random >> 33) % below;
}

/* ------------------------------------------------------------------------------ the kernel */

static const struct change *next_change(const struct sock *sock)
{
	const struct change *change = &sock->life->changes[sock->at];

	return sock->at < MAX_CHANGES && change->from ? change : NULL;
}

static struct place *place_of(struct sim *sim, bool incoming, unsigned int port,
			      unsigned int remote)
{
	return &sim->places[(incoming * NR_PORTS + port) * NR_REMOTES + remote];
}

static struct end listener_end(unsigned int port)
{
	struct end end = end_of(LISTENER + port, 8080 + port, 0, 200 + port, "server");

	memset(end.tuple.remote_addr, 0, sizeof(end.tuple.remote_addr));
	return end;
}

static void be_born(struct sim *sim, struct sock *sock, const struct life *life)
{
	unsigned int port = draw(sim, NR_PORTS), remote = draw(sim, NR_REMOTES);
	uint16_t ephemeral = 20000 + ++sim->cookies % 40000;

	*sock = (struct sock){ .life = life, .place = place_of(sim, life->incoming, port, remote) };
	if (life->incoming) {
		sock->end = end_of(sim->cookies, 8080 + port, ephemeral, 200 + port, "server");
		sock->end.listener = LISTENER + port;
	} else {
		sock->end = end_of(sim->cookies, ephemeral, 80 + port, 100, "client");
	}
	sock->end.tuple.remote_addr[15] = 1 + remote;
	/* no two have the same tuple: that one takes another's over is not told in sum */
	sock->end.tuple.local_addr[15] = 1 + sim->cookies / 40000;
	sock->state = life->changes[0].from;
}

static void spill_add(struct sim *sim, const struct tw_spilled *key, uint64_t ts_ns)
{
	struct tw_spilled *sum = sim->sums;

	for (; sum < sim->sums + sim->nr_sums; sum++) {
		struct tw_spilled like = *sum;

		like.count = like.head.ts_ns = 0;
		if (!memcmp(&like, key, sizeof(like)))
			break;
	}
	if (sum == sim->sums + sim->nr_sums) {
		assert_true(sim->nr_sums < MAX_SUMS);
		sim->nr_sums++;
		*sum = *key;
	}
	sum->count++;
	sum->head.ts_ns = ts_ns;
}

static uint16_t flags_of(const struct sock *sock, const struct change *change)
{
	uint16_t flags = change->flags | (change->acted ? TW_F_OWNER : 0);

	if (change->to == TW_SYN_SENT || change->from == TW_SYN_SENT)
		flags |= TW_F_OUTGOING;
	if (change->from == TW_SYN_RECV)
		flags |= TW_F_INCOMING;
	if (sock->spilled)
		flags |= TW_F_GAP | sock->direction;
	return flags;
}

/* As spill_noted(). */
static void spill(struct sim *sim, struct sock *sock, const struct change *change)
{
	uint16_t flags = flags_of(sock, change);
	struct tw_spilled key = { .head = { .size = sizeof(key),
					    .kind = TW_SPILLED,
					    .from = change->from,
					    .to = change->to,
					    .error = change->error } };

	sim->spilled++;
	if (change->from == TW_CLOSE || (flags & TW_F_INCOMING)) {
		sock->spilled = true;
		sock->direction = flags & (TW_F_OUTGOING | TW_F_INCOMING);
	}
	if (sock->spilled && change->acted)
		memcpy(sock->comm, sock->end.owner.comm, TW_COMM_LEN);
	if (change->to != TW_SYN_SENT && change->to != TW_ESTABLISHED &&
	    change->to != TW_FIN_WAIT1 && change->to != TW_CLOSE)
		return;
	key.head.flags = flags & ~(TW_F_OWNER | TW_F_LOCKED | TW_F_GAP);
	if (sock->spilled) {
		key.head.flags |= sock->direction;
		key.listener_cookie = sock->end.listener;
		memcpy(key.owner.comm, sock->comm, TW_COMM_LEN);
		key.tuple = sock->end.tuple;
		memset(key.tuple.local_addr, 0, sizeof(key.tuple.local_addr));
		if (sock->direction & TW_F_OUTGOING)
			key.tuple.local_port = 0;
		else
			key.tuple.remote_port = 0;
	} else {
		key.cookie = sock->end.cookie;
	}
	spill_add(sim, &key, sim->f->now_ns);
}

/* As describe(): what is told for the first time is told in full. */
static void tell(struct sim *sim, struct sock *sock, const struct change *change)
{
	uint16_t flags = flags_of(sock, change);
	bool first = change->from == TW_CLOSE || change->from == TW_SYN_SENT ||
		     change->from == TW_SYN_RECV || sock->spilled;
	struct end end = sock->end;

	if (change->to == TW_SYN_SENT)
		end.tuple.local_port = 0;
	if (change->from == TW_SYN_RECV)
		end.born_ns = sim->f->now_ns;
	if (sock->spilled && !change->acted && sock->comm[0])
		flags |= TW_F_OWNER;
	feed_transition(sim->f, &end, change->from, change->to, flags, change->error,
			first	      ? TW_TRANSITION_FULL :
			change->acted ? TW_TRANSITION_OWNER :
					TW_TRANSITION_SHORT);
	sock->spilled = false;
}

static void make_minisock(struct sim *sim, struct sock *sock)
{
	sock->mini = true;
	sock->state = sock->life->changes[sock->at - 1].flags & TW_F_DONE ? TW_TIME_WAIT :
									    TW_FIN_WAIT2;
	sock->ends_ns = sim->f->now_ns + 60 * SECOND;
	sim->figures.time_wait++;
	sim->figures.tw_created++;
}

static void go_on(struct sim *sim, struct sock *sock, bool no_room)
{
	const struct change *change = next_change(sock);

	sim->f->now_ns += 1000;
	if (no_room)
		spill(sim, sock, change);
	else
		tell(sim, sock, change);
	for (unsigned int field = 0; field < FIELD_FIRST_GAUGE; field++)
		sock->place->count[field] += change->counts >> field & 1;
	sock->state = change->to;
	sock->at++;
	if (change->to != TW_CLOSE)
		return;
	if (change->counts & FIELD_BIT(FIELD_TW_ENTERED))
		make_minisock(sim, sock);
	else
		sock->life = NULL;
}

static void age(struct sim *sim)
{
	for (size_t i = 0; i < NR_SOCKETS; i++) {
		struct sock *sock = &sim->socks[i];

		if (!sock->life || !sock->mini || sock->ends_ns > sim->f->now_ns)
			continue;
		sim->figures.time_wait--;
		sock->life = NULL;
	}
}

/* The ring runs full and empty again by times, and single changes find no room. */
static void step(struct sim *sim)
{
	static const unsigned int phases[] = { 0, 30, 500, 1000 };
	struct sock *sock = &sim->socks[draw(sim, NR_SOCKETS)];

	sim->f->now_ns += draw(sim, 2 * MS);
	if (draw(sim, 300) == 0)
		sim->spill_permille = phases[draw(sim, 4)];
	if (!sock->life)
		be_born(sim, sock, &lives[draw(sim, NR_LIVES)]);
	else if (!sock->mini)
		go_on(sim, sock, draw(sim, 1000) < sim->spill_permille);
	age(sim);
}

static void meanwhile(struct sim *sim)
{
	for (unsigned int i = sim->busy ? draw(sim, 30) : 0; i > 0; i--)
		step(sim);
}

/* ------------------------------------------------------------------------------ the reader */

static int by_time(const void *a, const void *b)
{
	uint64_t of_a = ((const struct tw_spilled *)a)->head.ts_ns;
	uint64_t of_b = ((const struct tw_spilled *)b)->head.ts_ns;

	return of_a < of_b ? -1 : of_a > of_b;
}

static void tell_late(struct sim *sim, const struct tw_spilled *spilled)
{
	struct tw_transition late = { .head = spilled->head, .cookie = spilled->cookie };

	late.head.kind = TW_TRANSITION;
	late.head.size = TW_TRANSITION_SHORT;
	late.head.flags |= TW_F_LATE;
	feed(sim->f, &late, TW_TRANSITION_SHORT);
}

/* What the lanes have is told before it: what happens meanwhile too. */
static void tell_sums(struct sim *sim)
{
	static struct tw_spilled taken[MAX_SUMS];
	size_t count = sim->nr_sums;

	memcpy(taken, sim->sums, count * sizeof(*taken));
	sim->nr_sums = 0;
	qsort(taken, count, sizeof(*taken), by_time);
	meanwhile(sim);
	for (size_t i = 0; i < count; i++)
		if (taken[i].cookie)
			tell_late(sim, &taken[i]);
		else
			feed(sim->f, &taken[i], sizeof(taken[i]));
}

static void tell_loss(struct sim *sim)
{
	struct tw_loss loss = { .count = sim->spilled - sim->told_spilled };

	if (!loss.count)
		return;
	sim->told_spilled = sim->spilled;
	loss.head = head_of(sim->f, TW_LOSS, sizeof(loss));
	loss.head.from = TW_LOSS_SPILLED;
	feed(sim->f, &loss, sizeof(loss));
}

struct dump {
	struct tw_socket sockets[NR_SOCKETS + NR_PORTS];
	size_t count;
};

static void list(struct sim *sim, struct dump *dump, const struct end *end, uint8_t state,
		 uint64_t ends_ns)
{
	struct tw_socket *record = &dump->sockets[dump->count++];

	*record = (struct tw_socket){
		.head = { .size = sizeof(*record), .kind = TW_SOCKET, .from = state },
		.cookie = end->cookie,
		.tuple = end->tuple,
		.idle_ms = ~0U,
	};
	if (ends_ns) {
		record->head.to = TW_TIMER_MINISOCK;
		record->expires_ms = (ends_ns - sim->f->now_ns) / MS;
	}
}

/* A survey's one: taken, what happened before it told, then delivered. */
static void dump(struct sim *sim)
{
	static struct dump dump;
	struct tw_snapshot begin = { .netns_cookie = NETNS }, end = begin;

	dump.count = 0;
	begin.head = head_of(sim->f, TW_SNAPSHOT_BEGIN, sizeof(begin));
	for (unsigned int port = 0; port < NR_PORTS; port++) {
		struct end listener = listener_end(port);

		list(sim, &dump, &listener, TW_LISTEN, 0);
	}
	for (size_t i = 0; i < NR_SOCKETS; i++) {
		const struct sock *sock = &sim->socks[i];

		if (sock->life && sock->state != TW_CLOSE && sock->state != TW_SYN_RECV)
			list(sim, &dump, &sock->end, sock->state, sock->mini ? sock->ends_ns : 0);
		if (i % 50 == 0)
			meanwhile(sim);
	}
	end.head = head_of(sim->f, TW_SNAPSHOT_END, sizeof(end));
	end.flags = TW_S_MIB_AT_BIRTH;
	end.kernel = sim->figures;
	meanwhile(sim);
	tell_sums(sim);
	meanwhile(sim);
	feed(sim->f, &begin, sizeof(begin));
	for (size_t i = 0; i < dump.count; i++) {
		dump.sockets[i].head.ts_ns = begin.head.ts_ns;
		feed(sim->f, &dump.sockets[i], sizeof(dump.sockets[i]));
	}
	feed(sim->f, &end, sizeof(end));
}

/* As live_interval(). */
static void interval(struct sim *sim)
{
	tell_sums(sim);
	tell_loss(sim);
	dump(sim);
	feed_bare(sim->f, TW_TICK);
}

/* ------------------------------------------------------------------------------- the truth */

static bool is_in(const struct fixture *f, const struct place *place, const struct row_key *key,
		  enum dimension dim)
{
	const char *service = model_service_name(f->model, key->service);
	bool by_port = dim == DIM_PORT || dim == DIM_PAIR;
	bool by_remote = dim == DIM_REMOTE || dim == DIM_PAIR;
	bool by_service = dim == DIM_SERVICE || dim == DIM_PAIR;

	return (!by_port || (place->port == key->port && place->role == key->role)) &&
	       (!by_remote || place->remote == key->remote_addr[15]) &&
	       (!by_service || (service && !strcmp(place->comm, service)));
}

static void assert_row(const struct sim *sim, const struct row *row, enum dimension dim)
{
	static const enum field fields[] = { FIELD_CONNECTIONS,	 FIELD_OPENED, FIELD_CLOSED,
					     FIELD_CLOSED_FIRST, FIELD_FAILED, FIELD_RESETS,
					     FIELD_TW_ENTERED };

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		uint64_t want = 0;

		for (size_t at = 0; at < sizeof(sim->places) / sizeof(sim->places[0]); at++)
			if (dim == NR_DIMENSIONS || is_in(sim->f, &sim->places[at], &row->key, dim))
				want += sim->places[at].count[fields[i]];
		if (row->count[fields[i]] != want)
			fail_msg("%s is %" PRIu64 ", not %" PRIu64
				 " (dimension %u, port %u, role %u)",
				 field_name(fields[i]), row->count[fields[i]], want, dim,
				 row->key.port, row->key.role);
	}
}

static void assert_true_counts(const struct sim *sim)
{
	const struct model *model = sim->f->model;

	for (unsigned int dim = 0; dim < NR_DIMENSIONS; dim++) {
		const struct rows *rows = model_rows(model, dim);

		for (uint32_t id = pool_next(&rows->pool, 0); id != POOL_NONE;
		     id = pool_next(&rows->pool, id + 1))
			assert_row(sim, rows_at(rows, id), dim);
	}
	assert_row(sim, model_totals(model), NR_DIMENSIONS);
}

static void assert_nothing_left(const struct sim *sim)
{
	const uint64_t *count = model_totals(sim->f->model)->count;

	for (unsigned int field = FIELD_FIRST_GAUGE; field < NR_FIELDS; field++)
		if (count[field])
			fail_msg("%s is %" PRIu64 " at the end", field_name(field), count[field]);
}

static void assert_audit_agrees(const struct sim *sim)
{
	const struct audit *audits;

	assert_int_equal(model_audits(sim->f->model, &audits), 1);
	for (unsigned int kind = 0; kind < NR_AUDIT_KINDS; kind++)
		if (audits[0].figures[kind].known && audits[0].figures[kind].error)
			fail_msg("%s: ours %" PRIu64 ", the kernel's %" PRIu64, audit_name(kind),
				 audits[0].figures[kind].ours, audits[0].figures[kind].kernel);
	assert_true(audits[0].figures[AUDIT_ENTERED].known);
}

/* Also those of which no dump ever knew. */
static void assert_all_births_have_ended(const struct sim *sim)
{
	const uint64_t *count = model_totals(sim->f->model)->count;

	assert_int_equal(count[FIELD_TW_EXPIRED] + count[FIELD_TW_REUSED] + count[FIELD_TW_OTHER],
			 count[FIELD_TW_ENTERED]);
}

static struct sim *sim_new(struct fixture *f)
{
	struct sim *sim = calloc(1, sizeof(*sim));

	assert_non_null(sim);
	sim->f = f;
	sim->random = SEED;
	for (unsigned int role = 0; role < 2; role++)
		for (unsigned int port = 0; port < NR_PORTS; port++)
			for (unsigned int remote = 0; remote < NR_REMOTES; remote++)
				*place_of(sim, role, port, remote) = (struct place){
					.comm = role ? "server" : "client",
					.port = (role ? 8080 : 80) + port,
					.role = role ? ROLE_SERVER : ROLE_CLIENT,
					.remote = 1 + remote,
				};
	f->unchecked = true;
	for (unsigned int port = 0; port < NR_PORTS; port++) {
		struct end listener = listener_end(port);

		feed_full(f, &listener, TW_CLOSE, TW_LISTEN, TW_F_OWNER);
	}
	dump(sim);
	feed_bare(f, TW_READY);
	return sim;
}

/* ------------------------------------------------------------------------------- the tests */

enum when {
	SUMS, /* after these changes: the sums are told */
	DUMPS, /* and a dump comes by */
	NR_WHENS,
};

/* One life, of whose changes those in @spilled find no room. */
static void live_once(struct sim *sim, const struct life *life, unsigned int spilled,
		      unsigned int looked, enum when what)
{
	struct sock *sock = &sim->socks[0];

	be_born(sim, sock, life);
	for (unsigned int at = 0; sock->life && !sock->mini; at++) {
		sim->f->now_ns += 20 * MS;
		go_on(sim, sock, spilled >> at & 1);
		sim->f->now_ns += 20 * MS;
		if (!(looked >> at & 1))
			continue;
		if (what == DUMPS)
			interval(sim);
		else
			tell_sums(sim);
		feed_bare(sim->f, TW_TICK);
		assert_row(sim, model_totals(sim->f->model), NR_DIMENSIONS);
	}
	interval(sim);
	if (sock->life)
		sim->f->now_ns = sock->ends_ns + 10 * SECOND;
	age(sim);
	/* one dump more for what the one before saw die */
	for (unsigned int i = 0; i < 3; i++) {
		sim->f->now_ns += SECOND;
		interval(sim);
	}
}

static void whatever_is_spilled_and_whenever_it_is_told(void **state)
{
	struct fixture *f = *state;
	struct sim *sim = sim_new(f);

	for (size_t i = 0; i < NR_LIVES; i++) {
		unsigned int nr = 0;

		while (nr < MAX_CHANGES && lives[i].changes[nr].from)
			nr++;
		for (unsigned int spilled = 0; spilled < 1U << nr; spilled++)
			for (unsigned int looked = 0; looked < 1U << nr; looked++)
				for (enum when what = 0; what < NR_WHENS; what++) {
					live_once(sim, &lives[i], spilled, looked, what);
					assert_row(sim, model_totals(f->model), NR_DIMENSIONS);
					assert_nothing_left(sim);
				}
		assert_true_counts(sim);
		assert_sane_model(f);
		assert_audit_agrees(sim);
	}
	assert_true(sim->spilled > 1000);
	free(sim);
}

static void many_at_once(void **state)
{
	struct fixture *f = *state;
	struct sim *sim = sim_new(f);

	sim->busy = true;
	for (unsigned int i = 0; i < NR_STEPS; i++) {
		step(sim);
		if (draw(sim, 40) == 0)
			feed_bare(f, TW_TICK);
		if (draw(sim, 600) == 0)
			interval(sim);
		if (i % 500 == 0)
			assert_sane_model(f);
	}
	/* all of them end */
	sim->busy = false;
	for (size_t i = 0; i < NR_SOCKETS; i++)
		while (sim->socks[i].life && !sim->socks[i].mini)
			go_on(sim, &sim->socks[i], draw(sim, 2));
	sim->f->now_ns += SECOND;
	interval(sim);
	assert_true_counts(sim);
	assert_audit_agrees(sim);
	sim->f->now_ns += 70 * SECOND;
	age(sim);
	for (unsigned int i = 0; i < 3; i++) {
		sim->f->now_ns += SECOND;
		interval(sim);
	}
	assert_true_counts(sim);
	assert_nothing_left(sim);
	assert_all_births_have_ended(sim);
	assert_audit_agrees(sim);
	assert_sane_model(f);
	/* the walk goes where it is meant to go */
	assert_true(sim->cookies > 5000);
	assert_true(sim->spilled > 5000);
	free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(whatever_is_spilled_and_whenever_it_is_told),
		fixture_test(many_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
