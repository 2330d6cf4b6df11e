/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of services that nothing is counted for any more are forgotten. Internal to the model. */
#ifndef MODEL_NAMES_IN_USE_H
#define MODEL_NAMES_IN_USE_H

struct model;

/* Now and then: does nothing as long as there are few. */
void names_in_use_tick(struct model *model);

#endif
