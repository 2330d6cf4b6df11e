// SPDX-License-Identifier: GPL-2.0-or-later
/* Names and values that a model of ports can be asked about, and what others would not do. */
#include "cmd/whatif_args.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"

#define SYSCTL_PREFIX "net.ipv4."
#define BLANKS " \t"
#define LIST                                                                                        \
	"tcp_tw_reuse, tcp_tw_reuse_delay, tcp_timestamps, tcp_fin_timeout, "                       \
	"tcp_max_tw_buckets, ip_local_port_range, ip_local_reserved_ports, destinations, sources, " \
	"keepalive, close_first, bind_address_no_port"

/* Takes @value over; what it refuses, it says of the whole @arg. */
typedef int (*value_fn)(struct whatif_changes *changes, const char *arg, const char *value,
			struct error *err);

static int number(const char *arg, const char *value, uint64_t min, uint64_t max, uint64_t *to,
		  struct error *err)
{
	struct error why;

	if (!parse_u64(value, min, max, to, &why))
		return 0;
	return error_set(err, -EINVAL, "'%s': %s", arg, why.text);
}

static int take_reuse(struct whatif_changes *changes, const char *arg, const char *value,
		      struct error *err)
{
	uint64_t to;

	if (number(arg, value, 0, 2, &to, err))
		return err->code;
	changes->to.tw_reuse = to;
	changes->set |= CHANGE_TW_REUSE;
	return 0;
}

static int take_reuse_delay(struct whatif_changes *changes, const char *arg, const char *value,
			    struct error *err)
{
	uint64_t to;

	/* tcp_tw_reuse_delay_max (net/ipv4/sysctl_net_ipv4.c): TCP_PAWS_MSL in ms */
	if (number(arg, value, 1, 60000, &to, err))
		return err->code;
	changes->to.tw_reuse_delay_ms = to;
	changes->set |= CHANGE_TW_REUSE_DELAY;
	return 0;
}

static int take_timestamps(struct whatif_changes *changes, const char *arg, const char *value,
			   struct error *err)
{
	uint64_t to;

	if (number(arg, value, 0, 2, &to, err))
		return err->code;
	changes->to.timestamps = to != 0;
	changes->set |= CHANGE_TIMESTAMPS;
	return 0;
}

static int take_fin_timeout(struct whatif_changes *changes, const char *arg, const char *value,
			    struct error *err)
{
	uint64_t to;

	if (number(arg, value, 0, INT32_MAX, &to, err))
		return err->code;
	changes->to.fin_timeout_s = to;
	changes->set |= CHANGE_FIN_TIMEOUT;
	return 0;
}

static int take_buckets(struct whatif_changes *changes, const char *arg, const char *value,
			struct error *err)
{
	uint64_t to;

	if (number(arg, value, 0, INT32_MAX, &to, err))
		return err->code;
	changes->to.max_tw_buckets = to;
	changes->set |= CHANGE_MAX_TW_BUCKETS;
	return 0;
}

/* "15000 64999", as the sysctl has it, or with a dash. */
static int take_range(struct whatif_changes *changes, const char *arg, const char *value,
		      struct error *err)
{
	unsigned int low, high;
	int end = 0;

	if (sscanf(value, "%5u%*[ \t-]%5u%n", &low, &high, &end) != 2 || value[end] || low < 1 ||
	    high > UINT16_MAX || low > high || !isdigit((unsigned char)value[0]))
		return error_set(err, -EINVAL,
				 "'%s' is no range: it takes two ports, the lower one first, as in "
				 "ip_local_port_range=\"15000 64999\"",
				 arg);
	changes->to.low = low;
	changes->to.high = high;
	changes->set |= CHANGE_RANGE;
	return 0;
}

static int take_reserved(struct whatif_changes *changes, const char *arg, const char *value,
			 struct error *err)
{
	struct tw_port_range ranges[TW_MAX_PORT_RANGES];
	uint32_t count = 0;
	struct error why;

