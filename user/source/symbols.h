/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses of kernel functions by name, from /proc/kallsyms: one pass for all of them. */
#ifndef SOURCE_SYMBOLS_H
#define SOURCE_SYMBOLS_H

#include <stdint.h>

/*
 * Called for every part of a function that is in @names (ended by NULL): its number
 * there, where it begins and where the next symbol does. A compiler splits functions
 * (tcp_v4_rcv.cold): each part is one.
 */
typedef void (*symbol_fn)(void *ctx, unsigned int name, uint64_t start, uint64_t end);

/* 0; -errno when the file can't be read; -EACCES when it hides its addresses (kptr_restrict). */
int symbols_find(const char *const *names, symbol_fn fn, void *ctx);

#endif
