/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Gives up what a command does not need, before it reads what others have written: users other
 * than --user, capabilities, files that the command line has not named, the network.
 */
#ifndef CMD_CONFINE_H
#define CMD_CONFINE_H

#include <stdint.h>

#include "base/caps.h"
#include "base/error.h"
#include "cmd/options.h"

/*
 * Live: becomes --user, where one is named, with what tracing needs of the capabilities. While
 * there is no other thread, and before anything is opened: it is opened as that user. 0 or
 * -errno.
 */
int confine_user(const struct options *options, struct error *err);
/*
 * Live: what is written from the start on is open, and no thread is that writes files or connects without
 * confine_writer(), confine_client(). Keeps @caps, none effective. 0 or -errno.
 */
int confine_live(const struct options *options, uint32_t caps, struct error *err);
/* To make, and to replace, files that were named, in folders of any user's. */
#define CAPS_TO_WRITE (CAPS(DAC_OVERRIDE) | CAPS(FOWNER))
/*
 * Opens the recordings, of which nothing has been read before, and keeps nothing but what is
 * needed to make and to read the other files that were named. Once. 0 or -errno; what is wrong
 * with a recording is for who reads it.
 */
int confine_offline(struct options *options, struct error *err);

/*
 * A recording, or a file like it, that is read after confine_offline() has been called: a
 * descriptor, or -errno.
 */
int confine_input(const char *path);

/* The calling thread replaces files like @path, which may be a pattern, and does nothing else. */
void confine_writer(const char *path);
/* The calling thread sends to a server, and does nothing else. */
void confine_client(void);

#endif
