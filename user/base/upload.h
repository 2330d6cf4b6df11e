/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bytes sent to a server over HTTP (libcurl is known here only). Certificates are verified,
 * proxies taken from the environment as curl(1) does, and answers that point elsewhere followed
 * only as far as they stay with the URL's scheme.
 */
#ifndef BASE_UPLOAD_H
#define BASE_UPLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct upload;

struct upload_config {
	const char *url;	/* http or https; "user:password@" in it is sent as basic authentication */
	const char *const *headers; /* "Name: value", up to a NULL; NULL: none. No Content-Length */
	const char *version;	/* of this program, for its user agent */
	unsigned int timeout_ms; /* for all of one upload_post(); 0: 10 s */
	bool insecure;		/* takes any certificate */
};

enum upload_result {
	UPLOAD_DONE,
	UPLOAD_AGAIN,		/* the network, or the server has no time: 408, 429, 5xx */
	UPLOAD_REFUSED,		/* it would not help */
};

/* Of an upload that was not done. */
struct upload_failure {
	unsigned int status;	/* of HTTP; 0: there was no answer */
	uint64_t retry_after_ms; /* what the server asks for; 0: nothing */
	struct error err;	/* a sentence that quotes the URL, without what may be secret in it */
};

/*
 * Nothing is sent yet. What @config points to is copied. To be called before there are other
 * threads; afterwards one at a time may use it. NULL: see @err.
 */
struct upload *upload_new(const struct upload_config *config, struct error *err);
void upload_free(struct upload *upload);
/* The URL without credentials and query. */
const char *upload_url(const struct upload *upload);

/* Waits, at most as long as the timeout says. */
enum upload_result upload_post(struct upload *upload, const void *bytes, size_t len,
			       struct upload_failure *failure);
/* From another thread: upload_post() is to end at once, that under way and every later one. */
void upload_interrupt(struct upload *upload);

#endif
