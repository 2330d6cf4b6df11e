/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists of reserved ports, by what they leave to connect(). Private to this room. */
#ifndef DOCTOR_RESERVE_H
#define DOCTOR_RESERVE_H

#include "doctor/supply.h"

/*
 * ip_local_reserved_ports with the value @list: OPINION_FALSE where the kernel refuses it,
 * OPINION_DANGEROUS where half of the range is gone. OPINION_NONE: there is nothing to say of
 * this list, and no reason is given.
 */
enum opinion reserve_judge(const struct question *question, const char *list);

#endif
