/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Capabilities of this process (libcap-ng is known here only). */
#ifndef BASE_CAPS_H
#define BASE_CAPS_H

#include <stdbool.h>

#include "base/error.h"

enum cap {
	CAP_OF_BPF,
	CAP_OF_PERFMON,
	CAP_OF_NET_ADMIN,
	CAP_OF_SYS_ADMIN,
	CAP_OF_SYS_PTRACE,
	CAP_OF_DAC_READ_SEARCH,
	CAP_OF_KILL,
	NR_CAPS,
};

/* Whether it is effective. */
bool caps_have(enum cap cap);
/*
 * Gives up for good every capability that tracing does not go on needing: what
 * stays is the list above (other namespaces, other processes' files, cgroup
 * handles), and with @signals to send them to any process. Sets no_new_privs. 0 or -errno.
 */
int caps_drop(bool signals, struct error *err);
/*
 * Every capability of the calling thread alone, for good: for one that has nothing to do with
 * tracing. Sets its no_new_privs. 0 or -errno.
 */
int caps_drop_all(struct error *err);

#endif
