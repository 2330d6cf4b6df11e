// SPDX-License-Identifier: GPL-2.0-or-later
/* Two couriers: one writes files, one sends to a server. */
#include "cmd/delivery.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#include "base/courier.h"
#include "base/file_put.h"
#include "base/log.h"
#include "base/procfs.h"
#include "base/text.h"
#include "base/upload.h"
#include "sink/pyroscope.h"

/* So many summaries may wait, of some MB at most. */
#define MOST_WAITING 16
/* At the end. */
#define PATIENCE_MS 10000
#define NS_PER_SECOND 1000000000ULL
#define PROFILE_NAME "twtrace"

struct delivery {
	struct delivery_config config;
	struct courier *files;	/* owned; NULL: none, or they are written at once */
	struct courier *pushes;	/* owned; NULL: none */
	struct pyroscope_label labels[DELIVERY_LABELS + 3];
	size_t nr_labels;
	char *names;		/* owned: what labels point to */
	char last_path[PATH_MAX];
	unsigned int again;	/* so many windows before have had the same path */
	uint64_t written, failed; /* at once */
};

/* -------------------------------------------------------------------------------- files */

/* By the user's pattern; 0: it names nothing, or too much. */
static size_t expand(char *path, size_t size, const char *pattern, const struct tm *utc)
{
	/* that it is the user's is the point of it */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	size_t len = strftime(path, size, pattern, utc);
#pragma GCC diagnostic pop

	path[len] = '\0';
	return len;
}

/* A parcel of files: the path, its NUL, and what is to be in it. */
static enum courier_verdict deliver_file(void *ctx, const void *bytes, size_t len,
					 struct courier_failure *failure)
{
	size_t path_len = strlen(bytes) + 1;

	(void)ctx;
	if (!file_put(bytes, (const char *)bytes + path_len, len - path_len, &failure->err))
		return COURIER_DELIVERED;
	return COURIER_AGAIN;
}

static int open_files(struct delivery *delivery, struct error *err)
{
	static const struct courier_ops ops = { .deliver = deliver_file };
	struct courier_config config = { .name = "files", .max_waiting = MOST_WAITING };
	char empty[PATH_MAX];

	file_put_prepare(delivery->config.pattern);
	if (!expand(empty, sizeof(empty), delivery->config.pattern, &(struct tm){ .tm_mday = 1 }))
		return error_set(err, -EINVAL, "--write '%s' names no file",
				 delivery->config.pattern);
	if (delivery->config.waits)
		return 0;
	delivery->files = courier_new(&ops, NULL, &config, err);
	return delivery->files ? 0 : err->code;
}

/* A file that this window would share with the last one gets a number of its own. */
static void name_file(struct delivery *delivery, uint64_t to_ns, char path[static PATH_MAX])
{
	time_t seconds = to_ns / NS_PER_SECOND;
	char plain[PATH_MAX - 16];
	struct tm utc;
	size_t len;

	gmtime_r(&seconds, &utc);
	len = expand(plain, sizeof(plain), delivery->config.pattern, &utc);
	delivery->again = strcmp(plain, delivery->last_path) ? 0 : delivery->again + 1;
	snprintf(delivery->last_path, sizeof(delivery->last_path), "%s", plain);
	/* one that is always the same is meant to be replaced */
	if (delivery->again && strcmp(plain, delivery->config.pattern)) {
		const char *name = strrchr(plain, '/') ? strrchr(plain, '/') : plain;
		const char *dot = strchr(name, '.');
		int stem = (int)(dot ? dot - plain : (long)len);

		snprintf(path, PATH_MAX, "%.*s-%u%s", stem, plain, delivery->again + 1,
			 dot ? dot : "");
	} else {
		snprintf(path, PATH_MAX, "%s", plain);
	}
}

