// SPDX-License-Identifier: GPL-2.0-or-later
/* The door: a table of commands. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "cmd/command.h"

static const struct command commands[] = {
	{ "top", cmd_top, "connections per service, port and remote host, refreshing" },
	{ "trace", cmd_trace, "one line an event: state changes, TIME_WAIT births and ends" },
	{ "list", cmd_list, "the sockets themselves: state, age, owner, time left" },
	{ "record", cmd_record, "write the events to a file, for replay with -i FILE" },
	{ "demo", cmd_demo, "play a small leaking workload and show what twtrace sees" },
};

#define NR_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void print_help(FILE *out)
{
	fprintf(out, "Usage: twtrace [COMMAND] [OPTION...]\n"
		     "Traces the end of TCP connections on this host. Without a command: top.\n\n");
	for (size_t i = 0; i < NR_COMMANDS; i++)
		fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].summary);
	fprintf(out, "\n  twtrace COMMAND --help   the options of a command\n"
		     "  twtrace --version\n\n"
		     "New here?  sudo twtrace demo   shows what it does, in ten seconds.\n");
}

static int run(const struct command *command, int argc, char **argv)
{
	char name[64];

	/* what argp's messages begin with */
	snprintf(name, sizeof(name), "twtrace %s", command->name);
	argv[0] = name;
	return command->run(argc, argv);
}

int main(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "";

	if (!strcmp(word, "--help") || !strcmp(word, "-h") || !strcmp(word, "help") ||
	    !strcmp(word, "-?") || !strcmp(word, "--usage")) {
		print_help(stdout);
		return STATUS_OK;
	}
	if (!strcmp(word, "--version") || !strcmp(word, "-V")) {
		puts("twtrace " TWTRACE_VERSION);
		return STATUS_OK;
	}
	/* no command: top, with whatever options stand there */
	if (!word[0] || word[0] == '-')
		return run(&commands[0], argc, argv);
	for (size_t i = 0; i < NR_COMMANDS; i++)
		if (!strcmp(commands[i].name, word))
			return run(&commands[i], argc - 1, argv + 1);
	log_msg(LOG_WARNING, "no command '%s'; see twtrace --help", word);
	return STATUS_USAGE;
}
