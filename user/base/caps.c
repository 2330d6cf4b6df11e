// SPDX-License-Identifier: GPL-2.0-or-later
/* Asks for, raises and gives up capabilities, in the few calls that libcap-ng makes of it. */
#include "base/caps.h"

#include <cap-ng.h>
#include <errno.h>
#include <string.h>
#include <sys/prctl.h>

static const struct {
	int number;
	const char *name;
} known[NR_CAPS] = {
#define ROW(cap) [CAP_OF_##cap] = { CAP_##cap, "CAP_" #cap }
	ROW(BPF),	   ROW(PERFMON), ROW(SYS_ADMIN), ROW(SYS_PTRACE), ROW(DAC_READ_SEARCH),
	ROW(DAC_OVERRIDE), ROW(SYSLOG),	 ROW(KILL),
#undef ROW
};

/* As the kernel has it now: libcap-ng's copy is of its last call, and of the thread's maker. */
static bool is_in(capng_type_t type, enum cap cap)
{
	return capng_have_capability(type, known[cap].number);
}

bool caps_have(enum cap cap)
{
	capng_get_caps_process();
	return is_in(CAPNG_PERMITTED, cap);
}

const char *caps_name(enum cap cap)
{
	return known[cap].name;
}

/* Permitted and effective, as @permitted and @effective say; all others in neither. */
static int apply(uint32_t permitted, uint32_t effective)
{
	capng_clear(CAPNG_SELECT_CAPS);
	for (unsigned int cap = 0; cap < NR_CAPS; cap++) {
		if (permitted >> cap & 1)
			capng_update(CAPNG_ADD, CAPNG_PERMITTED, known[cap].number);
		if (permitted & effective & 1U << cap)
			capng_update(CAPNG_ADD, CAPNG_EFFECTIVE, known[cap].number);
	}
	return capng_apply(CAPNG_SELECT_CAPS);
}

static uint32_t permitted_now(void)
{
	uint32_t set = 0;

	capng_get_caps_process();
	for (unsigned int cap = 0; cap < NR_CAPS; cap++)
		set |= (uint32_t)is_in(CAPNG_PERMITTED, cap) << cap;
	return set;
}

int caps_limit(uint32_t keep, struct error *err)
{
	uint32_t permitted = permitted_now();

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return error_set(err, -errno, "no_new_privs cannot be set: %s", strerror(errno));
	/* needs CAP_SETPCAP; without it no_new_privs alone keeps exec() from bringing any back */
	capng_clear(CAPNG_SELECT_BOUNDS);
	capng_apply(CAPNG_SELECT_BOUNDS);
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (apply(permitted & keep, NO_CAPS))
		return error_set(err, -EPERM, "capabilities cannot be given up");
	return 0;
}

void caps_raise(uint32_t set)
{
	apply(permitted_now(), set);
}

void caps_lower(void)
{
	apply(permitted_now(), NO_CAPS);
}
