/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is replaced is gone, to the byte; the same is the same again, what differs differs, and
 * what an address or a control group is for can still be seen.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/addr.h"
#include "base/parse.h"
#include "sink/anonymize.h"
#include "sink/anonymize_addr.h"
#include "sink/anonymize_names.h"

static const uint8_t key[SIPHASH_KEY_LEN] = "a key for tests";
static const uint8_t other_key[SIPHASH_KEY_LEN] = "another of them";

static void read_addr(const char *text, uint8_t addr[static 16])
{
	struct tw_cidr cidr;
	struct error err = { 0 };

	assert_int_equal(parse_cidr(text, &cidr, &err), 0);
	memcpy(addr, cidr.addr, 16);
}

static void replaced(const uint8_t *by, const char *text, uint8_t addr[static 16])
{
	static struct addr_map map;

	map = (struct addr_map){ .cached = { { { 0 }, { 0 } } } };
	memcpy(map.key, by, SIPHASH_KEY_LEN);
	read_addr(text, addr);
	addr_map_replace(&map, addr);
}

static unsigned int common(const uint8_t *one, const uint8_t *two)
{
	unsigned int bits = 0;

	while (bits < 128 &&
	       (one[bits / 8] >> (7 - bits % 8) & 1) == (two[bits / 8] >> (7 - bits % 8) & 1))
		bits++;
	return bits;
}

static const char *const addresses[] = {
	"8.8.8.8",     "8.8.8.9",	   "8.8.9.8",	      "93.184.216.34",
	"9.9.9.9",     "10.1.2.3",	   "10.1.2.4",	      "10.200.0.1",
	"172.16.0.1",  "172.31.255.254",   "192.168.1.1",     "192.168.1.77",
	"100.64.0.9",  "169.254.1.1",	   "224.0.0.1",	      "239.1.2.3",
	"192.0.2.1",   "128.0.0.1",	   "11.0.0.1",	      "126.1.1.1",
	"2001:db8::1", "2001:db8::2",	   "2001:db8:0:1::1", "2a00::1",
	"fd77::1",     "fd77:1::1",	   "fe80::1",	      "fe80::aabb:ccff:fe00:1",
	"ff02::1",     "64:ff9b::808:808",
};

#define NR_ADDRESSES (sizeof(addresses) / sizeof(addresses[0]))

static void networks_stay_networks_of_the_same_size(void **state)
{
	(void)state;
	for (size_t i = 0; i < NR_ADDRESSES; i++)
		for (size_t j = 0; j < NR_ADDRESSES; j++) {
			uint8_t a[16], b[16], to_a[16], to_b[16];

			read_addr(addresses[i], a);
			read_addr(addresses[j], b);
			replaced(key, addresses[i], to_a);
			replaced(key, addresses[j], to_b);
			assert_int_equal(common(a, b), common(to_a, to_b));
		}
}

static void another_key_gives_others(void **state)
{
	unsigned int same = 0;

	(void)state;
	for (size_t i = 0; i < NR_ADDRESSES; i++) {
		uint8_t one[16], two[16], from[16];

		read_addr(addresses[i], from);
		replaced(key, addresses[i], one);
		replaced(other_key, addresses[i], two);
		same += !memcmp(one, two, 16) + !memcmp(one, from, 16);
	}
	assert_int_equal(same, 0);
}