	/* "" reserves none */
	if (value[0] && parse_ports(value, ranges, &count, &why))
		return error_set(err, -EINVAL, "'%s': %s", arg, why.text);
	memset(&changes->to.reserved, 0, sizeof(changes->to.reserved));
	for (uint32_t i = 0; i < count; i++)
		for (uint32_t port = ranges[i].low; port <= ranges[i].high; port++)
			port_set_add(&changes->to.reserved, port);
	changes->set |= CHANGE_RESERVED;
	return 0;
}

static int take_destinations(struct whatif_changes *changes, const char *arg, const char *value,
			     struct error *err)
{
	uint64_t to;

	if (number(arg, value, 1, WHATIF_MAX_SPREAD, &to, err))
		return err->code;
	changes->destinations = to > 1 ? to : 0;
	return 0;
}

static int take_sources(struct whatif_changes *changes, const char *arg, const char *value,
			struct error *err)
{
	uint64_t to;

	if (number(arg, value, 1, WHATIF_MAX_SPREAD, &to, err))
		return err->code;
	changes->sources = to > 1 ? to : 0;
	return 0;
}

static int take_keepalive(struct whatif_changes *changes, const char *arg, const char *value,
			  struct error *err)
{
	uint64_t to;

	if (number(arg, value, 1, WHATIF_MAX_KEEPALIVE, &to, err))
		return err->code;
	changes->keepalive = to > 1 ? to : 0;
	return 0;
}

static int take_close_first(struct whatif_changes *changes, const char *arg, const char *value,
			    struct error *err)
{
	if (strcmp(value, "server") && strcmp(value, "client"))
		return error_set(err, -EINVAL, "'%s': the one who closes first is server or client",
				 arg);
	changes->server_first = !strcmp(value, "server");
	changes->set |= CHANGE_CLOSE_FIRST;
	return 0;
}

static int take_no_port(struct whatif_changes *changes, const char *arg, const char *value,
			struct error *err)
{
	uint64_t to;

	if (number(arg, value, 0, 1, &to, err))
		return err->code;
	changes->bind_no_port = to;
	return 0;
}

static const struct {
	const char *name;
	bool sysctl;		/* net.ipv4. may stand before it */
	value_fn take;		/* NULL: it has no part in this */
	const char *remark;
} settings[] = {
	{ "tcp_tw_reuse", true, take_reuse, NULL },
	{ "tcp_tw_reuse_delay", true, take_reuse_delay, NULL },
	{ "tcp_timestamps", true, take_timestamps, NULL },
	{ "tcp_fin_timeout", true, take_fin_timeout,
	  "it does not shorten TIME-WAIT, which lasts 60 s whatever is set; only orphans in "
	  "FIN-WAIT-2 end sooner or later" },
	{ "tcp_max_tw_buckets", true, take_buckets,
	  "a bound below what there is ends TIME-WAIT where it begins, which is unsafe; above "
	  "that it changes nothing" },
	{ "ip_local_port_range", true, take_range, NULL },
	{ "ip_local_reserved_ports", true, take_reserved, NULL },
	{ "destinations", false, take_destinations, NULL },
	{ "sources", false, take_sources, NULL },
	{ "keepalive", false, take_keepalive, NULL },
	{ "close_first", false, take_close_first, NULL },
	{ "bind_address_no_port", false, take_no_port, NULL },
	{ "tcp_tw_recycle", true, NULL, "the kernel has no such setting since 4.12" },
	{ "tcp_rmem", true, NULL, "the size of receive buffers has nothing to do with ports" },
	{ "tcp_wmem", true, NULL, "the size of send buffers has nothing to do with ports" },
	{ "tcp_mem", true, NULL, "memory of buffers has nothing to do with ports" },
	{ "tcp_syncookies", true, NULL,
	  "it is about floods of a listener with SYNs; connect() has no part in it" },
	{ "tcp_max_orphans", true, NULL,
	  "orphans are full sockets; those in TIME-WAIT are none of them" },
	{ "tcp_rfc1337", true, NULL,
	  "it keeps a RST from ending TIME-WAIT, which is rare; ports are held as long" },
	{ "tcp_max_syn_backlog", true, NULL, "it is about listeners; connect() has no part in it" },
	{ "tcp_abort_on_overflow", true, NULL,
	  "it is about listeners; connect() has no part in it" },
	{ "net.core.somaxconn", false, NULL, "it is about listeners; connect() has no part in it" },
	{ "somaxconn", false, NULL, "it is about listeners; connect() has no part in it" },
	{ "tcp_keepalive_time", true, NULL,
	  "the kernel's probes do not make a connection serve more requests; keepalive=N asks "
	  "what it would be like if it did" },
	{ "so_reuseaddr", false, NULL,
	  "it is about bind(): connect() looks at it for none of the ports it chooses" },
};

