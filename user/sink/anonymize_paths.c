// SPDX-License-Identifier: GPL-2.0-or-later
/* Control groups and frames of stacks: what a part looks like says what it is of. */
#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "sink/anonymize_names.h"

#define CONTAINER_HEX 64
#define POD_UID_LEN 32

/* Of control groups, by systemd and those who run containers. */
static const char *const known_groups[] = {
	"system.slice",
	"user.slice",
	"machine.slice",
	"init.scope",
	"app.slice",
	"session.slice",
	"kubepods",
	"kubepods.slice",
	"besteffort",
	"burstable",
	"docker",
	"lxc",
	"libpod_parent",
	"background.slice",
	"kubepods-besteffort.slice",
	"kubepods-burstable.slice",
};

static const char *const known_runtimes[] = {
	"", "docker-", "libpod-", "cri-containerd-", "crio-", "libpod-conmon-", "crio-conmon-",
};

static const char *const known_pods[] = {
	"kubepods-burstable-pod",
	"kubepods-besteffort-pod",
	"kubepods-pod",
};

static const char *const units[] = { ".service", ".scope", ".slice", ".socket", ".mount" };

/* The C library's own, which every program has. */
static const char *const known_functions[] = {
	"accept",
	"accept4",
	"bind",
	"clone",
	"clone3",
	"close",
	"connect",
	"exit",
	"listen",
	"main",
	"poll",
	"read",
	"recv",
	"recvfrom",
	"send",
	"sendto",
	"shutdown",
	"_start",
	"write",
	"__close",
	"__libc_start_main",
	"__libc_start_call_main",
	"start_thread",
};

/* Of code that is in no file. */
static const char *const known_places[] = {
	"[unknown]", "[anon]", "[vdso]", "[vsyscall]", "[heap]", "[stack]", "[uprobes]",
};

#define NR_OF(table) (sizeof(table) / sizeof((table)[0]))

static bool is_one_of(const char *const *table, size_t count, const char *text, size_t len)
{
	for (size_t i = 0; i < count; i++)
		if (strlen(table[i]) == len && !memcmp(table[i], text, len))
			return true;
	return false;
}

/* -------------------------------------------------------------------------- control groups */

static size_t unit_len(const char *part, size_t len)
{
	for (size_t i = 0; i < NR_OF(units); i++) {
		size_t unit = strlen(units[i]);

		if (len > unit && !memcmp(part + len - unit, units[i], unit))
			return unit;
	}
	return 0;
}

/* So many hexadecimal digits, "_" and "-" among them for a pod's, are at the end of @part. */
static size_t hex_tail(const char *part, size_t len)
{
	size_t count = 0;

	while (count < len && (isxdigit((unsigned char)part[len - count - 1]) ||
			       part[len - count - 1] == '-' || part[len - count - 1] == '_'))
		count++;
	return count;
}

static void add_hex(struct out *out, const struct names_map *map, const char *text, size_t len)
{
	char hex[256];

	if (len > sizeof(hex))
		return;
	memcpy(hex, text, len);
	names_map_hex(map, hex, len);
	out_add(out, hex, len);
}

/* "docker-<64 digits>" */
static bool add_container(struct out *out, const struct names_map *map, const char *part,
			  size_t len)
{
	size_t before = len - CONTAINER_HEX;

	if (len < CONTAINER_HEX || hex_tail(part + before, CONTAINER_HEX) < CONTAINER_HEX ||
	    !is_one_of(known_runtimes, NR_OF(known_runtimes), part, before))
		return false;
	out_add(out, part, before);
	add_hex(out, map, part + before, CONTAINER_HEX);
	return true;
}

/* "kubepods-burstable-pod<uid>", "pod<uid>" */
static bool add_pod(struct out *out, const struct names_map *map, const char *part, size_t len)
{
	for (size_t i = 0; i + 3 + POD_UID_LEN <= len; i++) {
		const char *uid = part + i + 3;
		size_t uid_len = len - i - 3, before = i + 3;

		if (memcmp(part + i, "pod", 3) || (i && part[i - 1] != '-') ||
		    hex_tail(uid, uid_len) < uid_len)
			continue;
		if (is_one_of(known_pods, NR_OF(known_pods), part, before))
			out_add(out, part, before);
		else
			out_add(out, "pod", 3);
		add_hex(out, map, uid, uid_len);
		return true;
	}
	return false;
}

