/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sysctls that pages name beside others, and that end no connection. Private to this room. */
#ifndef DOCTOR_BESIDE_H
#define DOCTOR_BESIDE_H

/* What it is about, whatever its value: sentences. Never NULL. */
const char *beside_reason(const char *name);

#endif
