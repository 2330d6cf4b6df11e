// SPDX-License-Identifier: GPL-2.0-or-later
/* Compresses records into a file with zstd. */
#include "sink/recording.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#define LEVEL 3
#define OUTPUT_BYTES (128 * 1024)

struct recorder {
	int fd;			/* owned, but for standard output */
	int failed;		/* the first -errno */
	bool dirty;		/* something waits to be flushed */
	char *path;		/* owned */
	ZSTD_CCtx *zstd;	/* owned */
	char output[OUTPUT_BYTES];
};

static int write_all(struct recorder *recorder, const char *data, size_t len)
{
	while (len && !recorder->failed) {
		ssize_t done = write(recorder->fd, data, len);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0) {
			recorder->failed = -errno;
		} else {
			data += done;
			len -= done;
		}
	}
	return recorder->failed;
}

struct recorder *recorder_open(const char *path, const struct tw_recording_head *head,
			       struct error *err)
{
	struct recorder *recorder = calloc(1, sizeof(*recorder));

	if (!recorder) {
		error_set(err, -ENOMEM, "no memory to record");
		return NULL;
	}
	recorder->fd = -1;
	recorder->path = strdup(path);
	recorder->zstd = ZSTD_createCCtx();
	if (!recorder->path || !recorder->zstd) {
		error_set(err, -ENOMEM, "no memory to record");
		goto fail;
	}
	ZSTD_CCtx_setParameter(recorder->zstd, ZSTD_c_compressionLevel, LEVEL);
	ZSTD_CCtx_setParameter(recorder->zstd, ZSTD_c_checksumFlag, 1);
	recorder->fd = strcmp(path, "-") ?
			       open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640) :
			       STDOUT_FILENO;
	if (recorder->fd < 0) {
		error_set(err, -errno, "cannot write '%s': %s", path, strerror(errno));
		goto fail;
	}
	if (write_all(recorder, (const char *)head, sizeof(*head))) {
		error_set(err, recorder->failed, "cannot write '%s': %s", path,
			  strerror(-recorder->failed));
		goto fail;
	}
	return recorder;
fail:
	recorder_close(recorder, NULL);
	return NULL;
}

static int compress(struct recorder *recorder, const void *data, size_t len, ZSTD_EndDirective how)
{
	ZSTD_inBuffer in = { data, len, 0 };
	size_t left;

	do {
		ZSTD_outBuffer out = { recorder->output, OUTPUT_BYTES, 0 };

		left = ZSTD_compressStream2(recorder->zstd, &out, &in, how);
		if (ZSTD_isError(left) && !recorder->failed)
			recorder->failed = -ENOMEM;
		if (recorder->failed || write_all(recorder, recorder->output, out.pos))
			return recorder->failed;
	} while (how == ZSTD_e_continue ? in.pos < in.size : left > 0);
	return 0;
}

int recorder_write(struct recorder *recorder, const struct tw_record *record)
{
	if (recorder->failed)
		return recorder->failed;
	recorder->dirty = true;
	return compress(recorder, record, record->size, ZSTD_e_continue);
}

int recorder_flush(struct recorder *recorder)
{
	if (recorder->failed)
		return recorder->failed;
	if (!recorder->dirty)
		return 0;
	recorder->dirty = false;
	/* a frame of its own, with a checksum at its end */
	return compress(recorder, NULL, 0, ZSTD_e_end);
}

int recorder_close(struct recorder *recorder, struct error *err)
{
	int ret;

	if (!recorder)
		return 0;
	if (recorder->fd >= 0 && recorder->zstd)
		recorder_flush(recorder);
	/* a network file system reports a full disk only here */
	if (recorder->fd > STDERR_FILENO && close(recorder->fd) && !recorder->failed)
		recorder->failed = -errno;
	ret = recorder->failed;
	/* standard output's reader has gone: that ends any command quietly */
	if (ret == -EPIPE && recorder->fd == STDOUT_FILENO)
		ret = 0;
	if (ret)
		error_set(err, ret, "cannot write '%s': %s; it is readable up to there",
			  recorder->path, strerror(-ret));
	ZSTD_freeCCtx(recorder->zstd);
	free(recorder->path);
	free(recorder);
	return ret;
}
