/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All that can be made of records: a model and one of the outputs, as a command joins them. */
#ifndef FUZZ_ACCOUNT_H
#define FUZZ_ACCOUNT_H

#include <stddef.h>
#include <stdint.h>

#include "sink/recordings.h"
#include "tw_record.h"

struct account;

/* @choice: which output, which options. @notes: of the recordings; borrowed, complete at the end. */
struct account *account_new(unsigned int choice, const struct recording_note *notes,
			    uint32_t nr_notes);
struct model *account_model(struct account *account);
/* Of a record that claims more than @len no more is there. */
void account_feed(struct account *account, const struct tw_record *record, size_t len,
		  unsigned int source);
/* What is left to be said; frees. */
void account_end(struct account *account);

#endif
