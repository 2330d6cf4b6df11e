// SPDX-License-Identifier: GPL-2.0-or-later
/* passwd(5) and group(5), setresuid(2) and its kin. */
#include "base/user.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/caps.h"
#include "base/parse.h"

/* As an id -1 means "leave it as it is". */
#define LARGEST_ID (UINT32_MAX - 1)
/* nogroup: DEFAULT_OVERFLOWGID (include/linux/highuid.h). */
#define NOBODYS_GROUP 65534

int user_find(struct user *user, const char *text, struct error *err)
{
	struct passwd *account;
	uint64_t id = 0;
	int ret = -ENOENT;

	*user = (struct user){ .text = text };
	account = getpwnam(text);
	if (!account)
		ret = parse_u64(text, 0, LARGEST_ID, &id, NULL);
	if (!account && ret)
		return error_set(err, -ENOENT, "'%s' is no user of this host", text);
	if (!account)
		account = getpwuid((uid_t)id);
	user->uid = account ? account->pw_uid : (uid_t)id;
	/* the group of that number may be anybody's, as sudo's is */
	user->gid = account ? account->pw_gid : NOBODYS_GROUP;
	if (account && strlen(account->pw_name) >= sizeof(user->name))
		return error_set(err, -ENAMETOOLONG, "the name of user '%s' is too long", text);
	if (account)
		strcpy(user->name, account->pw_name);
	return 0;
}

static bool is_already(const struct user *user)
{
	uid_t uid, euid, suid;
	gid_t gid, egid, sgid;

	return !getresuid(&uid, &euid, &suid) && !getresgid(&gid, &egid, &sgid) &&
	       uid == user->uid && euid == user->uid && suid == user->uid && gid == user->gid &&
	       egid == user->gid && sgid == user->gid;
}

/* 0 or -errno. */
static int change(const struct user *user)
{
	if (user->name[0] ? initgroups(user->name, user->gid) : setgroups(0, NULL))
		return -errno;
	if (setresgid(user->gid, user->gid, user->gid) ||
	    setresuid(user->uid, user->uid, user->uid))
		return -errno;
	return 0;
}

int user_become(const struct user *user, uint32_t caps, struct error *err)
{
	int ret;

	if (is_already(user))
		return 0;
	/* those permitted outlive the change of user ids, the effective ones do not */
	prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
	ret = change(user);
	prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0);
	if (ret == -EPERM)
		return error_set(
			err, ret,
			"only root may become '%s' (CAP_SETUID and CAP_SETGID are missing)",
			user->text);
	if (ret)
		return error_set(err, ret, "cannot become '%s': %s", user->text, strerror(-ret));
	if (caps_limit(caps, err))
		return err->code;
	caps_raise(caps);
	return 0;
}
