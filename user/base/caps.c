// SPDX-License-Identifier: GPL-2.0-or-later
/* Asks for, raises and gives up capabilities, in the few calls that libcap-ng makes of it. */
#include "base/caps.h"

#include <cap-ng.h>
#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct {
	int number;
	const char *name;
} known[NR_CAPS] = {
#define ROW(cap) [CAP_OF_##cap] = { CAP_##cap, "CAP_" #cap }
	ROW(BPF),	   ROW(PERFMON), ROW(SYS_ADMIN), ROW(SYS_PTRACE), ROW(DAC_READ_SEARCH),
	ROW(DAC_OVERRIDE), ROW(FOWNER),	 ROW(SYSLOG),	 ROW(KILL),	  ROW(CHECKPOINT_RESTORE),
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

static bool is_wanted(uint32_t set, unsigned int number)
{
	for (unsigned int cap = 0; cap < NR_CAPS; cap++)
		if (known[cap].number == (int)number)
			return set >> cap & 1;
	/* of no name here */
	return set == ALL_CAPS;
}

/* Of what is permitted only what is in @keep stays so, and none is effective. */
static int keep_permitted(uint32_t keep)
{
	capng_get_caps_process();
	for (unsigned int number = 0; number <= CAP_LAST_CAP; number++) {
		if (!is_wanted(keep, number))
			capng_update(CAPNG_DROP, CAPNG_PERMITTED, number);
		capng_update(CAPNG_DROP, CAPNG_EFFECTIVE | CAPNG_INHERITABLE, number);
	}
	return capng_apply(CAPNG_SELECT_CAPS);
}

int caps_limit(uint32_t keep, struct error *err)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return error_set(err, -errno, "no_new_privs cannot be set: %s", strerror(errno));
	/* needs CAP_SETPCAP; without it no_new_privs alone keeps exec() from bringing any back */
	caps_raise(ALL_CAPS);
	capng_clear(CAPNG_SELECT_BOUNDS);
	capng_apply(CAPNG_SELECT_BOUNDS);
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (keep_permitted(keep))
		return error_set(err, -EPERM, "capabilities cannot be given up");
	return 0;
}

/*
 * By the system calls themselves: libcap-ng asks for the bounding and ambient sets too, a hundred
 * calls for two, and this is done for each namespace in each interval.
 */
void caps_raise(uint32_t set)
{
	struct __user_cap_header_struct self = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &self, data))
		return;
	for (unsigned int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
		data[i].effective = set == ALL_CAPS ? data[i].permitted : 0;
	for (unsigned int cap = 0; set != ALL_CAPS && cap < NR_CAPS; cap++)
		if (set >> cap & 1)
			data[CAP_TO_INDEX(known[cap].number)].effective |=
				data[CAP_TO_INDEX(known[cap].number)].permitted &
				CAP_TO_MASK(known[cap].number);
	syscall(SYS_capset, &self, data);
}

void caps_lower(void)
{
	caps_raise(NO_CAPS);
}
