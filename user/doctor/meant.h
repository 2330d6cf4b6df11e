/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of sysctls, by what people type. Private to this room. */
#ifndef DOCTOR_MEANT_H
#define DOCTOR_MEANT_H

#include <stdbool.h>

/* The first known name that is @name, or that begins with it; NULL: none. */
const char *meant_known(const char *name, bool by_start);
/*
 * The known name that @name stands for: itself, with the prefix it lacks ("tcp_fin_timeout"), or
 * without the one typing error in its last part. NULL: none, or several.
 */
const char *meant_name(const char *name);

#endif
