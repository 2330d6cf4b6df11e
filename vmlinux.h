/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel types that the BPF programs read, and nothing else. Curated by hand:
 * CO-RE relocates every field by name against the running kernel's BTF, so only
 * the names and kinds matter here, not the order or the rest of a struct. Where
 * kernels differ, the older layout stands beside as struct x___pre_V, with the
 * commit that changed it.
 *
 * Checked against the BTF of 6.1, 6.12 and 6.18.
 */
#ifndef __VMLINUX_H__
#define __VMLINUX_H__

typedef signed char __s8;
typedef unsigned char __u8;
typedef short __s16;
typedef unsigned short __u16;
typedef int __s32;
typedef unsigned int __u32;
typedef long long __s64;
typedef unsigned long long __u64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u16 __le16;
typedef __u32 __le32;
typedef __u64 __be64;
typedef __u32 __wsum;
typedef __u16 __sum16;
typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s32 s32;
typedef __s64 s64;
typedef _Bool bool;
enum { false = 0, true = 1 };

#define NULL ((void *)0)

/* linux/bpf.h: user-space ABI, stable */
enum bpf_map_type {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_STACK_TRACE = 7,
	BPF_MAP_TYPE_LRU_HASH = 9,
	BPF_MAP_TYPE_ARRAY_OF_MAPS = 12,
	BPF_MAP_TYPE_SK_STORAGE = 24,
	BPF_MAP_TYPE_RINGBUF = 27,
};

enum {
	BPF_ANY = 0,
	BPF_NOEXIST = 1,
};

enum {
	BPF_F_NO_PREALLOC = 1,
	BPF_F_USER_STACK = 1 << 8,
	BPF_F_CLONE = 1 << 9,
	BPF_F_MMAPABLE = 1 << 10,
};

enum {
	BPF_SK_STORAGE_GET_F_CREATE = 1,
};

enum {
	BPF_RB_NO_WAKEUP = 1,
	BPF_RB_FORCE_WAKEUP = 2,
};

enum {
	BPF_RB_AVAIL_DATA = 0,
	BPF_RB_RING_SIZE = 1,
};

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct list_head {
	struct list_head *next, *prev;
};

/* processes */

typedef struct {
	int counter;
} atomic_t;

typedef struct {
	atomic_t refs;
} refcount_t;

struct ns_common {
	unsigned int inum;
	refcount_t __ns_ref;
};

/* 024596a4e2802 ("ns: rename to __ns_ref"), 6.18; in struct ns_common since 5.11 */
struct ns_common___pre_6_18 {
	refcount_t count;
};

struct pid_namespace {
	struct ns_common ns;
};

struct upid {
	int nr;
	struct pid_namespace *ns;
};

struct pid {
	unsigned int level;
	struct upid numbers[1];
};

typedef struct {
	unsigned int val;
} kuid_t;

struct cred {
	kuid_t uid;
};