static void take_file(struct delivery *delivery, const char *bytes, size_t len, uint64_t to_ns)
{
	struct error err = { 0 };
	char path[PATH_MAX], *parcel;

	name_file(delivery, to_ns, path);
	log_msg(LOG_VERBOSE, "summary into '%s'", path);
	if (!delivery->files && !file_put(path, bytes, len, &err)) {
		delivery->written++;
		return;
	}
	if (!delivery->files) {
		if (!delivery->failed++)
			log_msg(LOG_WARNING, "%s", err.text);
		return;
	}
	parcel = malloc(strlen(path) + 1 + len);
	if (!parcel) {
		delivery->failed++;
		return;
	}
	memcpy(stpcpy(parcel, path) + 1, bytes, len);
	courier_send(delivery->files, parcel, strlen(path) + 1 + len);
}

/* ------------------------------------------------------------------------------ pushes */

static enum courier_verdict deliver_push(void *ctx, const void *bytes, size_t len,
					 struct courier_failure *failure)
{
	static const enum courier_verdict verdicts[] = {
		[UPLOAD_DONE] = COURIER_DELIVERED,
		[UPLOAD_AGAIN] = COURIER_AGAIN,
		[UPLOAD_REFUSED] = COURIER_REFUSED,
	};
	struct upload_failure upload = { 0 };
	enum upload_result result = upload_post(ctx, bytes, len, &upload);

	failure->retry_after_ms = upload.retry_after_ms;
	failure->err = upload.err;
	return verdicts[result];
}

static void interrupt_push(void *ctx)
{
	upload_interrupt(ctx);
}

static void release_push(void *ctx)
{
	upload_free(ctx);
}

/* "name=value"; a label that is there already is replaced. */
static int add_label(struct delivery *delivery, char *label, struct error *err)
{
	char *value = strchr(label, '=');
	size_t i = 0;

	if (value)
		*value++ = '\0';
	if (!value || !value[0] || !pyroscope_is_label_name(label))
		return error_set(err, -EINVAL,
				 "--push-label '%s' is no label: it takes NAME=VALUE, the name of "
				 "letters, digits and _",
				 label);
	while (i < delivery->nr_labels && strcmp(delivery->labels[i].name, label))
		i++;
	delivery->labels[i] = (struct pyroscope_label){ label, value };
	delivery->nr_labels += i == delivery->nr_labels;
	return 0;
}

static int read_labels(struct delivery *delivery, struct error *err)
{
	const struct delivery_config *config = &delivery->config;
	char host[256], *at;
	struct utsname uts;
	size_t room = 512;
	int ret = 0;

	uname(&uts);
	text_clean(uts.nodename, strlen(uts.nodename), host, sizeof(host));
	for (size_t i = 0; i < config->nr_labels; i++)
		room += 4 * strlen(config->labels[i]) + 1;
	at = delivery->names = malloc(room);
	if (!at)
		return error_set(err, -ENOMEM, "no memory");
	delivery->labels[delivery->nr_labels++] =
		(struct pyroscope_label){ "__name__", PROFILE_NAME };
	delivery->labels[delivery->nr_labels++] =
		(struct pyroscope_label){ "service_name", PROFILE_NAME };
	delivery->labels[delivery->nr_labels++] =
		(struct pyroscope_label){ "hostname", text_clean(host, strlen(host), at, 256) };
	at += strlen(at) + 1;
	for (size_t i = 0; i < config->nr_labels && !ret; i++) {
		text_clean(config->labels[i], strlen(config->labels[i]), at,
			   4 * strlen(config->labels[i]) + 1);
		ret = add_label(delivery, at, err);
		at += 4 * strlen(config->labels[i]) + 1;
	}
	return ret;
}

static int read_token(const char *path, char *header, size_t size, struct error *err)
{
	char token[1024];
	ssize_t len = procfs_read(path, token, sizeof(token));

	if (len < 0)
		return error_set(err, (int)len, "cannot read '%s': %s", path, strerror((int)-len));
	token[strcspn(token, "\r\n")] = '\0';
	if (!token[0] || len >= (ssize_t)sizeof(token) - 1)
		return error_set(err, -EINVAL, "'%s' holds no token of one line", path);
	snprintf(header, size, "Authorization: Bearer %s", token);
	return 0;
}

