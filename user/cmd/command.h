/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands: what main.c's table is made of. One file each in this folder. */
#ifndef CMD_COMMAND_H
#define CMD_COMMAND_H

/* Exit statuses are part of the interface (README.md lists them). */
enum status {
	STATUS_OK = 0,
	STATUS_FAILED = 1,
	STATUS_USAGE = 2,
	STATUS_CANNOT_TRACE = 3,
	STATUS_FOUND = 4,
};

struct command {
	const char *name;
	int (*run)(int argc, char **argv);	/* argv[0] is "twtrace NAME"; an enum status */
	const char *summary;
};

int cmd_top(int argc, char **argv);
int cmd_trace(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_leaks(int argc, char **argv);
int cmd_ports(int argc, char **argv);
int cmd_flame(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_record(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_serve(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_demo(int argc, char **argv);

#endif
