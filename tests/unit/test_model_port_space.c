// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Ports and their replay against the kernel's own loops, written down again port by port
 * (__inet_hash_connect(), tcp_twsk_unique()) and moment by moment.
 */
#include "whatif_fixture.h"

#define SEED 0x5eed
#define ROUNDS 24
#define MAX_PORTS 256

static uint64_t next_random(uint64_t *random)
{
	*random = *random * 6364136223846793005ULL + 1442695040888963407ULL;
	return *random >> 33;
}

enum plain_state {
	FREE,
	OPEN,
	WAITING,
};

/* What has a port of a destination. */
struct plain_port {
	enum plain_state state;
	uint64_t close_ns, born_ns, end_ns;
	bool waits;
};

struct plain {
	struct plain_port ports[MADE_PATHS][MAX_PORTS];
	uint32_t offset[MADE_PATHS];
	unsigned int count;
	bool reuse, reserved[MAX_PORTS];
	uint64_t drawn;
	struct whatif_use use;
};

static bool is_usable(const struct plain *plain, const struct plain_port *port, uint64_t ns)
{
	return port->state == FREE ||
	       (port->state == WAITING && plain->reuse && ns >= port->born_ns + 1001 * MS);
}

/* The loop of __inet_hash_connect(); -1: EADDRNOTAVAIL. */
static int plain_choose(struct plain *plain, uint32_t path, uint64_t ns, uint32_t random)
{
	uint32_t remaining = plain->count, offset, i, port;

	if (remaining > 1)
		remaining &= ~1U;
	offset = plain->offset[path] % remaining & ~1U;
other_parity_scan:
	port = offset;
	for (i = 0; i < remaining; i += 2, port += 2) {
		if (port >= remaining)
			port -= remaining;
		if (plain->reserved[port] || !is_usable(plain, &plain->ports[path][port], ns))
			continue;
		random = random % 8 * 2;
		plain->offset[path] += (i > random ? i : random) + 2;
		return port;
	}
	offset++;
	if ((offset & 1) && remaining > 1)
		goto other_parity_scan;
	return -1;
}

static void plain_count(struct plain *plain)
{
	uint32_t used = 0, waiting = 0;

	for (unsigned int path = 0; path < MADE_PATHS; path++)
		for (unsigned int port = 0; port < plain->count; port++) {
			used += plain->ports[path][port].state != FREE;
			waiting += plain->ports[path][port].state == WAITING;
		}
	plain->use.end = used;
	if (used > plain->use.peak)
		plain->use.peak = used;
	if (waiting > plain->use.time_wait_peak)
		plain->use.time_wait_peak = waiting;
}

/* Everything that is due by @ns, whatever its order: no peak lies between two ends. */
static void plain_pass(struct plain *plain, uint64_t ns)
{
	for (unsigned int path = 0; path < MADE_PATHS; path++)
		for (unsigned int at = 0; at < plain->count; at++) {
			struct plain_port *port = &plain->ports[path][at];

			if (port->state == OPEN && port->close_ns <= ns) {
				port->state = port->waits ? WAITING : FREE;
				port->born_ns = port->close_ns;
				port->end_ns =
					((port->born_ns + 60 * SECOND) / GRANULE + 1) * GRANULE;
			}
			if (port->state == WAITING && port->end_ns <= ns)
				port->state = FREE;
		}
	plain_count(plain);
}

static void plain_play(struct plain *plain, const struct made *made)
{
	/* what a peak of waits needs: every close on its own */
	for (uint64_t ns = START; ns <= made->input.to_ns; ns += MS) {
		static size_t at;

		if (ns == START)
			at = 0;
		plain_pass(plain, ns);
		for (; at < made->input.count && made->attempts[at].start_ns == ns; at++) {
			const struct attempt *attempt = &made->attempts[at];
			uint32_t random;
			int port;

			plain->drawn += 0x9e3779b97f4a7c15ULL;
			random = (uint32_t)hash_mix(plain->drawn);
			plain->use.connects++;
			port = plain_choose(plain, attempt->path, ns, random);
			if (port < 0) {
				plain->use.failures++;
				continue;
			}
			plain->ports[attempt->path][port] = (struct plain_port){
				.state = OPEN,
				.close_ns = attempt->close_ns,
				.waits = attempt->close == CLOSE_BY_US,
			};
			plain_count(plain);
		}
	}
}