static void what_an_address_is_for_can_be_seen(void **state)
{
	static const struct {
		const char *from, *network;
		unsigned int bits;
	} rows[] = {
		{ "10.1.2.3", "10.0.0.0", 96 + 8 },
		{ "100.64.1.2", "100.64.0.0", 96 + 10 },
		{ "172.20.1.2", "172.16.0.0", 96 + 12 },
		{ "192.168.7.7", "192.168.0.0", 96 + 16 },
		{ "169.254.3.3", "169.254.0.0", 96 + 16 },
		{ "239.1.1.1", "224.0.0.0", 96 + 4 },
		{ "fd00::17", "fc00::", 7 },
		{ "fe80::17", "fe80::", 10 },
		{ "ff02::17", "ff00::", 8 },
		{ "2a00::17", "2000::", 3 },
		{ "64:ff9b::1.2.3.4", "64:ff9b::", 96 },
		{ "8.8.8.8", "0.0.0.0", 96 },
	};
	static const char *const stay[] = { "0.0.0.0", "127.0.0.1",	  "127.77.0.3", "::",
					    "::1",     "255.255.255.255", "0.0.0.1" };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t to[16], network[16];

		replaced(key, rows[i].from, to);
		read_addr(rows[i].network, network);
		assert_true(common(to, network) >= rows[i].bits);
	}
	for (size_t i = 0; i < sizeof(stay) / sizeof(stay[0]); i++) {
		uint8_t from[16], to[16];

		read_addr(stay[i], from);
		replaced(key, stay[i], to);
		assert_memory_equal(from, to, 16);
	}
}

/* ---------------------------------------------------------------------------------- names */

static const char *mapped(names_map_fn map_fn, const char *from, char to[static 512])
{
	struct names_map map;

	assert_int_equal(names_map_init(&map, key), 0);
	map_fn(&map, from, strlen(from) + 1, to, 512);
	names_map_release(&map);
	return to;
}

static void control_groups_stay_of_their_kind(void **state)
{
	static const struct {
		const char *from, *to;
	} rows[] = {
		{ "/", "/" },
		{ "/system.slice/nginx.service", "/system.slice/service-1.service" },
		{ "/user.slice/user-1000.slice/user@1000.service/app.slice/shop.service",
		  "/user.slice/group-1.slice/user@user-1.service/app.slice/service-1.service" },
		{ "/init.scope", "/init.scope" },
		{ "/a/b/a", "/group-1/group-2/group-1" },
		{ "/lxc.payload.shop", "/lxc.payload.service-1" },
	};
	char to[512];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(mapped(names_map_cgroup, rows[i].from, to), rows[i].to);
}

static void containers_get_other_digits_and_stay_containers(void **state)
{
#define HEX "3f2a9c01b2d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e"
#define POD "0a1b2c3d_4e5f_6071_8293_a4b5c6d7e8f9"
	static const char *const before[] = { "/system.slice/docker-", "/docker/",
					      "/machine.slice/libpod-" };
	char from[512], to[512];

	(void)state;
	for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++) {
		snprintf(from, sizeof(from), "%s" HEX "%s", before[i], i == 1 ? "" : ".scope");
		mapped(names_map_cgroup, from, to);
		assert_int_equal(strlen(to), strlen(from));
		assert_memory_equal(to, before[i], strlen(before[i]));
		assert_null(strstr(to, "3f2a9c"));
	}
	mapped(names_map_cgroup,
	       "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" POD
	       ".slice/cri-containerd-" HEX ".scope",
	       to);
	assert_non_null(strstr(to, "/kubepods-burstable.slice/kubepods-burstable-pod"));
	assert_non_null(strstr(to, ".slice/cri-containerd-"));
	assert_null(strstr(to, "0a1b2c3d"));
	assert_null(strstr(to, "3f2a9c"));
}

static void frames_keep_the_c_library_only(void **state)
{
	static const char begin[] = "connect file-1:26\nfunction-1 file-2:113\nmodule-1+0x12f0 [";
	char to[512];

	(void)state;
	mapped(names_map_stack,
	       "connect ../sysdeps/unix/sysv/linux/connect.c:26\ndial /home/ann/shop/net.c:113\n"
	       "shop+0x12f0 [0123456789abcdef]\nmain /home/ann/shop/net.c:7\nsecret\n[unknown]",
	       to);
	assert_memory_equal(to, begin, strlen(begin));
	assert_non_null(strstr(to, "]\nmain file-2:7\nfunction-2\n[unknown]"));
	assert_null(strstr(to, "0123456789abcdef"));
}

