// SPDX-License-Identifier: GPL-2.0-or-later
/* Sysctls by their values: what each line of a sysctl.conf means for this host. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "doctor/beside.h"
#include "doctor/reserve.h"
#include "doctor/supply.h"

#define CONNTRACK "net.netfilter.nf_conntrack_"
#define IPV4 "net.ipv4."
#define SHOWN_LEN 61		/* of a value that is refused */

struct wish {
	struct question question;
	const char *name;	/* whole */
	const char *tip;	/* its last part, as the table of tips has it */
	const char *text;	/* of the values */
	int64_t value[MAX_VALUES];
	int64_t now;		/* of the first value; -1: unknown */
};

static enum opinion tip(const struct wish *wish)
{
	return counsel_tip(&wish->question, wish->tip);
}

static enum opinion is_default(const struct wish *wish, const char *more)
{
	return because(&wish->question, OPINION_IRRELEVANT, "That is the default. %s", more);
}

static enum opinion wish_reuse(const struct wish *wish)
{
	const struct budget *budget = supply_worst(&wish->question);

	if (wish->value[0] == 1)
		return tip(wish);
	if (wish->value[0] == 2)
		return is_default(wish, "connect() takes over a TIME_WAIT on loopback only.");
	if (budget)
		return because(
			&wish->question, OPINION_FALSE,
			"0 lets connect() take over no TIME_WAIT at all, and ports are short here.");
	return because(
		&wish->question, OPINION_IRRELEVANT,
		"0 lets connect() take over no TIME_WAIT at all; the default is 2, loopback only.");
}

static enum opinion wish_recycle(const struct wish *wish)
{
	if (wish->now >= 0 && !wish->value[0])
		return because(&wish->question, OPINION_TRUE,
			       "Off is right: it breaks clients behind NAT.");
	return tip(wish);
}

static enum opinion wish_fin_timeout(const struct wish *wish)
{
	/* tcp_fin_time() - TCP_TIMEWAIT_LEN, twice: once as a full socket, once as a small one */
	int64_t value = wish->value[0], life_s = 2 * (value - 60);

	if (value == 60)
		return is_default(wish, "It is about FIN_WAIT2, not about TIME_WAIT.");
	if (value > 60)
		return because(&wish->question, OPINION_FALSE,
			       "An orphan then stays in FIN_WAIT2 for %" PRId64
			       " s%s. TIME_WAIT lasts for 60 s whatever it is.",
			       life_s,
			       life_s == value ?
				       ", which holds its port for longer than the default of 60" :
				       ", because the kernel takes what is above 60 twice");
	return tip(wish);
}

/* -1: unknown. */
static int64_t count_sockets(const struct wish *wish, const char *name)
{
	uint64_t count;

	return wish->question.site && site_sockstat(wish->question.site, name, &count) ?
		       (int64_t)count :
		       -1;
}

/* What is wrong with a bound that is lower than it is, or than what it bounds. */
#define BOUND_LEN 120
static const char *bound_text(const struct wish *wish, int64_t count, char text[static BOUND_LEN])
{
	const char *what = wish->value[0] < wish->now ? "It lowers the bound" :
							"It is too low a bound";

	if (count >= 0)
		snprintf(text, BOUND_LEN, "%s (%" PRId64 " now, and %" PRId64 " are there)", what,
			 wish->now, count);
	else
		snprintf(text, BOUND_LEN, "%s (%" PRId64 " now; how many there are is not known)",
			 what, wish->now);
	return text;
}

static enum opinion wish_buckets(const struct wish *wish)
{
	int64_t time_wait = count_sockets(wish, "TCP:tw");
	char bound[BOUND_LEN];

	if (wish->now >= 0 && (wish->value[0] < wish->now || wish->value[0] <= time_wait))
		return because(&wish->question, OPINION_DANGEROUS,
			       "%s: beyond it TIME_WAIT is skipped, and late segments hit new "
			       "connections. It never adds sockets or ports.",
			       bound_text(wish, time_wait, bound));
	if (wish->value[0] == wish->now)
		return because(&wish->question, OPINION_IRRELEVANT,
			       "So it is already. It adds neither sockets nor ports.");
	return tip(wish);
}

