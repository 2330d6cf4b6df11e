/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Traffic with a known truth, for the live tests: each scenario ends TCP
 * connections in one particular way and says afterwards, in one line of JSON,
 * what it did, as it counted itself.
 *
 * A scenario is written as the director sees it: a straight line of calls on the
 * ends of connections. Every call is carried out by an actor, a process of its
 * own (tw-server, tw-client, ...), which owns the sockets; the director owns
 * none. So the order of events is certain and nothing needs to sleep: where the
 * kernel works on its own, the director waits until the kernel shows the state.
 *
 * Whatever goes wrong is fatal: a scenario that did not happen as described
 * would make a lie of its truth.
 */
#ifndef TRAFFIC_H
#define TRAFFIC_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	MAX_PORTS = 64,
	MAX_HOSTS = 128,
	MAX_ACTORS = 4,
	MAX_BINDS = 64,
	NR_TCP_STATES = 13,	/* as the kernel numbers them */
	BOUND_MS = 20000,	/* of any single wait; reaching it is a failure */
	EXPIRY_BOUND_MS = 90000,	/* of the wait for a minisock's own end */
	STATUS_CANNOT = 77,	/* exit status: this kernel has not what the scenario needs */
};

enum family { FAMILY_4, FAMILY_6, FAMILY_MAPPED };
enum side { SIDE_CLIENT, SIDE_SERVER };
enum closers { CLOSES_FIRST, CLOSES_BOTH, CLOSES_NONE };

struct options {
	const struct scenario *scenario;
	enum family family;
	enum side by;		/* which side does what the scenario is about */
	const char *server;	/* address; NULL: loopback */
	unsigned port;		/* 0: the kernel chooses */
	unsigned count;
	unsigned hosts;		/* server addresses, counted up from the first */
	unsigned ports;		/* server ports */
	unsigned close_wait;	/* idle_hold */
	unsigned time_wait;	/* idle_hold */
	const char *netns_client;
	const char *netns_server;
	bool own_netns;
	bool here;		/* settings of this namespace may be changed for a while */
	bool hold;		/* stop at the scenario's point of interest */
	bool cookies;		/* asking for a cookie makes one: off unless asked */
};

/* ------------------------------------------------------------------ actors */

/* What an actor can be told to do; the row of its function is in actor.c. */
enum op {
	OP_HELLO,		/* -> netns inode */
	OP_LISTEN,		/* at addr -> fd, local */
	OP_ACCEPT,		/* fd -> fd, local, remote */
	OP_CONNECT,		/* to addr from source, arg: flags -> fd, local, remote */
	OP_SEND,		/* arg: bytes */
	OP_READ,		/* arg: bytes -> how many came before the end */
	OP_SHUTDOWN,		/* arg: not 0: its listener's side, too */
	OP_CLOSE,
	OP_LINGER0,
	OP_OPTION,		/* arg: level, arg2: name, arg3: value */
	OP_FILTER,		/* arg: enum filter */
	OP_STATE,		/* -> TCP state */
	OP_ERROR,		/* -> SO_ERROR */
	OP_UNREAD,		/* wait until arg bytes are there to read */
	OP_DISCONNECT,		/* connect(AF_UNSPEC) */
	OP_BIND,		/* to addr, arg: BIND_REUSE or 0 -> fd, local */
	OP_START_LISTEN,	/* on what OP_BIND has bound */
	OP_GATE_CLOSE,		/* close when all others at the gate do */
	OP_FORK,		/* with a control socket, text: comm -> pid */
	OP_SEND_FD,		/* -> the descriptor, by SCM_RIGHTS */
	OP_TAKE_FD,		/* the other way round -> fd */
	OP_SEND_SEQ,		/* -> sequence number of the next byte to be sent */
	OP_RAW_RST,		/* arg: seq, from source to addr */
	OP_DESTROY,		/* SOCK_DESTROY of source -> addr, as `ss -K` does */
	OP_PEER_OPEN,		/* a TUN device: source is the kernel's address, addr its far end */
	OP_PEER_SEND,		/* the segment, from source to addr */
	OP_PEER_AWAIT,		/* one from addr to source with all these flags -> segment */
	OP_CHURN_SERVER,
	OP_CHURN_CLIENT,
	OP_EXIT,
	NR_OPS,
};

