/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A flame as the JSON that its page reads:
 *
 * {"weights": [{"name", "label", "time"}], "weight": 0, "color": "state", "host": null,
 *  "base": "monday.twr", "normalized": true, "frames": ["service", "state"], "shown": 1,
 *  "states": ["ESTABLISHED"], "hues": {"0": 7}, "strings": ["nginx.service", "TIME_WAIT"],
 *  "rows": [[[0, 0, 1, 1], 0, 12, 14]]}
 *
 * A row is what is some frame's own: the stack as pairs (of "frames", of "strings"), how many
 * stacks are folded in it (0: it is one; -1: those that there was no room for), its weights now
 * and, where "base" is not null, in the base, as it was. Times are in microseconds (more ns than
 * a browser's numbers hold come together soon), rounded so that the sum is that of the exact
 * ones. Private to this room.
 */
#ifndef SINK_FLAME_DATA_H
#define SINK_FLAME_DATA_H

#include "sink/flame.h"

/* As it may stand in a <script>. 0 or -ENOMEM. */
int flame_data_write(const struct flame *flame, FILE *out);

#endif
