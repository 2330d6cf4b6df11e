/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The records of the wire: what the kernel programs and the snapshot say, what
 * a recording holds and what the model reads. Both sides include this file.
 *
 * Numbers are explicit and stable, because recordings keep them: never renumber
 * an entry; to retire one, drop it and leave its value as a hole. A record may
 * grow at its end only: a reader takes the size it knows and skips the rest.
 *
 * Ports are in host order. Addresses are 16 bytes in network order, IPv4 always
 * as its IPv4-mapped form (::ffff:a.b.c.d), so that a v4 peer of a v6 socket and
 * of a v4 socket are one and the same. Times are CLOCK_MONOTONIC nanoseconds.
 */
#ifndef TW_RECORD_H
#define TW_RECORD_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

#define TW_COMM_LEN 16

enum tw_kind {
	TW_TRANSITION = 1,	/* struct tw_transition: a full socket changed its state */
	TW_RESET_SENT = 2,	/* struct tw_reset: this host sent a RST for a full socket */
	TW_HOLDER = 3,		/* struct tw_holder: a process holds (or accepted) the socket */
	TW_SOCKET = 4,		/* struct tw_socket: a socket found by a snapshot */
	TW_SNAPSHOT_BEGIN = 5,	/* struct tw_snapshot: the dump of a namespace began */
	TW_SNAPSHOT_END = 6,	/* struct tw_snapshot: it ended; kernel's own figures beside */
	TW_NETNS = 7,		/* struct tw_name: a network namespace appeared */
	TW_NETNS_GONE = 8,	/* struct tw_name: it ended; its minisocks were purged */
	TW_CGROUP = 9,		/* struct tw_name: the path of a cgroup id; may come again */
	TW_LOSS = 10,		/* struct tw_loss: so many records lost since the last one */
	TW_TICK = 11,		/* struct tw_record: nothing older than this time will follow */
	TW_READY = 12,		/* struct tw_record: probes attached, first snapshot merged */
	TW_PAIRS = 13,		/* struct tw_pairs: the kernel's count of every (from, to) */
	TW_END = 14,		/* struct tw_end: the source ended cleanly */
	TW_HOLDERS_END = 15,	/* struct tw_record: a look-up of holders begun at ts_ns is over */
	TW_TIER = 16,		/* struct tw_tier: what minisocks are watched by */
	TW_MINI_BORN = 17,	/* struct tw_minisock: made; told before its socket's ->CLOSE */
	TW_MINI_REFUSED = 18,	/* struct tw_minisock: bucket overflow; before ->CLOSE too */
	TW_MINI_TURNED = 19,	/* struct tw_minisock: the FIN of a FIN_WAIT2 one has come */
	TW_MINI_ENDED = 20,	/* struct tw_minisock */
	TW_MINI_CANCELLED = 21,	/* struct tw_cancelled: its timer; never leaves the source */
	TW_SPILLED = 22,	/* struct tw_spilled: so many like changes, told in sum */
	TW_PROCESS = 23,	/* struct tw_process: one that holds sockets, and its descriptors */
	TW_CLOSED_HELD = 24,	/* struct tw_closed_held: a process still holds a socket in CLOSE */
	TW_STACK = 25,		/* struct tw_stack: a process was here when it acted on a socket */
	TW_STACK_TEXT = 26,	/* struct tw_stack_text: the frames of a stack by their names */
	TW_CLOSED_END = 27,	/* struct tw_record: a walk after CLOSED_HELD begun at ts_ns is over */
	TW_SCOPE = 28,		/* struct tw_scope: a command, and all that is traced is its own */
	TW_FORK = 29,		/* struct tw_fork: a process of it has made another one */
	TW_EXIT = 30,		/* struct tw_exit: a process of it ends */
	TW_FACTS = 31,		/* struct tw_name: the files of a namespace (base/facts.h) */
	TW_BIND_FAILED = 32,	/* struct tw_bind_failed: bind() or listen() found the port taken */
	TW_BOUND = 33,		/* struct tw_bound: a socket on that port; told before it */
	TW_MINI_RESET = 34,	/* struct tw_minisock: a RST came for its tuple; it may have obeyed */
	TW_NR_KINDS,		/* whatever comes last: a new one needs a row in sink/anonymize.c */
};

