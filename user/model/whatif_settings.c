// SPDX-License-Identifier: GPL-2.0-or-later
/* What a namespace is set to, from its files; and what it would be set to. */
#include "base/facts.h"
#include "model/whatif.h"

/* What include/net/tcp.h and net/ipv4/tcp_ipv4.c begin with; of the buckets the least likely. */
#define DEFAULT_LOW 32768
#define DEFAULT_HIGH 60999
#define DEFAULT_REUSE 2
#define DEFAULT_FIN_TIMEOUT_S 60

const char *whatif_assumed_name(enum whatif_assumed assumed)
{
	static const char *const names[NR_WHATIF_ASSUMED] = {
		"ip_local_port_range", "tcp_tw_reuse",	     "tcp_timestamps",
		"tcp_fin_timeout",     "tcp_max_tw_buckets",
	};

	return names[__builtin_ctz(assumed)];
}

/* False: it is not told. */
static bool read_one(const char *facts, const char *name, unsigned int index, int64_t max,
		     int64_t *value)
{
	return facts && !facts_sysctl(facts, name, index, value) && *value >= 0 && *value <= max;
}

static unsigned int read_range(struct whatif_settings *settings, const char *facts)
{
	struct fact reserved = { 0 };
	int64_t low, high;

	if (facts)
		reserved = facts_find(facts, "proc/sys/net/ipv4/ip_local_reserved_ports");
	if (reserved.text)
		port_set_parse(&settings->reserved, reserved.text, reserved.len);
	if (!read_one(facts, "net.ipv4.ip_local_port_range", 0, UINT16_MAX, &low) ||
	    !read_one(facts, "net.ipv4.ip_local_port_range", 1, UINT16_MAX, &high))
		return ASSUMED_RANGE;
	settings->low = low;
	settings->high = high;
	return 0;
}

unsigned int whatif_settings_read(struct whatif_settings *settings, const char *facts)
{
	unsigned int assumed;
	int64_t value;

	*settings = (struct whatif_settings){
		.low = DEFAULT_LOW,
		.high = DEFAULT_HIGH,
		.tw_reuse = DEFAULT_REUSE,
		.timestamps = true,
		.tw_reuse_delay_ms = -1,
		.fin_timeout_s = DEFAULT_FIN_TIMEOUT_S,
		.max_tw_buckets = WHATIF_NO_LIMIT,
	};
	assumed = read_range(settings, facts);
	if (read_one(facts, "net.ipv4.tcp_tw_reuse", 0, 2, &value))
		settings->tw_reuse = value;
	else
		assumed |= ASSUMED_REUSE;
	if (read_one(facts, "net.ipv4.tcp_timestamps", 0, UINT8_MAX, &value))
		settings->timestamps = value != 0;
	else
		assumed |= ASSUMED_TIMESTAMPS;
	if (read_one(facts, "net.ipv4.tcp_fin_timeout", 0, INT32_MAX, &value))
		settings->fin_timeout_s = value;
	else
		assumed |= ASSUMED_FIN_TIMEOUT;
	if (read_one(facts, "net.ipv4.tcp_max_tw_buckets", 0, INT32_MAX, &value))
		settings->max_tw_buckets = value;
	else
		assumed |= ASSUMED_BUCKETS;
	/* older kernels have none */
	if (read_one(facts, "net.ipv4.tcp_tw_reuse_delay", 0, INT32_MAX, &value))
		settings->tw_reuse_delay_ms = value;
	return assumed;
}

void whatif_changes_apply(const struct whatif_changes *changes, struct whatif_settings *settings)
{
	const struct whatif_settings *to = &changes->to;

	if (changes->set & CHANGE_TW_REUSE)
		settings->tw_reuse = to->tw_reuse;
	if (changes->set & CHANGE_TW_REUSE_DELAY)
		settings->tw_reuse_delay_ms = to->tw_reuse_delay_ms;
	if (changes->set & CHANGE_TIMESTAMPS)
		settings->timestamps = to->timestamps;
	if (changes->set & CHANGE_FIN_TIMEOUT)
		settings->fin_timeout_s = to->fin_timeout_s;
	if (changes->set & CHANGE_MAX_TW_BUCKETS)
		settings->max_tw_buckets = to->max_tw_buckets;
	if (changes->set & CHANGE_RESERVED)
		settings->reserved = to->reserved;
	if (changes->set & CHANGE_RANGE) {
		settings->low = to->low;
		settings->high = to->high;
	}
}
