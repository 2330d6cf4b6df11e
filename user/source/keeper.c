// SPDX-License-Identifier: GPL-2.0-or-later
/* fork(), a pair of sockets, and one question at a time. */
#include "source/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/parcel.h"
#include "base/self.h"

/* A message of a SOCK_SEQPACKET socket is sent whole or not at all: well below any limit. */
#define PIECE_BYTES (32 * 1024)
/* Time counts only while the tracer itself can run: it may be stopped for hours. */
#define MS_NS 1000000ULL
#define SLICE_NS (100 * MS_NS)
/* Where the keeper's socket lies, behind what stands in for standard input and output. */
#define SOCKET_FD 3
/* The number of no act: what is kept becomes less. */
#define LIMIT_ACT ~0U

struct keeper {
	const struct act *acts;
	unsigned int nr_acts, limit_ms;
	uint32_t caps;
	const char *name, *gone;
	pid_t pid;
	int fd;			/* -1: it is gone */
	uint64_t cost_ns;
};

/* Before each request, */
struct request_head {
	uint32_t act;
	uint32_t size;
};

/* and before each piece of an answer. */
struct answer_head {
	int32_t result;
	uint16_t more;		/* another piece follows */
	uint16_t fds;		/* a bit for each place that has one; with the first piece */
	uint64_t cost_ns;	/* the processor's time, in the last piece */
};

/* ------------------------------------------------------------------------- the process */

struct served {
	const struct keeper_opts *opts;
	_Alignas(max_align_t) char data[KEEPER_REQUEST_BYTES];
};

static int run_act(const struct served *served, const struct request_head *head, int fd,
		   struct answer *answer)
{
	const struct request request = { served->data, head->size, fd };
	const struct act *act = served->opts->acts + head->act;
	struct error err = { 0 };
	uint32_t keep;
	int ret;

	if (head->act == LIMIT_ACT && head->size == sizeof(keep)) {
		memcpy(&keep, served->data, sizeof(keep));
		return caps_limit(keep, &err);
	}
	if (head->act >= served->opts->nr_acts || head->size != act->size)
		return -EINVAL;
	if (act->caps)
		caps_raise(act->caps);
	ret = act->run(&request, answer);
	if (act->caps)
		caps_lower();
	return ret;
}

static int send_answer(int ret, struct answer *answer)
{
	struct answer_head head = { .result = ret };
	struct parcel parcel = { .part[0] = { &head, sizeof(head) } };
	size_t sent = 0;

	for (size_t i = 0; i < KEEPER_FDS; i++)
		if (answer->fds[i] >= 0) {
			head.fds |= 1U << i;
			parcel.fds[parcel.nr_fds++] = answer->fds[i];
		}
	do {
		size_t left = answer->size - sent;
		size_t len = left < PIECE_BYTES ? left : PIECE_BYTES;

		head.more = len < left;
		head.cost_ns = clock_thread_ns();
		parcel.part[1] = (struct iovec){ answer->data + sent, len };
		ret = parcel_send(SOCKET_FD, &parcel);
		sent += len;
		parcel.nr_fds = head.fds = 0;
	} while (!ret && head.more);
	return ret;
}

static void serve(const struct keeper_opts *opts)
{
	struct served served = { .opts = opts };
	struct answer answer = ANSWER_NONE;
	struct request_head head;
	int ret;

	do {
		struct parcel parcel = { .part = { { &head, sizeof(head) },
						   { served.data, sizeof(served.data) } } };
		ssize_t len = parcel_receive(SOCKET_FD, &parcel);

		/* the tracer is gone */
		if (!len || len == -ECONNRESET)
			_exit(0);
		ret = -EBADMSG;
		if (len >= (ssize_t)sizeof(head) && len - sizeof(head) == head.size)
			ret = run_act(&served, &head, parcel.nr_fds ? parcel.fds[0] : -1, &answer);
		while (parcel.nr_fds)
			close(parcel.fds[--parcel.nr_fds]);
		ret = send_answer(ret, &answer);
		answer_release(&answer);
	} while (!ret);
	_exit(1);
}

