/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a source puts what it has: one record after the other, to whoever asked. */
#ifndef SOURCE_SOURCE_H
#define SOURCE_SOURCE_H

#include "tw_record.h"

#define EXPECT_AHEAD 8

/* The record is valid during the call only. */
struct receiver {
	void (*receive)(void *ctx, const struct tw_record *record);
	/* it will be received soon, some EXPECT_AHEAD records from now; may be NULL */
	void (*expect)(void *ctx, const struct tw_record *record);
	/* what was received may be shown now: a long look at the host has a pause; may be NULL */
	void (*pause)(void *ctx);
	void *ctx;
};

static inline void deliver(const struct receiver *to, const void *record)
{
	to->receive(to->ctx, record);
}

#endif