enum connect_flag {
	CONNECT_START = 1 << 0,		/* do not wait for the handshake */
	CONNECT_REUSE = 1 << 1,		/* SO_REUSEADDR */
	CONNECT_IMPATIENT = 1 << 2,	/* TCP_USER_TIMEOUT: give up at the second SYN */
	CONNECT_TAKE_PORT = 1 << 3,	/* bind() chooses the port, not connect() */
	CONNECT_OWN_RANGE = 1 << 4,	/* IP_LOCAL_PORT_RANGE: OWN_RANGE */
};

/* Four ports, high << 16 | low. */
#define OWN_RANGE (40103U << 16 | 40100)

#define BIND_REUSE 1	/* SO_REUSEADDR */

/* What a socket no longer hears, by a classic BPF filter of its own. */
enum filter { FILTER_NONE, FILTER_ALL, FILTER_EMPTY };

/* A TCP segment as the hand-made peer knows it; flags are TH_*. */
struct segment {
	uint32_t seq, ack;
	uint8_t flags;
	uint16_t len;		/* of data, which are zeroes */
};

struct request {
	enum op op;
	int fd;
	int64_t arg, arg2, arg3;
	char text[16];
	struct sockaddr_storage addr, source;
	struct segment segment;
};

struct reply {
	int64_t result;
	int error;		/* an errno or 0 */
	int fd;
	uint64_t cookie;
	struct sockaddr_storage local, remote;
	struct segment segment;
};

struct actor {
	pid_t pid;		/* 0: none, or gone */
	bool own_child;		/* ours to wait for */
	int control;
	char comm[16];
	unsigned netns;		/* inode */
	struct netns_view *view;
};

/* Counted by the actors themselves; a MAP_SHARED page or two. */
struct shared {
	int gate;
	bool want_cookies, bind_source;
	bool client_done;
	bool server_first;
	unsigned count, nr_ports, nr_hosts;
	enum family family;
	struct sockaddr_storage server[MAX_HOSTS];	/* port 0 */
	uint16_t ports[MAX_PORTS];
	int listeners[MAX_PORTS * MAX_HOSTS];		/* tw-server's descriptors */
	int credit_fd;
	unsigned connected, accepted, failed, client_errors, server_errors;
	int connect_errno;
	unsigned accepted_by_port[MAX_PORTS], connected_by_port[MAX_PORTS];
	unsigned accepted_by_host[MAX_HOSTS], connected_by_host[MAX_HOSTS];
};

extern struct shared *shared;

void actor_start(struct actor *actor, const char *comm, const char *netns, struct netns_view *view);
void actor_fork(struct actor *parent, struct actor *child, const char *comm);
void actor_tell(struct actor *actor, const struct request *req, int fd);
struct reply actor_await(struct actor *actor, int *fd);
struct reply actor_ask(struct actor *actor, const struct request *req);
void actor_exit(struct actor *actor);
void actor_kill(struct actor *actor);

_Noreturn void actor_loop(int control);

/* The socket calls behind the ops (deeds.c) and the two full-speed loops. */
typedef void deed_fn(const struct request *req, int passed_fd, struct reply *rep);
deed_fn deed_listen, deed_accept, deed_connect, deed_send, deed_read, deed_shutdown, deed_close;
deed_fn deed_linger0, deed_option, deed_filter, deed_state, deed_error, deed_unread;
deed_fn deed_disconnect, deed_bind, deed_start_listen, deed_gate_close, deed_send_seq;
deed_fn deed_hello, deed_raw_rst, deed_destroy, churn_server, churn_client;
deed_fn deed_peer_open, deed_peer_send, deed_peer_await;

/* Messages with at most one descriptor; false at the end of the channel. */
bool wire_send(int control, const void *data, size_t size, int fd);
bool wire_receive(int control, void *data, size_t size, int *fd);

/* ----------------------------------------------------------------- address */

void address_parse(struct sockaddr_storage *addr, enum family family, const char *text);
void address_add(struct sockaddr_storage *addr, unsigned number);
unsigned address_port(const struct sockaddr_storage *addr);
void address_set_port(struct sockaddr_storage *addr, unsigned port);
/* Which of the server's addresses this is, or -1. */
int address_host(const struct sockaddr_storage *addr);
bool address_is_mapped(const struct sockaddr_storage *addr);
/* As on the wire, where IPv4-mapped is IPv4: its family, and where its bytes are. */
int address_wire(const struct sockaddr_storage *addr, const void **bytes);
uint16_t checksum(uint32_t sum, const void *data, size_t len);
uint16_t tcp_checksum(const void *tcp, size_t len, const struct sockaddr_storage *source,
		      const struct sockaddr_storage *dest);
/* IPv4-mapped as IPv4, as twtrace shows it. */
void address_text(const struct sockaddr_storage *addr, char buf[static INET6_ADDRSTRLEN]);

