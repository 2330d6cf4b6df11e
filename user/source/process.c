// SPDX-License-Identifier: GPL-2.0-or-later
/* /proc/PID: limits, descriptors and command line. */
#include "source/process.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCRIPT_LEN 256

int process_look(struct keeper *keeper, uint32_t pid, uint32_t files, bool fds,
		 struct process_look *look)
{
	const struct process_wanted wanted = { pid, files, fds };
	struct process_found found = { .fds = 0 };
	size_t at = sizeof(found);
	int ret;

	*look = (struct process_look){ .fds = 0 };
	ret = acts_ask(keeper, ACT_PROCESS, &wanted, sizeof(wanted), -1, &look->answer);
	if (!ret && look->answer.size < sizeof(found))
		ret = -EBADMSG;
	if (!ret)
		memcpy(&found, look->answer.data, sizeof(found));
	look->fds = found.fds;
	for (unsigned int i = 0; i < NR_PROCESS_FILES; i++) {
		look->text[i] = "";
		if (ret || found.size[i] >= look->answer.size - at)
			continue;
		look->text[i] = look->answer.data + at;
		look->size[i] = found.size[i];
		at += found.size[i] + 1;
	}
	return ret;
}

void process_look_release(struct process_look *look)
{
	answer_release(&look->answer);
}

static uint64_t find_limit(const char *limits)
{
	static const char line[] = "Max open files";
	const char *at = strstr(limits, line);

	if (!at)
		return 0;
	at += sizeof(line) - 1;
	at += strspn(at, " ");
	return strncmp(at, "unlimited", 9) ? strtoull(at, NULL, 10) : UINT64_MAX;
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
	struct process_look look;

	if (!process_look(keeper, pid, 1 << PROCESS_CMDLINE | 1 << PROCESS_LIMITS, true, &look)) {
		/* the rest of a longer one says nothing more of it */
		find_script(look.text[PROCESS_CMDLINE], look.size[PROCESS_CMDLINE], record.script);
		record.process = (struct tw_process){
			.head = { .size = sizeof(record), .kind = TW_PROCESS, .ts_ns = now_ns },
			.pid = pid,
			.fds = look.fds,
			.fd_limit = find_limit(look.text[PROCESS_LIMITS]),
		};
		deliver(to, &record);
	}
	process_look_release(&look);
}
