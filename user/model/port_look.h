/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What has a port that somebody asked for in vain: by a look of the source right after the
 * failure, which knows every socket and its SO_REUSEADDR, else by the connections that the
 * model has. Internal to the model.
 */
#ifndef MODEL_PORT_LOOK_H
#define MODEL_PORT_LOOK_H

#include "model/ports.h"
#include "tw_record.h"

struct port_looks;

/* What was asked for. */
struct port_wanted {
	const struct tw_tuple *tuple;
	unsigned int source;
	uint64_t cookie;	/* of the socket that asked: it is not in its own way; 0: unknown */
	uint64_t ts_ns;
	enum reuse reuse;	/* of that socket */
	bool v6only;		/* likewise */
	bool connecting;	/* the remote end counts too (__inet_check_established()) */
};

void look_bound(struct model *model, const struct tw_bound *record, unsigned int source);
/*
 * Into @holder, whose comm is then in @comm. HELD_UNKNOWN: nobody looked of late, and the
 * model knows of nothing either (or has too many connections to go through them now).
 */
void look_holder(struct model *model, const struct port_wanted *wanted, struct port_holder *holder,
		 char comm[static TW_COMM_LEN * 4 + 1]);
void looks_free(struct port_looks *looks);

#endif
