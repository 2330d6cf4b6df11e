// SPDX-License-Identifier: GPL-2.0-or-later
/* What connections weigh, by the frames that they stand under. */
#include "model/flames.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/flame_text.h"

/* A million different stacks are 120 MB; more than that nobody looks at. */
#define MAX_ROWS 1000000
#define ROW_OTHER_STACKS 0
/*
 * Every process that comes and goes has stacks of its own: on a host that starts one a second they
 * are a million within days. From so many on those that are gone are told apart by command.
 */
#define MANY_ROWS 131072
/*
 * Names of stacks take moments. Where they take longer, more come than can be named, and each
 * tick looks at all that wait.
 */
#define AWAITED_NS 500000000ULL

static struct flame_row *row_at(const struct flame_table *table, uint32_t id)
{
	return pool_at_sized(&table->pool, id, sizeof(struct flame_row));
}

static int table_init(struct flame_table *table)
{
	table->unplaced = 0;
	pool_init(&table->pool, sizeof(struct flame_row));
	if (index_init(&table->index))
		return -ENOMEM;
	if (pool_take(&table->pool) == POOL_NONE)
		return -ENOMEM;
	row_at(table, ROW_OTHER_STACKS)->key.other = true;
	return 0;
}

static void table_release(struct flame_table *table)
{
	index_release(&table->index);
	pool_release(&table->pool);
}

static bool key_equal(const void *ctx, uint32_t id, const void *key)
{
	return !memcmp(&row_at(ctx, id)->key, key, sizeof(struct flame_key));
}

static void table_add(struct flame_table *table, const struct flame_key *key,
		      enum flame_weight weight, uint64_t value)
{
	uint32_t hash, id;

	if (!value)
		return;
	hash = hash_bytes(key, sizeof(*key));
	id = index_find(&table->index, hash, key_equal, table, key);
	if (id == INDEX_NONE && table->pool.count < MAX_ROWS) {
		id = pool_take(&table->pool);
		if (id != POOL_NONE && index_insert(&table->index, hash, id)) {
			pool_give(&table->pool, id);
			id = POOL_NONE;
		}
		if (id != POOL_NONE)
			row_at(table, id)->key = *key;
	}
	if (id == POOL_NONE) {
		table->unplaced++;
		id = ROW_OTHER_STACKS;
	}
	row_at(table, id)->weights[weight] += value;
}

struct flames *flames_new(const struct flame_by *by)
{
	struct flames *flames = calloc(1, sizeof(*flames));

	if (!flames)
		return NULL;
	flames->by = *by;
	flames->many = MANY_ROWS;
	for (unsigned int i = 0; i < by->count; i++)
		flames->asked |= 1U << by->frames[i];
	pool_init(&flames->netns, sizeof(struct flame_netns));
	if (table_init(&flames->gone) || index_init(&flames->by_netns)) {
		flames_free(flames);
		return NULL;
	}
	return flames;
}

void flames_free(struct flames *flames)
{
	if (!flames)
		return;
	table_release(&flames->gone);
	free(flames->courses);
	pool_release(&flames->netns);
	index_release(&flames->by_netns);
	free(flames);
}

static void fold_processes(struct flames *flames)
{
	struct flame_table *table = &flames->gone;
	uint32_t left;

	for (uint32_t id = pool_next(&table->pool, ROW_OTHER_STACKS + 1); id != POOL_NONE;
	     id = pool_next(&table->pool, id + 1)) {
		struct flame_row row = *row_at(table, id);

		if (row.key.pid == PID_UNKNOWN)
			continue;
		index_remove(&table->index, hash_bytes(&row.key, sizeof(row.key)), id);
		pool_give(&table->pool, id);
		row.key.pid = PID_UNKNOWN;
		for (unsigned int weight = 0; weight < NR_FLAME_WEIGHTS; weight++)
			table_add(table, &row.key, weight, row.weights[weight]);
	}
	left = table->pool.count;
	flames->many = left < MANY_ROWS / 2 ? MANY_ROWS : 2 * left;
}

static enum course_state course_state_of(const struct conn *conn)
{
	static const uint8_t of_state[TW_NR_STATES] = {
		[TW_SYN_SENT] = COURSE_SYN_SENT,       [TW_SYN_RECV] = COURSE_SYN_RECV,
		[TW_ESTABLISHED] = COURSE_ESTABLISHED, [TW_FIN_WAIT1] = COURSE_FIN_WAIT1,
		[TW_FIN_WAIT2] = COURSE_FIN_WAIT2,     [TW_CLOSE_WAIT] = COURSE_CLOSE_WAIT,
		[TW_LAST_ACK] = COURSE_LAST_ACK,       [TW_CLOSING] = COURSE_CLOSING,
	};

	if (conn->phase == PHASE_MINI)
		return conn->state == TW_FIN_WAIT2 ? COURSE_ORPHAN : COURSE_NONE;
	return conn->phase == PHASE_FULL ? of_state[conn->state] : COURSE_NONE;
}

