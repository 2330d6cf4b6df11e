/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two ways of delivery.c, each with a courier of its own; for nobody else. */
#ifndef CMD_DELIVERY_WAYS_H
#define CMD_DELIVERY_WAYS_H

#include "base/courier.h"
#include "cmd/delivery.h"

struct files;
struct pushes;

/* As delivery_open(): NULL with @err. */
struct files *files_open(const struct delivery_config *config, struct error *err);
/* Borrows @bytes. */
void files_take(struct files *files, const char *bytes, size_t len, uint64_t from_ns,
		uint64_t to_ns);
/* Says what has become of all, and frees. Returns how many were not delivered. NULL is fine. */
uint64_t files_close(struct files *files);

struct pushes *pushes_open(const struct delivery_config *config, struct error *err);
void pushes_take(struct pushes *pushes, const char *bytes, size_t len);
uint64_t pushes_close(struct pushes *pushes);

/*
 * Ends @courier, says how many were not @what ("written") and why, with @slow where they had
 * no room. Returns how many.
 */
uint64_t delivery_finish(struct courier *courier, unsigned int patience_ms, const char *what,
			 const char *slow, struct courier_report *report);
/* "1 summary", "2,000 summaries" */
#define SUMMARIES_LEN 48
const char *delivery_count(uint64_t count, char text[static SUMMARIES_LEN]);

/* Live, so many summaries may wait, of some MB at most. */
#define MOST_WAITING 16
/* At the end of what is live. */
#define PATIENCE_MS 10000

#endif
