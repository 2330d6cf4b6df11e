// SPDX-License-Identifier: GPL-2.0-or-later
/* The door: a table of commands. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "cmd/command.h"
#include "cmd/complete.h"
#include "cmd/options.h"

static const struct command commands[] = {
	{ "top", cmd_top, "the full screen, or tables of connections per service, port, remote" },
	{ "trace", cmd_trace, "one line an event: state changes, TIME_WAIT births and ends" },
	{ "list", cmd_list, "the sockets themselves: state, age, owner, time left" },
	{ "leaks", cmd_leaks, "the services that leak connections, with the evidence" },
	{ "ports", cmd_ports, "ephemeral ports by destination, and what failed for want of one" },
	{ "flame", cmd_flame, "where connections and their time are: folded, svg, html, pprof" },
	{ "doctor", cmd_doctor,
	  "what this host's settings mean for it, and which advice is wrong" },
	{ "record", cmd_record, "write the events to a file, for replay with -i FILE" },
	{ "report", cmd_report, "all that recordings tell, or two of them compared" },
	{ "serve", cmd_serve, "metrics, JSON, profiles and a web page over HTTP" },
	{ "run", cmd_run, "run a command and say what becomes of its connections" },
	{ "demo", cmd_demo, "play a small leaking workload and show what twtrace sees" },
};

#define NR_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void print_help(FILE *out)
{
	fprintf(out,
		"Usage: twtrace [COMMAND] [OPTION...]\n"
		"Traces the end of TCP connections on this host. Without a command: top, which is\n"
		"the full screen on a terminal.\n\n");
	for (size_t i = 0; i < NR_COMMANDS; i++)
		fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].summary);
	fprintf(out, "\n  twtrace COMMAND --help   the options of a command\n"
		     "  twtrace --version\n\n"
		     "New here?  sudo twtrace demo   shows what it does, in ten seconds.\n");
}

static int run(const struct command *command, int argc, char **argv)
{
	static char name[64];

	/* what messages begin with, argp's and ours */
	snprintf(name, sizeof(name), "twtrace %s", command->name);
	argv[0] = name;
	log_set_name(name);
	return command->run(argc, argv);
}

/*
 * Help and version, argp's too, are in stdio's hands until the end: a full disk shows only
 * then. A reader that has gone is none.
 */
static void check_standard_output(void)
{
	if (!fflush(stdout) || errno == EPIPE)
		return;
	log_msg(LOG_WARNING, "cannot write standard output: %s", strerror(errno));
	_exit(STATUS_FAILED);
}

/*
 * A standard descriptor that is closed would be the next file that is opened, and what is said
 * would go into it: something takes its place that can't be written either. Not for a command.
 */
static void fill_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

/* Whether they differ in one letter, or in two neighbours. */
static bool is_swapped(const char *word, const char *name)
{
	size_t len = strlen(word), from = 0, to = len;

	if (len != strlen(name))
		return false;
	while (word[from] && word[from] == name[from])
		from++;
	while (to > from && word[to - 1] == name[to - 1])
		to--;
	return to - from <= 1 ||
	       (to - from == 2 && word[from] == name[from + 1] && word[from + 1] == name[from]);
}

/* Whether all letters of @word are in @name in this order: some were left out. */
static bool lacks_letters(const char *word, const char *name)
{
	for (; *word && *name; name++)
		word += *word == *name;
	return !*word;
}

/* A command with the same first letter that differs in a letter or two; NULL: none. */
static const struct command *meant(const char *word)
{
	size_t len = strlen(word);

	for (size_t i = 0; i < NR_COMMANDS; i++) {
		const char *name = commands[i].name;
		size_t known = strlen(name);

		if (len > 1 && len < known + 3 && known < len + 3 && word[0] == name[0] &&
		    (lacks_letters(word, name) || lacks_letters(name, word) ||
		     is_swapped(word, name)))
			return &commands[i];
	}
	return NULL;
}

/* @argv: the words after --complete, from the program's own name on; a command does the rest. */
static int complete(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "";
	const struct command *command = word[0] == '-' ? &commands[0] : NULL;
	int skipped = command ? 0 : 1;

	for (size_t i = 0; i < NR_COMMANDS; i++)
		if (argc > 2 && !strcmp(commands[i].name, word))
			command = &commands[i];
	if (!command && argc < 3)
		complete_command(commands, NR_COMMANDS, word);
	if (!command)
		return STATUS_OK;
	/* NAME --complete WORD..., in the place of what was there */
	argv += skipped - 1;
	argv[1] = COMPLETE;
	return run(command, argc - skipped + 1, argv);
}

int main(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "";
	const struct command *command;

	fill_standard_descriptors();
	atexit(check_standard_output);
	if (!strcmp(word, "--help") || !strcmp(word, "-h") || !strcmp(word, "help") ||
	    !strcmp(word, "-?") || !strcmp(word, "--usage")) {
		print_help(stdout);
		return STATUS_OK;
	}
	if (!strcmp(word, "--version") || !strcmp(word, "-V")) {
		puts("twtrace " TWTRACE_VERSION);
		return STATUS_OK;
	}
	if (!strcmp(word, COMPLETE))
		return complete(argc - 1, argv + 1);
	/* no command: top, with whatever options stand there */
	if (!word[0] || word[0] == '-') {
		options_imply_command();
		return run(&commands[0], argc, argv);
	}
	for (size_t i = 0; i < NR_COMMANDS; i++)
		if (!strcmp(commands[i].name, word))
			return run(&commands[i], argc - 1, argv + 1);
	command = meant(word);
	if (command)
		log_msg(LOG_WARNING, "no command '%s': did you mean %s? See twtrace --help", word,
			command->name);
	else
		log_msg(LOG_WARNING, "no command '%s'; see twtrace --help", word);
	return STATUS_USAGE;
}
