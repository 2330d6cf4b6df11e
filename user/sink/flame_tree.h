/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the tree of a flame-style summary is kept. Private to flame.c and flame_fold.c. */
#ifndef SINK_FLAME_TREE_H
#define SINK_FLAME_TREE_H

#include "sink/flame.h"

/* A node without children or weight; FLAME_NONE: no memory. Takes @name over. */
uint32_t flame_append(struct flame *flame, uint32_t parent, uint8_t frame, char *name);
void flame_free_nodes(struct flame_node *nodes, uint32_t count);
void flame_free_index(struct flame *flame);

#endif
