/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a row tells of, as a number: the same thing has the same one at every look (FNV-1a). */
#ifndef SCREEN_ID_H
#define SCREEN_ID_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define ID_BEGIN 0xcbf29ce484222325ULL

static inline uint64_t id_bytes(uint64_t id, const void *bytes, size_t size)
{
	const unsigned char *at = bytes;

	for (size_t i = 0; i < size; i++)
		id = (id ^ at[i]) * 0x100000001b3ULL;
	return id;
}

static inline uint64_t id_number(uint64_t id, uint64_t number)
{
	return id_bytes(id, &number, sizeof(number));
}

/* NULL, of something unknown, is no text. */
static inline uint64_t id_text(uint64_t id, const char *text)
{
	return text ? id_bytes(id, text, strlen(text) + 1) : id_number(id, 1);
}

#endif
