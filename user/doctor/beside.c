// SPDX-License-Identifier: GPL-2.0-or-later
/* Sysctls beside the point. */
#include "doctor/beside.h"

#include <stddef.h>
#include <string.h>

#define IPV4 "net.ipv4."

/* What there is to say whatever the value. */
static const struct {
	const char *name, *reason;
} beside[] = {
	{ IPV4 "tcp_keepalive_time",
	  "Keep-alive is for programs that set SO_KEEPALIVE; it ends no TIME_WAIT." },
	{ IPV4 "tcp_keepalive_intvl",
	  "Keep-alive is for programs that set SO_KEEPALIVE; it ends no TIME_WAIT." },
	{ IPV4 "tcp_keepalive_probes",
	  "Keep-alive is for programs that set SO_KEEPALIVE; it ends no TIME_WAIT." },
	{ IPV4 "tcp_max_syn_backlog",
	  "It bounds half-open connections; ports and TIME_WAIT are not touched." },
	{ IPV4 "tcp_syn_retries",
	  "How long a connect() without an answer takes; TIME_WAIT is not touched." },
	{ IPV4 "tcp_synack_retries",
	  "How long a half-open connection stays; TIME_WAIT is not touched." },
	{ IPV4 "tcp_retries1", "When a route is looked for anew; TIME_WAIT is not touched." },
	{ IPV4 "tcp_retries2",
	  "When a connection without answers is given up; TIME_WAIT is not touched." },
	{ IPV4 "tcp_orphan_retries",
	  "When a closed socket with data to send is given up; TIME_WAIT is not touched." },
	{ IPV4 "tcp_fastopen",
	  "It saves a round trip at the start; a connection ends as any other." },
	{ IPV4 "tcp_mem",
	  "Pages for all of TCP, set by the memory there is; ports are not touched." },
	{ "net.core.netdev_max_backlog", "Packets that wait for the CPU; ports are not touched." },
	{ "net.core.rmem_max", "A bound for SO_RCVBUF; ports are not touched." },
	{ "net.core.wmem_max", "A bound for SO_SNDBUF; ports are not touched." },
	{ "fs.file-max",
	  "Files of the whole host; a process has RLIMIT_NOFILE. Ports are not touched." },
	{ "fs.nr_open", "The most that RLIMIT_NOFILE may be; ports are not touched." },
};

const char *beside_reason(const char *name)
{
	for (size_t i = 0; i < sizeof(beside) / sizeof(beside[0]); i++)
		if (!strcmp(beside[i].name, name))
			return beside[i].reason;
	return "Ports and TIME_WAIT are not touched.";
}
