// SPDX-License-Identifier: GPL-2.0-or-later
/* sock_diag through libmnl; sockstat, netstat and the port range through /proc. */
#include "source/snapshot.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/procfs.h"

#define DIAG_BUFFER (64 * 1024)

/* Every state but SYN_RECV (request sockets, which no event tells of) and CLOSE. */
#define DIAG_STATES                                                            \
	((1U << TW_ESTABLISHED) | (1U << TW_SYN_SENT) | (1U << TW_FIN_WAIT1) | \
	 (1U << TW_FIN_WAIT2) | (1U << TW_TIME_WAIT) | (1U << TW_CLOSE_WAIT) | \
	 (1U << TW_LAST_ACK) | (1U << TW_LISTEN) | (1U << TW_CLOSING))

#ifndef INET_DIAG_CGROUP_ID
#define INET_DIAG_CGROUP_ID 21
#endif

struct dump {
	struct snapshot *snapshot;
	const struct pause *pause;
	const struct netns_entry *entry;
};

void snapshot_release(struct snapshot *snapshot)
{
	free(snapshot->sockets);
	snapshot->sockets = NULL;
	snapshot->count = snapshot->room = 0;
}

static struct tw_socket *append(struct snapshot *snapshot)
{
	if (snapshot->count == snapshot->room) {
		size_t room = snapshot->room ? 2 * snapshot->room : 1024;
		struct tw_socket *grown = realloc(snapshot->sockets, room * sizeof(*grown));

		if (!grown)
			return NULL;
		snapshot->sockets = grown;
		snapshot->room = room;
	}
	return memset(&snapshot->sockets[snapshot->count++], 0, sizeof(struct tw_socket));
}

static void set_addr(uint8_t addr[16], uint8_t family, const __be32 diag[4])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (family == AF_INET6) {
		memcpy(addr, diag, 16);
	} else {
		memcpy(addr, mapped, 12);
		memcpy(addr + 12, diag, 4);
	}
}

/*
 * How long nothing was sent or received: a bound on the age of the state; the answer to a
 * keepalive probe counts, which says nothing of data.
 */
static void read_idle(struct tw_socket *socket, const struct rtattr *attr)
{
	struct tcp_info info = { 0 };
	size_t len = RTA_PAYLOAD(attr);

	memcpy(&info, RTA_DATA(attr), len < sizeof(info) ? len : sizeof(info));
	socket->data_idle_ms = info.tcpi_last_data_recv;
	if (info.tcpi_last_data_sent < socket->data_idle_ms)
		socket->data_idle_ms = info.tcpi_last_data_sent;
	socket->idle_ms = socket->data_idle_ms;
	if (info.tcpi_last_ack_recv < socket->idle_ms)
		socket->idle_ms = info.tcpi_last_ack_recv;
}

static void read_attrs(struct tw_socket *socket, const struct nlmsghdr *header,
		       const struct inet_diag_msg *msg)
{
	const struct rtattr *attr = (const void *)(msg + 1);
	int len = mnl_nlmsg_get_payload_len(header) - sizeof(*msg);

	for (; RTA_OK(attr, len); attr = RTA_NEXT(attr, len)) {
		if (attr->rta_type == INET_DIAG_CGROUP_ID &&
		    RTA_PAYLOAD(attr) >= sizeof(socket->cgroup_id))
			memcpy(&socket->cgroup_id, RTA_DATA(attr), sizeof(socket->cgroup_id));
		/* before it is connected its clocks have not been set: idle since boot, it seems */
		if (attr->rta_type == INET_DIAG_INFO && socket->head.from != TW_LISTEN &&
		    socket->head.from != TW_SYN_SENT)
			read_idle(socket, attr);
	}
}

static int on_socket(const struct nlmsghdr *header, void *data)
{
	const struct inet_diag_msg *msg = mnl_nlmsg_get_payload(header);
	struct dump *dump = data;
	struct tw_socket *socket;

	if (mnl_nlmsg_get_payload_len(header) < sizeof(*msg))
		return MNL_CB_OK;
	socket = append(dump->snapshot);
	if (!socket) {
		errno = ENOMEM;
		return MNL_CB_ERROR;
	}
	socket->head = (struct tw_record){
		.size = sizeof(*socket),
		.kind = TW_SOCKET,
		.from = msg->idiag_state,
		.to = msg->idiag_timer,
		.ts_ns = dump->snapshot->begin.head.ts_ns,
	};
	socket->cookie = (uint64_t)msg->id.idiag_cookie[1] << 32 | msg->id.idiag_cookie[0];
	set_addr(socket->tuple.local_addr, msg->idiag_family, msg->id.idiag_src);
	set_addr(socket->tuple.remote_addr, msg->idiag_family, msg->id.idiag_dst);
	socket->tuple.local_port = ntohs(msg->id.idiag_sport);
	socket->tuple.remote_port = ntohs(msg->id.idiag_dport);
	socket->tuple.netns_cookie = dump->entry->cookie;
	socket->tuple.netns_ino = dump->entry->ino;
	socket->inode = msg->idiag_inode;
	socket->expires_ms = msg->idiag_expires;
	socket->uid = msg->idiag_uid;
	socket->rqueue = msg->idiag_rqueue;
	socket->wqueue = msg->idiag_wqueue;
	socket->idle_ms = socket->data_idle_ms = ~0U;
	read_attrs(socket, header, msg);
	return MNL_CB_OK;
}

/*
 * The request as it was before SOCK_DIAG_BY_FAMILY: that one asks for one family at a time,
 * and each time the kernel walks its whole table of sockets, whosever they are.
 */
