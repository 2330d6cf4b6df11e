// SPDX-License-Identifier: GPL-2.0-or-later
/* The GNU C library has no call for this; its ferror(), where it is a macro, reads this bit. */
#include "base/stream.h"

#include <errno.h>

void stream_fail(FILE *out, int number)
{
	flockfile(out);
	out->_flags |= _IO_ERR_SEEN;
	funlockfile(out);
	errno = number;
}