/*
 * Of a cgroup that nobody is in the path may be forgotten when so many have been told since: who
 * tells each once tells it again before.
 */
#define TW_CGROUPS_REMEMBERED 4096

/* What is known of minisocks rests on this: enum evidence of the model. */
enum tw_evidence {
	TW_BY_INFERENCE = 0,	/* state changes alone, ends from successors and dumps */
	TW_BY_SNAPSHOT = 1,	/* a dump listed it, or no longer does */
	TW_BY_TIMER = 2,
	TW_BY_KPROBE = 3,
	TW_BY_FENTRY = 4,
	TW_NR_EVIDENCE = 5,
};

/* Whether a bind() that fails is told of. */
enum tw_binds {
	TW_BINDS_UNKNOWN = 0,	/* an older recording does not say */
	TW_BINDS_UNSEEN = 1,	/* no function may be traced, and no system call was to be */
	TW_BINDS_SEEN = 2,
	TW_NR_BINDS = 3,
};

/* Why a minisock ended. */
enum tw_end_reason {
	TW_END_UNKNOWN = 0,
	TW_END_EXPIRED = 1,
	TW_END_REUSED = 2,	/* taken over by this host's connect() */
	TW_END_REOPENED = 3,	/* by the peer's SYN */
	TW_END_RESET = 4,	/* by a RST, or by data for a FIN_WAIT2 one, which a RST answers */
	TW_END_DESTROYED = 5,	/* by ss -K */
	TW_END_PURGED = 6,	/* with its namespace */
	TW_NR_END_REASONS = 7,
};

/* TCP states as the kernel numbers them (net/tcp_states.h). */
enum tw_state {
	TW_ESTABLISHED = 1,
	TW_SYN_SENT = 2,
	TW_SYN_RECV = 3,
	TW_FIN_WAIT1 = 4,
	TW_FIN_WAIT2 = 5,
	TW_TIME_WAIT = 6,
	TW_CLOSE = 7,
	TW_CLOSE_WAIT = 8,
	TW_LAST_ACK = 9,
	TW_LISTEN = 10,
	TW_CLOSING = 11,
	TW_NR_STATES = 13,	/* with NEW_SYN_RECV, as the kernel counts */
};

/* What every record begins with; alone it is a TICK or a READY. */
struct tw_record {
	__u16 size;		/* of the whole record, a multiple of 8 */
	__u8 kind;		/* enum tw_kind */
	__u8 from;		/* TRANSITION: the old state; SOCKET: its state */
	__u8 to;		/* TRANSITION: the new state; SOCKET: its timer, TW_TIMER_MINISOCK */
	__u8 error;		/* TRANSITION: sk_err, an errno or 0 */
	__u16 flags;		/* by kind, see below */
	__u64 ts_ns;
};

/* flags of TW_TRANSITION: facts of the socket at the event (kernel-side names) */
enum tw_transition_flag {
	TW_F_DONE = 1 << 0,	/* SOCK_DONE: the peer's FIN has arrived */
	TW_F_ORPHAN = 1 << 1,	/* SOCK_DEAD: no process holds it any more */
	TW_F_LINGER2_NEG = 1 << 2, /* TCP_LINGER2 < 0: no FIN_WAIT2 minisock */
	TW_F_ALL_ACKED = 1 << 3, /* snd_una == write_seq: our FIN was acknowledged */
	TW_F_LOCKED = 1 << 4,	/* a task holds the socket lock: process context */
	TW_F_UNSENT = 1 << 5,	/* write_seq == 0: no SYN was ever sent */
	TW_F_SHUT_BOTH = 1 << 6, /* both directions shut down by the program */
	TW_F_OUTGOING = 1 << 7,	/* its connect() was seen */
	TW_F_INCOMING = 1 << 8,	/* a listener's child */
	TW_F_OWNER = 1 << 9,	/* the owner part says who acted */
	TW_F_FORGET = 1 << 10,	/* a filter turned it down now: undo what was counted */
	TW_F_KERNEL = 1 << 11,	/* a socket of the kernel's own */
	TW_F_SECOND = 1 << 12,	/* seen by the second program: the first one was running */
	TW_F_ONE_SEGMENT = 1 << 13, /* ->CLOSE: at most one segment of data was sent */
	TW_F_GAP = 1 << 14,	/* the socket's changes before this one were told in sum */
	TW_F_LATE = 1 << 15,	/* there was no room for it when it happened: others came first */
};

