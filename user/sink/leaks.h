/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Verdicts in words: parts of what `leaks` prints, also for others. */
#ifndef SINK_LEAKS_H
#define SINK_LEAKS_H

#include "model/leak.h"
#include "sink/sink.h"

#define VERDICT_TEXT_LEN 1024

/* "LEAK" */
const char *leak_level_word(enum leak_level level);
/* "on port 8080, from 10.0.0.5". Returns @text. */
const char *verdict_place_text(const struct verdict *verdict, struct names *names,
			       char text[static VERDICT_TEXT_LEN]);
/* "shop: 1,204 sockets in CLOSE-WAIT on port 8080, from 10.0.0.5". Returns @text. */
const char *verdict_text(const struct verdict *verdict, struct names *names,
			 char text[static VERDICT_TEXT_LEN]);
/* The paragraph: level and title, what it rests on, advice. */
void verdict_print(const struct verdict *verdict, const struct sink_opts *opts);

#endif
