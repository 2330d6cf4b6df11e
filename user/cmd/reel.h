/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Recordings, one or several, as one: their records in order of wall time, on one clock. */
#ifndef CMD_REEL_H
#define CMD_REEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "source/recording.h"

struct reel;

/* What is known of one of them. */
struct reel_part {
	const struct recording *recording; /* borrowed */
	unsigned int source;	/* of its records: those that continue each other have one */
	uint64_t first_ns, last_ns; /* of its records so far, on the common clock; 0: none */
	uint64_t left_out;	/* sockets that it had no room to begin with */
};

/* As recording_read() each. NULL with @err. */
struct reel *reel_open(const char *const *paths, const int *fds, uint32_t count, struct error *err);
/* NULL is fine. */
void reel_free(struct reel *reel);
/* From the first record on again. 0, or -errno with @err: they are no files. */
int reel_rewind(struct reel *reel, struct error *err);
/* Realtime minus the common clock, which is that of the host that booted first. */
int64_t reel_offset_ns(const struct reel *reel);
size_t reel_count(const struct reel *reel);
struct reel_part reel_part(const struct reel *reel, size_t at);

/*
 * 1: there is a record, of @ts_ns; 0: the end; or -errno with @err, where two recordings cover
 * the same time of the same boot, whose events would count twice.
 */
int reel_next(struct reel *reel, uint64_t *ts_ns, struct error *err);
/* After a 1: that record; valid until reel_advance(), which goes on to the next one. */
const struct tw_record *reel_record(struct reel *reel, unsigned int *source);
/* Which of them that record is of. */
size_t reel_at(const struct reel *reel);
void reel_advance(struct reel *reel);
/* As recording_ahead(), of the recording that the last record was of. */
const struct tw_record *reel_ahead(const struct reel *reel);
/* Whether one of them that began before @ts_ns has records still. */
bool reel_goes_on(const struct reel *reel, uint64_t ts_ns);

#endif
