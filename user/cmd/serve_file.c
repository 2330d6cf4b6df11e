// SPDX-License-Identifier: GPL-2.0-or-later
/* A whole new file each time, handed to a courier. */
#include "cmd/serve_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/courier.h"
#include "base/file_put.h"
#include "base/log.h"
#include "base/stream.h"
#include "cmd/confine.h"

/* The collector runs as somebody else. */
#define MODE 0644
#define PATIENCE_MS 5000
/* An interval's end comes a little early or late. */
#define EARLY_NS 100000000ULL

struct metrics_file {
	const char *path;	/* stays as it is once there are two threads, as put does */
	struct file_put put;
	struct courier *courier; /* owned */
	uint64_t written_ns;	/* in the model's time */
	int fd;
};

static int begin(void *ctx, struct error *err)
{
	struct metrics_file *file = ctx;

	file_put_as_owner(&file->put);
	if (file_put_check(file->path, err))
		return err->code;
	confine_writer(file->path);
	return 0;
}

static enum courier_verdict deliver(void *ctx, const void *bytes, size_t len,
				    struct courier_failure *failure)
{
	struct metrics_file *file = ctx;

	/* a newer one will come: an old one need not be tried again */
	if (file_put(&file->put, file->path, bytes, len, &failure->err))
		return COURIER_REFUSED;
	return COURIER_DELIVERED;
}

static void release(void *ctx)
{
	struct metrics_file *file = ctx;

	close(file->fd);
	free(file);
}

struct metrics_file *metrics_file_open(const char *path, struct error *err)
{
	static const struct courier_ops ops = {
		.begin = begin,
		.deliver = deliver,
		.release = release,
	};
	const struct courier_config config = { .name = "--metrics-file", .max_waiting = 1 };
	struct metrics_file *file = calloc(1, sizeof(*file));

	if (!file) {
		error_set(err, -ENOMEM, "no memory");
		return NULL;
	}
	file->path = path;
	file_put_init(&file->put, path);
	file->put.mode = MODE;
	file->fd = eventfd(0, EFD_CLOEXEC);
	file->courier = courier_new(&ops, file, &config, err);
	if (file->courier)
		return file;
	release(file);
	return NULL;
}

void metrics_file_close(struct metrics_file *file)
{
	struct courier_report report;

	if (!file)
		return;
	courier_finish(file->courier, PATIENCE_MS, &report);
	if (report.last_error[0])
		log_msg(LOG_VERBOSE, "--metrics-file: %s", report.last_error);
}

void metrics_file_write(struct metrics_file *file, struct serve *serve)
{
	char *bytes = NULL;
	size_t len = 0;
	FILE *out = stream_memory(&bytes, &len);
	bool broken = !out;

	file->written_ns = model_now_ns(serve->model);
	if (out) {
		serve_write_metrics(serve, METRICS_TEXT, out);
		broken = ferror(out);
		broken |= fclose(out) != 0;
	}
	if (broken)
		free(bytes);
	else
		courier_send(file->courier, bytes, len);
}

void metrics_file_interval(struct metrics_file *file, struct serve *serve)
{
	uint64_t now_ns = model_now_ns(serve->model);

	if (now_ns + EARLY_NS >= file->written_ns + serve->file_ns)
		metrics_file_write(file, serve);
}

int metrics_file_fd(const struct metrics_file *file)
{
	return file->fd;
}