/* ------------------------------------------------------------------ kernel */

#define MIB_COUNT 15

/* Open files of one namespace's /proc/net: they outlive the actors in it. */
struct netns_view {
	int tcp, tcp6, netstat, snmp;
	uint64_t mib_before[MIB_COUNT];
};

struct tuple_state {
	int state;		/* 0: no such socket */
	bool minisock;
	unsigned left_ms;	/* of its timer */
};

extern const char *const mib_names[MIB_COUNT];

void netns_enter_own(void);
/* For the time of this run: netns_restore() undoes all of them, the last one first. */
void netns_sysctl(const char *name, const char *value);
/* The same where the kernel has it; older ones do not have all. */
bool netns_sysctl_if_there(const char *name, const char *value);
void netns_restore(void);
/* Adds an address to an interface, usable at once; 0 or an errno. */
int netlink_add_address(const char *interface, const struct sockaddr_storage *addr);
void view_open(struct netns_view *view, pid_t pid);
void view_mib(const struct netns_view *view, uint64_t values[static MIB_COUNT]);
struct tuple_state view_tuple(const struct netns_view *view, unsigned local_port,
			      unsigned remote_port);
unsigned view_minisocks(const struct netns_view *view);
/* Full sockets but listeners with one of these ports at either end. */
unsigned view_full_sockets(const struct netns_view *view, const uint16_t *ports, unsigned nr_ports);
/* One counter as it is now, and its growth since the view was opened. */
uint64_t view_now(const struct netns_view *view, const char *mib_name);
uint64_t view_grown(const struct netns_view *view, const char *mib_name);
/* Sockets at local ports (or, with remote, towards them), by state. */
void view_states(const struct netns_view *view, const uint16_t *ports, unsigned nr_ports,
		 bool remote, unsigned states[static NR_TCP_STATES]);

/* ------------------------------------------------------------------- stage */

struct end {
	struct actor *actor;	/* who acts next */
	int fd;			/* -1: closed */
	struct sockaddr_storage addr;
	uint64_t cookie;	/* 0: not asked */
	int error;		/* errno seen by the program */
	uint64_t took_us;	/* its connect(); 0: not measured */
	const char *state;	/* where a hold leaves it; NULL: not said */
	pid_t opener;
	pid_t closer;		/* whose call began the end; 0: nobody's */
	char closer_comm[16];
};

struct connection {
	struct end client, server;
};

/* A call for a port that another process has; the connect() is for any, elsewhere. */
struct bind_try {
	const char *call, *holder;
	bool old_reuse, new_reuse;	/* SO_REUSEADDR of who has it, of who asks */
	uint16_t port;
	int error;			/* 0: both may have it */
};

struct stage {
	struct options *opts;
	struct actor actors[MAX_ACTORS];
	struct actor *server, *client, *other;
	struct netns_view server_view, client_view;
	struct connection **conns;
	unsigned nr_conns;
	unsigned attempts, simultaneous;	/* simultaneous_race */
	uint64_t residence_ms;			/* of a minisock that was waited for */
	struct bind_try binds[MAX_BINDS];
	unsigned nr_binds;
	bool reported;
};

struct scenario {
	const char *name;
	const char *summary;
	void (*run)(struct stage *stage);
	enum closers closers;
	enum side by;		/* default of --by */
	bool once;		/* run() honours --count itself */
	bool settings;		/* changes them: needs a namespace of its own, or --here */
	bool no_listener;
	bool hold;		/* always */
	bool peer;		/* against the hand-made peer; needs settings too */
	unsigned fin_timeout;	/* seconds, of peer_silent_* */
};

void stage_open(struct stage *stage, struct options *opts);
void stage_listen(struct stage *stage);
void stage_settle(struct stage *stage);
void stage_close(struct stage *stage);
/* With --hold: prints the truth, then waits for the end of stdin, SIGTERM or SIGINT; once. */
void stage_hold(struct stage *stage);

/* One more, both ends still without a descriptor. */
struct connection *stage_connection(struct stage *stage);
struct connection *stage_connect(struct stage *stage);
struct connection *stage_connect_from(struct stage *stage, const struct sockaddr_storage *source,
				      int flags);
/* connect() without anyone accepting; errors are kept in client.error. */
struct connection *stage_dial(struct stage *stage, const struct sockaddr_storage *source,
			      int flags);
void stage_accept(struct stage *stage, struct connection *conn, struct actor *actor);
struct end *stage_first(const struct stage *stage, struct connection *conn);
struct end *stage_second(const struct stage *stage, struct connection *conn);

