/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the programs of the benchmarks share. */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stdint.h>

/* Prints the sentence after the program's name and ends it. */
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));

uint64_t now_ns(void);
/* The number that @text is, within [min, max]; dies with the option's name otherwise. */
uint64_t parse_number(const char *option, const char *text, uint64_t min, uint64_t max);
/* "2s", "1500ms", "3" (seconds). */
uint64_t parse_duration_ns(const char *option, const char *text);

/* Says "ready" to whoever waits at @fd; nothing where it is negative. */
void say_ready(int fd);
/* SIGTERM, SIGINT and SIGHUP end nothing from now on: they are read from the descriptor. */
int signals_as_fd(void);
/* Until one of them comes. */
void wait_for_signal(int fd);
/* Lets this process open @wanted files if it can; returns how many it may. */
uint64_t raise_file_limit(uint64_t wanted);

/*
 * A network namespace of this process's own, with lo up, room for any number of
 * TIME_WAIT sockets and for long accept queues.
 */
void enter_own_netns(void);
/* How long an accept queue may be in this namespace. */
unsigned int longest_queue(void);

#endif