static void add_part(struct out *out, struct names_map *map, const char *part, size_t len)
{
	static const char lxc[] = "lxc.payload.", user[] = "user@";
	size_t unit = unit_len(part, len);
	bool service = unit && !memcmp(part + len - unit, ".service", unit);

	if (is_one_of(known_groups, NR_OF(known_groups), part, len)) {
		out_add(out, part, len);
		return;
	}
	len -= unit;
	if (len > sizeof(lxc) - 1 && !memcmp(part, lxc, sizeof(lxc) - 1)) {
		out_add(out, lxc, sizeof(lxc) - 1);
		out_add_name(out, map, NAME_SERVICE, part, len);
	} else if (service && len > sizeof(user) - 1 && !memcmp(part, user, sizeof(user) - 1)) {
		/* the user's manager, not a service of its own */
		out_add(out, user, sizeof(user) - 1);
		out_add_name(out, map, NAME_USER, part, len);
	} else if (!add_container(out, map, part, len) && !add_pod(out, map, part, len)) {
		out_add_name(out, map, service ? NAME_SERVICE : NAME_GROUP, part, len);
	}
	out_add(out, part + len, unit);
}

size_t names_map_cgroup(struct names_map *map, const char *from, size_t len, char *to, size_t size)
{
	struct out out = { to, to + size };

	(void)len;
	while (*from) {
		size_t part = strcspn(from, "/");

		if (part)
			add_part(&out, map, from, part);
		from += part;
		if (*from)
			out_add(&out, from++, 1);
	}
	return out_end(&out, to);
}

/* ---------------------------------------------------------------------------------- stacks */

/* In brackets stands what twtrace calls a place; what else does was named by a program. */
static void add_place(struct out *out, struct names_map *map, enum name_of what, const char *text,
		      size_t len)
{
	if (is_one_of(known_places, NR_OF(known_places), text, len))
		out_add(out, text, len);
	else
		out_add_name(out, map, what, text, len);
}

static size_t hex_digits(const char *text, const char *end)
{
	size_t count = 0;

	while (text + count < end && isxdigit((unsigned char)text[count]))
		count++;
	return count;
}

/* The last "+0x": a file may be called like that too. */
static const char *offset_of(const char *line, size_t len)
{
	const char *end = line + len, *found = NULL, *plus = line;

	while ((plus = memmem(plus, (size_t)(end - plus), "+0x", 3)))
		found = plus++;
	return found;
}

/* "module+0xoffset [build-id]", and nothing else: the offset says nothing without the module. */
static bool add_module(struct out *out, struct names_map *map, const char *line, size_t len)
{
	const char *plus = offset_of(line, len), *end = line + len, *rest;
	size_t id;

	if (!plus)
		return false;
	rest = plus + 3 + hex_digits(plus + 3, end);
	id = rest + 2 < end ? hex_digits(rest + 2, end) : 0;
	if (rest != end && (memcmp(rest, " [", 2) || rest + 2 + id + 1 != end || end[-1] != ']'))
		return false;
	add_place(out, map, NAME_MODULE, line, (size_t)(plus - line));
	out_add(out, plus, (size_t)(rest - plus));
	add_hex(out, map, rest, (size_t)(end - rest));
	return true;
}

static void add_function(struct out *out, struct names_map *map, const char *line, size_t len)
{
	if (is_one_of(known_functions, NR_OF(known_functions), line, len))
		out_add(out, line, len);
	else
		add_place(out, map, NAME_FUNCTION, line, len);
}

/* "function file:line", "function" */
static void add_frame(struct out *out, struct names_map *map, const char *line, size_t len)
{
	const char *space = memrchr(line, ' ', len), *colon;

	if (!len || add_module(out, map, line, len))
		return;
	colon = space ? memrchr(space, ':', (size_t)(line + len - space)) : NULL;
	if (!colon) {
		add_function(out, map, line, len);
		return;
	}
	add_function(out, map, line, (size_t)(space - line));
	out_add(out, " ", 1);
	out_add_name(out, map, NAME_FILE, space + 1, (size_t)(colon - space - 1));
	out_add_number(out, ":", (uint32_t)strtoul(colon + 1, NULL, 10));
}

size_t names_map_stack(struct names_map *map, const char *from, size_t len, char *to, size_t size)
{
	struct out out = { to, to + size };

	(void)len;
	while (*from) {
		size_t line = strcspn(from, "\n");

		add_frame(&out, map, from, line);
		from += line;
		if (*from)
			out_add(&out, from++, 1);
	}
	return out_end(&out, to);
}
