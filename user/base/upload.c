// SPDX-License-Identifier: GPL-2.0-or-later
/* POST by libcurl. The transfer is a multi handle's, because only that can be woken up. */
#include "base/upload.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define TIMEOUT_MS 10000
#define MOST_REDIRECTS 3
#define POLL_MS 60000	/* libcurl's own timers end it before */
/* Of the server's answer so much may be told on. */
#define ANSWER_BYTES 200
#define ANSWER_TEXT (2 * ANSWER_BYTES)

struct upload {
	CURL *easy;		/* owned, as all below */
	CURLM *multi;
	struct curl_slist *headers;
	char *url;		/* to be shown */
	atomic_bool interrupted;
	char why[CURL_ERROR_SIZE];
	char answer[ANSWER_BYTES];
	size_t answer_len;
};

/* ------------------------------------------------------------------------------ what for */

static char *copy_url(CURLU *parsed)
{
	char *url, *copy;

	if (curl_url_get(parsed, CURLUPART_URL, &url, 0))
		return NULL;
	copy = strdup(url);
	curl_free(url);
	return copy;
}

/* Looks at the URL, keeps what may be shown of it. @scheme is to be freed by curl_free(). */
static int take_url(struct upload *upload, const char *url, char **scheme, struct error *err)
{
	static const CURLUPart secret[] = { CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_OPTIONS,
					    CURLUPART_QUERY, CURLUPART_FRAGMENT };
	CURLU *parsed = curl_url();
	CURLUcode code =
		parsed ? curl_url_set(parsed, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) :
			 CURLUE_OUT_OF_MEMORY;

	*scheme = NULL;
	if (!code)
		code = curl_url_get(parsed, CURLUPART_SCHEME, scheme, 0);
	if (!code && strcmp(*scheme, "http") && strcmp(*scheme, "https"))
		code = CURLUE_UNSUPPORTED_SCHEME;
	for (size_t i = 0; i < sizeof(secret) / sizeof(secret[0]) && !code; i++)
		code = curl_url_set(parsed, secret[i], NULL, 0);
	if (!code)
		upload->url = copy_url(parsed);
	curl_url_cleanup(parsed);
	if (code == CURLUE_UNSUPPORTED_SCHEME || code == CURLUE_BAD_SCHEME)
		return error_set(err, -EINVAL, "the URL must begin with http:// or https://");
	if (code && code != CURLUE_OUT_OF_MEMORY)
		return error_set(err, -EINVAL, "this is no URL: %s", curl_url_strerror(code));
	return upload->url ? 0 : error_set(err, -ENOMEM, "no memory");
}

static int add_header(struct upload *upload, const char *header)
{
	struct curl_slist *longer = curl_slist_append(upload->headers, header);

	if (!longer)
		return -ENOMEM;
	upload->headers = longer;
	return 0;
}

static int take_headers(struct upload *upload, const char *const *headers)
{
	/* "Expect: 100-continue" costs a second where a server does not know it */
	if (add_header(upload, "Expect:"))
		return -ENOMEM;
	for (; headers && *headers; headers++)
		if (add_header(upload, *headers))
			return -ENOMEM;
	return 0;
}

static size_t take_answer(char *bytes, size_t size, size_t count, void *ctx)
{
	struct upload *upload = ctx;
	size_t room = sizeof(upload->answer) - upload->answer_len;
	size_t some = size * count < room ? size * count : room;

	memcpy(upload->answer + upload->answer_len, bytes, some);
	upload->answer_len += some;
	return size * count;
}

/* curl_easy_setopt() fails for lack of memory, or where libcurl was built without something. */
static bool set_options(struct upload *upload, const struct upload_config *config,
			const char *scheme)
{
	CURL *easy = upload->easy;
	char agent[64];

	snprintf(agent, sizeof(agent), "twtrace/%s", config->version);
	return !curl_easy_setopt(easy, CURLOPT_URL, config->url) &&
	       !curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") &&
	       !curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, scheme) &&
	       !curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L) &&
	       !curl_easy_setopt(easy, CURLOPT_MAXREDIRS, (long)MOST_REDIRECTS) &&
	       !curl_easy_setopt(easy, CURLOPT_POSTREDIR, (long)CURL_REDIR_POST_ALL) &&
	       !curl_easy_setopt(easy, CURLOPT_USERAGENT, agent) &&
	       !curl_easy_setopt(easy, CURLOPT_HTTPHEADER, upload->headers) &&
	       !curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS,
				 (long)(config->timeout_ms ? config->timeout_ms : TIMEOUT_MS)) &&
	       !curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) &&
	       /* a name server that does not answer holds up no end, neither by time nor by wish */
	       !curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L) &&
	       !curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, config->insecure ? 0L : 1L) &&
	       !curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, config->insecure ? 0L : 2L) &&
	       !curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, upload->why) &&
	       !curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_answer) &&
	       !curl_easy_setopt(easy, CURLOPT_WRITEDATA, upload) &&
	       !curl_easy_setopt(easy, CURLOPT_POST, 1L);
}

