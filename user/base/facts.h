/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files that say how a host's TCP is set up and how it fares: sysctls, counters, limits.
 * Read together into one text, which is also what a recording holds of them:
 *
 *   @proc/sys/net/ipv4/tcp_tw_reuse
 *   2
 *   @proc/net/sockstat
 *   sockets: used 291
 *   ...
 *
 * A file that is not there is left out, so that "not there" and "empty" differ.
 */
#ifndef BASE_FACTS_H
#define BASE_FACTS_H

#include <stddef.h>
#include <stdint.h>

/* So much at most; what does not fit is left out, whole files at a time. */
#define FACTS_SIZE (48 * 1024)

/*
 * The files below @root ("" on a live host: then those of the network namespace that the
 * calling thread is in). Returns the length of the text, or -errno when none is there.
 */
int facts_read(const char *root, char text[static FACTS_SIZE]);

/*
 * Bytes that no such file of a kernel has, as '?' in place: control characters but newline and
 * tab, and what is not ASCII. A tree of files and a recording may hold any, and what is shown of
 * facts goes to terminals and into JSON. facts_read() has done it.
 */
void facts_clean(char *text);

/* What a file holds: @len bytes, not ended by NUL. */
struct fact {
	const char *text;
	size_t len;
};

/* @name: "proc/sys/net/ipv4/tcp_tw_reuse". A NULL text: it is not among @facts. */
struct fact facts_find(const char *facts, const char *name);
/*
 * A sysctl by the name that sysctl(8) gives it ("net.ipv4.tcp_rmem"), its number @index from
 * 0 on. -ENOENT: no such file, or not so many; -EINVAL: no number.
 */
int facts_sysctl(const char *facts, const char *name, unsigned int index, int64_t *value);
/* A counter of proc/net/netstat or proc/net/snmp ("TcpExt", "TW"), or -ENOENT. */
int facts_counter(const char *facts, const char *proto, const char *field, uint64_t *value);
/* A figure of proc/net/sockstat ("TCP", "orphan"), or -ENOENT. */
int facts_sockstat(const char *facts, const char *line, const char *field, uint64_t *value);

#endif
