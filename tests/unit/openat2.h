/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether openat2(2) is there, by which files of other processes are found: not under valgrind. */
#ifndef TESTS_UNIT_OPENAT2_H
#define TESTS_UNIT_OPENAT2_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

static inline bool openat2_is_there(void)
{
	return syscall(SYS_openat2, -1, NULL, NULL, 0) >= 0 || errno != ENOSYS;
}

#endif
