/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A host that is well, and what is changed of it: "net.ipv4.tcp_tw_reuse 1; sockstat:TCP:tw 9;
 * TcpExt:ListenOverflows 3; -net.ipv4.tcp_mem" (the last one is not there).
 */
#ifndef DOCTOR_FIXTURE_H
#define DOCTOR_FIXTURE_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/facts.h"
#include "doctor/chart.h"
#include "doctor/counsel.h"
#include "doctor/finding.h"

#define MAX_FACTS 96
#define COOKIE 4711

static const char well[] =
	"kernel.osrelease 6.18.0-test;"
	"net.ipv4.ip_local_port_range 32768 60999;"
	"net.ipv4.ip_local_reserved_ports ;"
	"net.ipv4.ip_unprivileged_port_start 1024;"
	"net.ipv4.tcp_abort_on_overflow 0;"
	"net.ipv4.tcp_fin_timeout 60;"
	"net.ipv4.tcp_keepalive_time 7200;"
	"net.ipv4.tcp_max_orphans 65536;"
	"net.ipv4.tcp_max_tw_buckets 131072;"
	"net.ipv4.tcp_mem 100000 200000 300000;"
	"net.ipv4.tcp_rfc1337 0;"
	"net.ipv4.tcp_syncookies 1;"
	"net.ipv4.tcp_timestamps 1;"
	"net.ipv4.tcp_tw_reuse 2;"
	"net.ipv4.tcp_tw_reuse_delay 1000;"
	"net.core.somaxconn 4096;"
	"fs.file-max 100000;"
	"fs.file-nr 1000 0 100000;"
	"net.netfilter.nf_conntrack_count 10;"
	"net.netfilter.nf_conntrack_max 262144;"
	"net.netfilter.nf_conntrack_tcp_loose 1;"
	"net.netfilter.nf_conntrack_tcp_timeout_established 432000;"
	"net.netfilter.nf_conntrack_tcp_timeout_time_wait 120;"
	"sockstat:TCP:inuse 20;sockstat:TCP6:inuse 3;sockstat:TCP:orphan 0;sockstat:TCP:tw 5;sockstat:TCP:mem 10;"
	"TcpExt:TCPTimeWaitOverflow 0;TcpExt:ListenOverflows 0;TcpExt:ListenDrops 0;"
	"TcpExt:TCPReqQFullDoCookies 0;TcpExt:TCPReqQFullDrop 0;TcpExt:SyncookiesSent 0;"
	"TcpExt:TCPAbortOnMemory 0;TcpExt:TCPMemoryPressures 0;TcpExt:PruneCalled 0;"
	"TcpExt:TCPTimeouts 5;TcpExt:TCPSynRetrans 5;TcpExt:TCPAbortOnData 5;"
	"TcpExt:TCPAbortOnClose 5;"
	"Tcp:ActiveOpens 1000;Tcp:PassiveOpens 1000;Tcp:AttemptFails 5;Tcp:RetransSegs 5;"
	"Tcp:OutSegs 100000";

struct described {
	char name[80], value[80];
};

static inline size_t describe(const char *text, struct described *facts, size_t count)
{
	while (*text) {
		size_t len = strcspn(text, ";"), i = 0, name;
		struct described one = { 0 };

		while (len && *text == ' ') {
			text++;
			len--;
		}
		name = strcspn(text, " ;");
		snprintf(one.name, sizeof(one.name), "%.*s", (int)name, text);
		if (name < len)
			snprintf(one.value, sizeof(one.value), "%.*s", (int)(len - name - 1),
				 text + name + 1);
		while (i < count && strcmp(facts[i].name, one.name + (one.name[0] == '-')))
			i++;
		assert_true(i < MAX_FACTS);
		if (one.name[0] == '-')
			facts[i].name[0] = '\0';
		else
			facts[i] = one;
		count += i == count;
		text += len + (text[len] == ';');
	}
	return count;
}

/* A block of proc/net/netstat or snmp: its names, then its values. */
static inline void put_block(FILE *file, const struct described *facts, size_t count,
			     const char *proto)
{
	size_t len = strlen(proto);

	for (int values = 0; values < 2; values++) {
		fprintf(file, "%s", proto);
		for (size_t i = 0; i < count; i++)
			if (!strncmp(facts[i].name, proto, len))
				fprintf(file, " %s", values ? facts[i].value : facts[i].name + len);
		putc('\n', file);
	}
}

static inline void put_sockets(FILE *file, const struct described *facts, size_t count,
			       const char *head, const char *line)
{
	size_t len = strlen(line);

	fputs(head, file);
	for (size_t i = 0; i < count; i++)
		if (!strncmp(facts[i].name, line, len))
			fprintf(file, " %s %s", facts[i].name + len, facts[i].value);
	putc('\n', file);
}

/* The facts of the host that is well, but for @changes. The caller frees them. */
static inline char *facts_but(const char *changes)
{
	struct described facts[MAX_FACTS];
	size_t count = describe(changes, facts, describe(well, facts, 0)), size;
	char *text, *path;
	FILE *file = open_memstream(&text, &size);

	assert_non_null(file);
	for (size_t i = 0; i < count; i++) {
		if (!facts[i].name[0] || strchr(facts[i].name, ':'))
			continue;
		path = strdup(facts[i].name);
		for (char *dot = path; (dot = strchr(dot, '.'));)
			*dot = '/';
		fprintf(file, "@proc/sys/%s\n%s\n", path, facts[i].value);
		free(path);
	}
	put_sockets(file, facts, count, "@proc/net/sockstat\nTCP:", "sockstat:TCP:");
	put_sockets(file, facts, count, "@proc/net/sockstat6\nTCP6:", "sockstat:TCP6:");
	fputs("@proc/net/snmp\n", file);
	put_block(file, facts, count, "Tcp:");
	fputs("@proc/net/netstat\n", file);
	put_block(file, facts, count, "TcpExt:");
	fclose(file);
	return text;
}

/* The chart of a host with these facts; NULL @before: no window. */
static inline void chart_facts(struct chart *chart, const char *before, const char *now)
{
	struct site site = {
		.name = "host",
		.ino = 7,
		.cookie = COOKIE,
		.before = before ? facts_but(before) : NULL,
		.now = facts_but(now),
		.window_s = before ? 10 : 0,
		.is_host = true,
	};

	*chart = (struct chart){ 0 };
	assert_int_equal(chart_add_site(chart, &site), 0);
}

static inline void chart_facts_release(struct chart *chart)
{
	for (size_t i = 0; i < chart->nr_sites; i++) {
		free((char *)chart->sites[i].before);
		free((char *)chart->sites[i].now);
	}
	chart_release(chart);
}

static inline const struct finding *find_finding(const struct diagnosis *diagnosis, const char *id)
{
	for (size_t i = 0; i < diagnosis->nr_findings; i++)
		if (!strcmp(diagnosis->findings[i].id, id))
			return &diagnosis->findings[i];
	return NULL;
}

static inline const struct unjudged *find_unjudged(const struct diagnosis *diagnosis,
						   const char *id)
{
	for (size_t i = 0; i < diagnosis->nr_unjudged; i++)
		if (!strcmp(diagnosis->unjudged[i].id, id))
			return &diagnosis->unjudged[i];
	return NULL;
}

#endif
