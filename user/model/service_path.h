/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the path of a cgroup says of who runs in it. */
#ifndef MODEL_SERVICE_PATH_H
#define MODEL_SERVICE_PATH_H

#include <stddef.h>

/*
 * The service that a cgroup path names ("nginx.service", "docker:3f2a9c01b2d4",
 * "k8s:<pod uid>/<container>"), into @name, cut to @size. How long it is; 0 when the path names
 * none (a session, a user slice, the root).
 */
int service_from_path(const char *path, char *name, size_t size);

#endif
