/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files of namespaces, as sources tell them (base/facts.h). Internal to the model. */
#ifndef MODEL_NETNS_FACTS_H
#define MODEL_NETNS_FACTS_H

#include "model/ports.h"
#include "tw_record.h"

struct facts_store;

/* @record's text has been checked to end. */
void facts_learn(struct model *model, const struct tw_name *record, unsigned int source);
/* Its files stay until others need their room. */
void facts_netns_gone(struct model *model, const struct tw_name *record, unsigned int source);
void facts_free(struct facts_store *store);

#endif
