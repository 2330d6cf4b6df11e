// SPDX-License-Identifier: GPL-2.0-or-later
/* Which files what needs, as a table, and capabilities (base/landlock.h, base/caps.h). */
#include "cmd/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/caps.h"
#include "base/landlock.h"
#include "base/log.h"
#include "source/live.h"

/* And to pass signals on to a command. */
#define CAPS_OF_TRACING (LIVE_CAPS | CAPS(KILL))

enum purpose {
	FOR_ALL = 1 << 0,	/* the time of day, the terminal, letters */
	FOR_LIVE = 1 << 1,	/* what the kernel tells of processes, namespaces, control groups */
	FOR_NETWORK = 1 << 2,	/* the resolver, its modules, certificates of authorities */
	FOR_STACKS = 1 << 3,	/* debug information that is packaged apart */
	FOR_DEBUGINFOD = 1 << 4, /* what it was sent before */
};

/*
 * /etc as a whole: resolv.conf and its kin are replaced while a tracer runs, and a rule for a
 * file would be for the one of before.
 */
static const struct {
	unsigned int purposes;
	const char *path;
} fixed[] = {
	{ FOR_ALL, "/etc/localtime" },
	{ FOR_ALL, "/usr/share/zoneinfo" },
	{ FOR_ALL, "/usr/lib/locale" },
	{ FOR_ALL, "/usr/share/terminfo" },
	{ FOR_ALL, "/lib/terminfo" },
	{ FOR_ALL, "/etc/terminfo" },
	/* where getrandom(2) has nothing yet, early after the boot */
	{ FOR_ALL, "/dev/urandom" },
#ifdef __SANITIZE_ADDRESS__
	/* or the search for leaks, at the end, finds no threads and fails */
	{ FOR_ALL, "/proc/self" },
#endif
	{ FOR_LIVE, "/proc" },
	{ FOR_LIVE, "/sys/fs/cgroup" },
	{ FOR_LIVE, "/sys/devices/system/cpu" },
	{ FOR_NETWORK, "/etc" },
	{ FOR_NETWORK, "/lib" },
	{ FOR_NETWORK, "/lib64" },
	{ FOR_NETWORK, "/usr/lib" },
	{ FOR_NETWORK, "/usr/lib64" },
	{ FOR_NETWORK, "/usr/local/lib" },
	{ FOR_NETWORK, "/usr/share/ca-certificates" },
	{ FOR_NETWORK, "/usr/local/share/ca-certificates" },
	{ FOR_NETWORK, "/usr/share/crypto-policies" },
	{ FOR_NETWORK, "/run/systemd/resolve" },
	{ FOR_NETWORK, "/run/resolvconf" },
	{ FOR_NETWORK, "/run/NetworkManager" },
	{ FOR_STACKS, "/usr/lib/debug" },
};

/* Those that the environment names; of debuginfod_find_debuginfo(3) the first one counts. */
static const struct {
	unsigned int purposes;
	const char *variable, *below;
	enum landlock_access access;
} chosen[] = {
	{ FOR_ALL, "TERMINFO", "", LANDLOCK_READ },
	{ FOR_ALL, "HOME", "/.terminfo", LANDLOCK_READ },
	{ FOR_NETWORK, "SSL_CERT_FILE", "", LANDLOCK_READ },
	{ FOR_NETWORK, "SSL_CERT_DIR", "", LANDLOCK_READ },
	{ FOR_DEBUGINFOD, "DEBUGINFOD_CACHE_PATH", "", LANDLOCK_GROW },
	{ FOR_DEBUGINFOD, "XDG_CACHE_HOME", "/debuginfod_client", LANDLOCK_GROW },
	{ FOR_DEBUGINFOD, "HOME", "/.cache/debuginfod_client", LANDLOCK_GROW },
};

#define LENGTH(array) (sizeof(array) / sizeof(array[0]))
/* Of one file: its folder, and the one that it is in behind all links. */
#define PLACES 2
#define MOST_NAMED (PLACES * (MOST_READ_LATER + 1) + LENGTH(chosen))

struct plan {
	struct landlock_rule rules[LENGTH(fixed) + MOST_NAMED];
	size_t count;
	char named[MOST_NAMED][PATH_MAX];
	size_t nr_named;
	struct landlock_net net;
};

/* ------------------------------------------------------------------------- what is planned */

static void plan_path(struct plan *plan, const char *path, enum landlock_access access)
{
	char *own = plan->named[plan->nr_named++];

	snprintf(own, PATH_MAX, "%s", path);
	plan->rules[plan->count++] = (struct landlock_rule){ own, access };
}

/* The folder whose files @path, or what strftime(3) makes of it, are among. */
static void folder_of(const char *path, char folder[static PATH_MAX])
{
	char *slash;

	snprintf(folder, PATH_MAX, "%.*s", (int)strcspn(path, "%"), path);
	slash = strrchr(folder, '/');
	if (!slash)
		snprintf(folder, PATH_MAX, ".");
	else
		slash[slash == folder] = '\0';
}

/* Not the file: another one may take its place. */
static void plan_beside(struct plan *plan, const char *path, enum landlock_access access)
{
	char folder[PATH_MAX], target[PATH_MAX];

	folder_of(path, folder);
	plan_path(plan, folder, access);
	if (realpath(path, target)) {
		folder_of(target, folder);
		plan_path(plan, folder, access);
	}
}

