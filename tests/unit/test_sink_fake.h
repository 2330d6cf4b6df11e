/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A model made by hand for the tests of the sinks: a struct of ready answers
 * behind the functions of model.h. Included once by each test, which therefore
 * links base and sink but not model.
 */
#ifndef TEST_SINK_FAKE_H
#define TEST_SINK_FAKE_H

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/addr.h"
#include "base/names.h"
#include "base/text.h"
#include "model/farewell.h"
#include "model/flame.h"
#include "model/leak.h"
#include "model/ports.h"
#include "model/whatif.h"
#include "sink/sink.h"

#define SECOND 1000000000ULL
#define MILLISECOND 1000000ULL
/* The traced host's clocks: monotonic 100 s is 2026-01-31T12:00:00Z. */
#define FAKE_READY (100 * SECOND)
#define FAKE_OFFSET ((int64_t)(1769860800ULL * SECOND - FAKE_READY))
#define MAX_FAKES 16

struct model {
	uint64_t now_ns, ready_ns, interval_start_ns;
	struct row totals;
	struct rows rows[NR_DIMENSIONS];
	struct rows places;
	const char *services[MAX_FAKES];	/* by number; NULL: unknown */
	struct conn_view conns[MAX_FAKES];
	size_t nr_conns;
	uint64_t loss[TW_NR_LOSS];
	enum evidence evidence;
	struct audit audits[MAX_FAKES];
	size_t nr_audits;
	const struct verdict *verdicts; /* borrowed */
	size_t nr_verdicts;
	const struct budget *budgets; /* borrowed, as the next one */
	size_t nr_budgets;
	const struct failure *failures;
	size_t nr_failures;
	const struct netns_facts *facts;
	size_t nr_facts;
	uint64_t budgets_left_out, failures_left_out;
	enum tw_binds binds;
	const struct whatif_result *replayed; /* borrowed; NULL: nothing to replay */
};

size_t model_budgets(const struct model *model, const struct budget **budgets)
{
	*budgets = model->budgets;
	return model->nr_budgets;
}

uint64_t model_budgets_left_out(const struct model *model)
{
	return model->budgets_left_out;
}

int model_what_if(const struct model *model, const struct whatif_changes *changes,
		  struct whatif_result *result)
{
	(void)changes;
	if (!model->replayed)
		return -ENODATA;
	*result = *model->replayed;
	return 0;
}

void whatif_result_release(struct whatif_result *result)
{
	(void)result;
}

const char *whatif_assumed_name(enum whatif_assumed assumed)
{
	return assumed == ASSUMED_RANGE ? "ip_local_port_range" : "tcp_tw_reuse";
}

size_t model_failures(const struct model *model, const struct failure **failures)
{
	*failures = model->failures;
	return model->nr_failures;
}

enum tw_binds model_binds(const struct model *model)
{
	return model->binds;
}

uint64_t model_failures_left_out(const struct model *model)
{
	return model->failures_left_out;
}

uint64_t model_now_ns(const struct model *model)
{
	return model->now_ns;
}

uint64_t model_ready_ns(const struct model *model)
{
	return model->ready_ns;
}

uint64_t model_interval_start_ns(const struct model *model)
{
	return model->interval_start_ns;
}

const struct row *model_totals(const struct model *model)
{
	return &model->totals;
}

const struct rows *model_rows(const struct model *model, enum dimension dimension)
{
	return &model->rows[dimension];
}

const struct rows *model_places(const struct model *model)
{
	return &model->places;
}

const char *model_service_name(const struct model *model, uint32_t service)
{
	return model->services[service];
}

/* Views and their texts live on this side during the call only, as promised. */
void model_each_conn(const struct model *model, model_conn_fn fn, void *ctx)
{
	char service[256], comm[128];
	struct conn_view view;
	size_t i;

	for (i = 0; i < model->nr_conns; i++) {
		view = model->conns[i];
		if (view.service)
			view.service = strcpy(service, view.service);
		if (view.comm)
			view.comm = strcpy(comm, view.comm);
		fn(ctx, &view);
		memset(service, '#', sizeof(service) - 1);
		memset(comm, '#', sizeof(comm) - 1);
	}
}

uint64_t model_loss(const struct model *model, enum tw_loss_cause cause)
{
	return model->loss[cause];
}

enum evidence model_evidence(const struct model *model)
{
	return model->evidence;
}

size_t model_audits(const struct model *model, const struct audit **audits)
{
	*audits = model->audits;
	return model->nr_audits;
}

