/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What has a port that somebody else asked for, for people. Private to this room. */
#ifndef SINK_HOLDER_TEXT_H
#define SINK_HOLDER_TEXT_H

#include "model/ports.h"

#define HOLDER_TEXT_LEN 320

/*
 * "a listener (nginx.service nginx[812], without SO_REUSEADDR)", "3 in TIME_WAIT (..., free in
 * 38.2s)". Empty where nothing is known (NULL too). Returns @text.
 */
const char *holder_text(const struct port_holder *holder, char text[static HOLDER_TEXT_LEN]);
/* As short as it goes: no service where the process is known, and no SO_REUSEADDR. */
const char *holder_brief(const struct port_holder *holder, char text[static HOLDER_TEXT_LEN]);

#endif
