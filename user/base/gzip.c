// SPDX-License-Identifier: GPL-2.0-or-later
/* zlib, with a buffer before it and one behind it. */
#include "base/gzip.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define IN_ROOM (64 * 1024)
#define OUT_ROOM (32 * 1024)
/* zlib's way to ask for gzip's frame: the largest window, and 16 */
#define WINDOW (15 + 16)
/* Of profiles it makes as little as the default, 6, in two thirds of the time. */
#define LEVEL 5
#define MEMORY 8	/* zlib's own default */

struct gzip {
	FILE *out;		/* borrowed */
	z_stream stream;
	size_t used;		/* of in */
	unsigned char in[IN_ROOM], made[OUT_ROOM];
};

struct gzip *gzip_new(FILE *out)
{
	struct gzip *gzip = malloc(sizeof(*gzip));

	if (!gzip)
		return NULL;
	gzip->out = out;
	gzip->used = 0;
	gzip->stream = (z_stream){ .zalloc = Z_NULL };
	if (deflateInit2(&gzip->stream, LEVEL, Z_DEFLATED, WINDOW, MEMORY, Z_DEFAULT_STRATEGY) !=
	    Z_OK) {
		free(gzip);
		return NULL;
	}
	return gzip;
}

/* Hands over what was gathered. With room for its output, deflate() cannot fail. */
static void compress_some(struct gzip *gzip, bool last)
{
	z_stream *stream = &gzip->stream;

	stream->next_in = gzip->in;
	stream->avail_in = gzip->used;
	do {
		stream->next_out = gzip->made;
		stream->avail_out = OUT_ROOM;
		deflate(stream, last ? Z_FINISH : Z_NO_FLUSH);
		fwrite(gzip->made, 1, OUT_ROOM - stream->avail_out, gzip->out);
	} while (!stream->avail_out);
	gzip->used = 0;
}

void gzip_put(struct gzip *gzip, const void *bytes, size_t len)
{
	const unsigned char *from = bytes;

	while (len) {
		size_t some = IN_ROOM - gzip->used < len ? IN_ROOM - gzip->used : len;

		memcpy(gzip->in + gzip->used, from, some);
		gzip->used += some;
		from += some;
		len -= some;
		if (gzip->used == IN_ROOM)
			compress_some(gzip, false);
	}
}

void gzip_finish(struct gzip *gzip)
{
	compress_some(gzip, true);
	gzip_free(gzip);
}

void gzip_free(struct gzip *gzip)
{
	if (!gzip)
		return;
	deflateEnd(&gzip->stream);
	free(gzip);
}