/* To be written; NULL: no memory. */
static struct course *course_of(struct flames *flames, uint32_t id)
{
	if (id >= flames->room) {
		uint32_t room = (id / POOL_CHUNK + 1) * POOL_CHUNK;
		struct course *grown;

		/* as the pool: seldom, and a copy of what there is */
		room = room < 2 * flames->room ? 2 * flames->room : room;
		grown = realloc(flames->courses, room * sizeof(*grown));
		if (!grown)
			return NULL;
		memset(grown + flames->room, 0, (room - flames->room) * sizeof(*grown));
		flames->courses = grown;
		flames->room = room;
	}
	return &flames->courses[id];
}

/* How much of the state that it is in lies in the window, up to @now_ns. */
static uint64_t lasted(const struct flames *flames, const struct course *course, uint64_t now_ns)
{
	uint64_t from_ns = course->from_ns > flames->from_ns ? course->from_ns : flames->from_ns;

	return now_ns > from_ns ? now_ns - from_ns : 0;
}

void flames_follow(struct model *model, uint32_t id)
{
	const struct conn *conn = conn_at(model, id);
	struct course *course = course_of(model->flames, id);
	enum course_state state = course_state_of(conn);

	if (!course || course->state == state)
		return;
	if (course->state != COURSE_NONE)
		course->ns[course->state] += lasted(model->flames, course, conn->since_ns);
	course->state = state;
	course->from_ns = conn->since_ns;
	if (state == COURSE_CLOSE_WAIT || state == COURSE_LAST_ACK)
		course->peer_closed = true;
}

/* The table has a key for each state, where states are asked for. */
static void add_in_state(const struct flames *flames, struct flame_table *table,
			 struct flame_key *key, uint8_t state, enum flame_weight weight,
			 uint64_t value)
{
	key->state = flames->asked & 1U << FRAME_STATE ? state : 0;
	table_add(table, key, weight, value);
}

static void add_seconds(const struct model *model, const struct course *course,
			struct flame_table *table, struct flame_key *key)
{
	static const uint8_t states[COURSE_ORPHAN] = {
		[COURSE_SYN_SENT] = TW_SYN_SENT,       [COURSE_SYN_RECV] = TW_SYN_RECV,
		[COURSE_ESTABLISHED] = TW_ESTABLISHED, [COURSE_FIN_WAIT1] = TW_FIN_WAIT1,
		[COURSE_FIN_WAIT2] = TW_FIN_WAIT2,     [COURSE_CLOSE_WAIT] = TW_CLOSE_WAIT,
		[COURSE_LAST_ACK] = TW_LAST_ACK,       [COURSE_CLOSING] = TW_CLOSING,
	};

	for (unsigned int state = COURSE_NONE + 1; state < COURSE_ORPHAN; state++) {
		uint64_t ns = course->ns[state];

		if (course->state == state)
			ns += lasted(model->flames, course, model->now_ns);
		if (ns)
			add_in_state(model->flames, table, key, states[state], WEIGHT_SECONDS, ns);
	}
}

/* What it adds to the rows' held_ns, in all. */
static uint64_t held_ns(const struct model *model, const struct conn *conn)
{
	return conn->held_ns + (conn->mask & MINISOCK_MASK ? model->now_ns : 0);
}

/* Of the time that its minisock held the port, what it was in FIN_WAIT2 is told apart. */
static void add_held(const struct model *model, const struct conn *conn,
		     const struct course *course, struct flame_table *table, struct flame_key *key)
{
	uint64_t held = held_ns(model, conn), before = course->held_before;
	/* one that was refused after all, or ended before the window: told already */
	uint64_t ns = held > before ? held - before : 0;
	uint64_t orphan_ns = course->ns[COURSE_ORPHAN];

	if (course->state == COURSE_ORPHAN)
		orphan_ns += lasted(model->flames, course, model->now_ns);
	orphan_ns = orphan_ns < ns ? orphan_ns : ns;
	if (orphan_ns)
		add_in_state(model->flames, table, key, TW_FIN_WAIT2, WEIGHT_TIME_WAIT_SECONDS,
			     orphan_ns);
	if (ns > orphan_ns)
		add_in_state(model->flames, table, key, TW_TIME_WAIT, WEIGHT_TIME_WAIT_SECONDS,
			     ns - orphan_ns);
}

/* All that the connection weighs in the window. */
static void weigh(const struct model *model, uint32_t id, struct flame_table *table)
{
	static const struct course unknown;

	static const struct {
		enum flame_weight weight;
		enum field field;
	} counted[] = {
		{ WEIGHT_CONNECTIONS, FIELD_CONNECTIONS },
		{ WEIGHT_FAILURES, FIELD_FAILED },
		{ WEIGHT_OPEN, FIELD_OPEN },
	};
	const struct conn *conn = conn_at(model, id);
	const struct course *course = id < model->flames->room ? &model->flames->courses[id] :
								 &unknown;
	struct flame_key key;

	if (!conn->wanted || conn->state == TW_LISTEN)
		return;
	key = flame_key_of(model, id, course);
	for (unsigned int i = 0; i < sizeof(counted) / sizeof(counted[0]); i++)
		if ((conn->mask & FIELD_BIT(counted[i].field)) && !course->over_before)
			add_in_state(model->flames, table, &key, flame_state_of(conn),
				     counted[i].weight, 1);
	if (conn->mask & MINISOCK_MASK)
		add_in_state(model->flames, table, &key, conn->state, WEIGHT_TIME_WAIT, 1);
	add_seconds(model, course, table, &key);
	add_held(model, conn, course, table, &key);
}

