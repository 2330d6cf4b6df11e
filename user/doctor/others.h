/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sysctls that nothing is said of here, so that a real name is not taken for a damaged one.
 * Private to this room.
 */
#ifndef DOCTOR_OTHERS_H
#define DOCTOR_OTHERS_H

#include <stddef.h>

/* In order, whole; NULL: no more. */
const char *other_name(size_t index);

#endif