/*
 * A timer that is set for TIME_WAIT fires when the kernel's timer wheel turns next after it is due
 * (calc_wheel_index(), kernel/time/timer.c): at @wheel_phase_ns and every @wheel_granule_ns from then
 * on.
 */
struct tw_tier {
	struct tw_record head;	/* from: enum tw_evidence; to: enum tw_binds */
	/* version 1 ended here */
	__u64 wheel_granule_ns;	/* 0: not known */
	__u64 wheel_phase_ns;	/* less than a turn */
};

struct tw_owner {
	__u32 tgid;		/* in the tracer's pid namespace; 0: not visible from it */
	__u32 uid;
	char comm[TW_COMM_LEN];	/* of the thread group's leader; bytes, not text */
};

struct tw_tuple {
	__u8 local_addr[16];
	__u8 remote_addr[16];
	__u16 local_port;	/* 0: not chosen yet */
	__u16 remote_port;
	__u32 netns_ino;
	__u64 netns_cookie;	/* the identity; inode numbers are reused at once */
};

/*
 * A record is as small as its content: head and cookie (TW_TRANSITION_SHORT)
 * once the tuple has been delivered, the owner too where a process acted
 * (TW_TRANSITION_OWNER), all of it the first time (TW_TRANSITION_FULL).
 */
struct tw_transition {
	struct tw_record head;
	__u64 cookie;
	struct tw_owner owner;	/* valid with TW_F_OWNER */
	struct tw_tuple tuple;
	__u64 cgroup_id;	/* of the socket; 0: unknown */
	__u64 born_ns;		/* when LISTEN->SYN_RECV happened, to be told now; else 0 */
	union {			/* by the change; 0: unknown */
		__u64 listener_cookie;	/* from LISTEN, SYN_RECV: whose child it is */
		__u64 own_range;	/* CLOSE->SYN_SENT: IP_LOCAL_PORT_RANGE, high << 16 | low */
		__u64 syn_ns;		/* SYN_SENT->ESTABLISHED: when its SYN was sent */
	};
};

/*
 * Changes that the ring had no room for, in sum: @count sockets alike did this. One whose
 * birth user space has been told of comes by itself, under its cookie and with its time,
 * and so does a listener, whole; of the others only what the tables go by is there: no local
 * address, the ephemeral port 0, the owner's name alone. Only changes that are counted (to
 * ESTABLISHED, FIN_WAIT1, CLOSE), and those to SYN_SENT and LISTEN, which count for nothing.
 */
struct tw_spilled {
	struct tw_record head;	/* as that of the transition; ts_ns: of the last one */
	__u64 cookie;		/* 0: of sockets that user space does not know */
	__u64 count;
	__u64 cgroup_id;
	__u64 listener_cookie;
	struct tw_owner owner;	/* comm empty: the listener's, or unknown */
	struct tw_tuple tuple;
};

#define TW_TRANSITION_SHORT (sizeof(struct tw_record) + 8)
#define TW_TRANSITION_OWNER (TW_TRANSITION_SHORT + sizeof(struct tw_owner))
#define TW_TRANSITION_FULL sizeof(struct tw_transition)

/* idiag_timer of a minisock (inet_csk_diag_fill(), inet_twsk_diag_fill()) */
#define TW_TIMER_MINISOCK 3

/*
 * Why a RST was sent. The kernel's enum sk_rst_reason (6.10) is renumbered from
 * version to version; these are our numbers for its names.
 */