static int open_pushes(struct delivery *delivery, struct error *err)
{
	static const struct courier_ops ops = { deliver_push, interrupt_push, release_push };
	const struct delivery_config *config = &delivery->config;
	struct courier_config courier = { .name = "push", .max_waiting = MOST_WAITING };
	char url[2048], tenant[256], token[1100];
	const char *headers[4] = { "Content-Type: " PYROSCOPE_TYPE };
	struct upload_config upload_config = { .url = url,
					       .headers = headers,
					       .version = TWTRACE_VERSION };
	size_t nr_headers = 1, len = strlen(config->push);
	struct upload *upload;
	int ret = read_labels(delivery, err);

	if (ret)
		return ret;
	while (len && config->push[len - 1] == '/')
		len--;
	if (snprintf(url, sizeof(url), "%.*s%s", (int)len, config->push, PYROSCOPE_PATH) >=
	    (int)sizeof(url))
		return error_set(err, -EINVAL, "--push: the URL is too long");
	if (config->tenant) {
		snprintf(tenant, sizeof(tenant), "X-Scope-OrgID: %s", config->tenant);
		headers[nr_headers++] = tenant;
	}
	if (config->token_file) {
		if (read_token(config->token_file, token, sizeof(token), err))
			return err->code;
		headers[nr_headers++] = token;
	}
	upload = upload_new(&upload_config, err);
	if (!upload)
		return err->code;
	delivery->pushes = courier_new(&ops, upload, &courier, err);
	if (!delivery->pushes)
		upload_free(upload);
	return delivery->pushes ? 0 : err->code;
}

static void take_push(struct delivery *delivery, const char *bytes, size_t len)
{
	struct error err = { 0 };
	unsigned char *body;
	size_t body_len;

	if (!pyroscope_body(bytes, len, delivery->labels, delivery->nr_labels, &body, &body_len,
			    &err)) {
		courier_send(delivery->pushes, body, body_len);
		return;
	}
	if (!delivery->failed++)
		log_msg(LOG_WARNING, "--push: %s", err.text);
}

/* --------------------------------------------------------------------------------- both */

struct delivery *delivery_open(const struct delivery_config *config, struct error *err)
{
	struct delivery *delivery = calloc(1, sizeof(*delivery));
	int ret = 0;

	if (!delivery) {
		error_set(err, -ENOMEM, "no memory");
		return NULL;
	}
	delivery->config = *config;
	if (config->pattern)
		ret = open_files(delivery, err);
	if (!ret && config->push)
		ret = open_pushes(delivery, err);
	if (!ret)
		return delivery;
	delivery_close(delivery);
	return NULL;
}

void delivery_take(void *ctx, char *bytes, size_t len, uint64_t from_ns, uint64_t to_ns)
{
	struct delivery *delivery = ctx;

	(void)from_ns;
	if (delivery->config.pattern)
		take_file(delivery, bytes, len, to_ns);
	if (delivery->config.push)
		take_push(delivery, bytes, len);
	free(bytes);
}

/* How many were not delivered, which it says; those that were add to @delivered. */
static uint64_t finish(struct courier *courier, const char *what, uint64_t *delivered)
{
	struct courier_report report;
	char text[TEXT_LEN];
	uint64_t missing;

	if (!courier)
		return 0;
	courier_finish(courier, PATIENCE_MS, &report);
	missing = report.dropped + report.refused;
	if (missing)
		log_msg(LOG_WARNING, "%s summaries were not %s: %s", text_count(missing, text),
			what, report.last_error);
	else
		log_msg(LOG_VERBOSE, "%s summaries %s", text_count(report.delivered, text), what);
	*delivered += report.delivered;
	return missing;
}

bool delivery_close(struct delivery *delivery)
{
	uint64_t missing, pushed = 0;
	char text[TEXT_LEN];

	if (!delivery)
		return true;
	missing = delivery->failed;
	missing += finish(delivery->files, "written", &delivery->written);
	missing += finish(delivery->pushes, "pushed", &pushed);
	if (delivery->written)
		log_msg(LOG_WARNING, "%s summaries written, the last one into '%s'",
			text_count(delivery->written, text), delivery->last_path);
	free(delivery->names);
	free(delivery);
	return !missing;
}
