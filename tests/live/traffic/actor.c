// SPDX-License-Identifier: GPL-2.0-or-later
/* An actor: a process that owns sockets and does with them what it is told. */
#include "traffic.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static deed_fn *const deeds[NR_OPS] = {
	[OP_HELLO] = deed_hello,
	[OP_LISTEN] = deed_listen,
	[OP_ACCEPT] = deed_accept,
	[OP_CONNECT] = deed_connect,
	[OP_SEND] = deed_send,
	[OP_READ] = deed_read,
	[OP_SHUTDOWN] = deed_shutdown,
	[OP_CLOSE] = deed_close,
	[OP_LINGER0] = deed_linger0,
	[OP_OPTION] = deed_option,
	[OP_FILTER] = deed_filter,
	[OP_STATE] = deed_state,
	[OP_ERROR] = deed_error,
	[OP_UNREAD] = deed_unread,
	[OP_DISCONNECT] = deed_disconnect,
	[OP_BIND] = deed_bind,
	[OP_START_LISTEN] = deed_start_listen,
	[OP_GATE_CLOSE] = deed_gate_close,
	[OP_SEND_SEQ] = deed_send_seq,
	[OP_RAW_RST] = deed_raw_rst,
	[OP_DESTROY] = deed_destroy,
	[OP_PEER_OPEN] = deed_peer_open,
	[OP_PEER_SEND] = deed_peer_send,
	[OP_PEER_AWAIT] = deed_peer_await,
	[OP_CHURN_SERVER] = churn_server,
	[OP_CHURN_CLIENT] = churn_client,
};

static void name_process(const char *comm)
{
	/* nothing may stay behind when the director dies, however it dies */
	if (prctl(PR_SET_NAME, comm) || prctl(PR_SET_PDEATHSIG, SIGKILL))
		die("prctl: %s", strerror(errno));
}

/* The child goes on as an actor with all descriptors of its parent. */
static void fork_actor(int control, int childs_control, const char *comm, struct reply *rep)
{
	pid_t pid = fork();

	if (pid < 0) {
		rep->error = errno;
		return;
	}
	if (!pid) {
		name_process(comm);
		close(control);
		actor_loop(childs_control);
	}
	close(childs_control);
	rep->result = pid;
}

_Noreturn void actor_loop(int control)
{
	for (;;) {
		struct request req;
		struct reply rep = { .fd = -1 };
		int passed, send_fd = -1;

		if (!wire_receive(control, &req, sizeof(req), &passed) || req.op == OP_EXIT)
			_exit(0);
		if (req.op == OP_FORK)
			fork_actor(control, passed, req.text, &rep);
		else if (req.op == OP_SEND_FD)
			send_fd = req.fd;
		else if (req.op == OP_TAKE_FD)
			rep.fd = passed;
		else
			deeds[req.op](&req, passed, &rep);
		if (!wire_send(control, &rep, sizeof(rep), send_fd))
			_exit(1);
	}
}

static void enter_netns(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || setns(fd, CLONE_NEWNET))
		die("cannot enter the network namespace '%s': %s", path, strerror(errno));
	close(fd);
}

static void control_pair(int pair[2])
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		die("socketpair: %s", strerror(errno));
}

static void actor_greet(struct actor *actor)
{
	struct request req = { .op = OP_HELLO };
	struct reply rep = actor_ask(actor, &req);

	if (rep.error)
		die("%s: %s", actor->comm, strerror(rep.error));
	actor->netns = rep.result;
}

void actor_start(struct actor *actor, const char *comm, const char *netns, struct netns_view *view)
{
	int pair[2];

	control_pair(pair);
	snprintf(actor->comm, sizeof(actor->comm), "%s", comm);
	actor->pid = fork();
	if (actor->pid < 0)
		die("fork: %s", strerror(errno));
	if (!actor->pid) {
		name_process(comm);
		close(pair[0]);
		/* its own children (OP_FORK) are nobody's to wait for */
		signal(SIGCHLD, SIG_IGN);
		if (netns)
			enter_netns(netns);
		actor_loop(pair[1]);
	}
	close(pair[1]);
	actor->own_child = true;
	actor->control = pair[0];
	actor->view = view;
	actor_greet(actor);
}

void actor_fork(struct actor *parent, struct actor *child, const char *comm)
{
	struct request req = { .op = OP_FORK };
	struct reply rep;
	int pair[2];

	control_pair(pair);
	snprintf(req.text, sizeof(req.text), "%s", comm);
	snprintf(child->comm, sizeof(child->comm), "%s", comm);
	actor_tell(parent, &req, pair[1]);
	rep = actor_await(parent, NULL);
	close(pair[1]);
	if (rep.error)
		die("%s cannot fork: %s", parent->comm, strerror(rep.error));
	child->pid = rep.result;
	child->control = pair[0];
	child->view = parent->view;
	actor_greet(child);
}

void actor_tell(struct actor *actor, const struct request *req, int fd)
{
	if (!actor->pid || !wire_send(actor->control, req, sizeof(*req), fd))
		die("%s is gone", actor->comm);
}

struct reply actor_await(struct actor *actor, int *fd)
{
	struct reply rep;

	if (!wire_receive(actor->control, &rep, sizeof(rep), fd))
		die("%s ended in the middle of its work", actor->comm);
	return rep;
}

struct reply actor_ask(struct actor *actor, const struct request *req)
{
	actor_tell(actor, req, -1);
	return actor_await(actor, NULL);
}

static void actor_reap(struct actor *actor)
{
	char end;

	/* the end of the channel is also the end of the descriptors */
	if (recv(actor->control, &end, 1, 0) > 0)
		die("%s speaks after its end", actor->comm);
	if (actor->own_child)
		waitpid(actor->pid, NULL, 0);
	close(actor->control);
	actor->pid = 0;
}

void actor_exit(struct actor *actor)
{
	struct request req = { .op = OP_EXIT };

	actor_tell(actor, &req, -1);
	actor_reap(actor);
}

void actor_kill(struct actor *actor)
{
	kill(actor->pid, SIGKILL);
	actor_reap(actor);
}
