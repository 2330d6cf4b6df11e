/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SIGINT, SIGTERM and SIGHUP, which ask a live command to end; SIGUSR2, which asks to save. */
#ifndef CMD_SIGNALS_H
#define CMD_SIGNALS_H

#include <stdbool.h>

/*
 * From here on they are noted, SIGHUP unless it is ignored: call it before anyone is told "ready".
 * Half a second after the first, any of them ends the process at once.
 */
void signals_catch(void);
/* Whether one has come. */
bool signals_came(void);
/* SIGUSR2 from here on asks to save what there is, as often as it comes. */
void signals_catch_save(void);
/* Whether it has come since the last call. */
bool signals_save_came(void);
/*
 * Until @fd is readable, a signal comes, or the time is over (-1: it never is). One that came
 * before ends the wait too, unless @known: signals are let in only here, so that none can slip
 * in between asking for it and waiting. 1: readable; 0: the time is over; -EINTR: a signal; or
 * another -errno.
 */
int signals_wait(int fd, int timeout_ms, bool known);

#endif