static enum opinion wish_cookies(const struct wish *wish)
{
	enum opinion opinion;

	if (!wish->value[0])
		return because(
			&wish->question, OPINION_DANGEROUS,
			"Without cookies a flood of SYNs shuts clients out. It has nothing to do "
			"with TIME_WAIT.");
	if (wish->value[0] >= 2)
		return because(
			&wish->question, OPINION_FALSE,
			"2 sends cookies always, which is meant for tests; 1 does so where the SYN "
			"queue is full.");
	opinion = tip(wish);
	return opinion == OPINION_TRUE ?
		       opinion :
		       is_default(wish,
				  "It answers SYNs when the queue of a listener is full; it has "
				  "nothing to do with TIME_WAIT or ports.");
}

static enum opinion wish_timestamps(const struct wish *wish)
{
	if (!wish->value[0] || wish->now == 0)
		return tip(wish);
	return wish->value[0] == 1 ?
		       is_default(wish, "tcp_tw_reuse and PAWS rest on it.") :
		       because(&wish->question, OPINION_IRRELEVANT,
			       "2 leaves out the random offset: the uptime shows. 1 is the "
			       "default.");
}

/* Off is the default, and on is what the tip is about. */
static enum opinion wish_off(const struct wish *wish)
{
	return wish->value[0] ? tip(wish) : is_default(wish, "");
}

static enum opinion wish_orphans(const struct wish *wish)
{
	int64_t orphans = count_sockets(wish, "TCP:orphan");
	char bound[BOUND_LEN];

	if (wish->now >= 0 && (wish->value[0] < wish->now || wish->value[0] / 2 < orphans))
		return because(
			&wish->question, OPINION_DANGEROUS,
			"%s: beyond it connections are reset while they still have data to send. "
			"TIME_WAIT is not among them.",
			bound_text(wish, orphans, bound));
	return tip(wish);
}

static enum opinion wish_somaxconn(const struct wish *wish)
{
	if (wish->value[0] < wish->now)
		return because(&wish->question, OPINION_DANGEROUS,
			       "It lowers the bound (%" PRId64
			       " now): queues of listeners get shorter, and clients wait.",
			       wish->now);
	return tip(wish);
}

static enum opinion wish_range(const struct wish *wish)
{
	const struct question *question = &wish->question;
	int64_t low = wish->value[0], high = wish->value[1];
	int64_t privileged = now_is(question, IPV4 "ip_unprivileged_port_start");
	unsigned int now_low, now_high, listeners;

	if (low > high)
		return because(question, OPINION_FALSE,
			       "The kernel refuses it: %" PRId64 " is above %" PRId64 ".", low,
			       high);
	/* ipv4_local_port_range() */
	if (low < (privileged >= 0 ? privileged : 1024))
		return because(
			question, OPINION_FALSE,
			"The kernel refuses a range that begins below ip_unprivileged_port_start (%" PRId64
			").",
			privileged >= 0 ? privileged : 1024);
	listeners = question->site ? chart_listeners(question->chart, question->site,
						     (unsigned int)low, (unsigned int)high) :
				     0;
	if (listeners)
		return because(
			question, OPINION_DANGEROUS,
			"Services listen on %u port%s of this range, the lowest is %u: a connect() "
			"may take one while its service is down. Reserve them first "
			"(ip_local_reserved_ports).",
			listeners, listeners == 1 ? "" : "s",
			chart_listener(question->chart, question->site, (unsigned int)low));
	if (!question->site || !site_range(question->site, &now_low, &now_high))
		return tip(wish);
	if (high - low < now_high - now_low)
		return because(question, OPINION_DANGEROUS,
			       "It leaves %" PRId64
			       " ports for each destination; there are %u now.",
			       high - low + 1, now_high - now_low + 1);
	return tip(wish);
}

