// SPDX-License-Identifier: GPL-2.0-or-later
/* Which files, and how they stand in one text. */
#include "base/facts.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/procfs.h"

#define SYSCTL "proc/sys/"
#define NET "proc/net/"

/* In the order of the text: what is long comes last, so that it alone is left out. */
static const char *const files[] = {
	SYSCTL "kernel/osrelease",
	SYSCTL "net/ipv4/ip_local_port_range",
	SYSCTL "net/ipv4/ip_autobind_reuse",
	SYSCTL "net/ipv4/ip_nonlocal_bind",
	SYSCTL "net/ipv4/ip_unprivileged_port_start",
	SYSCTL "net/ipv4/tcp_abort_on_overflow",
	SYSCTL "net/ipv4/tcp_ehash_entries",
	SYSCTL "net/ipv4/tcp_child_ehash_entries",
	SYSCTL "net/ipv4/tcp_fastopen",
	SYSCTL "net/ipv4/tcp_fin_timeout",
	SYSCTL "net/ipv4/tcp_keepalive_intvl",
	SYSCTL "net/ipv4/tcp_keepalive_probes",
	SYSCTL "net/ipv4/tcp_keepalive_time",
	SYSCTL "net/ipv4/tcp_max_orphans",
	SYSCTL "net/ipv4/tcp_max_syn_backlog",
	SYSCTL "net/ipv4/tcp_max_tw_buckets",
	SYSCTL "net/ipv4/tcp_mem",
	SYSCTL "net/ipv4/tcp_orphan_retries",
	SYSCTL "net/ipv4/tcp_retries1",
	SYSCTL "net/ipv4/tcp_retries2",
	SYSCTL "net/ipv4/tcp_rfc1337",
	SYSCTL "net/ipv4/tcp_rmem",
	SYSCTL "net/ipv4/tcp_syn_retries",
	SYSCTL "net/ipv4/tcp_synack_retries",
	SYSCTL "net/ipv4/tcp_syncookies",
	SYSCTL "net/ipv4/tcp_timestamps",
	SYSCTL "net/ipv4/tcp_tw_recycle",
	SYSCTL "net/ipv4/tcp_tw_reuse",
	SYSCTL "net/ipv4/tcp_tw_reuse_delay",
	SYSCTL "net/ipv4/tcp_wmem",
	SYSCTL "net/core/netdev_max_backlog",
	SYSCTL "net/core/rmem_max",
	SYSCTL "net/core/somaxconn",
	SYSCTL "net/core/wmem_max",
	SYSCTL "fs/file-max",
	SYSCTL "fs/file-nr",
	SYSCTL "fs/nr_open",
	SYSCTL "net/netfilter/nf_conntrack_buckets",
	SYSCTL "net/netfilter/nf_conntrack_count",
	SYSCTL "net/netfilter/nf_conntrack_max",
	SYSCTL "net/netfilter/nf_conntrack_tcp_be_liberal",
	SYSCTL "net/netfilter/nf_conntrack_tcp_loose",
	SYSCTL "net/netfilter/nf_conntrack_tcp_timeout_close_wait",
	SYSCTL "net/netfilter/nf_conntrack_tcp_timeout_established",
	SYSCTL "net/netfilter/nf_conntrack_tcp_timeout_fin_wait",
	SYSCTL "net/netfilter/nf_conntrack_tcp_timeout_time_wait",
	NET "sockstat",
	NET "sockstat6",
	NET "snmp",
	NET "netstat",
	"proc/meminfo",
	SYSCTL "net/ipv4/ip_local_reserved_ports",
};

/* Where a file is: /proc/net is the reader's process's, whatever namespace its thread is in. */
static void path_of(const char *root, const char *name, char path[static 4096])
{
	if (!root[0] && !strncmp(name, NET, strlen(NET)))
		snprintf(path, 4096, "/proc/thread-self/net/%s", name + strlen(NET));
	else
		snprintf(path, 4096, "%s/%s", root, name);
}

void facts_clean(char *text)
{
	for (unsigned char *at = (unsigned char *)text; *at; at++)
		if ((*at < ' ' && *at != '\n' && *at != '\t') || *at >= 0x7f)
			*at = '?';
}

/* Appends the file, if it is there and there is room for it; the new length of the text. */
static size_t append(const char *root, const char *name, char text[static FACTS_SIZE], size_t len)
{
	char path[4096];
	size_t head;
	ssize_t size;
	int fd;

	path_of(root, name, path);
	head = snprintf(text + len, FACTS_SIZE - len, "@%s\n", name);
	if (head + 2 >= FACTS_SIZE - len) {
		text[len] = '\0';
		return len;
	}
	fd = procfs_open_plain(path);
	size = fd < 0 ? fd : procfs_read_fd(fd, text + len + head, FACTS_SIZE - len - head - 1);
	if (fd >= 0)
		close(fd);
	if (size < 0) {
		text[len] = '\0';
		return len;
	}
	/* bytes of any kind may stand in a tree of files */
	for (ssize_t i = 0; i < size; i++)
		if (!text[len + head + i])
			text[len + head + i] = ' ';
	facts_clean(text + len + head);
	len += head + size;
	if (text[len - 1] != '\n') {
		text[len++] = '\n';
		text[len] = '\0';
	}
	return len;
}

int facts_read(const char *root, char text[static FACTS_SIZE])
{
	size_t len = 0;

	text[0] = '\0';
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		len = append(root, files[i], text, len);
	return len ? (int)len : -ENOENT;
}

struct fact facts_find(const char *facts, const char *name)
{
	size_t len = strlen(name);

	while (*facts) {
		bool found = facts[0] == '@' && !strncmp(facts + 1, name, len) &&
			     facts[1 + len] == '\n';
		const char *begin = strchrnul(facts, '\n');
		const char *end;

		begin += *begin == '\n';
		/* the text of a file goes up to the next name */
		for (end = begin; *end && *end != '@'; end += *end == '\n')
			end = strchrnul(end, '\n');
		if (found)
			return (struct fact){ begin, end - begin };
		facts = end;
	}
	return (struct fact){ NULL, 0 };
}

int facts_sysctl(const char *facts, const char *name, unsigned int index, int64_t *value)
{
	char path[256];
	struct fact fact;
	const char *at;
	char *end;

	if ((size_t)snprintf(path, sizeof(path), SYSCTL "%s", name) >= sizeof(path))
		return -ENOENT;
	for (char *dot = path; (dot = strchr(dot, '.'));)
		*dot = '/';
	fact = facts_find(facts, path);
	if (!fact.text)
		return -ENOENT;
	at = fact.text;
	for (unsigned int i = 0;; i++) {
		at += strspn(at, " \t");
		if (at >= fact.text + fact.len || *at == '\n')
			return -ENOENT;
		if (i == index)
			break;
		at += strcspn(at, " \t\n");
	}
	errno = 0;
	*value = strtoll(at, &end, 10);
	if (end == at || errno || !strchr(" \t\n", *end))
		return -EINVAL;
	return 0;
}

int facts_counter(const char *facts, const char *proto, const char *field, uint64_t *value)
{
	return procfs_netstat_field(facts, proto, field, value);
}

int facts_sockstat(const char *facts, const char *line, const char *field, uint64_t *value)
{
	return procfs_sockstat_field(facts, line, field, value);
}
