// SPDX-License-Identifier: GPL-2.0-or-later
/* Settings of namespaces by their files, and sets of ports. */
#include "model/port_settings.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/facts.h"

void port_settings_release(struct port_settings_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i].reserved);
	free(list->items);
	index_release(&list->by_netns);
}

struct settings_key {
	uint64_t netns_cookie;
	unsigned int source;
};

static bool settings_equal(const void *ctx, uint32_t id, const void *key)
{
	const struct port_settings_list *list = ctx;
	const struct settings_key *settings_key = key;

	return list->items[id].netns_cookie == settings_key->netns_cookie &&
	       list->items[id].source == settings_key->source;
}

struct port_settings *port_settings_of(struct port_settings_list *list, uint64_t netns_cookie,
				       unsigned int source)
{
	struct settings_key key = { netns_cookie, source };
	uint32_t at;

	if (!list->count)
		return NULL;
	at = index_find(&list->by_netns, hash_u64(netns_cookie), settings_equal, list, &key);
	return at == INDEX_NONE ? NULL : &list->items[at];
}

void port_settings_forget(struct port_settings_list *list, uint64_t netns_cookie,
			  unsigned int source)
{
	struct port_settings *settings = port_settings_of(list, netns_cookie, source), *last;

	if (!settings)
		return;
	last = &list->items[--list->count];
	index_remove(&list->by_netns, hash_u64(netns_cookie), settings - list->items);
	free(settings->reserved);
	if (settings != last) {
		/* it moves into the place that is free */
		index_renumber(&list->by_netns, hash_u64(last->netns_cookie), list->count,
			       settings - list->items);
		*settings = *last;
	}
	if (list->at >= list->count)
		list->at = 0;
}

/* Of a namespace that nothing was told of lately, as it is gone: its place. */
static size_t give_way(struct port_settings_list *list)
{
	size_t at = list->at;

	for (; list->items[at].told; at = (at + 1) % list->count)
		list->items[at].told = false;
	list->at = (at + 1) % list->count;
	index_remove(&list->by_netns, hash_u64(list->items[at].netns_cookie), at);
	free(list->items[at].reserved);
	return at;
}