struct css_set {
	struct cgroup *dfl_cgrp;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

struct mm_struct {
	unsigned long start_stack;
};

struct signal_struct {
	atomic_t live;		/* threads that have not begun to exit */
};

struct task_struct {
	struct mm_struct *mm;
	struct files_struct *files;
	struct signal_struct *signal;
	unsigned int flags;
	u64 self_exec_id;
	int pid, tgid;
	struct task_struct *group_leader;
	u64 start_time;		/* CLOCK_MONOTONIC */
	struct pid *thread_pid;
	const struct cred *cred;
	struct css_set *cgroups;
	char comm[16];
};

/* control groups */

struct kernfs_node {
	u64 id;
};

struct cgroup {
	struct kernfs_node *kn;
};

struct sock_cgroup_data {
	struct cgroup *cgroup;
};

/* 8520e224f547 ("bpf, cgroups: Fix cgroup v2 fallback on v1/v2 mixed mode"), 5.15 */
struct sock_cgroup_data___pre_5_15 {
	u64 val;
};

/* namespaces */

struct netns_ipv4 {
	u8 sysctl_tcp_rfc1337;	/* an int in older kernels */
};

struct net {
	u64 net_cookie;
	struct ns_common ns;
	struct netns_ipv4 ipv4;
};

/* sockets */

typedef struct {
	struct net *net;
} possible_net_t;

typedef struct {
	s64 counter;
} atomic64_t;

struct in6_addr {
	union {
		__u8 u6_addr8[16];
		__be32 u6_addr32[4];
	} in6_u;
};

struct hlist_nulls_node {
	struct hlist_nulls_node **pprev;
};

struct sock_common {
	__be32 skc_daddr;
	__be32 skc_rcv_saddr;
	__be16 skc_dport;
	__u16 skc_num;
	unsigned short skc_family;
	volatile unsigned char skc_state;
	unsigned char skc_reuse : 4;
	unsigned char skc_reuseport : 1;
	unsigned char skc_ipv6only : 1;
	possible_net_t skc_net;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
	atomic64_t skc_cookie;
	unsigned long skc_flags;
	struct hlist_nulls_node skc_nulls_node;
};

typedef struct {
	int owned;
} socket_lock_t;

struct sock {
	struct sock_common __sk_common;
	socket_lock_t sk_lock;
	struct socket *sk_socket;
	int sk_err;
	u16 sk_protocol;
	u8 sk_shutdown;
	u8 sk_userlocks;
	struct sock_cgroup_data sk_cgrp_data;
	kuid_t sk_uid;
};

struct inet_sock {
	struct sock sk;
	__be16 inet_sport;
	__be32 inet_saddr;
	u32 local_port_range;	/* IP_LOCAL_PORT_RANGE: high << 16 | low */
};

/*
 * d9f28735af87 ("Use READ/WRITE_ONCE() for IP local_port_range."), 6.8; since 91d0b78c5177
 * ("inet: Add IP_LOCAL_PORT_RANGE socket option"), 6.3
 */
struct inet_sock___pre_6_8 {
	struct {
		__u16 lo, hi;
	} local_port_range;
};

struct inet_bind_bucket {
	signed char fastreuse;
	signed char fastreuseport;
};

struct fastopen_queue {
	int max_qlen;
};

struct request_sock_queue {
	struct fastopen_queue fastopenq;
};

struct inet_connection_sock {
	struct inet_sock icsk_inet;
	struct request_sock_queue icsk_accept_queue;
	struct inet_bind_bucket *icsk_bind_hash;
};

struct tcp_sock {
	struct inet_connection_sock inet_conn;
	u64 tcp_clock_cache;	/* CLOCK_MONOTONIC of the segment at hand, nanoseconds */
	struct list_head tsorted_sent_queue;
	u32 write_seq;
	u32 snd_una;
	u32 data_segs_out;
	u32 srtt_us;		/* eight times the smoothed round trip, in microseconds */
	u32 total_retrans;
	u8 syn_fastopen : 1;	/* its SYN asked for or used TCP Fast Open */
	u32 rcv_tstamp, lsndtime;	/* in jiffies */
	int linger2;
};

struct timer_list {
	unsigned long expires;	/* in jiffies */
	void (*function)(struct timer_list *);
};

/* a minisock: no sock but for its first member */
struct inet_timewait_sock {
	struct sock_common __tw_common;
	unsigned char tw_substate;
	__be16 tw_sport;
	struct timer_list tw_timer;
};

struct iphdr {
	__be32 saddr;
	__be32 daddr;
};

struct ipv6hdr {
	struct in6_addr saddr;
	struct in6_addr daddr;
};

struct tcphdr {
	__be16 source;
	__be16 dest;
	__u16 syn : 1;
	__u16 rst : 1;
	__u16 ack : 1;
};

struct socket {
	struct file *file;
	struct sock *sk;
};

struct file {
	void *private_data;	/* of a socket's file: its struct socket */
};

struct net_device {
	possible_net_t nd_net;
};

struct sk_buff {
	struct net_device *dev;
	int skb_iif;
	__be16 protocol;
	__u16 transport_header;
	__u16 network_header;
	unsigned char *head;
};

/* registers at a kprobe or a system call, of the processors that BPF_KPROBE knows */

struct pt_regs {
	unsigned long di, si, dx, cx, r8;	/* x86-64 */
	unsigned long ax, bp, sp, ip, orig_ax;
};

struct pt_regs___arm64 {
	u64 regs[31];
	u64 orig_x0;
	s32 syscallno;
};

struct user_pt_regs {
	__u64 regs[31];				/* arm64 */
	__u64 sp, pc;
};

/* iterators */

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
	u64 session_id;
	u64 seq_num;
};

struct bpf_iter__tcp {
	struct bpf_iter_meta *meta;
	struct sock_common *sk_common;
};

struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	u32 fd;
	struct file *file;
};

#pragma clang attribute pop

#endif