static void plan_read_later(struct plan *plan, const char *path)
{
	struct stat is;

	if (!stat(path, &is) && S_ISDIR(is.st_mode))
		plan_path(plan, path, LANDLOCK_READ);
	else
		plan_beside(plan, path, LANDLOCK_READ);
}

/* @path, and all that is missing above it. */
static void make_folders(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
	mkdir(path, 0700);
}

/* Its cache is there before the limit, and so is a rule for it. */
static void plan_chosen(struct plan *plan, unsigned int purposes)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < LENGTH(chosen); i++) {
		const char *value = getenv(chosen[i].variable);

		if (!(chosen[i].purposes & purposes) || !value || !value[0])
			continue;
		snprintf(path, sizeof(path), "%s%s", value, chosen[i].below);
		if (chosen[i].access == LANDLOCK_GROW) {
			make_folders(path);
			purposes &= ~chosen[i].purposes;
		}
		plan_path(plan, path, chosen[i].access);
	}
}

static void plan_purposes(struct plan *plan, unsigned int purposes)
{
	for (size_t i = 0; i < LENGTH(fixed); i++)
		if (fixed[i].purposes & purposes)
			plan->rules[plan->count++] =
				(struct landlock_rule){ fixed[i].path, LANDLOCK_READ };
	plan_chosen(plan, purposes);
	plan->net.connects = purposes & (FOR_NETWORK | FOR_DEBUGINFOD);
}

static void plan_named(struct plan *plan, const struct options *options)
{
	for (uint32_t i = 0; i < options->nr_read_later; i++)
		plan_read_later(plan, options->read_later[i]);
	if (options->written_later)
		plan_beside(plan, options->written_later, LANDLOCK_REPLACE);
}

/* ---------------------------------------------------------------------------- what is done */

static void say(const struct plan *plan)
{
	char text[2][1024] = { "", "" };

	for (size_t i = 0; i < plan->count; i++) {
		char *list = text[plan->rules[i].access != LANDLOCK_READ];
		size_t len = strlen(list);

		snprintf(list + len, sizeof(text[0]) - len, "%s%s", len ? ", " : " ",
			 plan->rules[i].path);
	}
	log_msg(LOG_VERBOSE, "Landlock (version %d): reads%s; writes%s; TCP connections: %s",
		landlock_version(), text[0], text[1][0] ? text[1] : " nothing",
		plan->net.connects ? "any" : "none");
}

/*
 * A kernel without it is none that can't be traced. Anything else that is in its way leaves a
 * process that reaches more than whoever started it takes for granted. @none: what the lack is
 * said at. 0 or -errno.
 */
static int limit(const struct plan *plan, enum log_level none)
{
	struct error err = { 0 };
	int ret = landlock_limit(plan->rules, plan->count, &plan->net, &err);

	if (ret)
		log_msg(ret == -EOPNOTSUPP ? none : LOG_WARNING,
			"files are not limited to those named: %s", err.text);
	return ret;
}

static void limit_and_say(const struct plan *plan)
{
	if (!limit(plan, LOG_VERBOSE))
		say(plan);
}

/* sd_notify(3) may be to a socket without a file. */
static bool notifies_abstractly(void)
{
	const char *name = getenv("NOTIFY_SOCKET");

	return name && name[0] == '@';
}

int confine_user(const struct options *options, struct error *err)
{
	struct error why = { 0 };

	if (!options->user.text || !user_become(&options->user, CAPS_OF_TRACING, &why))
		return 0;
	return error_set(err, why.code, "--user: %s", why.text);
}

int confine_live(const struct options *options, uint32_t caps, struct error *err)
{
	struct plan plan = { .count = 0 };

	plan_purposes(&plan, FOR_ALL | FOR_LIVE | (options->names ? FOR_NETWORK : 0) |
				     (options->stacks ? FOR_STACKS : 0) |
				     (options->debuginfod ? FOR_NETWORK | FOR_DEBUGINFOD : 0));
	plan.net.abstract = notifies_abstractly();
	plan_named(&plan, options);
	limit_and_say(&plan);
	return caps_limit(caps, err);
}

int confine_input(const char *path)
{
	int fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;

	return fd < 0 ? -errno : fd;
}

/*
 * Root may name files of any user's: the capabilities for that stay permitted as long as one is
 * to be opened. No others can be opened with them, where there is Landlock.
 */
int confine_offline(struct options *options, struct error *err)
{
	struct plan plan = { .count = 0 };
	uint32_t caps = (options->written_later ? CAPS_TO_WRITE : NO_CAPS) |
			(options->nr_read_later ? CAPS(DAC_READ_SEARCH) : NO_CAPS);

	if (options->confined)
		return 0;
	options->confined = true;
	for (uint32_t i = 0; i < options->nr_inputs; i++)
		options->input_fds[i] = confine_input(options->inputs[i]);
	plan_purposes(&plan, FOR_ALL | (options->names ? FOR_NETWORK : 0));
	plan_named(&plan, options);
	limit_and_say(&plan);
	return caps_limit(caps, err);
}

void confine_writer(const char *path)
{
	struct plan plan = { .count = 0 };

	plan_purposes(&plan, FOR_ALL);
	plan_beside(&plan, path, LANDLOCK_REPLACE);
	/* the first thread has told */
	limit(&plan, LOG_DEBUG);
}

void confine_client(void)
{
	struct plan plan = { .count = 0 };

	plan_purposes(&plan, FOR_ALL | FOR_NETWORK);
	/* the first thread has told */
	limit(&plan, LOG_DEBUG);
}
