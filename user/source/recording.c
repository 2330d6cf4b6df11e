// SPDX-License-Identifier: GPL-2.0-or-later
/* Decompresses a recording record by record, within bounds. */
#include "source/recording.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "base/file_view.h"
#include "base/text.h"
#include "source/source.h"

#define INPUT_BYTES (64 * 1024)
#define PLAIN_BYTES (256 * 1024)
/* The writer uses 2 MiB windows at most: a file that asks for more is not ours. */
#define WINDOW_LOG_MAX 23
/*
 * What a recording becomes: five to seventeen times its bytes, sixty where each dump is like the
 * one before, two hundred where it is the files of namespaces that are all alike. zstd can make
 * 30,000 of one: more than this is no recording, and is not to be kept in memory.
 */
#define MOST_PLAIN_FREE (8ULL << 20)
#define MOST_PLAIN_SHARE 512

struct recording {
	FILE *file;		/* owned, as what follows */
	int fd;			/* -1: it is the caller's */
	char *path;
	ZSTD_DCtx *zstd;
	struct tw_recording_head head;
	size_t in_at, in_len;	/* of input[] */
	uint64_t in_from;	/* where in the file that begins */
	uint64_t plain_bytes;	/* so many came out of it */
	size_t hint;		/* how much zstd wants to see at once: a block, no more */
	size_t at, len;		/* of plain[] */
	unsigned long long records;
	bool ended;		/* TW_END was read */
	bool file_ended;
	bool over;
	char damage[384];
	char input[INPUT_BYTES];
	_Alignas(8) char plain[PLAIN_BYTES];
	size_t ahead;		/* in plain: what comes before has been named */
	unsigned int nr_ahead;	/* records from @at to there */
};

/* Text of a stranger's file: on the terminal it must be nothing but text. */
static void clean(char *text, size_t size)
{
	char copy[128];

	text_clean(text, strnlen(text, size), copy, size < sizeof(copy) ? size : sizeof(copy));
	strcpy(text, copy);
}

static int read_head(struct recording *recording, struct error *err)
{
	struct tw_recording_head *head = &recording->head;
	const size_t least = offsetof(struct tw_recording_head, realtime_ns);
	const char *path = recording->path;
	size_t rest, len = fread(head, 1, least, recording->file);

	if (!len && feof(recording->file))
		return error_set(err, -EINVAL, "'%s' is empty: nothing was recorded", path);
	if (len != least || memcmp(head->magic, TW_RECORDING_MAGIC, sizeof(head->magic)))
		return error_set(err, -EINVAL, "'%s' is not a recording of twtrace", path);
	if (head->version > TW_RECORDING_VERSION)
		return error_set(
			err, -EINVAL,
			"'%s' was written by a newer twtrace (format %u, this one reads %u)", path,
			head->version, TW_RECORDING_VERSION);
	if (head->size < least || head->size > 1 << 20)
		return error_set(err, -EINVAL, "'%s' has a damaged head: %u bytes at byte %zu",
				 path, head->size, offsetof(struct tw_recording_head, size));
	rest = head->size < sizeof(*head) ? head->size : sizeof(*head);
	if (fread((char *)head + least, 1, rest - least, recording->file) != rest - least)
		return error_set(err, -EINVAL, "'%s' ends within its head", path);
	for (rest = head->size - rest; rest; rest--)
		if (fgetc(recording->file) == EOF)
			return error_set(err, -EINVAL, "'%s' ends within its head", path);
	clean(head->boot_id, sizeof(head->boot_id));
	clean(head->host, sizeof(head->host));
	clean(head->kernel, sizeof(head->kernel));
	clean(head->program, sizeof(head->program));
	head->service_filter[sizeof(head->service_filter) - 1] = '\0';
	if (head->filter.nr_ports > TW_MAX_PORT_RANGES ||
	    head->filter.nr_local_ports > TW_MAX_PORT_RANGES ||
	    head->filter.nr_remotes > TW_MAX_CIDRS)
		return error_set(err, -EINVAL,
				 "'%s' has a damaged head: more filters than there can be, at "
				 "byte %zu",
				 path, offsetof(struct tw_recording_head, filter));
	recording->in_from = head->size;
	return 0;
}

