/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who listens on a port that is in use, for the sentence that says so. */
#ifndef SERVE_PORT_HOLDER_H
#define SERVE_PORT_HOLDER_H

#include <stdbool.h>
#include <stdint.h>

#define PORT_HOLDER_LEN 128

/*
 * "nginx (pid 812)": by the files of the calling process's namespace below @root ("": live).
 * False: nobody is known, as without the privilege to look into other processes.
 */
bool port_holder(const char *root, uint16_t port, char text[static PORT_HOLDER_LEN]);

#endif