size_t model_verdicts(const struct model *model, const struct verdict **verdicts)
{
	*verdicts = model->verdicts;
	return model->nr_verdicts;
}

struct leaks_unkept model_leaks_unkept(const struct model *model)
{
	(void)model;
	return (struct leaks_unkept){ 0 };
}

/* A stand-in: the p-th permille of the maximum. */
bool model_was_fed(const struct model *model, unsigned int source)
{
	(void)model;
	return source == 0;
}

const char *model_host(const struct model *model, unsigned int source)
{
	(void)model;
	(void)source;
	return "web-1";
}

uint64_t model_flame_from_ns(const struct model *model)
{
	return model_ready_ns(model);
}

/* What model_flame_each() tells. */
static struct flame_stack fake_stacks[4];
static size_t nr_fake_stacks;
static uint64_t fake_unplaced;

int model_flame_each(const struct model *model, model_flame_fn fn, void *ctx, uint64_t *unplaced)
{
	(void)model;
	for (size_t i = 0; i < nr_fake_stacks; i++)
		fn(ctx, &fake_stacks[i]);
	*unplaced = fake_unplaced;
	return 0;
}

bool model_flame_has_stacks(const struct model *model)
{
	(void)model;
	return false;
}

bool model_farewell_command(const struct model *model, struct farewell_command *command)
{
	(void)model;
	(void)command;
	return false;
}

void model_farewell_counts(const struct model *model, struct farewell_counts *counts)
{
	(void)model;
	memset(counts, 0, sizeof(*counts));
}

size_t model_farewell_leaks(const struct model *model, const struct farewell_leak **leaks)
{
	(void)model;
	(void)leaks;
	return 0;
}

struct farewell_stack model_farewell_stack(const struct model *model, uint32_t number)
{
	(void)model;
	(void)number;
	return (struct farewell_stack){ 0 };
}

size_t model_farewell_holders(const struct model *model, struct farewell_holder *holders,
			      size_t room)
{
	(void)model;
	(void)holders;
	(void)room;
	return 0;
}

void histogram_release(struct histogram *histogram)
{
	(void)histogram;
}

bool histogram_grow(struct histogram *histogram, unsigned int octave)
{
	(void)histogram;
	(void)octave;
	return false;
}

bool histogram_carry(struct histogram *histogram, unsigned int bucket)
{
	(void)histogram;
	(void)bucket;
	return false;
}

void histogram_merge(struct histogram *histogram, const struct histogram *from)
{
	(void)histogram;
	(void)from;
}

void histogram_add_since(struct histogram *histogram, const struct histogram *now,
			 const struct histogram *before)
{
	(void)histogram;
	(void)now;
	(void)before;
}

size_t model_facts(const struct model *model, const struct netns_facts **facts)
{
	*facts = model->facts;
	return model->nr_facts;
}

uint64_t histogram_quantile(const struct histogram *histogram, unsigned int permille)
{
	return histogram->max_ns / 1000 * permille;
}

/* Likewise: all samples are the maximum. */
uint64_t histogram_at_most(const struct histogram *histogram, uint64_t ns)
{
	return ns < histogram->max_ns ? 0 : histogram->count;
}

double histogram_sum_ns(const struct histogram *histogram)
{
	return (double)histogram->count * (double)histogram->max_ns;
}

static inline void fake_addr(uint8_t addr[static ADDR_LEN], unsigned int a, unsigned int b,
			     unsigned int c, unsigned int d)
{
	const uint8_t bytes[ADDR_LEN] = { [10] = 0xff, 0xff,	   (uint8_t)a,
					  (uint8_t)b,  (uint8_t)c, (uint8_t)d };

	memcpy(addr, bytes, ADDR_LEN);
}

static inline struct model *fake_model(void)
{
	struct model *model = calloc(1, sizeof(*model));
	unsigned int i;

	assert_non_null(model);
	assert_int_equal(setenv("TZ", "UTC", 1), 0);
	tzset();
	model->ready_ns = FAKE_READY;
	model->now_ns = FAKE_READY;
	model->evidence = EVIDENCE_INFERRED;
	for (i = 0; i < NR_DIMENSIONS; i++) {
		model->rows[i].dimension = i;
		pool_init(&model->rows[i].pool, sizeof(struct row));
		assert_int_equal(pool_take(&model->rows[i].pool), ROW_OTHER);
	}
	pool_init(&model->places.pool, sizeof(struct row));
	assert_int_equal(pool_take(&model->places.pool), ROW_OTHER);
	return model;
}

