/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A recording for somebody else's eyes: addresses and names replaced, each by the same all the
 * time, everything else as it was. Ports, states, times, counts, numbers of processes, cookies
 * and namespaces, versions of kernel and program, settings and counters of the kernel stay.
 */
#ifndef SINK_ANONYMIZE_H
#define SINK_ANONYMIZE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/siphash.h"
#include "tw_record.h"
#include "tw_recording.h"

struct anonymizer;

/* NULL when there is no memory. Whoever has the key can find out what an address was. */
struct anonymizer *anonymizer_new(const uint8_t key[static SIPHASH_KEY_LEN]);
void anonymizer_free(struct anonymizer *anonymizer);

/*
 * In its place. 0, or -EINVAL with a sentence: a filter by service names is one by names that
 * are not there any more.
 */
int anonymizer_head(struct anonymizer *anonymizer, struct tw_recording_head *head,
		    struct error *err);
/*
 * What takes the place of @record, valid until the next call; NULL: it has to be left out,
 * because nobody here knows what is in it (a newer twtrace's), or because it makes no sense.
 */
const struct tw_record *anonymizer_record(struct anonymizer *anonymizer,
					  const struct tw_record *record);
/* So many were left out. */
uint64_t anonymizer_left_out(const struct anonymizer *anonymizer);
/* Whether it is known what is in records of this kind. */
bool anonymizer_knows(unsigned int kind);

#endif
