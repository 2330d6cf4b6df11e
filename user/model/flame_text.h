/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The place of a connection in a flame-style summary, as the names that are shown. Internal to
 * the model.
 */
#ifndef MODEL_FLAME_TEXT_H
#define MODEL_FLAME_TEXT_H

#include "model/flame.h"
#include "model/flame_key.h"

#define FLAME_TEXT 1024

struct flame_text {
	struct flame_part parts[FLAME_MOST_PARTS];
	size_t count;
	char text[FLAME_TEXT];	/* what parts point to */
	size_t used;
	char *lines;		/* owned: of a stack */
};

/* The names of @key, outermost first. Ends with flame_text_release(). */
void flame_text_make(const struct model *model, const struct flame_key *key,
		     struct flame_text *text);
/* @text is that of @named: makes it that of @key, if they differ by the state alone. */
bool flame_text_again(const struct flame_key *key, const struct flame_key *named,
		      struct flame_text *text);
void flame_text_release(struct flame_text *text);

#endif
