// SPDX-License-Identifier: GPL-2.0-or-later
/* fork() early, exec() late; a pipe each for "go" and for what went wrong. */
#include "cmd/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/caps.h"
#include "base/notify.h"

/* env(1) and nice(1) are not there any more when these come: so they go to the command. */
static const int passed_on[] = {
	SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGTERM, SIGALRM, SIGWINCH, SIGCONT,
};

enum shell_status {
	CANNOT_RUN = 126,
	NOT_FOUND = 127,
	KILLED = 128,
};

static sigset_t attended(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	for (size_t i = 0; i < sizeof(passed_on) / sizeof(passed_on[0]); i++)
		sigaddset(&set, passed_on[i]);
	return set;
}

static void let_go(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* The new process, which must not have changed in anything when it becomes the command. */
static void become(char *const *words, const sigset_t *mask, int go_fd, int failure_fd)
{
	char go;
	int why;

	/* whoever was to begin it has gone: it is not to run untraced */
	if (read(go_fd, &go, sizeof(go)) != sizeof(go))
		_exit(CANNOT_RUN);
	sigprocmask(SIG_SETMASK, mask, NULL);
	notify_forget();
	execvp(words[0], words);
	why = errno;
	if (write(failure_fd, &why, sizeof(why)) != sizeof(why))
		_exit(CANNOT_RUN);
	_exit(why == ENOENT ? NOT_FOUND : CANNOT_RUN);
}

int child_fork(struct child *child, char *const *words, struct error *err)
{
	sigset_t set = attended(), before;
	int go[2] = { -1, -1 }, failure[2] = { -1, -1 }, ret = 0;

	*child = (struct child){ .words = words, .go_fd = -1, .failure_fd = -1, .signal_fd = -1 };
	sigprocmask(SIG_BLOCK, &set, &before);
	if (pipe2(go, O_CLOEXEC) || pipe2(failure, O_CLOEXEC)) {
		ret = error_set(err, -errno, "cannot make a pipe: %s", strerror(errno));
	} else {
		child->pid = fork();
		if (!child->pid) {
			/* it ends when we do */
			close(go[1]);
			become(words, &before, go[0], failure[1]);
		}
		if (child->pid < 0)
			ret = error_set(err, -errno, "cannot make a process: %s", strerror(errno));
	}
	let_go(&go[0]);
	let_go(&failure[1]);
	child->go_fd = go[1];
	child->failure_fd = failure[0];
	/* who ignores it is never told, and gets no status */
	signal(SIGCHLD, SIG_DFL);
	child->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (child->signal_fd < 0 && child->pid > 0) {
		/* it reads the end of the pipe */
		let_go(&child->go_fd);
		waitpid(child->pid, &child->status, 0);
		child->over = true;
	}
	if (!ret && child->signal_fd < 0)
		ret = error_set(err, -errno, "cannot wait for signals: %s", strerror(errno));
	return ret;
}

int child_begin(struct child *child, struct error *err)
{
	static const char go = 'g';
	ssize_t len = -1;

	/* one that a signal has killed meanwhile is not there to read it */
	if (write(child->go_fd, &go, sizeof(go)) == sizeof(go))
		do
			len = read(child->failure_fd, &child->exec_errno,
				   sizeof(child->exec_errno));
		while (len < 0 && errno == EINTR);
	child->begun = true;
	let_go(&child->go_fd);
	let_go(&child->failure_fd);
	if (len != sizeof(child->exec_errno)) {
		child->exec_errno = 0;
		return 0;
	}
	return error_set(err, -child->exec_errno, "cannot run '%s': %s", child->words[0],
			 strerror(child->exec_errno));
}

int child_fd(const struct child *child)
{
	return child->signal_fd;
}

/* What a terminal sends it sends to all in its foreground: the command has it already. */
static bool is_known(const struct child *child, const struct signalfd_siginfo *info)
{
	return info->ssi_code == SI_KERNEL && getpgid(child->pid) == getpgrp();
}

/* It may have become another user. */
static void pass_on(const struct child *child, int number)
{
	caps_raise(CAPS(KILL));
	kill(child->pid, number);
	caps_lower();
}

void child_attend(struct child *child)
{
	struct signalfd_siginfo info;

	while (read(child->signal_fd, &info, sizeof(info)) == sizeof(info))
		if (info.ssi_signo != SIGCHLD && !child->over && !is_known(child, &info))
			pass_on(child, (int)info.ssi_signo);
	if (!child->over && waitpid(child->pid, &child->status, WNOHANG) == child->pid)
		child->over = true;
}

void child_end(struct child *child)
{
	struct signalfd_siginfo info;
	sigset_t set = attended();

	let_go(&child->go_fd);
	let_go(&child->failure_fd);
	while (child->pid > 0 && !child->over) {
		struct pollfd came = { .fd = child->signal_fd, .events = POLLIN };

		poll(&came, 1, -1);
		child_attend(child);
	}
	/* those that came too late for the command are not for us either */
	while (read(child->signal_fd, &info, sizeof(info)) == sizeof(info))
		;
	let_go(&child->signal_fd);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

int child_exit_status(const struct child *child)
{
	if (child->exec_errno)
		return child->exec_errno == ENOENT ? NOT_FOUND : CANNOT_RUN;
	if (WIFSIGNALED(child->status))
		return KILLED + WTERMSIG(child->status);
	return WEXITSTATUS(child->status);
}
