/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a picture of a flame says in words, and how foreign text gets into its markup. For the
 * formats that are drawn (SVG and HTML). Private to this room.
 */
#ifndef SINK_FLAME_WORDS_H
#define SINK_FLAME_WORDS_H

#include <stdbool.h>
#include <stdio.h>

#include "sink/flame.h"

/* The header. Each owned, each NULL where there is nothing to say or no memory. */
struct flame_words {
	char *title;	/* "Open connections on web-1, compared with monday.twr" */
	char *by; /* "1,234 open connections in all, by service, state", or "1,234 open
			 * connections now, 987 in the base, by service, state" */
	char *window;	/* "2026-01-31T12:00:00.000Z to 2026-01-31T12:10:00.000Z (10m00s)" */
	char *base;	/* "Base: monday.twr, FROM to TO (5m00s), scaled to the total of now" */
	char *hint;	/* the two are of windows that cannot well be compared as they are */
};

#define FLAME_SHARE_LEN 16

/* 0, or -ENOMEM, and some are missing. */
int flame_words_init(struct flame_words *words, const struct flame *flame);
void flame_words_release(struct flame_words *words);

/* "open connections", "time that TIME_WAIT held ports" */
const char *flame_weight_label(enum flame_weight weight);
/* Whether anything weighs in it, on either side. */
bool flame_weight_used(const struct flame *flame, enum flame_weight weight);
/* "12.3 %", "under 0.1 %"; "-" where there is no whole. */
const char *flame_share_text(uint64_t part, uint64_t whole, char text[static FLAME_SHARE_LEN]);
/* "1,234 (12.3 % of all, 40.0 % of its parent)", or for a comparison both sides and the change. */
void flame_figures_write(const struct flame *flame, uint32_t node, enum flame_weight weight,
			 FILE *out);

/*
 * Escaped for text and attributes of XML and HTML; what XML has no room for becomes U+FFFD.
 * _cut: at most so many columns, the last one an ellipsis where something is left out.
 */
void markup_text(const char *text, FILE *out);
void markup_text_cut(const char *text, size_t columns, FILE *out);

#endif
