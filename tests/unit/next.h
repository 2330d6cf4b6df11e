/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a function of ours stands before: that of the C library, of a sanitizer or of memcheck. */
#ifndef NEXT_H
#define NEXT_H

#include <dlfcn.h>

#define NEXT(name)                                                          \
	({                                                                  \
		static __typeof__(&(name)) next_;                           \
		if (!next_)                                                 \
			next_ = (__typeof__(next_))dlsym(RTLD_NEXT, #name); \
		next_;                                                      \
	})

#endif