/* Nothing of the tracer's stays open: who waits for the end of its output gets it. */
static void keep_only(int socket)
{
	int null;

	if (dup2(socket, SOCKET_FD) < 0)
		_exit(1);
	syscall(SYS_close_range, SOCKET_FD + 1, ~0U, 0);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = 0; fd < SOCKET_FD; fd++)
		if (null < 0)
			close(fd);
		else
			dup2(null, fd);
	if (null > SOCKET_FD)
		close(null);
}

/* Signals of a terminal reach all in its foreground: the tracer's end alone is this one's. */
static void become_keeper(const struct keeper_opts *opts, int socket, pid_t parent)
{
	struct error err = { 0 };
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
	prctl(PR_SET_NAME, opts->name);
	prctl(PR_SET_DUMPABLE, 0);
	keep_only(socket);
	if (caps_limit(opts->caps, &err))
		_exit(1);
	serve(opts);
}

/* -------------------------------------------------------------------------- the tracer */

static uint32_t permitted_of(uint32_t caps)
{
	for (unsigned int cap = 0; cap < NR_CAPS; cap++)
		if (caps >> cap & 1 && !caps_have(cap))
			caps &= ~(1U << cap);
	return caps;
}

struct keeper *keeper_start(const struct keeper_opts *opts, struct error *err)
{
	struct keeper *keeper = calloc(1, sizeof(*keeper));
	pid_t parent = getpid();
	int pair[2];

	if (!keeper) {
		error_set(err, -ENOMEM, "no memory");
		return NULL;
	}
	*keeper = (struct keeper){
		.acts = opts->acts,
		.nr_acts = opts->nr_acts,
		.limit_ms = opts->limit_ms ? opts->limit_ms : KEEPER_LIMIT_MS,
		.caps = permitted_of(opts->caps),
		.name = opts->name,
		.gone = opts->gone,
	};
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) {
		error_set(err, -errno, "cannot make a pair of sockets: %s", strerror(errno));
		free(keeper);
		return NULL;
	}
	keeper->pid = fork();
	if (!keeper->pid)
		become_keeper(opts, pair[1], parent);
	close(pair[1]);
	keeper->fd = pair[0];
	if (keeper->pid > 0)
		self_helps(keeper->pid);
	if (keeper->pid < 0) {
		error_set(err, -errno, "cannot make a process: %s", strerror(errno));
		close(keeper->fd);
		free(keeper);
		return NULL;
	}
	return keeper;
}

/* Killed, not asked: it may be stopped, or wait for a file. */
static void reap(struct keeper *keeper, int flags)
{
	if (keeper->pid <= 0)
		return;
	kill(keeper->pid, SIGKILL);
	while (waitpid(keeper->pid, NULL, flags) < 0 && errno == EINTR)
		;
}

static void give_up(struct keeper *keeper, const char *why)
{
	log_msg(LOG_WARNING, "%s: process %d (%s) %s", keeper->gone, keeper->pid, keeper->name,
		why);
	close(keeper->fd);
	keeper->fd = -1;
	/* not waited for: what it hangs in may never end */
	kill(keeper->pid, SIGKILL);
}

void keeper_end(struct keeper *keeper)
{
	if (!keeper)
		return;
	self_helps_no_more(keeper->pid);
	reap(keeper, keeper->fd < 0 ? WNOHANG : 0);
	if (keeper->fd >= 0)
		close(keeper->fd);
	free(keeper);
}