void flames_failed(struct model *model, uint32_t id, uint8_t error)
{
	struct course *course = course_of(model->flames, id);

	if (course)
		course->error = error;
}

void flames_leave(struct model *model, uint32_t id)
{
	struct course *course = course_of(model->flames, id);

	weigh(model, id, &model->flames->gone);
	if (model->flames->gone.pool.count >= model->flames->many)
		fold_processes(model->flames);
	if (course)
		*course = (struct course){ 0 };
}

bool flames_await_stack(const struct model *model, uint32_t id)
{
	return model->flames && (model->flames->asked & 1U << FRAME_STACK) &&
	       (model->opts.stacks || model_flame_has_stacks(model)) &&
	       !stacks_of_conn(model, id, STACK_OPENED) &&
	       model->now_ns < conn_at(model, id)->since_ns + AWAITED_NS;
}

void flames_add_sum(struct model *model, const struct conn *like, uint32_t mask, uint8_t error,
		    uint64_t count)
{
	struct flame_key key = flame_key_of_sum(model, like, error);

	if (mask & FIELD_BIT(FIELD_CONNECTIONS))
		table_add(&model->flames->gone, &key, WEIGHT_CONNECTIONS, count);
	if (mask & FIELD_BIT(FIELD_FAILED))
		table_add(&model->flames->gone, &key, WEIGHT_FAILURES, count);
}

void flames_add_bind(struct model *model, const struct conn *like, uint8_t error)
{
	struct flame_key key = flame_key_of_sum(model, like, error);
	uint32_t asked = model->flames->asked;

	if (asked & 1U << FRAME_PORT)
		key.port = like->local_port;
	if (asked & 1U << FRAME_STATE)
		key.state = TW_CLOSE;
	if (asked & 1U << FRAME_CLOSE)
		key.closer = CLOSER_FAILED;
	if (asked & 1U << FRAME_END)
		key.fate = FATE_NONE;
	key.unconnected = (asked & (1U << FRAME_REMOTE | 1U << FRAME_REMOTE_PORT)) != 0;
	table_add(&model->flames->gone, &key, WEIGHT_FAILURES, 1);
}

void model_flame_restart(struct model *model)
{
	struct flames *flames = model->flames;
	struct flame_table empty;
	uint32_t id;

	if (table_init(&empty)) {
		table_release(&empty);
		return;
	}
	table_release(&flames->gone);
	flames->gone = empty;
	flames->from_ns = model->now_ns;
	for (id = pool_next(&model->conns, 0); id != POOL_NONE;
	     id = pool_next(&model->conns, id + 1)) {
		const struct conn *conn = conn_at(model, id);
		struct course *course = course_of(model->flames, id);

		if (!course)
			continue;
		memset(course->ns, 0, sizeof(course->ns));
		course->held_before = held_ns(model, conn);
		course->over_before = conn->phase != PHASE_FULL;
	}
}

uint64_t model_flame_from_ns(const struct model *model)
{
	return model->flames->from_ns;
}

bool model_flame_has_stacks(const struct model *model)
{
	return model->stacks.pool.count != 0;
}

static void tell(const struct model *model, const struct flame_table *table, model_flame_fn fn,
		 void *ctx)
{
	const struct flame_key *named = NULL;
	struct flame_text text = { .lines = NULL };

	for (uint32_t id = pool_next(&table->pool, 0); id != POOL_NONE;
	     id = pool_next(&table->pool, id + 1)) {
		const struct flame_row *row = row_at(table, id);
		struct flame_stack stack = { .remote_addr = row->key.remote_addr };
		uint64_t any = 0;

		for (unsigned int weight = 0; weight < NR_FLAME_WEIGHTS; weight++)
			any |= stack.weights[weight] = row->weights[weight];
		if (!any)
			continue;
		/* those of one connection follow each other, and differ in their states */
		if (!named || !flame_text_again(&row->key, named, &text)) {
			flame_text_release(&text);
			flame_text_make(model, &row->key, &text);
			named = &row->key;
		}
		stack.parts = text.parts;
		stack.count = text.count;
		fn(ctx, &stack);
	}
	flame_text_release(&text);
}

int model_flame_each(const struct model *model, model_flame_fn fn, void *ctx, uint64_t *unplaced)
{
	struct flame_table living;
	int ret = table_init(&living);
	uint32_t id;

	for (id = pool_next(&model->conns, 0); !ret && id != POOL_NONE;
	     id = pool_next(&model->conns, id + 1))
		weigh(model, id, &living);
	if (!ret) {
		tell(model, &model->flames->gone, fn, ctx);
		tell(model, &living, fn, ctx);
		*unplaced = model->flames->gone.unplaced + living.unplaced;
	}
	table_release(&living);
	return ret;
}
