/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers as people write them. Private to this room. */
#ifndef DOCTOR_NUMBERS_H
#define DOCTOR_NUMBERS_H

#include <stdbool.h>

/*
 * "30s", "200,000", "15000-64999" in place into the numbers that they are, for the sysctl @name.
 * A value that is no such thing ("200K", "1e6") stays as it is, to be refused. Returns whether
 * anything but blanks has changed.
 */
bool numbers_repair(const char *name, char *value);

#endif
