// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Linked into what is built for coverage, where calls come here first (ld's --wrap): what is
 * counted must reach the folder of the build, whatever the process has forbidden itself.
 */
#include <string.h>
#include <unistd.h>

#include "base/landlock.h"

/* <gcov.h>, which is gcc's alone */
void __gcov_dump(void);
void __real__exit(int status) __attribute__((noreturn));
void __wrap__exit(int status);
/* weak: not all programs have it */
__attribute__((weak)) int __real_landlock_limit(const struct landlock_rule *rules, size_t count,
						const struct landlock_net *net, struct error *err);
int __wrap_landlock_limit(const struct landlock_rule *rules, size_t count,
			  const struct landlock_net *net, struct error *err);

/* Only exit(3) writes them by itself. */
void __wrap__exit(int status)
{
	__gcov_dump();
	__real__exit(status);
}

int __wrap_landlock_limit(const struct landlock_rule *rules, size_t count,
			  const struct landlock_net *net, struct error *err)
{
	struct landlock_rule with[count + 1];

	memcpy(with, rules, count * sizeof(rules[0]));
	with[count] = (struct landlock_rule){ COUNTS_FOLDER, LANDLOCK_REPLACE };
	return __real_landlock_limit(with, count + 1, net, err);
}