/* Memory may be named by prctl(PR_SET_VMA), functions by a compiler's list, files by anybody. */
static void frames_that_look_like_others_are_replaced_too(void **state)
{
	static const char *const frames[] = {
		"[anon:shop]",		 "[shop].so+0x12",	"[shop]",
		"lib+0xshop.so+0x12",	 "lib+0x1 shop [0123]", "+0xshop",
		"lib.so+0x12 [01 shop]", "lib.so+0x12 shop]",
	};
	char to[512];

	(void)state;
	for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++)
		if (strstr(mapped(names_map_stack, frames[i], to), "shop"))
			fail_msg("'%s' is '%s'", frames[i], to);
	assert_string_equal(mapped(names_map_stack, "[vdso]+0x12\n[anon]\n[heap]", to),
			    "[vdso]+0x12\n[anon]\n[heap]");
}

static void other_names_are_numbered(void **state)
{
	char to[512];

	(void)state;
	assert_string_equal(mapped(names_map_netns, "host", to), "host");
	assert_string_equal(mapped(names_map_netns, "blue", to), "netns-1");
	assert_string_equal(mapped(names_map_script, "/srv/shop.py", to), "script-1");
	assert_string_equal(mapped(names_map_script, "", to), "");
}

/* -------------------------------------------------------------------------------- records */

static void every_kind_of_record_is_known(void **state)
{
	(void)state;
	/* a new one gets a row in anonymize.c that says what in it is whose */
	for (unsigned int kind = 1; kind < TW_NR_KINDS; kind++)
		if (!anonymizer_knows(kind))
			fail_msg("kind %u has no row", kind);
	assert_false(anonymizer_knows(0));
	assert_false(anonymizer_knows(TW_NR_KINDS));
	assert_false(anonymizer_knows(255));
}

static bool occurs(const void *bytes, size_t len, const void *what, size_t what_len)
{
	return memmem(bytes, len, what, what_len) != NULL;
}

#define WHOSE(kind, type)                                                       \
	{                                                                       \
		kind, sizeof(struct type), offsetof(struct type, owner.comm), 0 \
	}
#define WHERE(kind, type)                                                  \
	{                                                                  \
		kind, sizeof(struct type), 0, offsetof(struct type, tuple) \
	}
#define BOTH(kind, type)                                                      \
	{                                                                     \
		kind, sizeof(struct type), offsetof(struct type, owner.comm), \
			offsetof(struct type, tuple)                          \
	}

/* Whatever the kind: what stands where a name or an address is does not stand there any more. */
static void every_name_and_address_is_found(void **state)
{
	static const struct {
		unsigned int kind;
		size_t size, comm, tuple;
	} rows[] = {
		BOTH(TW_TRANSITION, tw_transition),
		BOTH(TW_SPILLED, tw_spilled),
		BOTH(TW_CLOSED_HELD, tw_closed_held),
		BOTH(TW_BIND_FAILED, tw_bind_failed),
		BOTH(TW_BOUND, tw_bound),
		WHOSE(TW_HOLDER, tw_holder),
		WHERE(TW_SOCKET, tw_socket),
		WHERE(TW_MINI_BORN, tw_minisock),
		WHERE(TW_MINI_REFUSED, tw_minisock),
		WHERE(TW_MINI_TURNED, tw_minisock),
		WHERE(TW_MINI_ENDED, tw_minisock),
		WHERE(TW_MINI_RESET, tw_minisock),
		{ TW_STACK, sizeof(struct tw_stack), offsetof(struct tw_stack, thread), 0 },
	};
	struct anonymizer *anonymizer = anonymizer_new(key);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		_Alignas(8) char bytes[512] = { 0 };
		struct tw_tuple *tuple = (struct tw_tuple *)(bytes + rows[i].tuple);
		const struct tw_record *now;

		if (rows[i].tuple) {
			read_addr("10.77.66.55", tuple->local_addr);
			read_addr("2001:db8:77:66:55:44:33:22", tuple->remote_addr);
		}
		if (rows[i].comm)
			strcpy(bytes + rows[i].comm, "tellnobody");
		*(struct tw_record *)bytes =
			(struct tw_record){ .size = rows[i].size, .kind = rows[i].kind };
		now = anonymizer_record(anonymizer, (struct tw_record *)bytes);
		assert_int_equal(now->size, rows[i].size);
		assert_false(occurs(now, now->size, "nobody", 6));
		assert_false(occurs(now, now->size, "\x0a\x4d\x42\x37", 4));
		assert_false(occurs(now, now->size, "\x0d\xb8\x00\x77", 4));
	}
	anonymizer_free(anonymizer);
}

