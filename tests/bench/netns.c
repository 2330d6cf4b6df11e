// SPDX-License-Identifier: GPL-2.0-or-later
/* A network namespace of one's own, so that nothing here disturbs the host. */
#include "bench.h"

#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define SOMAXCONN_PATH "/proc/sys/net/core/somaxconn"

static void set_sysctl(const char *path, const char *value)
{
	FILE *file = fopen(path, "w");

	if (!file || fputs(value, file) < 0 || fclose(file))
		die("cannot set %s to %s: %s", path, value, strerror(errno));
}

static void lo_up(void)
{
	struct ifreq request = { .ifr_name = "lo" };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &request))
		die("no lo in the new network namespace: %s", strerror(errno));
	request.ifr_flags |= IFF_UP;
	if (ioctl(fd, SIOCSIFFLAGS, &request))
		die("cannot bring lo up: %s", strerror(errno));
	close(fd);
}

void enter_own_netns(void)
{
	if (unshare(CLONE_NEWNET))
		die("cannot make a network namespace: %s", strerror(errno));
	lo_up();
	set_sysctl("/proc/sys/net/ipv4/tcp_max_tw_buckets", "8000000");
	set_sysctl(SOMAXCONN_PATH, "65535");
}

unsigned int longest_queue(void)
{
	FILE *file = fopen(SOMAXCONN_PATH, "r");
	unsigned int length;

	if (!file || fscanf(file, "%u", &length) != 1)
		die("cannot read %s", SOMAXCONN_PATH);
	fclose(file);
	return length;
}
