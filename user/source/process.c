// SPDX-License-Identifier: GPL-2.0-or-later
/* /proc/PID: limits, descriptors and command line. */
#include "source/process.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/procfs.h"

#define PATH_LEN 64
#define TEXT_BYTES 4096
#define SCRIPT_LEN 256

/* From 6.2 on the size of the folder is their number (f1f1f2569901, proc: report open files). */
static uint32_t count_fds(uint32_t pid)
{
	char path[PATH_LEN];
	struct dirent *entry;
	uint32_t count = 0;
	struct stat st;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%u/fd", pid);
	if (!stat(path, &st) && st.st_size)
		return st.st_size;
	dir = opendir(path);
	if (!dir)
		return 0;
	while ((entry = readdir(dir)))
		count += entry->d_name[0] != '.';
	closedir(dir);
	return count;
}

static uint64_t read_limit(uint32_t pid)
{
	static const char line[] = "Max open files";
	char path[PATH_LEN], text[TEXT_BYTES];
	const char *at;

	snprintf(path, sizeof(path), "/proc/%u/limits", pid);
	if (procfs_read(path, text, sizeof(text)) < 0)
		return 0;
	at = strstr(text, line);
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

void process_tell(uint32_t pid, uint64_t now_ns, const struct receiver *to)
{
	char path[PATH_LEN], args[TEXT_BYTES] = { 0 };
	struct {
		struct tw_process process;
		char script[SCRIPT_LEN];
	} record = { 0 };
	size_t len;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%u/cmdline", pid);
	file = fopen(path, "re");
	if (!file)
		return;
	/* the rest of a longer one says nothing more of it */
	len = fread(args, 1, sizeof(args) - 1, file);
	fclose(file);
	find_script(args, len, record.script);
	record.process = (struct tw_process){
		.head = { .size = sizeof(record), .kind = TW_PROCESS, .ts_ns = now_ns },
		.pid = pid,
		.fds = count_fds(pid),
		.fd_limit = read_limit(pid),
	};
	deliver(to, &record);
}
