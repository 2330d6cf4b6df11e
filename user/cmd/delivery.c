// SPDX-License-Identifier: GPL-2.0-or-later
/* Hands each summary to the ways that were asked for. */
#include "cmd/delivery.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/text.h"
#include "cmd/delivery_ways.h"

struct delivery {
	struct files *files;	/* owned; NULL: none */
	struct pushes *pushes;	/* owned; NULL: none */
	uint64_t never_made;
};

struct delivery *delivery_open(const struct delivery_config *config, struct error *err)
{
	struct delivery *delivery = calloc(1, sizeof(*delivery));
	bool failed = false;

	if (!delivery) {
		error_set(err, -ENOMEM, "no memory");
		return NULL;
	}
	if (config->pattern) {
		delivery->files = files_open(config, err);
		failed = !delivery->files;
	}
	if (config->push && !failed) {
		delivery->pushes = pushes_open(config, err);
		failed = !delivery->pushes;
	}
	if (!failed)
		return delivery;
	delivery_close(delivery);
	return NULL;
}

void delivery_take(void *ctx, char *bytes, size_t len, uint64_t from_ns, uint64_t to_ns)
{
	struct delivery *delivery = ctx;

	if (!bytes) {
		delivery->never_made++;
		return;
	}
	if (delivery->files)
		files_take(delivery->files, bytes, len, from_ns, to_ns);
	if (delivery->pushes)
		pushes_take(delivery->pushes, bytes, len);
	free(bytes);
}

const char *delivery_count(uint64_t count, char text[static SUMMARIES_LEN])
{
	char number[TEXT_LEN];

	snprintf(text, SUMMARIES_LEN, "%s %s", text_count(count, number),
		 count == 1 ? "summary" : "summaries");
	return text;
}

uint64_t delivery_finish(struct courier *courier, unsigned int patience_ms, const char *what,
			 const char *slow, struct courier_report *report)
{
	char text[SUMMARIES_LEN];
	uint64_t missing;

	courier_finish(courier, patience_ms, report);
	missing = report->dropped + report->refused;
	if (!missing)
		return 0;
	delivery_count(missing, text);
	if (report->last_error[0])
		log_msg(LOG_WARNING, "%s %s not %s: %s", text, missing == 1 ? "was" : "were", what,
			report->last_error);
	else
		log_msg(LOG_WARNING, "%s %s not %s: there was no room for them: %s", text,
			missing == 1 ? "was" : "were", what, slow);
	return missing;
}

bool delivery_close(struct delivery *delivery)
{
	uint64_t missing;

	if (!delivery)
		return true;
	missing = delivery->never_made;
	missing += files_close(delivery->files);
	missing += pushes_close(delivery->pushes);
	free(delivery);
	return !missing;
}