struct recording *recording_read(const char *path, int fd, struct error *err)
{
	struct recording *recording = calloc(1, sizeof(*recording));

	if (!recording) {
		error_set(err, -ENOMEM, "no memory to read '%s'", path);
		return NULL;
	}
	recording->fd = -1;
	recording->path = strdup(path);
	recording->zstd = ZSTD_createDCtx();
	if (!recording->path || !recording->zstd) {
		error_set(err, -ENOMEM, "no memory to read '%s'", path);
		goto fail;
	}
	ZSTD_DCtx_setParameter(recording->zstd, ZSTD_d_windowLogMax, WINDOW_LOG_MAX);
	if (fd < 0) {
		error_set(err, fd, "cannot read '%s': %s", path, strerror(-fd));
		goto fail;
	}
	recording->file = file_view(fd);
	if (!recording->file) {
		error_set(err, -ENOMEM, "no memory to read '%s'", path);
		goto fail;
	}
	if (read_head(recording, err))
		goto fail;
	return recording;
fail:
	recording_free(recording);
	return NULL;
}

struct recording *recording_open(const char *path, struct error *err)
{
	int fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
	struct recording *recording = recording_read(path, fd < 0 ? -errno : fd, err);

	if (recording && fd != STDIN_FILENO)
		recording->fd = fd;
	else if (fd > STDIN_FILENO)
		close(fd);
	return recording;
}

void recording_free(struct recording *recording)
{
	if (!recording)
		return;
	if (recording->file)
		fclose(recording->file);
	if (recording->fd >= 0)
		close(recording->fd);
	ZSTD_freeDCtx(recording->zstd);
	free(recording->path);
	free(recording);
}

int recording_rewind(struct recording *recording, struct error *err)
{
	if (fseeko(recording->file, recording->head.size, SEEK_SET))
		return error_set(err, -errno, "cannot read '%s' again: %s", recording->path,
				 strerror(errno));
	ZSTD_DCtx_reset(recording->zstd, ZSTD_reset_session_only);
	recording->in_at = recording->in_len = recording->hint = 0;
	recording->in_from = recording->head.size;
	recording->plain_bytes = 0;
	recording->at = recording->len = 0;
	recording->ahead = recording->nr_ahead = 0;
	recording->records = 0;
	recording->ended = recording->file_ended = recording->over = false;
	recording->damage[0] = '\0';
	return 0;
}

const struct tw_recording_head *recording_head(const struct recording *recording)
{
	return &recording->head;
}

const char *recording_path(const struct recording *recording)
{
	return recording->path;
}

uint64_t recording_records(const struct recording *recording)
{
	return recording->records;
}

const char *recording_damage(const struct recording *recording)
{
	return recording->damage[0] ? recording->damage : NULL;
}

/* Up to which byte of the file it has been read. */
static uint64_t file_at(const struct recording *recording)
{
	return recording->in_from + recording->in_at;
}

/* @format: what is wrong there; NULL: nothing but that it ends. */
static void __attribute__((format(printf, 3, 4)))
end_early(struct recording *recording, const char *what, const char *format, ...)
{
	char why[128] = "";
	va_list args;

	if (format) {
		va_start(args, format);
		vsnprintf(why, sizeof(why), format, args);
		va_end(args);
	}
	snprintf(recording->damage, sizeof(recording->damage),
		 "'%.70s' %s after %llu records, at byte %" PRIu64
		 " of the file%s%s; what comes before is shown",
		 recording->path, what, recording->records, file_at(recording), why[0] ? ": " : "",
		 why);
	recording->over = true;
}

/* Whether no recording becomes so much. */
static bool is_bomb(const struct recording *recording)
{
	return recording->plain_bytes > MOST_PLAIN_FREE &&
	       (recording->plain_bytes - MOST_PLAIN_FREE) / MOST_PLAIN_SHARE > file_at(recording);
}