/* 0 when something can be received, or -ETIMEDOUT, or -errno. */
static int wait_for_answer(const struct keeper *keeper)
{
	struct pollfd poll_fd = { .fd = keeper->fd, .events = POLLIN };
	uint64_t left_ns = keeper->limit_ms * MS_NS;

	for (;;) {
		uint64_t slice_ns = left_ns < SLICE_NS ? left_ns : SLICE_NS;
		uint64_t began_ns = clock_kernel_ns(), took_ns;
		int ret = poll(&poll_fd, 1, (int)(slice_ns / MS_NS) + 1);

		if (ret > 0)
			return 0;
		if (ret < 0 && errno != EINTR)
			return -errno;
		took_ns = clock_kernel_ns() - began_ns;
		if (took_ns >= left_ns && slice_ns == left_ns)
			return -ETIMEDOUT;
		left_ns -= took_ns < slice_ns ? took_ns : slice_ns;
	}
}

/* One piece of the answer: its bytes, @len of them, and its descriptors. 0 or -errno: it is gone. */
static int receive_piece(const struct keeper *keeper, struct answer_head *head,
			 char piece[static PIECE_BYTES], size_t *len, struct answer *answer)
{
	struct parcel parcel = { .part = { { head, sizeof(*head) }, { piece, PIECE_BYTES } } };
	int ret = wait_for_answer(keeper);
	size_t next = 0;
	ssize_t received;

	if (ret)
		return ret;
	received = parcel_receive(keeper->fd, &parcel);
	if (received < (ssize_t)sizeof(*head))
		return received < 0 ? (int)received : -ECONNRESET;
	for (unsigned int place = 0; place < KEEPER_FDS && next < parcel.nr_fds; place++)
		if (head->fds >> place & 1)
			answer->fds[place] = parcel.fds[next++];
	*len = received - sizeof(*head);
	return 0;
}

static int receive_answer(struct keeper *keeper, struct answer *answer, int *result)
{
	struct answer_head head = { 0 };
	char piece[PIECE_BYTES];
	int ret, kept = 0;
	size_t len = 0;

	do {
		ret = receive_piece(keeper, &head, piece, &len, answer);
		/* what there is no room for is received, too: behind it comes the next answer */
		if (!ret && !kept && len)
			kept = answer_add(answer, piece, len);
	} while (!ret && head.more);
	if (ret)
		return ret;
	if (kept)
		answer_release(answer);
	*result = kept ? kept : head.result;
	keeper->cost_ns = head.cost_ns;
	return 0;
}

int keeper_ask(struct keeper *keeper, unsigned int act, const void *data, size_t size, int fd,
	       struct answer *answer)
{
	struct request_head head = { act, size };
	struct parcel parcel = {
		.part = { { &head, sizeof(head) }, { (void *)data, size } },
		.fds = { fd },
		.nr_fds = fd >= 0,
	};
	int result = 0, ret;

	*answer = ANSWER_NONE;
	if (keeper->fd < 0)
		return -ENOTCONN;
	ret = parcel_send(keeper->fd, &parcel);
	if (!ret)
		ret = receive_answer(keeper, answer, &result);
	if (!ret)
		return result;
	/* what is left of its answer would be taken for that to the next question */
	give_up(keeper, ret == -ETIMEDOUT ? "does not answer" : "has ended");
	answer_release(answer);
	return -ENOTCONN;
}

int keeper_limit(struct keeper *keeper, uint32_t caps)
{
	struct answer answer;
	int ret = keeper_ask(keeper, LIMIT_ACT, &caps, sizeof(caps), -1, &answer);

	answer_release(&answer);
	if (!ret)
		keeper->caps &= caps;
	else if (keeper->fd >= 0)
		give_up(keeper, "could not give up its capabilities");
	return ret;
}

bool keeper_has(const struct keeper *keeper, enum cap cap)
{
	return keeper->fd >= 0 && keeper->caps >> cap & 1;
}

uint64_t keeper_cost_ns(const struct keeper *keeper)
{
	return keeper->cost_ns;
}

bool keeper_is_gone(const struct keeper *keeper)
{
	return keeper->fd < 0;
}