static enum opinion wish_reserved(const struct wish *wish)
{
	enum opinion opinion = reserve_judge(&wish->question, wish->text);

	return opinion == OPINION_NONE ? tip(wish) : opinion;
}

static enum opinion wish_conntrack_max(const struct wish *wish)
{
	int64_t count = now_is(&wish->question, CONNTRACK "count");

	if (wish->value[0] && wish->value[0] <= count)
		return because(&wish->question, OPINION_DANGEROUS,
			       "There are %" PRId64 " entries: new connections would be dropped.",
			       count);
	if (wish->now > 0 && count * 4 >= wish->now * 3)
		return because(&wish->question, OPINION_TRUE,
			       "The table has %" PRId64 " of %" PRId64 " entries.", count,
			       wish->now);
	return because(&wish->question, OPINION_IRRELEVANT, "%s",
		       wish->now < 0 ? "nf_conntrack is not loaded here, or can't be read." :
				       "The table is not near its bound, and no port hangs on it.");
}

static enum opinion wish_conntrack(const struct wish *wish)
{
	return counsel_tip(&wish->question, "nf_conntrack_tcp_timeout_time_wait");
}

static enum opinion wish_established(const struct wish *wish)
{
	int64_t keepalive = now_is(&wish->question, IPV4 "tcp_keepalive_time");

	if (keepalive >= wish->value[0])
		return because(&wish->question, OPINION_DANGEROUS,
			       "Idle connections are forgotten before keep-alive begins (%" PRId64
			       " s).",
			       keepalive);
	return wish_conntrack(wish);
}

static enum opinion wish_beside(const struct wish *wish)
{
	return because(&wish->question, OPINION_IRRELEVANT, "%s", beside_reason(wish->name));
}

#define INT INT32_MAX

static const struct known_setting {
	const char *name;
	unsigned int values;	/* 0: any text */
	int64_t min, max;
	enum opinion (*judge)(const struct wish *wish);
} known[] = {
	{ IPV4 "tcp_tw_recycle", 1, 0, INT, wish_recycle },
	{ IPV4 "tcp_tw_reuse", 1, 0, 2, wish_reuse },
	{ IPV4 "tcp_tw_reuse_delay", 1, 1, 60000, tip },
	{ IPV4 "tcp_fin_timeout", 1, 0, INT, wish_fin_timeout },
	{ IPV4 "tcp_max_tw_buckets", 1, 0, INT, wish_buckets },
	{ IPV4 "tcp_rmem", 3, 1, INT, tip },
	{ IPV4 "tcp_wmem", 3, 1, INT, tip },
	{ IPV4 "tcp_syncookies", 1, 0, 255, wish_cookies },
	{ IPV4 "tcp_timestamps", 1, 0, 255, wish_timestamps },
	{ IPV4 "tcp_rfc1337", 1, 0, 255, wish_off },
	{ IPV4 "tcp_max_orphans", 1, 0, INT, wish_orphans },
	{ "net.core.somaxconn", 1, 0, INT, wish_somaxconn },
	{ IPV4 "tcp_abort_on_overflow", 1, 0, 255, wish_off },
	{ IPV4 "ip_local_port_range", 2, 1, 65535, wish_range },
	{ IPV4 "ip_local_reserved_ports", 0, 0, 0, wish_reserved },
	{ CONNTRACK "max", 1, 0, INT, wish_conntrack_max },
	{ "net.nf_conntrack_max", 1, 0, INT, wish_conntrack_max },
	{ CONNTRACK "tcp_timeout_time_wait", 1, 0, INT, wish_conntrack },
	{ CONNTRACK "tcp_timeout_close_wait", 1, 0, INT, wish_conntrack },
	{ CONNTRACK "tcp_timeout_fin_wait", 1, 0, INT, wish_conntrack },
	{ CONNTRACK "tcp_timeout_established", 1, 0, INT, wish_established },
	{ IPV4 "tcp_keepalive_time", 1, 1, 2147483, wish_beside },
	{ IPV4 "tcp_keepalive_intvl", 1, 1, 2147483, wish_beside },
	{ IPV4 "tcp_keepalive_probes", 1, 0, 255, wish_beside },
	{ IPV4 "tcp_max_syn_backlog", 1, 0, INT, wish_beside },
	{ IPV4 "tcp_syn_retries", 1, 1, 127, wish_beside },
	{ IPV4 "tcp_synack_retries", 1, 0, 255, wish_beside },
	{ IPV4 "tcp_retries1", 1, 0, 255, wish_beside },
	{ IPV4 "tcp_retries2", 1, 0, 255, wish_beside },
	{ IPV4 "tcp_orphan_retries", 1, 0, 255, wish_beside },
	{ IPV4 "tcp_fastopen", 1, 0, INT, wish_beside },
	{ IPV4 "tcp_mem", 3, 0, INT64_MAX, wish_beside },
	{ "net.core.netdev_max_backlog", 1, 0, INT, wish_beside },
	{ "net.core.rmem_max", 1, 1, INT, wish_beside },
	{ "net.core.wmem_max", 1, 1, INT, wish_beside },
	{ "fs.file-max", 1, 0, INT64_MAX, wish_beside },
	{ "fs.nr_open", 1, 8, INT, wish_beside },
};

