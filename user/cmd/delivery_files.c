// SPDX-License-Identifier: GPL-2.0-or-later
/* Summaries into files: what they are called, and who writes them. */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/caps.h"
#include "base/file_put.h"
#include "base/log.h"
#include "cmd/confine.h"
#include "cmd/delivery_ways.h"

#define NS_PER_SECOND 1000000000ULL
#define NUMBER_BYTES 16	/* "_002" and longer */

/* What the courier's thread needs, which may outlive who sends. */
struct desk {
	pthread_mutex_t lock;	/* over what follows */
	unsigned int holders;	/* 1: one side has gone */
	char last_path[PATH_MAX]; /* that was really written */

	struct file_put put;	/* stay as they are once there are two */
	const char *pattern;	/* borrowed */
	char first_path[PATH_MAX];
};

struct files {
	struct desk *desk;	/* shared with the courier, if there is one */
	struct courier *courier; /* owned; NULL: files are written at once */
	const char *pattern;	/* borrowed */
	uint64_t window_ns;
	bool always_same;	/* the pattern gives but one name */
	char last_plain[PATH_MAX];
	unsigned int again;	/* so many windows before have had the same name */
	uint64_t taken, written, failed;
};

/* ------------------------------------------------------------------------- by either side */

static struct desk *desk_new(void)
{
	struct desk *desk = calloc(1, sizeof(*desk));

	if (!desk)
		return NULL;
	desk->holders = 1;
	pthread_mutex_init(&desk->lock, NULL);
	return desk;
}

static void desk_leave(void *ctx)
{
	struct desk *desk = ctx;
	bool last;

	pthread_mutex_lock(&desk->lock);
	last = !--desk->holders;
	pthread_mutex_unlock(&desk->lock);
	if (!last)
		return;
	pthread_mutex_destroy(&desk->lock);
	free(desk);
}

static int put(struct desk *desk, const char *path, const void *bytes, size_t len,
	       struct error *err)
{
	int ret = file_put(&desk->put, path, bytes, len, err);

	if (ret)
		return ret;
	pthread_mutex_lock(&desk->lock);
	snprintf(desk->last_path, sizeof(desk->last_path), "%s", path);
	pthread_mutex_unlock(&desk->lock);
	return 0;
}

/* --------------------------------------------------------------------- the courier's thread */

static int begin_files(void *ctx, struct error *err)
{
	struct desk *desk = ctx;

	file_put_as_owner(&desk->put);
	if (file_put_check(desk->first_path, err))
		return err->code;
	confine_writer(desk->pattern);
	return 0;
}

/* A parcel: the path, its NUL, and what is to be in it. */
static enum courier_verdict deliver_file(void *ctx, const void *bytes, size_t len,
					 struct courier_failure *failure)
{
	size_t path_len = strlen(bytes) + 1;

	if (!put(ctx, bytes, (const char *)bytes + path_len, len - path_len, &failure->err))
		return COURIER_DELIVERED;
	return file_put_may_pass(failure->err.code) ? COURIER_AGAIN : COURIER_REFUSED;
}

/* ------------------------------------------------------------------------------------ names */

/* By the user's pattern; 0: it names nothing, or too much. */
static size_t expand(char *path, size_t size, const char *pattern, time_t at)
{
	struct tm utc;
	size_t len;

	gmtime_r(&at, &utc);
	/* that it is the user's is the point of it */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	len = strftime(path, size, pattern, &utc);
#pragma GCC diagnostic pop
	path[len] = '\0';
	return len;
}

/* Whether two times that have nothing in common have the same name. */
static bool is_always_same(const char *pattern)
{
	static const time_t thursday_1970, monday_2027 = 1824474133; /* 25 October, 14:22:13 */
	char a[PATH_MAX], b[PATH_MAX];

	expand(a, sizeof(a), pattern, thursday_1970);
	expand(b, sizeof(b), pattern, monday_2027);
	return !strcmp(a, b);
}

static bool changes_folder(const char *pattern)
{
	const char *slash = strrchr(pattern, '/');

	return slash && memchr(pattern, '%', (size_t)(slash - pattern));
}

