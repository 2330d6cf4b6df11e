/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading a recording. What a file claims is never trusted: sizes are bounded,
 * memory is constant, and a file that was cut is read up to its last whole record.
 */
#ifndef SOURCE_RECORDING_H
#define SOURCE_RECORDING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "tw_record.h"
#include "tw_recording.h"

struct recording;

/* NULL with @err when the file cannot be read or is not a recording. */
struct recording *recording_open(const char *path, struct error *err);
/*
 * The same of a file that is open as @fd, which stays the caller's and open until the end; @path
 * is what it is called. Others may read it, too. Negative: why it is not open.
 */
struct recording *recording_read(const char *path, int fd, struct error *err);
void recording_free(struct recording *recording);
/* Its first record is the next one again. 0, or -errno with @err: it is a pipe. */
int recording_rewind(struct recording *recording, struct error *err);
/* All text in it ends with NUL. */
const struct tw_recording_head *recording_head(const struct recording *recording);
const char *recording_path(const struct recording *recording);
/*
 * The next record, valid until the next call; NULL at the end. Of a file that was
 * cut or damaged the end comes early: recording_damage() says so then.
 */
const struct tw_record *recording_next(struct recording *recording);
/*
 * A record that comes soon after the last one that was read, one after the other up to
 * EXPECT_AHEAD records ahead; NULL: none that is there already and was not named before.
 */
const struct tw_record *recording_ahead(struct recording *recording);
/* So many have been read. */
uint64_t recording_records(const struct recording *recording);
/* One sentence, or NULL when the file ended as it should. */
const char *recording_damage(const struct recording *recording);

#endif