static inline void fake_model_free(struct model *model)
{
	unsigned int i;

	for (i = 0; i < NR_DIMENSIONS; i++)
		pool_release(&model->rows[i].pool);
	pool_release(&model->places.pool);
	free(model);
}

static inline struct row *fake_row(struct model *model, enum dimension dimension)
{
	struct pool *pool = &model->rows[dimension].pool;

	return pool_at(pool, pool_take(pool));
}

/* A name of 200 bytes. */
#define LONG_50 "kubepods-burstable-pod0123456789abcdef-0123456789-"
#define LONG_200 LONG_50 LONG_50 LONG_50 LONG_50

/*
 * Counts in proportion to @scale; one opened in @scale falls into the last interval. Those
 * minisocks that live have done so from the 42nd second on, the others held 20 s in all.
 */
static inline void fake_fill(struct row *row, uint64_t scale)
{
	static const struct {
		enum field field;
		unsigned int factor;
	} factors[] = {
		{ FIELD_CONNECTIONS, 12 }, { FIELD_OPENED, 11 },     { FIELD_CLOSED, 9 },
		{ FIELD_CLOSED_FIRST, 7 }, { FIELD_FAILED, 1 },	     { FIELD_RESETS, 2 },
		{ FIELD_TW_ENTERED, 12 },  { FIELD_TW_EXPIRED, 3 },  { FIELD_FW2_EXPIRED, 1 },
		{ FIELD_TW_REUSED, 1 },	   { FIELD_TW_OTHER, 1 },    { FIELD_TW_RESET, 1 },
		{ FIELD_OPEN, 3 },	   { FIELD_ESTABLISHED, 2 }, { FIELD_CLOSE_WAIT, 1 },
		{ FIELD_FIN_WAIT2, 1 },	   { FIELD_FW2_ORPHANS, 1 }, { FIELD_TIME_WAIT, 6 },
	};
	size_t i;

	for (i = 0; i < sizeof(factors) / sizeof(factors[0]); i++)
		row->count[factors[i].field] = factors[i].factor * scale;
	memcpy(row->before, row->count, sizeof(row->before));
	row->before[FIELD_OPENED] -= scale;
	row->lifetime.count = scale;
	row->lifetime.max_ns = scale * 40 * MILLISECOND;
	row->residence.count = 5 * scale;
	row->residence.max_ns = 61500 * MILLISECOND + scale * MILLISECOND;
	row->held_ns = scale * 20 * SECOND - 7 * scale * (FAKE_READY + 42 * SECOND);
}

/* A host 72 s after ready, 2 s into an interval, with one row of every dimension in "other". */
static inline struct model *fake_busy_model(void)
{
	static const char *const services[] = {
		NULL, "nginx.service", "数据库服务.service", LONG_200, "a\"b,c\\x0a",
	};
	struct model *model = fake_model();
	struct row *row;
	uint32_t i;

	model->now_ns = FAKE_READY + 72 * SECOND;
	model->interval_start_ns = FAKE_READY + 70 * SECOND;
	fake_fill(&model->totals, 1234);
	for (i = 0; i < 5; i++) {
		model->services[i] = services[i];
		row = fake_row(model, DIM_SERVICE);
		row->key.service = i;
		fake_fill(row, 100 + i);
	}
	for (i = 0; i < 4; i++) {
		row = fake_row(model, DIM_PORT);
		row->key.port = (uint16_t)(8080 - i);
		row->key.role = (uint8_t)(i % 3);
		fake_fill(row, 50);
		row = fake_row(model, DIM_REMOTE);
		if (i)
			fake_addr(row->key.remote_addr, 10, 1, i, 200);
		fake_fill(row, 10 * i);	/* the first one is all zeroes */
	}
	row = fake_row(model, DIM_PAIR);
	row->key = (struct row_key){ .service = 1, .port = 443, .role = ROLE_SERVER };
	memset(row->key.remote_addr, 0x20, sizeof(row->key.remote_addr));
	fake_fill(row, 5);
	fake_fill(rows_at(&model->rows[DIM_REMOTE], ROW_OTHER), 30);
	model->rows[DIM_REMOTE].folded = 20311;
	return model;
}