#define NR_KNOWN (sizeof(known) / sizeof(known[0]))

const char *counsel_known(size_t index)
{
	return index < NR_KNOWN ? known[index].name : NULL;
}

static const struct known_setting *find(const char *name)
{
	for (size_t i = 0; i < NR_KNOWN; i++)
		if (!strcmp(known[i].name, name))
			return &known[i];
	return NULL;
}

unsigned int counsel_values(const char *name)
{
	const struct known_setting *setting = find(name);

	return setting ? setting->values : 0;
}

/* All of the values and nothing else; false: not so, or out of range. */
static bool take_values(const struct known_setting *setting, struct wish *wish)
{
	const char *at = wish->text;

	for (unsigned int i = 0; i < setting->values; i++) {
		char *end;

		errno = 0;
		wish->value[i] = strtoll(at, &end, 10);
		if (end == at || errno || (*end && !isspace((unsigned char)*end)) ||
		    wish->value[i] < setting->min || wish->value[i] > setting->max)
			return false;
		at = end + strspn(end, " \t");
	}
	return !*at;
}

static enum opinion refuse(const struct known_setting *setting, const struct wish *wish)
{
	char shown[SHOWN_LEN];

	text_clean(wish->text, strlen(wish->text), shown, sizeof(shown));
	if (setting->values == 1 && setting->max < INT)
		return because(&wish->question, OPINION_FALSE,
			       "'%s' is no value of it: a number from %" PRId64 " to %" PRId64 ".",
			       shown, setting->min, setting->max);
	/* proc_dointvec() stops where the text does: what was there stays behind it */
	return because(&wish->question, OPINION_FALSE,
		       "'%s' is no value of it: it has %u number%s.%s", shown, setting->values,
		       setting->values == 1 ? "" : "s",
		       setting->values == 1 ?
			       "" :
			       " Of fewer the kernel sets those, and leaves the rest.");
}

enum opinion counsel_setting(const struct chart *chart, const char *name, const char *value,
			     char reason[static REASON_LEN])
{
	const struct known_setting *setting = find(name);
	struct wish wish = {
		.question = { chart, chart_main_site(chart), reason },
		.name = name,
		.text = value,
	};

	if (!setting)
		return because(
			&wish.question, OPINION_NONE,
			"Unknown to twtrace: not judged. It is not about how connections end.");
	wish.tip = strrchr(setting->name, '.') + 1;
	wish.now = now_is(&wish.question, name);
	if (!take_values(setting, &wish) && setting->values)
		return refuse(setting, &wish);
	return setting->judge(&wish);
}