struct upload *upload_new(const struct upload_config *config, struct error *err)
{
	struct upload *upload = calloc(1, sizeof(*upload));
	char *scheme = NULL;
	int ret;

	if (!upload || curl_global_init(CURL_GLOBAL_DEFAULT)) {
		free(upload);
		error_set(err, -ENOMEM, "libcurl cannot be used: no memory");
		return NULL;
	}
	upload->easy = curl_easy_init();
	upload->multi = curl_multi_init();
	ret = take_url(upload, config->url, &scheme, err);
	if (!ret && (!upload->easy || !upload->multi || take_headers(upload, config->headers) ||
		     !set_options(upload, config, scheme)))
		ret = error_set(err, -ENOMEM, "libcurl cannot be used for %s", upload->url);
	curl_free(scheme);
	if (ret) {
		upload_free(upload);
		return NULL;
	}
	return upload;
}

void upload_free(struct upload *upload)
{
	if (!upload)
		return;
	curl_easy_cleanup(upload->easy);
	curl_multi_cleanup(upload->multi);
	curl_slist_free_all(upload->headers);
	free(upload->url);
	free(upload);
	curl_global_cleanup();
}

const char *upload_url(const struct upload *upload)
{
	return upload->url;
}

/* ------------------------------------------------------------------------------- sending */

static CURLcode code_of(struct upload *upload)
{
	const CURLMsg *msg;
	int left;

	while ((msg = curl_multi_info_read(upload->multi, &left)))
		if (msg->msg == CURLMSG_DONE)
			return msg->data.result;
	return CURLE_ABORTED_BY_CALLBACK;
}

static CURLcode transfer(struct upload *upload)
{
	CURLMcode failed = curl_multi_add_handle(upload->multi, upload->easy);
	CURLcode code;
	int running = 1;

	while (!failed && running && !upload->interrupted) {
		failed = curl_multi_perform(upload->multi, &running);
		if (!failed && running)
			failed = curl_multi_poll(upload->multi, NULL, 0, POLL_MS, NULL);
	}
	code = failed ? CURLE_OUT_OF_MEMORY : code_of(upload);
	curl_multi_remove_handle(upload->multi, upload->easy);
	return code;
}

/* Without an answer: whether another try could end otherwise. */
static bool is_hopeless(CURLcode code)
{
	switch (code) {
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_URL_MALFORMAT:
	case CURLE_TOO_MANY_REDIRECTS:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
		return true;
	default:
		return false;
	}
}

static enum upload_result tell_failure(struct upload *upload, CURLcode code,
				       struct upload_failure *failure)
{
	const char *why = upload->why[0] ? upload->why : curl_easy_strerror(code);
	char text[CURL_ERROR_SIZE];

	if (upload->interrupted)
		why = "interrupted";
	text_clean(why, strcspn(why, "\r\n"), text, sizeof(text));
	error_set(&failure->err, -EIO, "cannot send to %s: %s", upload->url, text);
	return is_hopeless(code) ? UPLOAD_REFUSED : UPLOAD_AGAIN;
}

static enum upload_result tell_answer(struct upload *upload, struct upload_failure *failure)
{
	unsigned int status = failure->status;
	bool again = status == 408 || status == 429 || status >= 500;
	size_t len = 0;
	char text[ANSWER_TEXT];

	while (len < upload->answer_len && !strchr("\r\n", upload->answer[len]))
		len++;
	text_clean(upload->answer, len, text, sizeof(text));
	error_set(&failure->err, -EREMOTEIO, "%s answers %u%s%s", upload->url, status,
		  text[0] ? ": " : "", text);
	return again ? UPLOAD_AGAIN : UPLOAD_REFUSED;
}

enum upload_result upload_post(struct upload *upload, const void *bytes, size_t len,
			       struct upload_failure *failure)
{
	curl_off_t retry_after = 0;
	CURLcode code;
	long status = 0;

	*failure = (struct upload_failure){ .status = 0 };
	upload->why[0] = '\0';
	upload->answer_len = 0;
	curl_easy_setopt(upload->easy, CURLOPT_POSTFIELDS, bytes);
	curl_easy_setopt(upload->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)len);
	code = transfer(upload);
	curl_easy_setopt(upload->easy, CURLOPT_POSTFIELDS, NULL);
	if (code)
		return tell_failure(upload, code, failure);
	curl_easy_getinfo(upload->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(upload->easy, CURLINFO_RETRY_AFTER, &retry_after);
	if (status >= 200 && status < 300)
		return UPLOAD_DONE;
	failure->status = (unsigned int)status;
	if (retry_after > 0)
		failure->retry_after_ms = (uint64_t)retry_after * 1000;
	return tell_answer(upload, failure);
}

void upload_interrupt(struct upload *upload)
{
	upload->interrupted = true;
	curl_multi_wakeup(upload->multi);
}