/* A place for one more; -ENOMEM. */
static int take_place(struct port_settings_list *list, size_t *at)
{
	size_t room = list->room ? 2 * list->room : 8;
	struct port_settings *grown;

	if (!list->by_netns.slots && index_init(&list->by_netns))
		return -ENOMEM;
	if (list->count == PORT_SETTINGS_MOST) {
		*at = give_way(list);
		return 0;
	}
	if (list->count == list->room) {
		grown = realloc(list->items, room * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		list->items = grown;
		list->room = room;
	}
	*at = list->count++;
	return 0;
}

static struct port_settings *add(struct port_settings_list *list, uint64_t netns_cookie,
				 unsigned int source)
{
	size_t at;

	if (take_place(list, &at))
		return NULL;
	assert(list->items);
	list->items[at] = (struct port_settings){
		.netns_cookie = netns_cookie,
		.source = source,
		.tw_reuse = SETTING_UNKNOWN,
		.tw_reuse_delay_ms = SETTING_UNKNOWN,
		.timestamps = SETTING_UNKNOWN,
		.fin_timeout_s = SETTING_UNKNOWN,
	};
	/* it is not found then, and gives way in its turn */
	if (index_insert(&list->by_netns, hash_u64(netns_cookie), at))
		return NULL;
	return &list->items[at];
}

static struct port_settings *make(struct port_settings_list *list, uint64_t netns_cookie,
				  unsigned int source)
{
	struct port_settings *settings = port_settings_of(list, netns_cookie, source);

	if (!settings)
		settings = add(list, netns_cookie, source);
	if (settings)
		settings->told = true;
	return settings;
}

static void learn_number(const char *facts, const char *name, int64_t *value)
{
	int64_t number;

	if (!facts_sysctl(facts, name, 0, &number) && number >= 0)
		*value = number;
}

/* What is no range, as of a damaged recording, leaves what is known. */
static void set_range(struct port_settings *settings, int64_t low, int64_t high)
{
	if (low < 1 || high > UINT16_MAX || low > high)
		return;
	settings->low = low;
	settings->high = high;
}

static void learn_range(struct port_settings *settings, const char *facts)
{
	static const char name[] = "net.ipv4.ip_local_port_range";
	int64_t low, high;

	if (!facts_sysctl(facts, name, 0, &low) && !facts_sysctl(facts, name, 1, &high))
		set_range(settings, low, high);
}

static int learn_reserved(struct port_settings *settings, const char *facts)
{
	struct fact fact = facts_find(facts, "proc/sys/net/ipv4/ip_local_reserved_ports");

	free(settings->reserved);
	settings->reserved = NULL;
	settings->reserved_known = fact.text != NULL;
	if (!fact.text || !fact.len || fact.text[0] == '\n')
		return 0;
	settings->reserved = calloc(1, sizeof(*settings->reserved));
	settings->reserved_known = settings->reserved != NULL;
	if (!settings->reserved)
		return -ENOMEM;
	port_set_parse(settings->reserved, fact.text, fact.len);
	return 0;
}

int port_settings_learn(struct port_settings_list *list, uint64_t netns_cookie, unsigned int source,
			const char *facts)
{
	struct port_settings *settings = make(list, netns_cookie, source);

	if (!settings)
		return -ENOMEM;
	learn_range(settings, facts);
	learn_number(facts, "net.ipv4.tcp_tw_reuse", &settings->tw_reuse);
	learn_number(facts, "net.ipv4.tcp_tw_reuse_delay", &settings->tw_reuse_delay_ms);
	learn_number(facts, "net.ipv4.tcp_timestamps", &settings->timestamps);
	learn_number(facts, "net.ipv4.tcp_fin_timeout", &settings->fin_timeout_s);
	return learn_reserved(settings, facts);
}

int port_settings_range(struct port_settings_list *list, uint64_t netns_cookie, unsigned int source,
			uint16_t low, uint16_t high)
{
	struct port_settings *settings = make(list, netns_cookie, source);

	if (!settings)
		return -ENOMEM;
	set_range(settings, low, high);
	return 0;
}

/* A number at *@text, which moves behind it; past 65535: none. */
static bool take_port(const char **text, const char *end, uint32_t *port)
{
	bool any = false;

	for (*port = 0; *text < end && **text >= '0' && **text <= '9'; (*text)++) {
		*port = *port > UINT16_MAX ? *port : *port * 10 + (**text - '0');
		any = true;
	}
	return any && *port <= UINT16_MAX;
}

void port_set_parse(struct port_set *set, const char *text, size_t len)
{
	const char *end = text + len;
	uint32_t from, to;

	while (text < end) {
		if (!take_port(&text, end, &from)) {
			text++;
			continue;
		}
		to = from;
		if (text < end && *text == '-') {
			text++;
			if (!take_port(&text, end, &to))
				to = from;
		}
		for (; from <= to; from++)
			port_set_add(set, from);
	}
}

void port_set_add(struct port_set *set, uint16_t port)
{
	set->bits[port / 64] |= 1ULL << port % 64;
}

bool port_set_has(const struct port_set *set, uint16_t port)
{
	return set && (set->bits[port / 64] >> port % 64 & 1);
}

uint32_t port_set_count(const struct port_set *set, const struct port_set *but, uint16_t low,
			uint16_t high)
{
	uint32_t count = 0;

	for (uint32_t word = low / 64; set && word <= high / 64U; word++) {
		uint64_t bits = set->bits[word] & ~(but ? but->bits[word] : 0);

		if (word == low / 64U)
			bits &= ~0ULL << low % 64;
		if (word == high / 64U)
			bits &= ~0ULL >> (63 - high % 64);
		count += __builtin_popcountll(bits);
	}
	return count;
}