/* Bursts and pauses towards a few destinations; at most one attempt a millisecond. */
static void add_traffic(struct made *made, uint64_t *random, unsigned int seconds)
{
	uint64_t ms = 0, step = 1 + next_random(random) % 200;

	while (made->input.count < MAX_MADE) {
		ms += 1 + next_random(random) % step;
		if (ms >= seconds * 1000)
			return;
		add(made, next_random(random) % 3, ms * MS, (1 + next_random(random) % 3000) * MS,
		    next_random(random) % 4 ? CLOSE_BY_US : CLOSE_BY_PEER);
	}
}

static void assert_same(const struct whatif_use *use, const struct plain *plain, unsigned int round)
{
	if (use->connects != plain->use.connects || use->failures != plain->use.failures ||
	    use->peak != plain->use.peak || use->end != plain->use.end ||
	    use->time_wait_peak != plain->use.time_wait_peak)
		fail_msg("round %u: %" PRIu64
			 " failures, a peak of %u (%u waiting), %u at the end; "
			 "by the kernel's loops %" PRIu64 ", %u (%u), %u",
			 round, use->failures, use->peak, use->time_wait_peak, use->end,
			 plain->use.failures, plain->use.peak, plain->use.time_wait_peak,
			 plain->use.end);
}

static void a_replay_does_what_the_kernels_loops_do(void **state)
{
	uint64_t random = SEED, failures = 0, reused = 0;

	(void)state;
	for (unsigned int round = 0; round < ROUNDS; round++) {
		unsigned int ports = 1 + next_random(&random) % (MAX_PORTS - 1), seconds = 90;
		struct made *made = made_new(ports, seconds);
		struct plain *plain = calloc(1, sizeof(*plain));
		struct whatif_use use;

		assert_non_null(plain);
		plain->count = ports > 1 ? ports & ~1U : 1;
		plain->reuse = next_random(&random) % 2;
		made->netns.settings.tw_reuse = plain->reuse;
		for (uint32_t path = 0; path < MADE_PATHS; path++)
			plain->offset[path] = hash_u64(path) & 0xffff;
		for (unsigned int i = 0; i < ports / 16; i++) {
			uint32_t at = next_random(&random) % plain->count;

			plain->reserved[at] = true;
			port_set_add(&made->netns.settings.reserved, LOW + at);
		}
		add_traffic(made, &random, seconds);
		use = replay(made, &nothing);
		plain_play(plain, made);
		assert_same(&use, plain, round);
		failures += use.failures;
		reused += plain->reuse && use.connects - use.failures > 3 * ports;
		free(plain);
		made_free(made);
	}
	/* or nothing was tested */
	assert_true(failures > 100);
	assert_true(reused > 2);
}

/* All ports of one parity before the first of the other one: half a range is a long way. */
static void the_parity_of_the_first_port_comes_first(void **state)
{
	struct port_space space;
	struct port_range range;

	(void)state;
	assert_int_equal(port_range_init(&range, 1001, 1100, NULL), 0);
	assert_int_equal(port_space_init(&space, &range, 77), 0);
	for (unsigned int i = 0; i < 100; i++) {
		uint16_t port = port_space_choose(&space, &range, i);

		assert_int_equal(port % 2, i < 50);
		port_space_set(&space, &range, port, false);
	}
	assert_int_equal(port_space_choose(&space, &range, 0), 0);
	port_space_set(&space, &range, 1002, true);
	assert_int_equal(port_space_choose(&space, &range, 0), 1002);
	port_space_release(&space);
	port_range_release(&range);
}

/* bind() to port 0 begins where connect() ends, and takes none that anybody has. */
static void bind_takes_idle_ports_of_the_other_parity(void **state)
{
	struct port_range range;

	(void)state;
	assert_int_equal(port_range_init(&range, 1000, 1003, NULL), 0);
	assert_int_equal(port_range_find_idle(&range, 0), 1001);
	port_range_use(&range, 1001, 1);
	assert_false(port_range_is_idle(&range, 1001));
	assert_int_equal(port_range_find_idle(&range, 0), 1003);
	port_range_block(&range, 1003);
	port_range_block(&range, 1003);
	assert_int_equal(range.open, 3);
	assert_int_equal(port_range_find_idle(&range, 0), 1000);
	port_range_unblock(&range, 1003);
	assert_int_equal(range.open, 3);
	port_range_unblock(&range, 1003);
	assert_int_equal(range.open, 4);
	/* not of the range */
	port_range_block(&range, 80);
	assert_int_equal(range.open, 4);
	port_range_release(&range);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_replay_does_what_the_kernels_loops_do),
		cmocka_unit_test(the_parity_of_the_first_port_comes_first),
		cmocka_unit_test(bind_takes_idle_ports_of_the_other_parity),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
