// SPDX-License-Identifier: GPL-2.0-or-later
/* /proc/PID: limits, descriptors and command line. */
#include "source/process.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "source/acts.h"

#define SCRIPT_LEN 256

static uint32_t count_fds(struct keeper *keeper, uint32_t pid)
{
	struct answer answer;
	uint32_t count = 0;

	if (!acts_ask(keeper, ACT_PROCESS_FDS, &pid, sizeof(pid), -1, &answer) &&
	    answer.size == sizeof(count))
		memcpy(&count, answer.data, sizeof(count));
	answer_release(&answer);
	return count;
}

static int read_file(struct keeper *keeper, uint32_t pid, enum process_file_number file,
		     struct answer *answer)
{
	const struct process_file wanted = { pid, file };
	int ret = acts_ask(keeper, ACT_PROCESS_FILE, &wanted, sizeof(wanted), -1, answer);

	if (ret || !answer->size)
		answer_release(answer);
	return ret;
}

static uint64_t read_limit(struct keeper *keeper, uint32_t pid)
{
	static const char line[] = "Max open files";
	struct answer answer;
	uint64_t limit = 0;
	const char *at;

	if (read_file(keeper, pid, PROCESS_LIMITS, &answer))
		return 0;
	at = answer.data ? strstr(answer.data, line) : NULL;
	if (at) {
		at += sizeof(line) - 1;
		at += strspn(at, " ");
		limit = strncmp(at, "unlimited", 9) ? strtoull(at, NULL, 10) : UINT64_MAX;
	}
	answer_release(&answer);
	return limit;
}

/* By the beginning of the program's name, so that python3.11 is one. */
static bool is_interpreter(const char *program)
{
	static const char *const names[] = { "python", "perl", "ruby", "node", "php",
					     "java",   "bash", "sh",   "dash", "lua" };
	const char *slash = strrchr(program, '/');
	size_t len;

	program = slash ? slash + 1 : program;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		len = strlen(names[i]);
		if (!strncmp(program, names[i], len) &&
		    strspn(program + len, "0123456789.") == strlen(program + len))
			return true;
	}
	return false;
}

/* What the argument behind an option of an interpreter is. */
static const struct {
	const char *option;
	enum { MODULE, CODE, VALUE } argument;
} options[] = {
	/* python -m MODULE, java -jar FILE */
	{ "-m", MODULE },
	{ "-jar", MODULE },
	/* may hold secrets, and says little */
	{ "-c", CODE },
	{ "-e", CODE },
	{ "-E", CODE },
	{ "-p", CODE },
	{ "-r", CODE },
	{ "--eval", CODE },
	{ "--print", CODE },
	{ "-pe", CODE },
	{ "-ne", CODE },
	{ "-ic", CODE },
	{ "-lc", CODE },
	{ "-ec", CODE },
	{ "-xc", CODE },
	{ "-W", VALUE },
	{ "-X", VALUE },
	{ "-cp", VALUE },
	{ "-classpath", VALUE },
	{ "--class-path", VALUE },
	{ "--module-path", VALUE },
	{ "--require", VALUE },
	{ "--import", VALUE },
	{ "-I", VALUE },
	{ "-O", VALUE },
	{ "-o", VALUE },
	{ "--rcfile", VALUE },
};

static int argument_of(const char *option)
{
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (!strcmp(option, options[i].option))
			return options[i].argument;
	return -1;
}

/* The script that an interpreter runs: the first argument that is no option's; else "". */
static void find_script(const char *args, size_t len, char script[static SCRIPT_LEN])
{
	const char *end = args + len, *arg = args, *next;

	script[0] = '\0';
	if (!len || !is_interpreter(args))
		return;
	for (arg += strlen(arg) + 1; arg < end; arg = next) {
		int argument = argument_of(arg);

		next = arg + strlen(arg) + 1;
		if (arg[0] != '-' || !arg[1])
			snprintf(script, SCRIPT_LEN, "%s", arg);
		else if (argument == CODE)
			snprintf(script, SCRIPT_LEN, "(code in its arguments)");
		else if (argument == MODULE && next < end)
			snprintf(script, SCRIPT_LEN, "%s %s", arg, next);
		else if (argument == VALUE && next < end)
			next += strlen(next) + 1;
		if (script[0])
			return;
	}
}

void process_tell(struct keeper *keeper, uint32_t pid, uint64_t now_ns, const struct receiver *to)
{
	struct {
		struct tw_process process;
		char script[SCRIPT_LEN];
	} record = { 0 };
	struct answer args;

	if (read_file(keeper, pid, PROCESS_CMDLINE, &args))
		return;
	/* the rest of a longer one says nothing more of it */
	find_script(args.data, args.size, record.script);
	answer_release(&args);
	record.process = (struct tw_process){
		.head = { .size = sizeof(record), .kind = TW_PROCESS, .ts_ns = now_ns },
		.pid = pid,
		.fds = count_fds(keeper, pid),
		.fd_limit = read_limit(keeper, pid),
	};
	deliver(to, &record);
}