void end_close(struct end *end);
void end_closed_by_kernel(struct end *end);
void end_shutdown(struct end *end);
void end_send(struct end *end, size_t bytes);
void end_read(struct end *end, size_t bytes);
void end_read_eof(struct end *end);
void end_linger0(struct end *end);
void end_option(struct end *end, int level, int name, int value);
void end_filter(struct end *end, enum filter filter);
void end_await_state(struct end *end, int state);
void end_await_error(struct end *end, int expected);
void end_await_unread(struct end *end, size_t bytes);
struct reply end_ask(struct end *end, enum op op);
/* Wait until the kernel shows the pair so, with or without a descriptor. */
void end_await_tuple(const struct end *end, const struct end *peer, int state, bool minisock);
/* Wait, for at most @bound_ms, until the pair has no socket (no full one) -> for how long. */
uint64_t end_await_gone(const struct end *end, const struct end *peer, unsigned bound_ms);
uint64_t end_await_full_gone(const struct end *end, const struct end *peer, unsigned bound_ms);
/* Wait until the timer of its minisock has so much left at most. */
void end_await_left(const struct end *end, const struct end *peer, unsigned left_ms);
/* As `ss -K` would. */
void end_destroy(const struct end *end, const struct end *peer);

void report_print(struct stage *stage);

extern const struct scenario scenarios[];
const struct scenario *scenario_find(const char *name);

/* Scenarios, by theme. */
typedef void scenario_fn(struct stage *stage);
scenario_fn run_churn, run_bucket_overflow;
scenario_fn run_simultaneous, run_simultaneous_race, run_self_close, run_shutdown_halves;
scenario_fn run_close_in_fin_wait2, run_orphan_fin_wait2, run_fin_timeout_handover;
scenario_fn run_linger0, run_disconnect, run_unread_data, run_rst_in_fin_wait1;
scenario_fn run_rst_in_fin_wait2, run_rst_in_closing, run_rst_in_close_wait;
scenario_fn run_linger2_close, run_linger2_orphan, run_data_after_close, run_data_in_fin_wait2;
scenario_fn run_fin_timed_out, run_last_ack_timed_out, run_keepalive_dead;
scenario_fn run_refused, run_timed_out, run_close_in_syn_sent, run_addr_not_avail;
scenario_fn run_tuple_in_use, run_bind_in_use, run_listener_close, run_listener_close_pending;
scenario_fn run_bind_listener, run_bind_connection, run_bind_time_wait, run_bind_bound;
scenario_fn run_listen_in_use, run_listener_ends;
scenario_fn run_binds_starve, run_binds_cured, run_own_range, run_timed, run_syn_again;
scenario_fn run_accept_by_other, run_fork_holds, run_fork_shares, run_fd_passing;
scenario_fn run_exit_without_close, run_kill9;
scenario_fn run_idle_hold, run_time_wait_reused, run_time_wait_reopened, run_time_wait_reset;
scenario_fn run_time_wait_expires, run_time_wait_reused_auto, run_time_wait_destroyed;
scenario_fn run_time_wait_refused, run_time_wait_overdue;
scenario_fn run_peer_fin_with_ack, run_peer_fin_after_ack, run_peer_simultaneous;
scenario_fn run_peer_late_fin, run_peer_bare_fin, run_peer_data_after_close;
scenario_fn run_peer_data_in_fin_wait2, run_peer_syn_in_fin_wait2, run_peer_rst_in_fin_wait2;
scenario_fn run_peer_destroyed, run_peer_rst_exact, run_peer_rst_rfc1337, run_peer_rst_inexact;
scenario_fn run_peer_fin_again, run_peer_fin_rearms, run_peer_syn_reopens, run_peer_syn_too_old;
scenario_fn run_peer_syn_no_listener, run_peer_silent;

/* -------------------------------------------------------------------- main */

__attribute__((format(printf, 1, 2))) _Noreturn void die(const char *format, ...);
/* This kernel has not what the scenario needs: no failure, and no truth either. */
_Noreturn void cannot(const char *what, int error);
/*
 * A minisock that the scenario needs is gone: by loopback's own RST, or because this machine
 * stood still for too long. All is taken back, and the scenario begins anew, a few times at
 * most, at another port, so that two tries are not taken for one.
 */
_Noreturn void begin_anew(const char *whose, const char *what);
uint64_t now_ms(void);
/* One turn of a wait for something only the kernel can say. */
void poll_pause(int ms);
void close_fd(int fd);

#endif