enum tw_reset_reason {
	TW_RESET_UNKNOWN = 0,	/* older kernels do not say */
	TW_RESET_OTHER = 1,	/* one without a name here */
	TW_RESET_ABORT_ON_DATA = 2,
	TW_RESET_ABORT_ON_CLOSE = 3,
	TW_RESET_ABORT_ON_LINGER = 4,
	TW_RESET_ABORT_ON_MEMORY = 5,
	TW_RESET_TCP_STATE = 6,
	TW_RESET_KEEPALIVE_TIMEOUT = 7,
	TW_RESET_DISCONNECT_WITH_DATA = 8,
	TW_RESET_NOT_SPECIFIED = 9,
	TW_RESET_NO_SOCKET = 10,
	TW_RESET_INVALID_SYN = 11,
	TW_NR_RESET_REASONS = 12,
};

struct tw_reset {
	struct tw_record head;	/* from: the state it was sent in */
	__u64 cookie;
	__u32 reason;		/* enum tw_reset_reason; in the ring the kernel's number */
	__u32 pad;
};

/*
 * A moment of a minisock's life. One without a cookie is known by its tuple; one
 * with a cookie comes without it (TW_MINISOCK_SHORT). A socket that is connected
 * again has the cookie of its own minisock: the ports tell the two apart.
 */
struct tw_minisock {
	struct tw_record head;	/* from: its substate; to: ENDED: enum tw_end_reason */
	__u64 cookie;		/* its own, which is the full socket's; 0: it has none */
	__u16 local_port, remote_port;
	__u32 pad;
	struct tw_tuple tuple;
};

#define TW_MINISOCK_SHORT (sizeof(struct tw_record) + 16)

/*
 * The timer of a minisock was taken down: before it expires, when it is armed anew, or
 * because the minisock ends early. Who called says which; user space has the names.
 */
#define TW_CALLERS 16

struct tw_cancelled {
	struct tw_minisock mini; /* head.to: what its fields say of the reason */
	__u64 caller[TW_CALLERS]; /* return addresses, innermost first; 0: no more */
};

/* flags of TW_HOLDER */
enum tw_holder_flag {
	TW_H_ACCEPTED = 1 << 0,	/* from accept() itself, not from a look-up */
	TW_H_AUTOBOUND = 1 << 1, /* connect() chose its port: outgoing */
	TW_H_BOUND = 1 << 2,	/* bound to a port by number (SOCK_BINDPORT_LOCK) */
	TW_H_FIRST = 1 << 3,	/* the first holder of this look-up: replaces older ones */
	/*
	 * No look-up, and fd_count is 0: the owner of before. With TW_H_ACCEPTED it has acted on
	 * the socket, else it is its listener's.
	 */
	TW_H_OWNER = 1 << 4,
};

struct tw_holder {
	struct tw_record head;
	__u64 cookie;
	struct tw_owner owner;
	__u64 cgroup_id;	/* of the socket */
	__u32 fd;		/* the lowest descriptor of that process */
	__u32 fd_count;
	__u64 started_ns;	/* when the process began */
};

/*
 * What a process is: its descriptors bound how many sockets it can leak. The text ends with
 * NUL and is padded to 8: for an interpreter the script it runs, else empty.
 */
struct tw_process {
	struct tw_record head;
	__u32 pid;		/* in the tracer's pid namespace */
	__u32 fds;		/* open descriptors */
	__u64 fd_limit;		/* RLIMIT_NOFILE, the soft one; ~0: none */
	char text[];
};

/*
 * A socket that is in CLOSE and that a process still holds: no dump of the kernel lists it
 * (it is in no hash table), only the walk over open files does. One record for each process;
 * TW_CLOSED_END ends the walk, and who was not listed in it is held no more.
 */
struct tw_closed_held {
	struct tw_record head;
	__u64 cookie;
	struct tw_owner owner;
	struct tw_tuple tuple;	/* remote_port 0: never connected, or the connect() failed */
	__u64 cgroup_id;	/* of the socket */
	__u32 fd_count;		/* descriptors of that process */
	__u32 idle_ms;		/* since a segment came or went; ~0: not known */
};

