/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Capabilities of the calling thread (libcap-ng is known here only). What is given up is given
 * up for good; what is kept is permitted and not effective, and raised around the act that
 * needs it. Threads inherit what their maker has at that moment.
 */
#ifndef BASE_CAPS_H
#define BASE_CAPS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

enum cap {
	CAP_OF_BPF,
	CAP_OF_PERFMON,
	CAP_OF_SYS_ADMIN,
	CAP_OF_SYS_PTRACE,
	CAP_OF_DAC_READ_SEARCH,
	CAP_OF_DAC_OVERRIDE,
	CAP_OF_FOWNER,
	CAP_OF_SYSLOG,
	CAP_OF_KILL,
	CAP_OF_CHECKPOINT_RESTORE,
	NR_CAPS,
};

/* A set of them. */
#define CAPS(cap) (1U << CAP_OF_##cap)
#define NO_CAPS 0U
/* Those without a name here, too. */
#define ALL_CAPS (~0U)

/* Whether it can be raised: permitted. */
bool caps_have(enum cap cap);
/* "CAP_BPF" */
const char *caps_name(enum cap cap);
/*
 * Keeps what is in @keep and is permitted, none of it effective, and gives up all else for good:
 * the bounding set (as far as CAP_SETPCAP allows), ambient and inheritable ones too. Sets
 * no_new_privs, so that no program that is run brings any back. 0 or -errno.
 */
int caps_limit(uint32_t keep, struct error *err);
/*
 * Makes effective what is in @set and permitted, and nothing else; without the others the act
 * fails as the kernel lets it. Not to be nested: caps_lower() leaves none effective. Neither
 * gives up anything.
 */
void caps_raise(uint32_t set);
void caps_lower(void);

#endif
