/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of the options that commands share. Internal to options.c. */
#ifndef CMD_OPTION_ROWS_H
#define CMD_OPTION_ROWS_H

#include <stddef.h>

#include "cmd/options.h"

#define FORMATS_LEN 64
#define NR_SHARED_ROWS 27

extern const struct option_row shared_rows[NR_SHARED_ROWS];

/* "text, json", with @note behind the first, into @text, which is returned. */
const char *name_formats(const struct sink_ops *const *formats, const char *note,
			 char text[static FORMATS_LEN]);

#endif
