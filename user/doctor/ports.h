/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What several rules and tips ask of a budget. Private to this room. */
#ifndef DOCTOR_PORTS_H
#define DOCTOR_PORTS_H

#include "doctor/rule.h"

#define BUDGET_TEXT_LEN 128

/* "from 10.0.0.1 to 10.0.0.5:80" */
const char *budget_text(const struct budget *budget, char text[static BUDGET_TEXT_LEN]);
/* Whether small sockets have most of its ports. */
bool budget_is_of_time_wait(const struct budget *budget);
void finding_budget(struct finding *finding, const struct budget *budget);

#endif
