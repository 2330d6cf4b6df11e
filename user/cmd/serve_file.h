/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `serve`'s --metrics-file: the metrics in a file, as node_exporter's textfile collector reads
 * them. A thread writes; that a disk is slow delays nobody.
 */
#ifndef CMD_SERVE_FILE_H
#define CMD_SERVE_FILE_H

#include "cmd/serve.h"

struct metrics_file;

/* While privileges are there and no other thread is. @path is borrowed. NULL with @err. */
struct metrics_file *metrics_file_open(const char *path, struct error *err);
/* Waits a moment for what is under way, and says whether something was not written. NULL is fine. */
void metrics_file_close(struct metrics_file *file);
/* As things are now. */
void metrics_file_write(struct metrics_file *file, struct serve *serve);
/* At the end of an interval: writes where it is time. */
void metrics_file_interval(struct metrics_file *file, struct serve *serve);
/* Never readable: for who must wait for something. */
int metrics_file_fd(const struct metrics_file *file);

#endif
