/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The judges of tips that have nothing to do with ports. Private to this room. */
#ifndef DOCTOR_ADVICE_H
#define DOCTOR_ADVICE_H

#include "doctor/supply.h"

enum opinion advice_on_buffers(const struct question *q);
enum opinion advice_on_cookies(const struct question *q);
enum opinion advice_on_orphans(const struct question *q);
enum opinion advice_on_somaxconn(const struct question *q);
enum opinion advice_on_abort(const struct question *q);
enum opinion advice_on_conntrack(const struct question *q);
enum opinion advice_on_linger(const struct question *q);
enum opinion advice_on_udp(const struct question *q);
enum opinion advice_on_version(const struct question *q);

#endif
