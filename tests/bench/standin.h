/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the stand-in's program tells its reader of one state change. */
#ifndef BENCH_STANDIN_H
#define BENCH_STANDIN_H

struct standin_event {
	__u64 skaddr;
	__u64 ts_us;
	__u64 delta_us;		/* in the state that was left */
	__u32 pid;		/* of whoever ran: not always the owner */
	__u32 family;
	__u32 from, to;
	__u16 sport, dport;
	__u8 saddr[16], daddr[16];
	char task[16];
};

#endif