static int send_request(struct mnl_socket *socket, bool ages)
{
	char buf[256];
	struct nlmsghdr *header = mnl_nlmsg_put_header(buf);
	struct inet_diag_req *request;

	header->nlmsg_type = TCPDIAG_GETSOCK;
	header->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	request = mnl_nlmsg_put_extra_header(header, sizeof(*request));
	request->idiag_states = DIAG_STATES;
	request->idiag_ext = ages ? 1 << (INET_DIAG_INFO - 1) : 0;
	return mnl_socket_sendto(socket, header, header->nlmsg_len) < 0 ? -errno : 0;
}

/* A dump that fails says so in its last message, which libmnl takes for a mere end. */
static int on_done(const struct nlmsghdr *header, void *data)
{
	const int *code = mnl_nlmsg_get_payload(header);

	(void)data;
	if (mnl_nlmsg_get_payload_len(header) < sizeof(*code) || *code >= 0)
		return MNL_CB_STOP;
	errno = -*code;
	return MNL_CB_ERROR;
}

static int on_error(const struct nlmsghdr *header, void *data)
{
	const struct nlmsgerr *message = mnl_nlmsg_get_payload(header);

	(void)data;
	errno = EBADMSG;
	if (mnl_nlmsg_get_payload_len(header) >= sizeof(*message))
		errno = message->error < 0 ? -message->error : message->error;
	return errno ? MNL_CB_ERROR : MNL_CB_STOP;
}

static int dump_sockets(struct mnl_socket *socket, struct dump *dump, bool ages)
{
	static mnl_cb_t control[] = { [NLMSG_ERROR] = on_error, [NLMSG_DONE] = on_done };
	static char buf[DIAG_BUFFER];
	int ret = send_request(socket, ages);
	ssize_t len;

	while (!ret) {
		len = mnl_socket_recvfrom(socket, buf, sizeof(buf));
		if (len < 0)
			return -errno;
		dump->pause->run(dump->pause->ctx);
		ret = mnl_cb_run2(buf, len, 0, mnl_socket_get_portid(socket), on_socket, dump,
				  control, sizeof(control) / sizeof(control[0]));
		if (ret == MNL_CB_STOP)
			return 0;
		ret = ret < 0 ? -errno : 0;
	}
	return ret;
}

static uint64_t netstat_figure(const char *text, const char *field)
{
	uint64_t value;

	return procfs_netstat_field(text, "TcpExt", field, &value) ? TW_FIGURE_UNKNOWN : value;
}

static void read_figures(const int *fds, struct tw_snapshot *end)
{
	struct tw_kernel_figures *kernel = &end->kernel;
	unsigned int low = 0, high = 0;
	char text[16 * 1024];
	uint64_t value;

	memset(kernel, 0xff, sizeof(*kernel));
	if (procfs_read_fd(fds[NETNS_SOCKSTAT], text, sizeof(text)) > 0 &&
	    !procfs_sockstat_field(text, "TCP", "tw", &value))
		kernel->time_wait = value;
	if (procfs_read_fd(fds[NETNS_NETSTAT], text, sizeof(text)) > 0) {
		kernel->overflow = netstat_figure(text, "TCPTimeWaitOverflow");
		kernel->tw_created = netstat_figure(text, "TW");
		kernel->tw_killed = netstat_figure(text, "TWKilled");
		kernel->tw_recycled = netstat_figure(text, "TWRecycled");
	}
	if (procfs_read_fd(fds[NETNS_PORT_RANGE], text, sizeof(text)) > 0 &&
	    sscanf(text, "%u %u", &low, &high) == 2) {
		end->port_low = low;
		end->port_high = high;
	}
}

/* libmnl's from now on, and its own address there. */
static int open_socket(struct answer *there, struct mnl_socket **socket)
{
	*socket = mnl_socket_fdopen(there->fds[NETNS_DIAG]);
	if (!*socket)
		return -errno;
	answer_take_fd(there, NETNS_DIAG);
	return mnl_socket_bind(*socket, 0, MNL_SOCKET_AUTOPID) < 0 ? -errno : 0;
}

int snapshot_take(struct snapshot *snapshot, const struct netns_list *list,
		  struct netns_entry *entry, bool ages, const struct pause *pause,
		  struct error *err)
{
	struct dump dump = { .snapshot = snapshot, .pause = pause, .entry = entry };
	struct tw_snapshot *begin = &snapshot->begin, *end = &snapshot->end;
	struct mnl_socket *socket = NULL;
	struct answer there;
	int ret;

	*begin = (struct tw_snapshot){
		.head = { .size = sizeof(*begin),
			  .kind = TW_SNAPSHOT_BEGIN,
			  .ts_ns = clock_kernel_ns() },
		.netns_cookie = entry->cookie,
		.netns_ino = entry->ino,
	};
	*end = *begin;
	end->head.kind = TW_SNAPSHOT_END;
	snapshot->count = 0;
	ret = netns_ask(list, entry, ACT_NETNS_OPEN, -1, &there);
	if (ret) {
		answer_release(&there);
		end->head.error = -ret;
		return error_set(err, ret, "cannot enter network namespace %u: %s", entry->ino,
				 strerror(-ret));
	}
	begin->head.ts_ns = clock_kernel_ns();
	ret = open_socket(&there, &socket);
	if (!ret)
		ret = dump_sockets(socket, &dump, ages);
	end->head.error = -ret;
	end->sockets = snapshot->count;
	read_figures(there.fds, end);
	end->head.ts_ns = clock_kernel_ns();
	if (socket)
		mnl_socket_close(socket);
	answer_release(&there);
	if (ret)
		error_set(err, ret, "the sockets of network namespace %u cannot be listed: %s",
			  entry->ino,
			  ret == -ENOENT ? "the kernel has no tcp_diag (modprobe tcp_diag)" :
					   strerror(-ret));
	return ret;
}
