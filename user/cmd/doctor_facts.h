/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Facts for `doctor` without a source: trees of files, or this host's /proc over a time. */
#ifndef CMD_DOCTOR_FACTS_H
#define CMD_DOCTOR_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "cmd/doctor_view.h"

struct doctor_facts {
	char *before, *now;	/* owned */
	struct site site;	/* of these texts */
	uint64_t from_ns, to_ns; /* CLOCK_REALTIME; 0: unknown, as of trees */
};

/*
 * Whether this process is in the namespace that the host began with; where nobody knows, it is.
 * To be asked before cmd/confine.h: Landlock hides the namespaces of other processes.
 */
bool doctor_is_host(void);
/* This host's, twice with @for_ns between (0: once); a signal ends the time. 0 or -errno. */
int doctor_read_host(struct doctor_facts *facts, uint64_t for_ns, bool is_host, struct error *err);
/* Of a tree, or of two: from before and from after. 0 or -errno. */
int doctor_read_trees(struct doctor_facts *facts, const char *const *trees, unsigned int nr_trees,
		      struct error *err);
/*
 * Who listens, by the files below @root ("": those of this process's namespace), for a site
 * whose cookie is 0. Where they are not there nothing is known. -ENOMEM.
 */
int doctor_read_listeners(struct chart *chart, const char *root);
void doctor_facts_release(struct doctor_facts *facts);
/* All of a file, or its first @most bytes; "-": standard input. Says itself what is wrong. */
int doctor_read_file(const char *path, size_t most, char **text, size_t *len);
/* How wide standard output is, and whether it has colours. */
void doctor_terminal(struct doctor_view *view);

#endif
