// SPDX-License-Identifier: GPL-2.0-or-later
/* A bearer token (RFC 6750) in a file. */
#include "serve/token.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/procfs.h"

#define SECRET_BYTES 1024

struct token {
	const char *path;
	char secret[SECRET_BYTES];
	struct stat of;		/* the file that it is from, or that was refused */
};

static int read_secret(const char *path, char secret[static SECRET_BYTES], struct error *err)
{
	ssize_t len = procfs_read(path, secret, SECRET_BYTES);
	size_t line;

	if (len < 0)
		return error_set(err, (int)len, "cannot read '%s': %s", path, strerror((int)-len));
	line = strcspn(secret, "\r\n");
	if (!line || line + strspn(secret + line, "\r\n") != (size_t)len)
		return error_set(err, -EINVAL, "'%s' holds no token of one line: %s", path,
				 line ? "more stands behind it" : "its first line is empty");
	secret[line] = '\0';
	return 0;
}

static void warn_of_mode(const struct token *token)
{
	if (token->of.st_mode & S_IROTH)
		log_msg(LOG_WARNING, "everybody may read '%s': chmod o-r keeps the token secret",
			token->path);
}

struct token *token_open(const char *path, struct error *err)
{
	struct token *token = calloc(1, sizeof(*token));

	if (!token) {
		error_set(err, -ENOMEM, "no memory");
		return NULL;
	}
	token->path = path;
	if (stat(path, &token->of))
		error_set(err, -errno, "cannot read '%s': %s", path, strerror(errno));
	else if (!read_secret(path, token->secret, err)) {
		warn_of_mode(token);
		return token;
	}
	free(token);
	return NULL;
}

void token_free(struct token *token)
{
	if (token)
		explicit_bzero(token->secret, sizeof(token->secret));
	free(token);
}

static bool is_same(const struct stat *left, const struct stat *right)
{
	return left->st_dev == right->st_dev && left->st_ino == right->st_ino &&
	       left->st_size == right->st_size && left->st_mtim.tv_sec == right->st_mtim.tv_sec &&
	       left->st_mtim.tv_nsec == right->st_mtim.tv_nsec;
}

static void look_again(struct token *token)
{
	char secret[SECRET_BYTES];
	struct error err = { 0 };
	struct stat now = { 0 };

	if (stat(token->path, &now))
		now = (struct stat){ 0 };
	if (is_same(&now, &token->of))
		return;
	token->of = now;
	if (read_secret(token->path, secret, &err)) {
		log_msg(LOG_WARNING, "%s; the token stays what it was", err.text);
		return;
	}
	memcpy(token->secret, secret, sizeof(secret));
	explicit_bzero(secret, sizeof(secret));
	warn_of_mode(token);
}

bool token_equal(const char *given, size_t given_len, const char *secret, size_t len)
{
	volatile unsigned char differs = given_len != len;

	if (!len)
		return false;
	for (size_t i = 0; i < given_len; i++)
		differs |= (unsigned char)(given[i] ^ secret[i % len]);
	return !differs;
}

bool token_is_shown(struct token *token, const char *header)
{
	static const char scheme[] = "Bearer ";
	const size_t len = sizeof(scheme) - 1;

	if (!header || strncasecmp(header, scheme, len))
		return false;
	look_again(token);
	header += len;
	header += strspn(header, " ");
	return token_equal(header, strlen(header), token->secret, strlen(token->secret));
}
