// SPDX-License-Identifier: GPL-2.0-or-later
/* A list: nearly all processes have the same root. */
#include "source/roots.h"

#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

struct root *root_new(int fd)
{
	struct root *root = fd < 0 ? NULL : calloc(1, sizeof(*root));

	if (root)
		*root = (struct root){ .refs = 1, .fd = fd };
	else if (fd >= 0)
		close(fd);
	return root;
}

static struct root *root_get(struct root *root)
{
	__atomic_add_fetch(&root->refs, 1, __ATOMIC_RELAXED);
	return root;
}

void root_put(struct root *root)
{
	if (!root || __atomic_sub_fetch(&root->refs, 1, __ATOMIC_ACQ_REL))
		return;
	close(root->fd);
	free(root);
}

static bool is_same(const struct root_id *one, const struct root_id *other)
{
	return one->dev == other->dev && one->ino == other->ino && one->mnt_id == other->mnt_id;
}

/* The one with that identity, or NULL; and those go that only the table has. */
static struct root *find(struct roots *roots, const struct root_id *id)
{
	struct root *found = NULL, **at = &roots->first;

	while (*at) {
		struct root *root = *at;

		if (is_same(&root->id, id)) {
			found = root;
		} else if (__atomic_load_n(&root->refs, __ATOMIC_RELAXED) == 1) {
			/* nor can anybody get it but by the table */
			*at = root->next;
			root_put(root);
			continue;
		}
		at = &root->next;
	}
	return found;
}

struct root *roots_share(struct roots *roots, int fd, const struct root_id *id)
{
	struct root *root = find(roots, id);

	if (root && fd >= 0) {
		close(fd);
		return root_get(root);
	}
	root = root_new(fd);
	/* what is not known is never found */
	if (root && id->ino) {
		root->id = *id;
		root->next = roots->first;
		roots->first = root_get(root);
	}
	return root;
}

void roots_release(struct roots *roots)
{
	while (roots->first) {
		struct root *root = roots->first;

		roots->first = root->next;
		root_put(root);
	}
}
