/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What connections have of the ports now, by budget. Internal to the model. */
#ifndef MODEL_BUDGET_TALLY_H
#define MODEL_BUDGET_TALLY_H

#include "model/budgets.h"
#include "model/forecast.h"

/* Of a namespace: ports that connect() may choose for no destination. */
struct taken_ports {
	struct port_set blocked;	/* by whatever it is */
	struct port_set bound;		/* by sockets that were bound and then connected */
};

struct tally {
	bool ranged;		/* the span is known */
	struct port_span span;
	bool reusable;		/* connect() takes its TIME_WAITs over, */
	double reuse_s;		/* after so long */
	uint32_t established, time_wait, fin_wait2, other;
	uint32_t connecting;	/* whose port is not known yet */
	uint32_t bound;		/* of all, those that connect() did not choose */
	uint32_t ends[FORECAST_ENDS];	/* minisocks, by the second in which they end */
	const struct taken_ports *ports; /* NULL: none */
	/* who has most */
	uint32_t service, most, owner;
	char name[TW_COMM_LEN * 4 + 1];
	const char *comm;	/* name, or NULL: unknown */
};

/* By the number of the row; NULL: no memory. Lasts until the next time. */
const struct tally *budgets_tally(const struct model *model);
void budgets_tally_free(struct budgets *budgets);

#endif
