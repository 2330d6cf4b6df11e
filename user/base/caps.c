// SPDX-License-Identifier: GPL-2.0-or-later
/* Asks for and gives up capabilities, in the few calls that libcap-ng makes of it. */
#include "base/caps.h"

#include <cap-ng.h>
#include <errno.h>
#include <string.h>
#include <sys/prctl.h>

static const int numbers[NR_CAPS] = {
	[CAP_OF_BPF] = CAP_BPF,
	[CAP_OF_PERFMON] = CAP_PERFMON,
	[CAP_OF_NET_ADMIN] = CAP_NET_ADMIN,
	[CAP_OF_SYS_ADMIN] = CAP_SYS_ADMIN,
	[CAP_OF_SYS_PTRACE] = CAP_SYS_PTRACE,
	[CAP_OF_DAC_READ_SEARCH] = CAP_DAC_READ_SEARCH,
	[CAP_OF_KILL] = CAP_KILL,
};

bool caps_have(enum cap cap)
{
	return capng_have_capability(CAPNG_EFFECTIVE, numbers[cap]);
}

/* Both are the calling thread's own matter, as far as the kernel goes. */
static int apply(struct error *err)
{
	if (capng_apply(CAPNG_SELECT_CAPS))
		return error_set(err, -EPERM, "capabilities cannot be dropped");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return error_set(err, -errno, "no_new_privs cannot be set: %s", strerror(errno));
	return 0;
}

int caps_drop(bool signals, struct error *err)
{
	bool keep[NR_CAPS];

	for (unsigned int cap = 0; cap < NR_CAPS; cap++)
		keep[cap] = caps_have(cap);
	keep[CAP_OF_KILL] &= signals;
	capng_clear(CAPNG_SELECT_CAPS);
	for (unsigned int cap = 0; cap < NR_CAPS; cap++)
		if (keep[cap])
			capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, numbers[cap]);
	return apply(err);
}

int caps_drop_all(struct error *err)
{
	capng_clear(CAPNG_SELECT_CAPS);
	return apply(err);
}
