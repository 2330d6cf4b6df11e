/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keeps the sentence that says why something failed, for whoever may print it. */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

int error_set(struct error *err, int code, const char *fmt, ...)
{
	int saved = errno;
	char text[sizeof(err->text)];
	va_list args;

	if (!err)
		return code;

	/* Not straight into err->text: it may be among the arguments, wrapped by its caller. */
	va_start(args, fmt);
	if (vsnprintf(text, sizeof(text), fmt, args) < 0)
		text[0] = '\0';
	va_end(args);

	err->code = code;
	text_clean(text, strlen(text), err->text, sizeof(err->text));
	errno = saved;
	return code;
}
