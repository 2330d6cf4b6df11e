/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a client would rather have, by its Accept and Accept-Encoding (RFC 9110, 12.4 and 12.5). */
#ifndef SERVE_ACCEPT_H
#define SERVE_ACCEPT_H

#include <stdbool.h>

/*
 * How much it wants @type ("text/plain"), in thousandths; 0: not at all. A range that names a
 * version other than @version is not meant. Of the ranges that @type is in, the one that says
 * most counts. @header NULL: it takes anything.
 */
unsigned int accept_media(const char *header, const char *type, const char *version);
/* Whether it takes this coding ("gzip"). @header NULL: none but plain. */
bool accept_coding(const char *header, const char *coding);

#endif