/* A file that this window would share with the last one gets a number of its own. */
static void name_file(struct files *files, uint64_t to_ns, char path[static PATH_MAX])
{
	char plain[PATH_MAX - NUMBER_BYTES];
	const char *name, *end;

	expand(plain, sizeof(plain), files->pattern, (time_t)(to_ns / NS_PER_SECOND));
	files->again = strcmp(plain, files->last_plain) ? 0 : files->again + 1;
	snprintf(files->last_plain, sizeof(files->last_plain), "%s", plain);
	if (!files->again || files->always_same) {
		snprintf(path, PATH_MAX, "%s", plain);
		return;
	}
	name = strrchr(plain, '/') ? strrchr(plain, '/') + 1 : plain;
	/* ".pb.gz" is of one piece; a dot at the beginning ends nothing */
	end = name[0] ? strchr(name + 1, '.') : NULL;
	if (!end)
		end = plain + strlen(plain);
	snprintf(path, PATH_MAX, "%.*s_%03u%s", (int)(end - plain), plain, files->again + 1, end);
}

/* ------------------------------------------------------------------------------- the sender */

static int prepare(struct files *files, const struct delivery_config *config, struct error *err)
{
	static const struct courier_ops ops = {
		.begin = begin_files,
		.deliver = deliver_file,
		.release = desk_leave,
	};
	struct courier_config courier = { .name = "--write", .max_waiting = MOST_WAITING };
	struct desk *desk = files->desk;

	files->pattern = desk->pattern = config->pattern;
	files->window_ns = config->window_ns;
	files->always_same = is_always_same(config->pattern);
	if (!expand(desk->first_path, sizeof(desk->first_path), config->pattern, time(NULL)))
		return error_set(err, -EINVAL, "--write '%s' names no file", config->pattern);
	file_put_init(&desk->put, desk->first_path);
	/* the folders of a recording's times are not those of now */
	if (config->waits)
		return changes_folder(config->pattern) ? 0 : file_put_check(desk->first_path, err);
	desk->holders++;
	files->courier = courier_new(&ops, desk, &courier, err);
	if (files->courier)
		return 0;
	desk_leave(desk);
	return err->code;
}

struct files *files_open(const struct delivery_config *config, struct error *err)
{
	struct files *files = calloc(1, sizeof(*files));
	struct desk *desk = desk_new();

	if (!files || !desk) {
		free(files);
		free(desk);
		error_set(err, -ENOMEM, "no memory");
		return NULL;
	}
	files->desk = desk;
	if (!prepare(files, config, err))
		return files;
	files_close(files);
	return NULL;
}

static void send_file(struct files *files, const char *path, const char *bytes, size_t len)
{
	size_t path_len = strlen(path) + 1;
	char *parcel = malloc(path_len + len);

	if (!parcel) {
		files->failed++;
		return;
	}
	memcpy(parcel, path, path_len);
	memcpy(parcel + path_len, bytes, len);
	courier_send(files->courier, parcel, path_len + len);
}

/* Into a folder of whichever user, as root may who named it. */
static void write_at_once(struct files *files, const char *path, const char *bytes, size_t len)
{
	struct error err = { 0 };
	int ret;

	caps_raise(CAPS_TO_WRITE);
	ret = put(files->desk, path, bytes, len, &err);
	caps_lower();
	if (!ret)
		files->written++;
	else if (!files->failed++)
		log_msg(LOG_WARNING, "--write: %s", err.text);
}

void files_take(struct files *files, const char *bytes, size_t len, uint64_t from_ns,
		uint64_t to_ns)
{
	char path[PATH_MAX];

	/* the last one, of some moments: it would be all that is left */
	if (files->taken && files->always_same && to_ns - from_ns < files->window_ns / 2) {
		log_msg(LOG_VERBOSE, "the last window is too short to replace the one before");
		return;
	}
	files->taken++;
	name_file(files, to_ns, path);
	log_msg(LOG_VERBOSE, "summary into '%s'", path);
	if (files->courier)
		send_file(files, path, bytes, len);
	else
		write_at_once(files, path, bytes, len);
}

uint64_t files_close(struct files *files)
{
	struct courier_report report = { .delivered = 0 };
	char text[SUMMARIES_LEN];
	struct desk *desk;
	uint64_t missing;

	if (!files)
		return 0;
	desk = files->desk;
	missing = files->failed;
	if (files->courier)
		missing += delivery_finish(files->courier, PATIENCE_MS, "written",
					   "the disk was too slow", &report);
	files->written += report.delivered;
	pthread_mutex_lock(&desk->lock);
	if (files->written)
		log_msg(LOG_WARNING, "%s written%s into '%s'", delivery_count(files->written, text),
			files->written == 1 ? "" : ", the last one", desk->last_path);
	pthread_mutex_unlock(&desk->lock);
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the one share of two that is left */
	desk_leave(desk);
	free(files);
	return missing;
}
