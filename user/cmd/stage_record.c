// SPDX-License-Identifier: GPL-2.0-or-later
/* What is recorded: its head, and where it goes on in the next file. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/utsname.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/procfs.h"
#include "base/text.h"
#include "cmd/confine.h"
#include "cmd/signals.h"
#include "cmd/stage.h"
#include "model/restate.h"
#include "sink/anonymize.h"

/* At the start the recording is waited for as long as its reader never pauses for so long. */
#define READER_PATIENCE_MS 1000
#define STEP_MS 10

/* The same moment by both clocks. */
static void set_time(struct tw_recording_head *head)
{
	head->monotonic_ns = clock_kernel_ns();
	head->realtime_ns = head->monotonic_ns + (uint64_t)clock_realtime_offset_ns();
}

static void fill_head(struct tw_recording_head *head, const struct options *options,
		      enum tw_evidence evidence)
{
	struct utsname uts;

	memset(head, 0, sizeof(*head));
	memcpy(head->magic, TW_RECORDING_MAGIC, sizeof(head->magic));
	head->version = TW_RECORDING_VERSION;
	head->size = sizeof(*head);
	set_time(head);
	if (procfs_read("/proc/sys/kernel/random/boot_id", head->boot_id, sizeof(head->boot_id)) >
	    0)
		head->boot_id[strcspn(head->boot_id, "\n")] = '\0';
	uname(&uts);
	snprintf(head->host, sizeof(head->host), "%.63s", uts.nodename);
	snprintf(head->kernel, sizeof(head->kernel), "%.63s", uts.release);
	snprintf(head->program, sizeof(head->program), "%s", TWTRACE_VERSION);
	head->evidence = evidence;
	head->filter = options->filter.kernel;
	head->pid_filter = options->filter.pid;
	snprintf(head->service_filter, sizeof(head->service_filter), "%.127s",
		 options->filter.service ? options->filter.service : "");
}

/* The key is nobody's: what was replaced is not to be found out again. */
static int begin_anonymizing(struct stage *stage, struct error *err)
{
	uint8_t key[SIPHASH_KEY_LEN];

	if (getrandom(key, sizeof(key), 0) != sizeof(key))
		return error_set(err, -errno, "no random numbers to anonymize by: %s",
				 strerror(errno));
	stage->anonymizer = anonymizer_new(key);
	if (!stage->anonymizer)
		return error_set(err, -ENOMEM, "no memory to anonymize");
	return anonymizer_head(stage->anonymizer, &stage->head, err);
}

void stage_open_recorder(struct stage *stage, const struct origin *origin, struct error *err)
{
	const struct pipeline *pipeline = stage->pipeline;
	struct recorder_opts opts = {
		.max_bytes = pipeline->record_max_bytes,
		.keep = pipeline->record_keep,
		.threaded = !origin->replay,
		.confine = confine_writer,
	};

	if (origin->head) {
		stage->head = *origin->head;
		/* an older one was shorter */
		stage->head.size = sizeof(stage->head);
		/* nothing goes on where several end */
		if (origin->nr_recordings > 1)
			stage->head.run_ns = 0;
	} else {
		fill_head(&stage->head, pipeline->options, origin->evidence);
		stage->head.run_ns = stage->head.monotonic_ns;
	}
	if (!pipeline->anonymize || !begin_anonymizing(stage, err))
		stage->recorder = recorder_open(pipeline->record_to, &stage->head, &opts, err);
}

/*
 * Half a dump says too little: it is worth some patience, once, with a reader who takes
 * something now and then.
 */
static void wait_for_recording(struct stage *stage, const struct tw_record *next)
{
	struct outlet *outlet = recorder_outlet(stage->recorder);
	size_t before = outlet_left(outlet), left;
	unsigned int still_ms = 0;

	while (recorder_is_slow(stage->recorder, next) && !outlet_error(outlet)) {
		if (still_ms >= READER_PATIENCE_MS || signals_came()) {
			stage->starting = false;
			return;
		}
		signals_wait(-1, STEP_MS, false);
		left = outlet_left(outlet);
		still_ms = left == before ? still_ms + STEP_MS : 0;
		before = left;
	}
}

/* As it is to be in the file; NULL: it is not to be there. */
static const struct tw_record *made_public(struct stage *stage, const struct tw_record *record)
{
	return stage->anonymizer ? anonymizer_record(stage->anonymizer, record) : record;
}

static void restate(void *ctx, const struct tw_record *record)
{
	struct stage *stage = ctx;

	record = made_public(stage, record);
	if (record)
		recorder_restate(stage->recorder, record);
}

/* As --max-size takes it. */
static const char *size_text(uint64_t bytes, char text[static TEXT_LEN])
{
	static const char units[] = { 'K', 'M', 'G' };
	unsigned int unit = 0;

	for (bytes = (bytes + 1023) / 1024; unit < 2 && bytes >= 1024; unit++)
		bytes = (bytes + 1023) / 1024;
	snprintf(text, TEXT_LEN, "%" PRIu64 "%c", bytes, units[unit]);
	return text;
}

static void say_what_is_left_out(struct stage *stage)
{
	struct recorder_left_out left_out = recorder_left_out(stage->recorder);
	char records[TEXT_LEN], sockets[TEXT_LEN], events[TEXT_LEN], size[TEXT_LEN];

	if (stage->cramped || !left_out.records)
		return;
	stage->cramped = true;
	log_msg(LOG_WARNING,
		"--max-size is too small for what there is on this host: a file begins with what "
		"is open, and before it is compressed that takes more than half of it. %s records, "
		"%s of them sockets, are left out of what can be read alone; --max-size %s has room for all. %s event%s "
		"missing",
		text_count(left_out.records, records), text_count(left_out.sockets, sockets),
		size_text(left_out.max_bytes, size),
		left_out.events ? text_count(left_out.events, events) : "No",
		left_out.events == 1 || !left_out.events ? " is" : "s of the start are");
}

/*
 * Between two records. The model has been fed with all that is in the file: what it knows is
 * what the next one begins with, and whoever reads both misses nothing and has nothing twice.
 */
static void go_on_in_the_next_file(struct stage *stage)
{
	struct tw_recording_head *head = &stage->head;

	set_time(head);
	head->part++;
	if (recorder_next(stage->recorder, head))
		return;
	model_restate(stage->model, restate, stage);
	recorder_flush(stage->recorder);
	say_what_is_left_out(stage);
}

void stage_record(struct stage *stage, const struct tw_record *record)
{
	const struct tw_record *public = made_public(stage, record);

	if (!public)
		return;
	if (stage->starting) {
		wait_for_recording(stage, public);
	} else if (recorder_is_full(stage->recorder, public)) {
		go_on_in_the_next_file(stage);
		/* others were made in its place */
		public = made_public(stage, record);
	}
	recorder_write(stage->recorder, public);
	if (record->kind == TW_READY && stage->live)
		say_what_is_left_out(stage);
}

void stage_save(struct stage *stage)
{
	if (stage->recorder && stage->pipeline->record_max_bytes && !stage->starting)
		go_on_in_the_next_file(stage);
}
