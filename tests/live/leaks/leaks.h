/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small programs that leak connections, each in one known way at a known line, and others that
 * look like it and do not: what the tests of `twtrace leaks` run against.
 *
 * A workload is a row of the table in main.c: processes of its own names (comm) that play a role
 * each. The line that opens what leaks is marked LEAK and the workload's name; it stands in a
 * function whose name tells, called from another one.
 */
#ifndef LEAKS_H
#define LEAKS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Not inlined: it is to be found in stacks. */
#define LEAKING __attribute__((noinline))

/* How a workload was asked to run. */
struct load {
	struct sockaddr_in here;	/* where the server binds */
	struct sockaddr_in server;	/* where the client finds it */
	struct sockaddr_in far;		/* where it finds one that is far */
	struct sockaddr_in dead;	/* nobody answers there */
	double rate;			/* connections a second */
	unsigned stop_after;		/* so many; 0: for ever */
	const char *far_netns;		/* where far servers live; NULL: here too */
};

/* Returns never. */
typedef void role_fn(const struct load *load);

/* Said once by each role: the next one may begin. */
void ready(void);
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A process like this one, which ends when this one does. */
pid_t start_child(void);

/* -------------------------------------------------------------------- time */

uint64_t now_ms(void);
void sleep_ms(unsigned ms);
unsigned random_below(unsigned bound);
_Noreturn void rest(void);

/* When the next one is due. Once as many were as were asked for, none is any more. */
struct pace {
	uint64_t next_us, interval_us;
	unsigned left;		/* UINT32_MAX: for ever */
};

void pace_init(struct pace *pace, double rate, unsigned stop_after);
bool pace_due(struct pace *pace);
void pace_wait(struct pace *pace);

/* ------------------------------------------------------------- connections */

/* The same place, so many ports higher. */
struct sockaddr_in ports_on(const struct sockaddr_in *addr, unsigned ports);
int new_socket(int flags);
int listen_on(const struct sockaddr_in *addr, int backlog);
/* Connected; waits for a server that is not there yet. */
int dial(const struct sockaddr_in *addr);
/* What a redis understands too; false if the other end has gone. */
bool exchange(int fd);
void send_request(int fd);
/* Waits for something; 0 at the end of the connection. */
size_t read_some(int fd);
void close_by_reset(int fd);

/* Many connections, each with the time at which something is to be done with it. */
struct herd {
	struct member {
		int fd;
		uint64_t due_ms;
	} members[1024];
	unsigned count;
};

void herd_add(struct herd *herd, int fd, uint64_t due_ms);
/* One whose time has come, which is a member no more; or -1. */
int herd_take_due(struct herd *herd);

/* ----------------------------------------------------------------- servers */

/* Accepts whoever comes, and calls @readable once for each piece that arrives, or the end. */
_Noreturn void serve(int listener, void (*readable)(int fd));

/* What servers do with what arrives. */
void answer_or_close(int fd);
void answer_and_close(int fd);
void answer_and_reset(int fd);
void answer_and_ignore_end(int fd);

role_fn echo_server, echo_server_2, closing_server, resetting_server, far_deaf_server;
role_fn visitor, visitor_of_proxy;

/* ------------------------------------------------------------------- roles */

role_fn forgetful_server, forgetful_prefork, forgetful_thread;
role_fn ignore_end, hold_half_closed, orphan, hold_closed, hold_reset, hold_refused;
role_fn forget_handle, forget_irregularly, forget_one_backend, dial_the_dead;
role_fn accept_nothing, call_and_give_up, churn;

role_fn burst, busy_pool, idle_pool, big_idle_pool, slow_start, websocket_clients;
role_fn longlived_clients, life15;
role_fn halfclose_server, halfclose_clients, restarting_server, reconnecting_clients;
role_fn download_server, download_clients, late_acceptor, burst_callers, patient_giver_up;
role_fn prefork_server, keepalive_clients, hold_unconnected;

role_fn http_backend, http_backend_leaky, http_load;

#endif
