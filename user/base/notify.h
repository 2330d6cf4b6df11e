/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a supervisor (systemd, or what speaks as it does) is told: sd_notify(3), a datagram of
 * VARIABLE=value lines to the socket that NOTIFY_SOCKET names. Nothing waits for it, and
 * without that variable nothing happens.
 */
#ifndef BASE_NOTIFY_H
#define BASE_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/error.h"

struct notify {
	int fd;			/* -1: there is no supervisor */
	struct sockaddr_un to;
	socklen_t to_len;
	uint64_t period_ns;	/* between beats */
	uint64_t beat_ns;	/* the last one; 0: none yet */
};

/*
 * Reads NOTIFY_SOCKET (a path, or @ and an abstract name), WATCHDOG_USEC and WATCHDOG_PID,
 * as sd_notify(3) and sd_watchdog_enabled(3) have them. 0, or -errno when the socket that is
 * named can't be used: @notify is then as good as without one.
 */
int notify_open(struct notify *notify, struct error *err);
/* "READY=1", "STOPPING=1". Lost where the supervisor takes nothing at the moment. */
void notify_say(const struct notify *notify, const char *text);
/* Whether it is time for notify_beat(): half of what the watchdog bears, at most 10 s. */
bool notify_is_due(const struct notify *notify, uint64_t now_ns);
/* Until then, in milliseconds; -1: never. */
int notify_wait_ms(const struct notify *notify, uint64_t now_ns);
/* Feeds the watchdog; @status is one line for people. */
void notify_beat(struct notify *notify, uint64_t now_ns, const char *status);
void notify_close(struct notify *notify);
/* Takes the variables out of the environment: for a child, which is none of the supervisor's. */
void notify_forget(void);

#endif
