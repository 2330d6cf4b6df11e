/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What --what-if takes: NAME=VALUE, a sysctl's or a program's way of doing things. */
#ifndef CMD_WHATIF_ARGS_H
#define CMD_WHATIF_ARGS_H

#include "base/error.h"
#include "sink/whatif.h"

/* Takes one more into @ask; @arg must outlast it. 0 or -EINVAL with a sentence that quotes it. */
int whatif_args_add(struct whatif_ask *ask, const char *arg, struct error *err);

#endif
