// SPDX-License-Identifier: GPL-2.0-or-later
/* The service that the path of a cgroup names: a systemd unit, a container, a pod's container. */
#include "model/service_path.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define CONTAINER_HEX 64
#define CONTAINER_SHOWN 12

static bool is_hex_id(const char *text, size_t len)
{
	if (len != CONTAINER_HEX)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isxdigit((unsigned char)text[i]))
			return false;
	return true;
}

struct part {
	const char *text;
	size_t len;
};

static bool part_next(const char **path, struct part *part)
{
	*path += strspn(*path, "/");
	part->text = *path;
	part->len = strcspn(*path, "/");
	*path += part->len;
	return part->len > 0;
}

static bool part_ends(const struct part *part, const char *end)
{
	size_t len = strlen(end);

	return part->len > len && !memcmp(part->text + part->len - len, end, len);
}

/* The 64 hex digits of "docker-<hex>.scope", "<hex>", "cri-containerd-<hex>.scope". */
static const char *container_id(const struct part *part)
{
	size_t len = part->len - (part_ends(part, ".scope") ? strlen(".scope") : 0);
	const char *hex;

	if (len < CONTAINER_HEX)
		return NULL;
	hex = part->text + len - CONTAINER_HEX;
	if (!is_hex_id(hex, CONTAINER_HEX) ||
	    (hex > part->text && hex[-1] != '-' && hex[-1] != ':'))
		return NULL;
	return hex;
}

/* "kubepods-burstable-pod<uid>.slice" or "pod<uid>": the uid with its dashes. */
static bool pod_uid(const struct part *part, char *uid, size_t size)
{
	size_t len = part->len - (part_ends(part, ".slice") ? strlen(".slice") : 0);
	const char *at = NULL;

	for (size_t i = 0; i + 3 < len; i++)
		if (!memcmp(part->text + i, "pod", 3) && (!i || part->text[i - 1] == '-'))
			at = part->text + i + 3;
	if (!at)
		return false;
	len = part->text + len - at;
	if (len < 32 || len >= size)
		return false;
	for (size_t i = 0; i < len; i++)
		uid[i] = at[i] == '_' ? '-' : at[i];
	uid[len] = '\0';
	return true;
}

static const char *runtime_of(const struct part *part, const struct part *parent)
{
	if (part->len > 7 && !memcmp(part->text, "libpod-", 7))
		return "podman";
	if (parent->len >= 6 && !memcmp(parent->text, "libpod", 6))
		return "podman";
	if (part->len > 3 && !memcmp(part->text, "cri", 3))
		return "container";
	return "docker";
}

/* How much of it, from @from on, @size bytes hold without a part of a character. */
static int fit(const struct part *part, size_t from, size_t size)
{
	size_t len = part->len - from;

	return (int)(len < size ? len : text_fit(part->text + from, size - 1));
}

int service_from_path(const char *path, char *name, size_t size)
{
	struct part part, parent = { .text = "", .len = 0 }, unit = { .text = "", .len = 0 };
	char uid[64] = "";

	while (part_next(&path, &part)) {
		const char *hex = container_id(&part);

		/* the outermost container: what runs inside is its business */
		if (hex && uid[0])
			return snprintf(name, size, "k8s:%s/%.*s", uid, CONTAINER_SHOWN, hex);
		if (hex)
			return snprintf(name, size, "%s:%.*s", runtime_of(&part, &parent),
					CONTAINER_SHOWN, hex);
		if (part.len > 12 && !memcmp(part.text, "lxc.payload.", 12))
			return snprintf(name, size, "lxc:%.*s", fit(&part, 12, size - 4),
					part.text + 12);
		if (!uid[0])
			pod_uid(&part, uid, sizeof(uid));
		/* user@1000.service is the user's manager, not what the user runs */
		if (part_ends(&part, ".service") && strncmp(part.text, "user@", 5))
			unit = part;
		parent = part;
	}
	if (!unit.len)
		return 0;
	return snprintf(name, size, "%.*s", fit(&unit, 0, size), unit.text);
}
