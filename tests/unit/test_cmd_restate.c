/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Recordings cut in two anywhere: a model that is told what was known at the cut, and what came
 * after it, ends where one ends that has heard all; and what the two halves count adds up.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/model.h"
#include "model/restate.h"
#include "model/tracker.h"
#include "source/recording.h"

#define MOST_SOCKETS 4096
#define SOCKET_LEN 512
/* Cuts a recording. */
#define CUTS 40

struct sockets {
	size_t count;
	char text[MOST_SOCKETS][SOCKET_LEN];
};

/* Counts of what has happened, which the cut divides between two files. */
static const enum field divided[] = { FIELD_OPENED, FIELD_CLOSED, FIELD_CLOSED_FIRST, FIELD_FAILED,
				      FIELD_RESETS };

static void take_record(void *ctx, const struct tw_record *record)
{
	model_feed(ctx, record, record->size, 0);
}

static void write_socket(void *ctx, const struct conn_view *view)
{
	struct sockets *sockets = ctx;
	char *to = sockets->text[sockets->count++];
	/* who held it before it was one is nobody's question */
	uint32_t holders = view->minisock ? 0 : view->nr_holders;
	int len;

	assert_true(sockets->count <= MOST_SOCKETS);
	len = snprintf(to, SOCKET_LEN, "%d %u %u %d %d %u %s %s %u", view->state, view->local_port,
		       view->remote_port, view->minisock, view->direction, view->pid,
		       view->comm ? view->comm : "-", view->service ? view->service : "-", holders);
	for (uint32_t i = 0; i < holders; i++)
		len += snprintf(to + len, SOCKET_LEN - (size_t)len, " %u %s %u",
				view->holders[i].pid, view->holders[i].comm, view->holders[i].fds);
}

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

static const struct sockets *sockets_of(const struct model *model, struct sockets *sockets)
{
	sockets->count = 0;
	model_each_conn(model, write_socket, sockets);
	qsort(sockets->text, sockets->count, SOCKET_LEN, compare);
	return sockets;
}

static void assert_same_sockets(const struct model *one, const struct model *two, const char *path,
				uint64_t cut)
{
	static struct sockets a, b;

	sockets_of(one, &a);
	sockets_of(two, &b);
	for (size_t i = 0; i < a.count && i < b.count; i++)
		if (strcmp(a.text[i], b.text[i]))
			fail_msg("%s cut after %zu: '%s', not '%s'", path, (size_t)cut, b.text[i],
				 a.text[i]);
	if (a.count != b.count)
		fail_msg("%s cut after %zu: %zu sockets, not %zu", path, (size_t)cut, b.count,
			 a.count);
}

/* What is told again is no look at the kernel: only those that follow are compared with it. */
static void assert_agrees_with_kernel(const struct model *model, const char *path, uint64_t cut)
{
	const struct audit *audits;
	size_t count = model_audits(model, &audits);

	for (size_t i = 0; i < count; i++)
		for (unsigned int kind = 0; kind < NR_AUDIT_KINDS; kind++)
			if (audits[i].figures[kind].known && audits[i].figures[kind].error)
				fail_msg("%s cut after %zu: %s differs from the kernel's", path,
					 (size_t)cut, audit_name(kind));
}

static struct model *new_model(void)
{
	struct model *model = model_new(&(struct model_opts){ .leaks = true });

	assert_non_null(model);
	return model;
}

/* Feeds @recording up to its end, or @count records. */
static void feed(struct recording *recording, struct model *one, struct model *two, uint64_t count)
{
	const struct tw_record *record;

	while (count-- && (record = recording_next(recording))) {
		model_feed(one, record, record->size, 0);
		if (two)
			model_feed(two, record, record->size, 0);
	}
}

/* Such a one is left to the next dump, which does not know whose it was. */
static bool has_pending(const struct model *model)
{
	const struct pool *conns = &model->conns;

	for (uint32_t id = pool_next(conns, 0); id != POOL_NONE; id = pool_next(conns, id + 1))
		if (conn_at(model, id)->phase == PHASE_PENDING)
			return true;
	return false;
}

static uint64_t count_records(const char *path)
{
	struct error err = { 0 };
	struct recording *recording = recording_open(path, &err);
	uint64_t count;

	if (!recording)
		fail_msg("%s", err.text);
	while (recording_next(recording))
		;
	count = recording_records(recording);
	recording_free(recording);
	return count;
}

static void cut(const char *path, uint64_t after)
{
	struct model *whole = new_model(), *second = new_model();
	struct error err = { 0 };
	struct recording *recording = recording_open(path, &err);
	uint64_t first[NR_FIELDS];

	feed(recording, whole, NULL, after);
	while (has_pending(whole))
		feed(recording, whole, NULL, 1);
	/* no file ends before everything is known */
	if (model_ready_ns(whole)) {
		memcpy(first, model_totals(whole)->count, sizeof(first));
		model_restate(whole, take_record, second);
		assert_int_equal(model_ready_ns(second), model_now_ns(whole));
		assert_same_sockets(whole, second, path, after);
		feed(recording, whole, second, UINT64_MAX);
		assert_agrees_with_kernel(second, path, after);
		assert_same_sockets(whole, second, path, after);
		for (size_t i = 0; i < sizeof(divided) / sizeof(divided[0]); i++) {
			uint64_t all = model_totals(whole)->count[divided[i]];
			uint64_t rest = model_totals(second)->count[divided[i]];

			if (first[divided[i]] + rest != all)
				fail_msg("%s cut after %zu: %s is %zu and %zu, not %zu", path,
					 (size_t)after, field_name(divided[i]),
					 (size_t)first[divided[i]], (size_t)rest, (size_t)all);
		}
	}
	recording_free(recording);
	model_free(whole);
	model_free(second);
}

static void wherever_it_is_cut_nothing_is_missing(void **state)
{
	static const char *const names[] = { "before", "churn", "endings", "failures", "halves",
					     "ipv6",   "leaks", "owners",  "resets" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[64];
		uint64_t count;

		snprintf(path, sizeof(path), "tests/golden/%s/recording", names[i]);
		count = count_records(path);
		for (uint64_t at = 1; at <= CUTS; at++)
			cut(path, count * at / CUTS);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wherever_it_is_cut_nothing_is_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