/* What a process did to a socket. */
enum tw_deed {
	TW_CONNECTED = 0,
	TW_ACCEPTED = 1,
	TW_CLOSED = 2,
	TW_NR_DEEDS = 3,
};

enum tw_stack_flag {
	/* frames are missing at its outer end, or between */
	TW_STACK_INCOMPLETE = 1 << 0,
};

/* Where in its code a process did it. */
struct tw_stack {
	struct tw_record head;	/* from: enum tw_deed */
	__u64 cookie;
	__u64 stack;		/* whose TW_STACK_TEXT came before; 0: none could be read */
	__u32 pid, tid;
	char thread[TW_COMM_LEN]; /* the name of the thread */
};

/*
 * A stack by its names: one line a frame, innermost first, "function file:line", "function" or
 * "module+0xoffset [build-id]" by what is known. Ends with NUL, padded to 8.
 */
struct tw_stack_text {
	struct tw_record head;	/* flags: enum tw_stack_flag */
	__u64 stack;		/* its number, never 0 */
	char text[];
};

/*
 * From here on only what this process and its descendants do is of interest. The words of
 * the command follow, each ends with NUL; padded to 8.
 */
struct tw_scope {
	struct tw_record head;
	__u64 cgroup_id;	/* of the control group made for it; 0: none could be made */
	__u32 pid;		/* in the tracer's pid namespace, as in the next two */
	__u32 words;		/* of the command */
	char text[];
};

struct tw_fork {
	struct tw_record head;
	__u32 pid;
	__u32 parent;
	__u64 started_ns;	/* when it began: numbers are used again */
};

enum tw_exit_stage {
	TW_EXIT_BEGINS = 0,	/* its last thread is about to let go of its descriptors */
	TW_EXIT_REAPED = 1,	/* its number may be another's */
	TW_EXIT_WAITED = 2,	/* of the command itself: status is known */
};

struct tw_exit {
	struct tw_record head;	/* from: enum tw_exit_stage */
	__u32 pid;
	__u32 status;		/* WAITED: as wait() gives it */
	__u64 started_ns;	/* as in its TW_FORK; WAITED: 0 */
};

/* flags of TW_BIND_FAILED and TW_BOUND */
enum tw_bound_flag {
	TW_B_REUSEADDR = 1 << 0, /* sk_reuse; a minisock has what its socket had */
	TW_B_REUSEPORT = 1 << 1,
	TW_B_LISTEN = 1 << 2,	/* BIND_FAILED: listen() failed, not bind() */
	TW_B_INFERRED = 1 << 3,	/* BIND_FAILED: from the socket's changes of state alone */
	TW_B_LOOKED = 1 << 4,	/* BIND_FAILED: TW_BOUND came for all sockets on that port */
	TW_B_LOCKED = 1 << 5,	/* BOUND: bound by number (SOCK_BINDPORT_LOCK) */
	TW_B_V6ONLY = 1 << 6,	/* IPV6_V6ONLY: any address is none of IPv4 */
};

/* What was asked for, and by whom. */
struct tw_bind_failed {
	struct tw_record head;	/* error: the errno that the caller gets */
	__u64 cookie;		/* of the socket that was to be bound; 0: it has none */
	struct tw_owner owner;
	struct tw_tuple tuple;	/* no remote end; local_port 0: any was asked for */
	__u64 cgroup_id;
};

/* A socket that has the port that was asked for, as it was right after the failure. */
struct tw_bound {
	struct tw_record
		head; /* from: state, minisocks' substate; to: TW_TIMER_MINISOCK if it is one */
	__u64 cookie;
	struct tw_owner owner;	/* of a socket in CLOSE, by its open file; else empty */
	struct tw_tuple tuple;
	__u64 cgroup_id;	/* as owner */
	__u32 expires_ms;	/* minisock; ~0: not known */
	__u32 pad;
};

