// SPDX-License-Identifier: GPL-2.0-or-later
/* As in the paper, section 2; words are little-endian whatever the machine is. */
#include "base/siphash.h"

#include <string.h>

struct state {
	uint64_t v0, v1, v2, v3;
};

static uint64_t read_word(const uint8_t *bytes)
{
	uint64_t word = 0;

	for (unsigned int i = 8; i-- > 0;)
		word = word << 8 | bytes[i];
	return word;
}

static uint64_t rotate(uint64_t word, unsigned int bits)
{
	return word << bits | word >> (64 - bits);
}

static void rounds(struct state *state, unsigned int count)
{
	while (count--) {
		state->v0 += state->v1;
		state->v1 = rotate(state->v1, 13) ^ state->v0;
		state->v0 = rotate(state->v0, 32);
		state->v2 += state->v3;
		state->v3 = rotate(state->v3, 16) ^ state->v2;
		state->v0 += state->v3;
		state->v3 = rotate(state->v3, 21) ^ state->v0;
		state->v2 += state->v1;
		state->v1 = rotate(state->v1, 17) ^ state->v2;
		state->v2 = rotate(state->v2, 32);
	}
}

static void take_in(struct state *state, uint64_t word)
{
	state->v3 ^= word;
	rounds(state, 2);
	state->v0 ^= word;
}

uint64_t siphash(const uint8_t key[static SIPHASH_KEY_LEN], const void *bytes, size_t len)
{
	uint64_t k0 = read_word(key), k1 = read_word(key + 8);
	struct state state = { k0 ^ 0x736f6d6570736575ULL, k1 ^ 0x646f72616e646f6dULL,
			       k0 ^ 0x6c7967656e657261ULL, k1 ^ 0x7465646279746573ULL };
	uint8_t last[8] = { [7] = (uint8_t)len };
	const uint8_t *at = bytes;

	for (; len >= 8; len -= 8, at += 8)
		take_in(&state, read_word(at));
	memcpy(last, at, len);
	take_in(&state, read_word(last));
	state.v2 ^= 0xff;
	rounds(&state, 4);
	return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}
