// SPDX-License-Identifier: GPL-2.0-or-later
/* The texts are kept as they came, cleaned: who reads them knows the files, the model does not. */
#include "model/netns_facts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/facts.h"
#include "model/tracker.h"

/* Two texts of up to 48 kB each: of a host that has more at once, the rest is left out. */
#define MAX_TOLD 1024

struct facts_store {
	struct netns_facts *told;	/* owned, and so are its texts */
	size_t nr_told, room_told;
	uint64_t left_out;
};

static void free_texts(struct netns_facts *facts)
{
	if (facts->last != facts->first)
		free((char *)facts->last);
	free((char *)facts->first);
}

void facts_free(struct facts_store *store)
{
	if (!store)
		return;
	for (size_t i = 0; i < store->nr_told; i++)
		free_texts(&store->told[i]);
	free(store->told);
	free(store);
}

static struct netns_facts *find(struct facts_store *store, uint64_t netns, unsigned int source)
{
	for (size_t i = 0; i < store->nr_told; i++)
		if (store->told[i].netns_cookie == netns && store->told[i].source == source)
			return &store->told[i];
	return NULL;
}

/* The namespace that ended first gives way; those behind it move up. */
static bool forget_oldest(struct facts_store *store)
{
	struct netns_facts *told = store->told;
	size_t oldest = store->nr_told;

	for (size_t i = 0; i < store->nr_told; i++)
		if (told[i].gone_ns &&
		    (oldest == store->nr_told || told[i].gone_ns < told[oldest].gone_ns))
			oldest = i;
	if (oldest == store->nr_told)
		return false;
	free_texts(&told[oldest]);
	store->nr_told--;
	memmove(&told[oldest], &told[oldest + 1], (store->nr_told - oldest) * sizeof(*told));
	return true;
}

static int make_room(struct facts_store *store)
{
	size_t room = store->room_told ? 2 * store->room_told : 8;
	struct netns_facts *grown;

	if (store->nr_told < store->room_told)
		return 0;
	if (store->nr_told == MAX_TOLD)
		return forget_oldest(store) ? 0 : -ENOSPC;
	grown = realloc(store->told, room * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	store->told = grown;
	store->room_told = room;
	return 0;
}

static void add_first(struct model *model, const struct tw_name *record, unsigned int source,
		      const char *text)
{
	struct facts_store *store = model->facts;
	int ret = make_room(store);

	if (ret) {
		free((char *)text);
		store->left_out++;
		model->loss[TW_LOSS_NO_MEMORY] += ret == -ENOMEM;
		return;
	}
	store->told[store->nr_told++] = (struct netns_facts){
		.netns_cookie = record->id,
		.netns_ino = record->ino,
		.source = source,
		.first = text,
		.last = text,
		.first_ns = record->head.ts_ns,
		.last_ns = record->head.ts_ns,
	};
}

void facts_learn(struct model *model, const struct tw_name *record, unsigned int source)
{
	struct netns_facts *facts;
	char *text;

	if (!model->facts)
		model->facts = calloc(1, sizeof(*model->facts));
	text = model->facts ? strdup(record->text) : NULL;
	if (!text) {
		model->loss[TW_LOSS_NO_MEMORY]++;
		return;
	}
	facts_clean(text);
	facts = find(model->facts, record->id, source);
	if (!facts) {
		add_first(model, record, source, text);
		return;
	}
	if (facts->last != facts->first)
		free((char *)facts->last);
	facts->last = text;
	facts->last_ns = record->head.ts_ns;
}

void facts_netns_gone(struct model *model, const struct tw_name *record, unsigned int source)
{
	struct netns_facts *facts = model->facts ? find(model->facts, record->id, source) : NULL;

	if (facts && !facts->gone_ns)
		facts->gone_ns = record->head.ts_ns;
}

uint64_t model_facts_left_out(const struct model *model)
{
	return model->facts ? model->facts->left_out : 0;
}

size_t model_facts(const struct model *model, const struct netns_facts **facts)
{
	struct facts_store *store = model->facts;

	*facts = store ? store->told : NULL;
	for (size_t i = 0; store && i < store->nr_told; i++)
		store->told[i].netns_name = tracker_netns_name(model, store->told[i].netns_cookie,
							       store->told[i].source);
	return store ? store->nr_told : 0;
}
