/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who a connection belongs to, and who holds its descriptor. Internal to the model.
 */
#ifndef MODEL_OWNER_H
#define MODEL_OWNER_H

#include "model/tracker.h"

/* Its service may have got its name since. */
void owner_renew(struct model *model, struct conn *conn);
/*
 * The cgroup of its socket (0: not said), and who it belongs to (NULL: not said, and not
 * taken where a better owner is known). True if that is news.
 */
bool owner_learn(struct model *model, struct conn *conn, uint64_t cgroup_id,
		 const struct tw_owner *owner, enum owner_rank rank);
/* Always news for a filter: any holder may be the wanted one. */
void owner_add_holder(struct model *model, struct conn *conn, const struct tw_holder *holder);

/* Forgets its holders. */
void owner_drop_holders(struct model *model, struct conn *conn);
/* Its holders as they came, where they are kept in a list; valid until something changes. */
uint32_t owner_held_by(const struct model *model, const struct conn *conn,
		       const struct held_by **held);
/* When the process of its first holder began; 0: unknown. */
uint64_t owner_started_ns(const struct model *model, const struct conn *conn);
/*
 * Its holders, clean for output, into @holders: valid until the next call for any
 * connection. Returns how many; @holders is NULL for none.
 */
uint32_t owner_holders(const struct model *model, const struct conn *conn,
		       const struct holder **holders);

#endif
