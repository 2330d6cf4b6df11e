/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The settings that findings support, once each, for a fragment below /etc/sysctl.d. */
#ifndef DOCTOR_SYSCTL_CONF_H
#define DOCTOR_SYSCTL_CONF_H

#include "doctor/finding.h"

struct conf_line {
	const struct setting *setting;	/* borrowed from its finding, as is */
	const struct finding *finding;	/* the worst that asks for it */
};

/*
 * Only what reaches the host's own namespace, only what is not so already. Returns how many,
 * @room at most; @elsewhere: so many of other namespaces, which no file there reaches.
 */
size_t sysctl_conf(const struct diagnosis *diagnosis, struct conf_line *lines, size_t room,
		   size_t *elsewhere);

#endif
