// SPDX-License-Identifier: GPL-2.0-or-later
/* Compresses with zstd. A file grows only by what it is told to take: the recorder reckons. */
#include "sink/packer.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "sink/parts.h"

#define LEVEL 3
#define OUTPUT_BYTES (128 * 1024)
/* A block of zstd's: so much goes in before it is known what has become of it. */
#define BLOCK_BYTES (128 * 1024)
/* ZSTD_compressBound(): a 256th, and a header a block; a frame has one, a checksum and an end. */
#define MOST_SHARE 128
#define MOST_FRAME 64

/* Once the outlet is started, its thread's, but for what is under the lock. */
struct packer {
	int fd;			/* owned, but for standard output */
	int failed;		/* the first -errno */
	bool dirty;		/* something waits to be flushed */
	bool headed;		/* the head is in the file */
	struct tw_recording_head head;
	struct parts *parts;	/* owned; NULL: one file */
	void (*confine)(const char *path);
	uint64_t taken, bytes;	/* of the part so far, known or not */
	uint64_t unsettled;	/* of what was taken zstd may hold so much */
	uint32_t flushes;
	ZSTD_CCtx *zstd;	/* owned */
	pthread_mutex_t lock;	/* over what follows */
	struct packed packed;
	char output[OUTPUT_BYTES];
};

uint64_t packer_most(uint64_t len, uint32_t flushes)
{
	return len + len / MOST_SHARE + (uint64_t)MOST_FRAME * (flushes + 2);
}

static int write_all(struct packer *packer, const char *data, size_t len)
{
	while (len && !packer->failed) {
		ssize_t done = write(packer->fd, data, len);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0) {
			packer->failed = -errno;
		} else {
			data += done;
			len -= done;
			packer->bytes += (uint64_t)done;
		}
	}
	return packer->failed;
}

static int compress(struct packer *packer, const void *data, size_t len, ZSTD_EndDirective how)
{
	ZSTD_inBuffer in = { data, len, 0 };
	size_t left;

	do {
		ZSTD_outBuffer out = { packer->output, OUTPUT_BYTES, 0 };

		left = ZSTD_compressStream2(packer->zstd, &out, &in, how);
		if (ZSTD_isError(left) && !packer->failed)
			packer->failed = -ENOMEM;
		if (packer->failed || write_all(packer, packer->output, out.pos))
			return packer->failed;
	} while (how == ZSTD_e_continue ? in.pos < in.size : left > 0);
	return 0;
}

/* All that was taken is in the file. */
static void settle(struct packer *packer)
{
	packer->unsettled = 0;
	pthread_mutex_lock(&packer->lock);
	packer->packed = (struct packed){
		.part = packer->head.part,
		.flushes = packer->flushes,
		.taken = packer->taken,
		.bytes = packer->bytes,
	};
	pthread_mutex_unlock(&packer->lock);
}

void packer_progress(struct packer *packer, struct packed *packed)
{
	pthread_mutex_lock(&packer->lock);
	*packed = packer->packed;
	pthread_mutex_unlock(&packer->lock);
}

/* A frame of its own, with a checksum at its end. */
static int end_frame(struct packer *packer)
{
	int ret = 0;

	if (packer->dirty)
		ret = compress(packer, NULL, 0, ZSTD_e_end);
	packer->dirty = false;
	return ret;
}

int packer_close(struct packer *packer)
{
	if (packer->fd > STDERR_FILENO && close(packer->fd) && !packer->failed)
		packer->failed = -errno;
	packer->fd = -1;
	return packer->failed;
}

static int begin_next(struct packer *packer, const struct tw_recording_head *head)
{
	if (end_frame(packer) || packer_close(packer))
		return packer->failed;
	packer->fd = parts_next(packer->parts);
	if (packer->fd < 0) {
		packer->failed = packer->fd;
		return packer->failed;
	}
	packer->head = *head;
	packer->headed = false;
	packer->taken = packer->bytes = packer->flushes = 0;
	return 0;
}