/* Makes more plain bytes; false at the end of what can be had. */
static bool refill(struct recording *recording)
{
	ZSTD_inBuffer in;
	ZSTD_outBuffer out;
	size_t ret, wanted;

	memmove(recording->plain, recording->plain + recording->at, recording->len - recording->at);
	recording->len -= recording->at;
	recording->ahead -= recording->nr_ahead ? recording->at : recording->ahead;
	recording->at = 0;
	if (recording->in_at == recording->in_len && !recording->file_ended) {
		recording->in_from += recording->in_len;
		recording->in_at = 0;
		recording->in_len = fread(recording->input, 1, INPUT_BYTES, recording->file);
		recording->file_ended = recording->in_len == 0;
	}
	/* block by block: what was decoded in a call that fails is lost */
	wanted = recording->hint ? recording->hint : 1;
	if (wanted > recording->in_len - recording->in_at)
		wanted = recording->in_len - recording->in_at;
	in = (ZSTD_inBuffer){ recording->input, recording->in_at + wanted, recording->in_at };
	out = (ZSTD_outBuffer){ recording->plain, PLAIN_BYTES, recording->len };
	errno = 0;
	ret = ZSTD_decompressStream(recording->zstd, &out, &in);
	recording->in_at = in.pos;
	if (ZSTD_isError(ret)) {
		end_early(recording,
			  errno == ENOMEM ? "could not be read, for want of memory," : "is damaged",
			  "%s", ZSTD_getErrorName(ret));
		return false;
	}
	/* no input left and nothing came out of what zstd still held */
	if (recording->file_ended && out.pos == recording->len)
		return false;
	recording->plain_bytes += out.pos - recording->len;
	recording->len = out.pos;
	recording->hint = ret;
	if (!is_bomb(recording))
		return true;
	end_early(recording, "is damaged", "it becomes more than %d times its size",
		  MOST_PLAIN_SHARE);
	return false;
}

/* Whether @want bytes are there now; reads on if need be. */
static bool have(struct recording *recording, size_t want)
{
	while (recording->len - recording->at < want)
		if (!refill(recording))
			return false;
	return true;
}

const struct tw_record *recording_next(struct recording *recording)
{
	const struct tw_record *record;
	unsigned int kind;

	if (recording->over)
		return NULL;
	if (!have(recording, sizeof(*record))) {
		/* all records may be there, and not the checksum over the last of them */
		if (!recording->over && (!recording->ended || recording->hint))
			end_early(recording, "was cut", NULL);
		recording->over = true;
		return NULL;
	}
	record = (const struct tw_record *)(recording->plain + recording->at);
	if (record->size < sizeof(*record) || record->size % 8) {
		end_early(recording, "is damaged", "no record has %u bytes, nor one of kind %u",
			  record->size, record->kind);
		return NULL;
	}
	kind = record->kind;
	if (!have(recording, record->size)) {
		if (!recording->over)
			end_early(recording, "was cut", "within a record of kind %u", kind);
		return NULL;
	}
	/* have() may have moved it */
	record = (const struct tw_record *)(recording->plain + recording->at);
	recording->at += record->size;
	recording->nr_ahead -= recording->nr_ahead > 0;
	recording->records++;
	recording->ended = record->kind == TW_END;
	return record;
}

const struct tw_record *recording_ahead(struct recording *recording)
{
	const struct tw_record *record;

	if (!recording->nr_ahead)
		recording->ahead = recording->at;
	record = (const struct tw_record *)(recording->plain + recording->ahead);
	/* what makes no sense is found out when it is read */
	if (recording->nr_ahead == EXPECT_AHEAD ||
	    recording->len - recording->ahead < sizeof(*record) || record->size < sizeof(*record) ||
	    record->size % 8 || recording->len - recording->ahead < record->size)
		return NULL;
	recording->ahead += record->size;
	recording->nr_ahead++;
	return record;
}
