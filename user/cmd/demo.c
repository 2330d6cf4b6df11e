// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/command.h"
int cmd_demo(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return STATUS_OK;
}
