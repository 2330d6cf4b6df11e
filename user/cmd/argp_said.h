/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What argp and getopt say on standard error: they quote words that are no options as they are,
 * control characters and all, and then leave by exit(). Between these two it is kept, and said
 * as text at the end, be that exit(). Without memory it is said as it is.
 */
#ifndef CMD_ARGP_SAID_H
#define CMD_ARGP_SAID_H

void argp_said_begin(void);
void argp_said_end(void);

#endif
