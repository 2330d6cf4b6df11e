/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Another user to run as, with capabilities instead of root's name. */
#ifndef BASE_USER_H
#define BASE_USER_H

#include <limits.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

struct user {
	const char *text;	/* borrowed: as it was given; NULL: nobody was */
	char name[LOGIN_NAME_MAX]; /* of the account; "": the id has none */
	uid_t uid;
	gid_t gid;		/* the account's own; of an id without an account nogroup's */
};

/* @text: a name, or an id. 0, or -errno with a sentence that quotes it. */
int user_find(struct user *user, const char *text, struct error *err);
/*
 * This process becomes @user for good: user and group ids, supplementary groups. Of the
 * capabilities that it has it keeps those in @caps, effective, and as caps_limit() none else.
 * While there is no other thread. Whoever is @user already stays as it is, capabilities too. 0,
 * or -errno with a sentence.
 */
int user_become(const struct user *user, uint32_t caps, struct error *err);

#endif