/* The namespace's TIME_WAIT differs by @error and drifted by 5, all else agrees. */
static inline void fake_audit(struct model *model, const char *name, int64_t error, bool known)
{
	struct audit *audit = &model->audits[model->nr_audits];
	unsigned int kind;

	audit->netns_ino = 4026531840u + (uint32_t)model->nr_audits++;
	audit->name = name;
	audit->ts_ns = model->now_ns;
	for (kind = 0; kind < NR_AUDIT_KINDS; kind++)
		audit->figures[kind] =
			(struct audit_figure){ .known = known, .ours = 70, .kernel = 70 };
	/* a kernel from 5.18 on: its counter is of births */
	audit->figures[AUDIT_EXPIRED].known = false;
	audit->figures[AUDIT_TIME_WAIT] = (struct audit_figure){
		.known = known,
		.ours = (uint64_t)(1200 + error),
		.kernel = 1200,
		.drift = -5,
		.error = error,
	};
}

/* The resolver of these tests, in the place of the C library's: no network is asked. */
int getnameinfo(const struct sockaddr *addr, socklen_t addr_len, char *host, socklen_t host_len,
		char *port, socklen_t port_len, int flags)
{
	static const struct {
		uint32_t addr;
		const char *name;
	} hosts[] = {
		{ 0x0a000009, "client.example" },
		{ 0x0a000008, LONG_50 },
		{ 0x0a010200 + 200, "db-1.example" },
	};
	const struct sockaddr_in *in = (const struct sockaddr_in *)addr;
	size_t i;

	(void)addr_len;
	(void)port;
	(void)port_len;
	if (addr->sa_family != AF_INET || flags != NI_NAMEREQD)
		return EAI_NONAME;
	for (i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
		if (in->sin_addr.s_addr == htonl(hosts[i].addr)) {
			snprintf(host, host_len, "%s", hosts[i].name);
			return 0;
		}
	return EAI_NONAME;
}

/* A cache that has every name of the resolver above. */
static inline struct names *fake_names(void)
{
	static const uint8_t hosts[][4] = { { 10, 0, 0, 9 }, { 10, 0, 0, 8 }, { 10, 1, 2, 200 } };
	struct names *names = names_new();
	uint8_t addr[ADDR_LEN];
	size_t i;

	assert_non_null(names);
	for (i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		fake_addr(addr, hosts[i][0], hosts[i][1], hosts[i][2], hosts[i][3]);
		assert_null(names_of(names, addr));
	}
	names_wait(names, 60000);
	assert_string_equal(names_of(names, addr), "db-1.example");
	return names;
}

/* What a sink wrote, in memory. */
struct fake_output {
	char *text;
	size_t size;
	struct sink_opts opts;
};

static inline void fake_output_init(struct fake_output *output)
{
	*output = (struct fake_output){ 0 };
	output->opts = (struct sink_opts){
		.out = open_memstream(&output->text, &output->size),
		.host = "web-1",
		.realtime_offset_ns = FAKE_OFFSET,
	};
	assert_non_null(output->opts.out);
}

static inline void fake_draw(const struct sink_ops *ops, struct fake_output *output,
			     const struct model *model, bool interval, bool end)
{
	struct sink *sink = ops->open(ops, &output->opts);

	assert_non_null(sink);
	if (interval)
		ops->interval(sink, model);
	if (end)
		ops->end(sink, model);
	ops->free(sink);
}

/* The line at which two texts part, for a message that can be read. */
static inline void fake_fail_at_line(const char *text, const char *expected)
{
	int line = 1, from = 0, i;

	for (i = 0; text[i] && text[i] == expected[i]; i++) {
		if (text[i] != '\n')
			continue;
		line++;
		from = i + 1;
	}
	fail_msg("line %d differs:\n%.*s\nexpected:\n%.*s", line, (int)strcspn(text + from, "\n"),
		 text + from, (int)strcspn(expected + from, "\n"), expected + from);
}

static inline void fake_output_expect(struct fake_output *output, const char *expected)
{
	assert_int_equal(fclose(output->opts.out), 0);
	if (strcmp(output->text, expected))
		fake_fail_at_line(output->text, expected);
	free(output->text);
}

/* The same, without the line breaks and indentations of the output. */
static inline void fake_output_expect_flat(struct fake_output *output, const char *expected)
{
	const char *from;
	char *to;

	fflush(output->opts.out);
	for (from = to = output->text; *from;) {
		if (*from == '\n')
			from += 1 + strspn(from + 1, " ");
		else
			*to++ = *from++;
	}
	*to = '\0';
	fake_output_expect(output, expected);
}

#endif