static void texts_are_replaced_and_nothing_stands_behind_them(void **state)
{
	static const struct {
		unsigned int kind;
		size_t size;
	} rows[] = {
		{ TW_NETNS, sizeof(struct tw_name) },
		{ TW_NETNS_GONE, sizeof(struct tw_name) },
		{ TW_CGROUP, sizeof(struct tw_name) },
		{ TW_PROCESS, sizeof(struct tw_process) },
		{ TW_STACK_TEXT, sizeof(struct tw_stack_text) },
		{ TW_SCOPE, sizeof(struct tw_scope) },
	};
	struct anonymizer *anonymizer = anonymizer_new(key);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		_Alignas(8) char bytes[512] = { 0 };
		const struct tw_record *now;

		strcpy(bytes + rows[i].size, "/tell/nobody");
		/* bytes that were somebody's memory */
		strcpy(bytes + rows[i].size + 16, "tellnobody");
		*(struct tw_record *)bytes =
			(struct tw_record){ .size = rows[i].size + 32, .kind = rows[i].kind };
		now = anonymizer_record(anonymizer, (struct tw_record *)bytes);
		assert_non_null(now);
		assert_int_equal(now->size % 8, 0);
		assert_false(occurs(now, now->size, "nobody", 6));
	}
	anonymizer_free(anonymizer);
}

static void addresses_owners_and_threads_are_replaced_where_they_are(void **state)
{
	struct anonymizer *anonymizer = anonymizer_new(key);
	struct tw_transition change = { .head = { .size = sizeof(change), .kind = TW_TRANSITION },
					.cookie = 17,
					.owner = { 1234, 1000, "shop-api" },
					.tuple = { .local_port = 443, .remote_port = 50000 } };
	struct tw_stack stack = { .head = { .size = sizeof(stack), .kind = TW_STACK },
				  .thread = "shop-api" };
	const struct tw_transition *now;
	char comm[TW_COMM_LEN];

	(void)state;
	read_addr("10.77.66.55", change.tuple.local_addr);
	read_addr("93.184.216.34", change.tuple.remote_addr);
	now = (const struct tw_transition *)anonymizer_record(anonymizer, &change.head);
	assert_false(occurs(now, sizeof(*now), "shop", 4));
	assert_false(occurs(now, sizeof(*now), change.tuple.local_addr + 12, 4));
	assert_false(occurs(now, sizeof(*now), change.tuple.remote_addr + 12, 4));
	assert_int_equal(now->cookie, 17);
	assert_int_equal(now->owner.tgid, 1234);
	assert_int_not_equal(now->owner.uid, 1000);
	assert_int_equal(now->tuple.local_port, 443);
	assert_int_equal(now->tuple.remote_port, 50000);
	memcpy(comm, now->owner.comm, sizeof(comm));
	assert_string_equal(comm, "comm-1");
	/* a thread of the same name has the same */
	assert_memory_equal(
		((const struct tw_stack *)anonymizer_record(anonymizer, &stack.head))->thread, comm,
		TW_COMM_LEN);
	/* a short one has neither */
	change.head.size = TW_TRANSITION_SHORT;
	now = (const struct tw_transition *)anonymizer_record(anonymizer, &change.head);
	assert_int_equal(now->head.size, TW_TRANSITION_SHORT);
	assert_int_equal(now->cookie, 17);
	anonymizer_free(anonymizer);
}