/* Up to where the next part begins: records are whole. */
static size_t of_this_part(const char *bytes, size_t len)
{
	size_t at = 0;

	while (at < len && ((const struct tw_record *)(bytes + at))->kind != PACKER_NEXT)
		at += ((const struct tw_record *)(bytes + at))->size;
	return at;
}

static ssize_t pack(void *ctx, const char *bytes, size_t len)
{
	struct packer *packer = ctx;

	if (packer->parts && !(len = of_this_part(bytes, len))) {
		const struct packer_next *next = (const struct packer_next *)bytes;

		return begin_next(packer, &next->head) ? packer->failed : (ssize_t)sizeof(*next);
	}
	packer->dirty = true;
	/* not before: it may have to wait, and opening must not */
	if (!packer->headed && write_all(packer, (const char *)&packer->head, sizeof(packer->head)))
		return packer->failed;
	packer->headed = true;
	if (compress(packer, bytes, len, ZSTD_e_continue))
		return packer->failed;
	packer->taken += len;
	packer->unsettled += len;
	/* as large as the blocks that it makes anyway */
	if (packer->parts && packer->unsettled >= BLOCK_BYTES) {
		if (compress(packer, NULL, 0, ZSTD_e_flush))
			return packer->failed;
		settle(packer);
	}
	return (ssize_t)len;
}

static int pack_end(void *ctx)
{
	struct packer *packer = ctx;
	int ret = end_frame(packer);

	packer->flushes++;
	settle(packer);
	return ret;
}

/* Files are made and removed as long as it runs: as whose they are, and with no more than that. */
static int begin(void *ctx)
{
	const struct packer *packer = ctx;

	if (packer->parts)
		file_put_as_owner(&packer->parts->put);
	if (packer->parts && packer->confine)
		packer->confine(packer->parts->path);
	return 0;
}

void packer_free(void *ctx)
{
	struct packer *packer = ctx;

	if (!packer)
		return;
	packer_close(packer);
	ZSTD_freeCCtx(packer->zstd);
	free(packer->parts);
	pthread_mutex_destroy(&packer->lock);
	free(packer);
}

const struct outlet_ops packer_ops = {
	.begin = begin,
	.write = pack,
	.flush = pack_end,
	.release = packer_free,
};

static int open_file(struct packer *packer, const char *path, const struct recorder_opts *opts,
		     struct error *err)
{
	if (opts->max_bytes) {
		packer->parts = calloc(1, sizeof(*packer->parts));
		if (!packer->parts)
			return error_set(err, -ENOMEM, "no memory to record");
		if (parts_init(packer->parts, path, opts->keep, err))
			return err->code;
		packer->fd = parts_next(packer->parts);
		if (packer->fd == -EWOULDBLOCK)
			return error_set(err, packer->fd,
					 "another twtrace records into '%s'; name another file",
					 path);
		errno = packer->fd < 0 ? -packer->fd : 0;
	} else if (strcmp(path, "-")) {
		packer->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	} else {
		packer->fd = STDOUT_FILENO;
	}
	if (packer->fd < 0)
		return error_set(err, -errno, "cannot write '%s': %s", path, strerror(errno));
	return 0;
}

struct packer *packer_new(const char *path, const struct tw_recording_head *head,
			  const struct recorder_opts *opts, struct error *err)
{
	struct packer *packer = calloc(1, sizeof(*packer));

	if (!packer) {
		error_set(err, -ENOMEM, "no memory to record");
		return NULL;
	}
	packer->fd = -1;
	packer->head = *head;
	packer->confine = opts->confine;
	pthread_mutex_init(&packer->lock, NULL);
	packer->zstd = ZSTD_createCCtx();
	if (!packer->zstd) {
		error_set(err, -ENOMEM, "no memory to record");
	} else {
		ZSTD_CCtx_setParameter(packer->zstd, ZSTD_c_compressionLevel, LEVEL);
		ZSTD_CCtx_setParameter(packer->zstd, ZSTD_c_checksumFlag, 1);
		if (!open_file(packer, path, opts, err))
			return packer;
	}
	packer_free(packer);
	return NULL;
}