/* flags of TW_SOCKET: a dump of the kernel has none, a part of a recording tells what was known */
enum tw_socket_flag {
	TW_K_OUTGOING = 1 << 0,
	TW_K_INCOMING = 1 << 1,
};

struct tw_socket {
	struct tw_record head;	/* from: state, minisocks' substate; to: idiag_timer */
	__u64 cookie;
	struct tw_tuple tuple;
	__u64 cgroup_id;
	__u32 inode;		/* 0: no process holds it */
	__u32 expires_ms;	/* of the timer in head.to */
	__u32 uid;
	__u32 idle_ms;		/* since the last segment; ~0: not known */
	__u32 rqueue;		/* LISTEN: waiting for accept(); else unread bytes */
	__u32 wqueue;		/* LISTEN: how many may wait (the backlog); else unsent bytes */
	/* version 1 ended here */
	__u32 data_idle_ms;	/* since data were sent or received; ~0: not known */
	__u32 pad;
};

#define TW_SOCKET_SHORT (sizeof(struct tw_socket) - 8)

/* The kernel's own figures of one namespace, read apart from the dump. */
struct tw_kernel_figures {
	__u64 time_wait;	/* sockstat "tw": minisocks of both substates */
	__u64 overflow;		/* TcpExt TCPTimeWaitOverflow */
	__u64 tw_created;	/* TcpExt TW: minisocks of more than 4 s, when: flags */
	__u64 tw_killed;	/* TcpExt TWKilled: those of up to 4 s */
	__u64 tw_recycled;	/* TcpExt TWRecycled */
};

#define TW_FIGURE_UNKNOWN (~0ULL)

enum tw_snapshot_flag {
	/* what tw_created and tw_killed count; neither: not known */
	TW_S_MIB_AT_BIRTH = 1 << 0, /* births (5.18) */
	TW_S_MIB_AT_EXPIRY = 1 << 1, /* ends by expiry, before */
};

/* ENOTCONN: the namespace is not looked into any more, there will be no other dump. */
#define TW_SNAPSHOT_NO_MORE 107

struct tw_snapshot {
	struct tw_record head;	/* error: errno of a dump that failed, or the above */
	__u64 netns_cookie;
	__u32 netns_ino;
	__u32 sockets;		/* END: how many the dump listed */
	struct tw_kernel_figures kernel;	/* END only */
	__u16 port_low, port_high;	/* END: ip_local_port_range; 0, 0: unknown */
	__u32 flags;		/* enum tw_snapshot_flag */
};

/* A name of varying length: the text follows, ends with NUL, padded to 8. */
struct tw_name {
	struct tw_record head;
	__u64 id;		/* netns cookie or cgroup id */
	__u32 ino;		/* netns: its inode number */
	__u32 pad;
	char text[];
};

enum tw_loss_cause {
	TW_LOSS_RING_FULL = 0,	/* no room in the ring buffer, nor in the sums */
	TW_LOSS_SKIPPED = 1,	/* the kernel skipped every look (recursion) */
	TW_LOSS_NO_MEMORY = 2,	/* user space could not allocate */
	TW_LOSS_MALFORMED = 3,	/* a record that makes no sense */
	TW_LOSS_UNTOLD = 4,	/* a minisock's birth that the evidence tier missed: inferred */
	TW_LOSS_SPILLED = 5,	/* state changes that are counted, but of which nothing else is told */
	TW_LOSS_OUTPUT_FULL = 6, /* events that the output was too slow for, or had no memory for */
	TW_LOSS_LEFT_OUT = 7,	/* sockets that a part of a recording had no room to begin with */
	TW_NR_LOSS = 8,
};

struct tw_loss {
	struct tw_record head;	/* from: enum tw_loss_cause */
	__u64 count;
};

struct tw_pairs {
	struct tw_record head;
	__u64 count[TW_NR_STATES * TW_NR_STATES];	/* [from * TW_NR_STATES + to] */
};

struct tw_end {
	struct tw_record head;
	__u64 records;		/* before this one */
};

#endif
