// SPDX-License-Identifier: GPL-2.0-or-later
/* sd_notify(3), as its manual says it may be done without its library. */
#include "base/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/parse.h"

/* Without a watchdog the status line alone is renewed. */
#define STATUS_PERIOD_NS 10000000000ULL
#define TEXT_SIZE 256

static const char *const variables[] = { "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID" };

static int set_address(struct notify *notify, const char *name, struct error *err)
{
	size_t len = strlen(name);

	if (name[0] != '/' && name[0] != '@')
		return error_set(
			err, -EAFNOSUPPORT,
			"NOTIFY_SOCKET '%s' is neither a path nor @ and a name: the supervisor "
			"hears nothing",
			name);
	if (len < 2 || len >= sizeof(notify->to.sun_path))
		return error_set(
			err, -EINVAL,
			"NOTIFY_SOCKET '%s' is no address of a socket (2 to %zu bytes): the "
			"supervisor hears nothing",
			name, sizeof(notify->to.sun_path) - 1);
	notify->to.sun_family = AF_UNIX;
	memcpy(notify->to.sun_path, name, len);
	notify->to_len = offsetof(struct sockaddr_un, sun_path) + len;
	if (name[0] == '@')
		notify->to.sun_path[0] = '\0';	/* unix(7): abstract */
	else
		notify->to_len++;
	return 0;
}

/* How long the watchdog waits for a beat; 0: there is none, or it waits for another process. */
static uint64_t watchdog_ns(void)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	uint64_t value, whose;

	if (!usec || parse_u64(usec, 1, UINT64_MAX / 1000, &value, NULL))
		return 0;
	if (pid && (parse_u64(pid, 1, INT32_MAX, &whose, NULL) || (pid_t)whose != getpid()))
		return 0;
	return value * 1000;
}

int notify_open(struct notify *notify, struct error *err)
{
	const char *name = getenv("NOTIFY_SOCKET");
	uint64_t watchdog = watchdog_ns();

	*notify = (struct notify){ .fd = -1, .period_ns = STATUS_PERIOD_NS };
	if (!name || !name[0])
		return 0;
	if (set_address(notify, name, err))
		return err->code;
	if (watchdog && watchdog / 2 < notify->period_ns)
		notify->period_ns = watchdog / 2;
	notify->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (notify->fd < 0)
		return error_set(err, -errno, "no socket for NOTIFY_SOCKET: %s", strerror(errno));
	return 0;
}

void notify_say(const struct notify *notify, const char *text)
{
	if (notify->fd >= 0)
		sendto(notify->fd, text, strlen(text), MSG_NOSIGNAL,
		       (const struct sockaddr *)&notify->to, notify->to_len);
}

bool notify_is_due(const struct notify *notify, uint64_t now_ns)
{
	return notify_wait_ms(notify, now_ns) == 0;
}

int notify_wait_ms(const struct notify *notify, uint64_t now_ns)
{
	if (notify->fd < 0)
		return -1;
	if (!notify->beat_ns || now_ns >= notify->beat_ns + notify->period_ns)
		return 0;
	return (int)((notify->beat_ns + notify->period_ns - now_ns) / 1000000) + 1;
}

void notify_beat(struct notify *notify, uint64_t now_ns, const char *status)
{
	char text[TEXT_SIZE];

	notify->beat_ns = now_ns;
	snprintf(text, sizeof(text), "WATCHDOG=1\nSTATUS=%s", status);
	notify_say(notify, text);
}

void notify_close(struct notify *notify)
{
	if (notify->fd >= 0)
		close(notify->fd);
	notify->fd = -1;
}

void notify_forget(void)
{
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
		unsetenv(variables[i]);
}