static void what_nobody_knows_is_left_out(void **state)
{
	struct anonymizer *anonymizer = anonymizer_new(key);
	struct tw_record record = { .size = sizeof(record), .kind = TW_NR_KINDS };
	struct {
		struct tw_socket known;
		char later[16];
	} grown = { .known.head = { .size = sizeof(grown), .kind = TW_SOCKET }, .later = "shop" };
	struct {
		struct tw_name name;
		char text[8];
	} endless = { .name.head = { .size = sizeof(endless), .kind = TW_CGROUP } };

	(void)state;
	assert_null(anonymizer_record(anonymizer, &record));
	memset(endless.text, 'x', sizeof(endless.text));
	assert_null(anonymizer_record(anonymizer, &endless.name.head));
	assert_int_equal(anonymizer_left_out(anonymizer), 2);
	/* what a later version has appended goes */
	assert_int_equal(anonymizer_record(anonymizer, &grown.known.head)->size,
			 sizeof(grown.known));
	anonymizer_free(anonymizer);
}

static void the_head_keeps_what_continues_and_filters(void **state)
{
	struct anonymizer *anonymizer = anonymizer_new(key);
	struct tw_recording_head head = {
		.boot_id = "6b0e2a5c-0b7e-4d0a-9f7c-2f3e4d5c6b7a",
		.host = "shop-db-1",
		.kernel = "6.1.0",
		.filter = { .nr_remotes = 1, .remotes = { { .bits = 120 } } },
	};
	struct tw_recording_head again, second;
	struct error err = { 0 };
	uint8_t member[16];

	(void)state;
	read_addr("93.184.216.0", head.filter.remotes[0].addr);
	again = second = head;
	assert_int_equal(anonymizer_head(anonymizer, &head, &err), 0);
	assert_int_equal(anonymizer_head(anonymizer, &again, &err), 0);
	assert_memory_equal(&head, &again, sizeof(head));
	assert_string_equal(head.host, "host-1");
	assert_string_equal(head.kernel, "6.1.0");
	assert_string_not_equal(head.boot_id, second.boot_id);
	assert_int_equal(strlen(head.boot_id), strlen(second.boot_id));
	assert_int_equal(head.boot_id[8], '-');
	/* who was let pass is let pass */
	replaced(key, "93.184.216.34", member);
	assert_true(common(member, head.filter.remotes[0].addr) >= 120);
	strcpy(second.service_filter, "shop*");
	assert_int_not_equal(anonymizer_head(anonymizer, &second, &err), 0);
	assert_non_null(strstr(err.text, "'shop*'"));
	anonymizer_free(anonymizer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(networks_stay_networks_of_the_same_size),
		cmocka_unit_test(another_key_gives_others),
		cmocka_unit_test(what_an_address_is_for_can_be_seen),
		cmocka_unit_test(control_groups_stay_of_their_kind),
		cmocka_unit_test(containers_get_other_digits_and_stay_containers),
		cmocka_unit_test(frames_keep_the_c_library_only),
		cmocka_unit_test(frames_that_look_like_others_are_replaced_too),
		cmocka_unit_test(other_names_are_numbered),
		cmocka_unit_test(every_kind_of_record_is_known),
		cmocka_unit_test(every_name_and_address_is_found),
		cmocka_unit_test(texts_are_replaced_and_nothing_stands_behind_them),
		cmocka_unit_test(addresses_owners_and_threads_are_replaced_where_they_are),
		cmocka_unit_test(what_nobody_knows_is_left_out),
		cmocka_unit_test(the_head_keeps_what_continues_and_filters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
