// SPDX-License-Identifier: GPL-2.0-or-later
/* The texts are kept as they came: who reads them knows the files, the model does not. */
#include "model/netns_facts.h"

#include <stdlib.h>
#include <string.h>

#include "model/tracker.h"

/* Two texts of up to 48 kB each: a host with more namespaces shows these. */
#define MAX_TOLD 1024

struct facts_store {
	struct netns_facts *told;	/* owned, and so are its texts */
	size_t nr_told, room_told;
};

void facts_free(struct facts_store *store)
{
	if (!store)
		return;
	for (size_t i = 0; i < store->nr_told; i++) {
		if (store->told[i].last != store->told[i].first)
			free((char *)store->told[i].last);
		free((char *)store->told[i].first);
	}
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

/* Of a namespace that is told of for the first time; NULL: no room. */
static struct netns_facts *add(struct facts_store *store)
{
	struct netns_facts *grown;

	if (store->nr_told == store->room_told) {
		size_t room = store->room_told ? 2 * store->room_told : 8;

		grown = store->nr_told < MAX_TOLD ? realloc(store->told, room * sizeof(*grown)) :
						    NULL;
		if (!grown)
			return NULL;
		store->told = grown;
		store->room_told = room;
	}
	return &store->told[store->nr_told];
}

static void add_first(struct model *model, const struct tw_name *record, unsigned int source,
		      const char *text)
{
	struct netns_facts *facts = add(model->facts);

	if (!facts) {
		free((char *)text);
		model->loss[TW_LOSS_NO_MEMORY]++;
		return;
	}
	*facts = (struct netns_facts){
		.netns_cookie = record->id,
		.netns_ino = record->ino,
		.source = source,
		.first = text,
		.last = text,
		.first_ns = record->head.ts_ns,
		.last_ns = record->head.ts_ns,
	};
	model->facts->nr_told++;
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

size_t model_facts(const struct model *model, const struct netns_facts **facts)
{
	struct facts_store *store = model->facts;

	*facts = store ? store->told : NULL;
	for (size_t i = 0; store && i < store->nr_told; i++)
		store->told[i].netns_name = tracker_netns_name(model, store->told[i].netns_cookie,
							       store->told[i].source);
	return store ? store->nr_told : 0;
}