#define NR_SETTINGS (sizeof(settings) / sizeof(settings[0]))

/* "net/ipv4/x" is a way to write it, too (sysctl(8)). */
static bool is_called(size_t at, const char *arg, size_t len)
{
	const char *name = settings[at].name;
	size_t skip = strlen(SYSCTL_PREFIX);

	if (settings[at].sysctl && len > skip &&
	    (!strncmp(arg, SYSCTL_PREFIX, skip) || !strncmp(arg, "net/ipv4/", skip))) {
		arg += skip;
		len -= skip;
	}
	return strlen(name) == len && !strncasecmp(name, arg, len);
}

_Static_assert(NR_SETTINGS <= WHATIF_MAX_ASKED, "each may be asked for once");

/* The part of @text without blanks around it, and without a pair of quotes that a shell left. */
static char *copy_value(const char *text)
{
	size_t len;
	char quote;

	text += strspn(text, BLANKS);
	len = strlen(text);
	while (len && strchr(BLANKS, text[len - 1]))
		len--;
	quote = *text;
	if (len > 1 && (quote == '"' || quote == '\'') && text[len - 1] == quote) {
		text++;
		len -= 2;
	}
	return strndup(text, len);
}

static int take(struct whatif_ask *ask, size_t at, const char *arg, const char *text,
		struct error *err)
{
	char *value = copy_value(text);
	int ret = 0;

	if (!value)
		return error_set(err, -ENOMEM, "'%s': no memory", arg);
	if (settings[at].take)
		ret = settings[at].take(&ask->changes, arg, value, err);
	free(value);
	return ret;
}

static size_t find_setting(const char *name, size_t len)
{
	size_t at = 0;

	while (at < NR_SETTINGS && !is_called(at, name, len))
		at++;
	return at;
}

int whatif_args_add(struct whatif_ask *ask, const char *arg, struct error *err)
{
	const char *name = arg + strspn(arg, BLANKS);
	size_t end = strcspn(name, "="), len = end, at;
	int ret;

	while (len && strchr(BLANKS, name[len - 1]))
		len--;
	at = find_setting(name, len);
	if (at == NR_SETTINGS)
		return error_set(err, -EINVAL,
				 "'%s': there is no '%.*s' to be changed, but these: " LIST, arg,
				 (int)len, name);
	if (!name[end])
		return error_set(err, -EINVAL, "'%s' has no value: it takes NAME=VALUE", arg);
	for (unsigned int i = 0; i < ask->count; i++)
		if (ask->names[i] == settings[at].name)
			return error_set(err, -EINVAL,
					 "'%s': %s is asked for already, by '%s': one of them", arg,
					 settings[at].name, ask->asked[i]);
	ret = take(ask, at, arg, name + end + 1, err);
	if (ret)
		return ret;
	ask->asked[ask->count] = arg;
	ask->names[ask->count] = settings[at].name;
	ask->remarks[ask->count++] = settings[at].remark;
	return 0;
}
