/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What this kernel offers, decided by asking it, never by its version: which
 * prototype a probe needs, and what is missing where nothing can be traced.
 */
#ifndef SOURCE_FEATURES_H
#define SOURCE_FEATURES_H

#include <stdbool.h>

#include "base/error.h"
#include "tw_record.h"

#define MAX_RESET_REASONS 128

struct features {
	bool reset_reason;	/* tcp_send_reset has its third argument (6.10) */
	bool accept_arg;	/* inet_csk_accept() takes a struct (6.10) */
	bool has_accept;	/* inet_csk_accept() is in the BTF at all */
	bool mib_at_birth;	/* MIB TW and TWKilled count births (5.18), not expiries */
	/* why fentry and fexit programs, or kprobes, are not to be had; "": they are */
	char no_trampolines[80], no_kprobes[80];
	/* enum tw_reset_reason of this kernel's enum sk_rst_reason */
	unsigned char reset_reasons[MAX_RESET_REASONS];
};

/* 0, or -errno with a sentence on what is missing (no BTF, no privilege). */
int features_probe(struct features *features, struct error *err);
/* The sentence for a load that failed with @code after features_probe() was content. */
int features_explain(int code, const char *program, struct error *err);

#endif
