/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files under /proc and /sys, below a given root so that tests read trees of
 * their own. @root is "" on a live host. Files that vanish meanwhile are
 * -ENOENT or -ESRCH, never a message.
 */
#ifndef BASE_PROCFS_H
#define BASE_PROCFS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Reads a whole (virtual) file into @buf, ended by NUL. Returns its length or
 * -errno; -EFBIG if it does not fit.
 */
ssize_t procfs_read(const char *path, char *buf, size_t size);
/* The same of what is open already; @fd stays the caller's. */
ssize_t procfs_read_fd(int fd, char *buf, size_t size);
/*
 * For reading, and only what is a plain file: in a tree that somebody else has made a FIFO may stand
 * instead, or a device, which can be set off by being opened. The caller's, or -errno; -EINVAL: it
 * is something else.
 */
int procfs_open_plain(const char *path);
/*
 * Opens with @flags what the descriptor @found has found (O_PATH), and nothing that has taken its
 * name since. The caller's, or -errno; @found stays open.
 */
int procfs_reopen(int found, int flags);
/*
 * Calls @fn for every process (numeric directory of ROOT/proc); stops when it
 * returns non-zero, returns that. -errno if there is no such directory.
 */
int procfs_each_pid(const char *root, int (*fn)(void *ctx, pid_t pid), void *ctx);
/*
 * Whether this process is in the host's own namespace of @kind, "pid" or "user", and in none that
 * a container or unshare(1) has made: 1, 0, or -errno where /proc does not tell.
 */
int procfs_in_hosts(const char *kind);
/*
 * The value of @field in the block @proto of a netstat or snmp text
 * ("TcpExt", "TCPTimeWaitOverflow"), or -ENOENT.
 */
int procfs_netstat_field(const char *text, const char *proto, const char *field, uint64_t *value);
/* The value after the word @field on the line "TCP:" of a sockstat text ("tw"), or -ENOENT. */
int procfs_sockstat_field(const char *text, const char *line, const char *field, uint64_t *value);
/*
 * The cgroup of a process from a /proc/PID/cgroup text that tells most: the v2
 * line if it is not "/", else name=systemd, else memory, else the first that is
 * not "/". Copies the path; -ENOENT if every one is "/",
 * -ENAMETOOLONG if it does not fit.
 */
int procfs_cgroup_path(const char *text, char *path, size_t size);
/*
 * When a process began, from a /proc/PID/stat text: in sysconf(_SC_CLK_TCK) of CLOCK_BOOTTIME, cut
 * off. 0: the text is none.
 */
uint64_t procfs_started(const char *text);

#endif
