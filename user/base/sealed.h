/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file as it is now, for libraries that map what they read: whoever may write the file could
 * change it below them, or cut it off, and the next look at it would be the process's last (SIGBUS).
 */
#ifndef BASE_SEALED_H
#define BASE_SEALED_H

#include <stddef.h>

/*
 * A copy in memory that nobody can change any more. @fd stays the caller's. The caller's, or
 * -errno; -EFBIG: there are more than @most bytes.
 */
int sealed_copy(int fd, size_t most);

#endif
