// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads what `doctor` judges when nothing is traced. */
#include "cmd/doctor_facts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/facts.h"
#include "base/log.h"
#include "base/procfs.h"
#include "base/text.h"
#include "cmd/signals.h"

#define MS_NS 1000000ULL

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

/* The texts are as long as they are: FACTS_SIZE each is no matter. */
static int read_tree(const char *root, char **text, struct error *err)
{
	int len;

	*text = malloc(FACTS_SIZE);
	if (!*text)
		return error_set(err, -ENOMEM, "no memory");
	len = facts_read(root, *text);
	if (len < 0)
		return error_set(err, len,
				 "'%s' has no facts: no proc/sys/net/ipv4 below it that "
				 "can be read",
				 root[0] ? root : "/proc");
	return 0;
}

static void wait_for(uint64_t for_ns)
{
	uint64_t until_ns = clock_ns(CLOCK_MONOTONIC) + for_ns, now_ns;
	char text[TEXT_LEN];

	signals_catch();
	if (isatty(STDERR_FILENO))
		log_msg(LOG_WARNING, "watching for %s; Ctrl-C ends it sooner",
			text_duration(for_ns, text));
	while (!signals_came() && (now_ns = clock_ns(CLOCK_MONOTONIC)) < until_ns) {
		uint64_t left_ms = (until_ns - now_ns) / MS_NS + 1;

		signals_wait(-1, left_ms > 60000 ? 60000 : (int)left_ms, false);
	}
}

bool doctor_is_host(void)
{
	struct stat own, init;

	return stat("/proc/self/ns/net", &own) || stat("/proc/1/ns/net", &init) ||
	       own.st_ino == init.st_ino;
}

static int read_host(struct doctor_facts *facts, uint64_t for_ns, bool is_host, struct error *err)
{
	struct stat own;

	if (for_ns) {
		if (read_tree("", &facts->before, err))
			return err->code;
		facts->from_ns = clock_ns(CLOCK_REALTIME);
		wait_for(for_ns);
	}
	if (read_tree("", &facts->now, err))
		return err->code;
	facts->to_ns = clock_ns(CLOCK_REALTIME);
	facts->site.is_host = is_host;
	facts->site.name = facts->site.is_host ? "host" : NULL;
	if (!stat("/proc/self/ns/net", &own))
		facts->site.ino = (uint32_t)own.st_ino;
	if (for_ns)
		facts->site.window_s = (double)(facts->to_ns - facts->from_ns) / 1e9;
	return 0;
}

static int read_trees(struct doctor_facts *facts, const char *const *trees, unsigned int nr_trees,
		      struct error *err)
{
	if (nr_trees > 1 && read_tree(trees[0], &facts->before, err))
		return err->code;
	if (read_tree(trees[nr_trees - 1], &facts->now, err))
		return err->code;
	/* whatever it was taken from is the host of these */
	facts->site.is_host = true;
	return 0;
}

static int place(struct doctor_facts *facts, int ret)
{
	facts->site.before = facts->before;
	facts->site.now = facts->now;
	if (ret)
		doctor_facts_release(facts);
	return ret;
}

int doctor_read_host(struct doctor_facts *facts, uint64_t for_ns, bool is_host, struct error *err)
{
	return place(facts, read_host(facts, for_ns, is_host, err));
}

int doctor_read_trees(struct doctor_facts *facts, const char *const *trees, unsigned int nr_trees,
		      struct error *err)
{
	return place(facts, read_trees(facts, trees, nr_trees, err));
}

/* Listeners come first (tcp_get_idx()): of the connections behind them nothing is read. */
static int read_listeners(struct chart *chart, const char *root, const char *name)
{
	char path[4096], line[512];
	unsigned int port, state;
	FILE *file;
	int fd, ret = 0;

	snprintf(path, sizeof(path), "%s/proc/net/%s", root, name);
	fd = procfs_open_plain(path);
	file = fd < 0 ? NULL : fdopen(fd, "r");
	if (!file && fd >= 0)
		close(fd);
	if (!file)
		return fd < 0 ? fd : -ENOMEM;
	/* below the names of the columns */
	if (!fgets(line, sizeof(line), file))
		line[0] = '\0';
	while (!ret && fgets(line, sizeof(line), file) &&
	       sscanf(line, " %*u: %*[0-9A-Fa-f]:%4x %*s %2x", &port, &state) == 2 &&
	       state == TW_LISTEN)
		ret = chart_add_listener(chart, 0, (uint16_t)port);
	fclose(file);
	return ret;
}

int doctor_read_listeners(struct chart *chart, const char *root)
{
	int ret = read_listeners(chart, root, "tcp");

	if (ret)
		return ret == -ENOMEM ? ret : 0;
	/* a host without IPv6 has no such file */
	ret = read_listeners(chart, root, "tcp6");
	chart->listened = ret != -ENOMEM;
	return chart->listened ? 0 : ret;
}

void doctor_facts_release(struct doctor_facts *facts)
{
	free(facts->before);
	free(facts->now);
	*facts = (struct doctor_facts){ 0 };
}

int doctor_read_file(const char *path, size_t most, char **text, size_t *len)
{
	FILE *file = strcmp(path, "-") ? fopen(path, "re") : stdin;
	int ret = 0;

	*text = malloc(most);
	errno = *text ? errno : ENOMEM;
	if (file && *text)
		*len = fread(*text, 1, most, file);
	if (!file || !*text || ferror(file)) {
		ret = -errno;
		log_msg(LOG_WARNING, "cannot read '%s': %s", path, strerror(errno));
	}
	if (file && file != stdin)
		fclose(file);
	return ret;
}

void doctor_terminal(struct doctor_view *view)
{
	struct winsize size;

	if (!isatty(STDOUT_FILENO))
		return;
	view->colour = !getenv("NO_COLOR");
	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size))
		view->width = size.ws_col;
}
