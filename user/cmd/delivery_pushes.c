// SPDX-License-Identifier: GPL-2.0-or-later
/* Summaries to a server: the URL, the labels, and who sends them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/log.h"
#include "base/procfs.h"
#include "base/text.h"
#include "base/upload.h"
#include "cmd/confine.h"
#include "cmd/delivery_ways.h"
#include "sink/pyroscope.h"

#define PROFILE_NAME "twtrace"
#define OURS 3		/* labels */
#define URL_BYTES 2048
/* Of a recording nothing is to be lost: as many may wait, and so long, as anybody will. */
#define MOST_OF_RECORDING 100000
#define PATIENCE_OF_RECORDING_MS 600000
/* A server that is not there is given up sooner than live: there somebody waits for the end. */
#define TRIES_OF_RECORDING 5
#define LONGEST_OF_RECORDING_MS 4000

struct pushes {
	struct courier *courier; /* owned */
	unsigned int patience_ms;
	char server[URL_BYTES];	/* to be shown */
	struct pyroscope_label labels[OURS + DELIVERY_LABELS];
	size_t nr_labels;
	char *names;		/* owned: what labels point to */
	uint64_t failed;	/* before they came to the courier */
};

static int begin_pushes(void *ctx, struct error *err)
{
	(void)ctx;
	(void)err;
	confine_client();
	return 0;
}

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
static void add_label(struct pushes *pushes, char *label)
{
	char *value = strchrnul(label, '=');
	size_t i = 0;

	if (*value)
		*value++ = '\0';
	while (i < pushes->nr_labels && strcmp(pushes->labels[i].name, label))
		i++;
	pushes->labels[i] = (struct pyroscope_label){ label, value };
	pushes->nr_labels += i == pushes->nr_labels;
}

static int read_labels(struct pushes *pushes, const struct delivery_config *config,
		       struct error *err)
{
	struct utsname uts;
	char hostname[sizeof(uts.nodename) + 16];
	const char *all[OURS + DELIVERY_LABELS] = {
		"__name__=" PROFILE_NAME,
		"service_name=" PROFILE_NAME,
		hostname,
	};
	size_t room = 0, size;
	char *at;

	uname(&uts);
	snprintf(hostname, sizeof(hostname), "hostname=%s", uts.nodename);
	memcpy(all + OURS, config->labels, config->nr_labels * sizeof(*all));
	/* a byte becomes four at most */
	for (size_t i = 0; i < OURS + config->nr_labels; i++)
		room += 4 * strlen(all[i]) + 1;
	at = pushes->names = malloc(room);
	if (!at)
		return error_set(err, -ENOMEM, "no memory");
	for (size_t i = 0; i < OURS + config->nr_labels; i++) {
		size = 4 * strlen(all[i]) + 1;
		add_label(pushes, text_clean(all[i], strlen(all[i]), at, size));
		at += size;
	}
	return 0;
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

/* Of a server's URL; it may be all of it already. */
static int make_url(const char *push, char url[static URL_BYTES], struct error *err)
{
	size_t len = strlen(push), path_len = strlen(PYROSCOPE_PATH);
	bool whole;

	while (len && push[len - 1] == '/')
		len--;
	whole = len > path_len && !memcmp(push + len - path_len, PYROSCOPE_PATH, path_len);
	if (snprintf(url, URL_BYTES, "%.*s%s", (int)len, push, whole ? "" : PYROSCOPE_PATH) >=
	    URL_BYTES)
		return error_set(err, -EINVAL, "--push: the URL is too long");
	return 0;
}

static struct upload *open_upload(const struct delivery_config *config, struct error *err)
{
	const char *headers[4] = { "Content-Type: " PYROSCOPE_TYPE };
	char url[URL_BYTES], tenant[256], token[1100];
	struct upload_config upload = {
		.url = url,
		.headers = headers,
		.version = TWTRACE_VERSION,
	};
	size_t nr_headers = 1;

	if (make_url(config->push, url, err))
		return NULL;
	if (config->tenant) {
		snprintf(tenant, sizeof(tenant), "X-Scope-OrgID: %s", config->tenant);
		headers[nr_headers++] = tenant;
	}
	if (config->token_file) {
		if (read_token(config->token_file, token, sizeof(token), err))
			return NULL;
		headers[nr_headers++] = token;
	}
	return upload_new(&upload, err);
}

static int prepare(struct pushes *pushes, const struct delivery_config *config, struct error *err)
{
	static const struct courier_ops ops = {
		.begin = begin_pushes,
		.deliver = deliver_push,
		.interrupt = interrupt_push,
		.release = release_push,
	};
	struct courier_config courier = { .name = "--push", .max_waiting = MOST_WAITING };
	struct upload *upload;

	if (read_labels(pushes, config, err))
		return err->code;
	upload = open_upload(config, err);
	if (!upload)
		return err->code;
	/* what is behind the host is not the user's */
	snprintf(pushes->server, sizeof(pushes->server), "%.*s",
		 (int)(strlen(upload_url(upload)) - strlen(PYROSCOPE_PATH)), upload_url(upload));
	pushes->patience_ms = PATIENCE_MS;
	if (config->waits) {
		courier.max_waiting = MOST_OF_RECORDING;
		courier.tries = TRIES_OF_RECORDING;
		courier.longest_ms = LONGEST_OF_RECORDING_MS;
		pushes->patience_ms = PATIENCE_OF_RECORDING_MS;
	}
	pushes->courier = courier_new(&ops, upload, &courier, err);
	if (pushes->courier)
		return 0;
	upload_free(upload);
	return err->code;
}

struct pushes *pushes_open(const struct delivery_config *config, struct error *err)
{
	struct pushes *pushes = calloc(1, sizeof(*pushes));

	if (!pushes) {
		error_set(err, -ENOMEM, "no memory");
		return NULL;
	}
	if (!prepare(pushes, config, err))
		return pushes;
	pushes_close(pushes);
	return NULL;
}

void pushes_take(struct pushes *pushes, const char *bytes, size_t len)
{
	struct error err = { 0 };
	unsigned char *body;
	size_t body_len;

	if (!pyroscope_body(bytes, len, pushes->labels, pushes->nr_labels, &body, &body_len,
			    &err)) {
		courier_send(pushes->courier, body, body_len);
		return;
	}
	if (!pushes->failed++)
		log_msg(LOG_WARNING, "--push: %s", err.text);
}

uint64_t pushes_close(struct pushes *pushes)
{
	struct courier_report report = { .delivered = 0 };
	char text[SUMMARIES_LEN];
	uint64_t missing;

	if (!pushes)
		return 0;
	missing = pushes->failed;
	if (pushes->courier)
		missing += delivery_finish(pushes->courier, pushes->patience_ms, "pushed",
					   "the server was too slow", &report);
	if (report.delivered)
		log_msg(LOG_WARNING, "%s pushed to %s", delivery_count(report.delivered, text),
			pushes->server);
	free(pushes->names);
	free(pushes);
	return missing;
}
